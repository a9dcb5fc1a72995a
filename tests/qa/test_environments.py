"""What tests need is fetched without running any of it, built inside the sandbox, and kept."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.llm import Cancellation
from patchtrail.qa.build import Builder
from patchtrail.qa.environment import Environments
from patchtrail.qa.made_once import is_made, made_once
from patchtrail.qa.outside import outside_environment
from patchtrail.qa.suite import SuiteRun, Unrunnable
from patchtrail.qa.suites import RepositorySuites
from patchtrail.sandbox import Limits
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.e2e.sdists import fetch
from tests.qa.package_index import serving
from tests.qa.test_suites import check, outcomes, suite_of
from tests.qa.trees import folder_tree, repository, with_files


@pytest.mark.parametrize(("name", "tests"), [("elder", 3), ("modern", 1)])
def test_a_project_is_installed(suites: RepositorySuites, name: str, tests: int) -> None:
    """Old and new ways to describe a project lead to its dependencies, scripts and metadata, wheels or not."""
    run = check(suites, repository(name))

    assert (run.trouble, set(outcomes(run).values()), len(run.cases)) == ("", {"passed"}, tests), run.output


def test_sources_are_linked_to(suites: RepositorySuites) -> None:
    """What was installed once at the start commit is tested with every later text of its sources."""
    tree = repository("elder")
    suite = suite_of(suites, tree)
    later = with_files(tree, {"cool.py": tree.files["cool.py"].replace(b'print("cool"', b'print("warm"')})
    run = suite.run(later, cancellation=Cancellation())

    assert outcomes(run)["tests/test_cool.py::test_script"] == "failed"
    assert "warm 0.6.2" in run.output


@pytest.mark.parametrize("name", ["sqlparse", "boltons"])
def test_a_real_package_runs_its_own_suite(suites: RepositorySuites, tmp_path: Path, name: str) -> None:
    """A package from PyPI is built and its suite runs without network; what needs sockets fails, and nothing else."""
    tree = folder_tree(fetch(name, tmp_path))
    # Tests that measure time fail on a busy machine by themselves.
    run = suite_of(suites, tree, 'arguments = ["--ignore-glob=*/test_dos_prevention.py"]\n').run(
        tree, cancellation=Cancellation()
    )
    failed = [case for case in run.cases if case.outcome in ("failed", "error")]

    assert run.trouble == ""
    assert sum(case.outcome == "passed" for case in run.cases) > 400
    assert {case.message for case in failed} <= {"OSError: [Errno 97] Address family not supported by protocol"}


def test_no_index_is_needed_for_nothing(walls: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any index tests that need nothing run; a project that cannot be built is imported by its folders."""
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/"}.items():
        monkeypatch.setenv(name, value)
    described = b'[build-system]\nrequires = ["hatchling"]\n[project]\nname = "calc"\nversion = "1"\n'
    run = check(RepositorySuites(walls, tmp_path), with_files(repository("calc"), {"pyproject.toml": described}))

    assert (run.trouble, len(run.cases)) == ("", 7)
    assert run.output.startswith("[The project was not installed, its folders are imported: ")


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("patchtrail-no-such-package==1", "Neither a wheel nor a source distribution"),
        ("idna==3.10\nidna==3.9", "idna"),
    ],
)
def test_what_cannot_be_had_is_said(suites: RepositorySuites, requirement: str, problem: str) -> None:
    """Requirements that nobody offers, or that contradict each other, are named."""
    tree = with_files(repository("calc"), {"requirements.txt": requirement.encode()})
    unrunnable = suites.suite_of(tree, "", Cancellation())

    assert isinstance(unrunnable, Unrunnable)
    assert problem in unrunnable.problem, unrunnable.problem


def test_building_never_leaves_the_walls(suites: RepositorySuites, tmp_path: Path) -> None:
    """What a project runs to be built sees neither this machine's files nor a network, and writes nothing here."""
    told = tmp_path / "told"
    setup = (
        "import socket\nfrom setuptools import setup\n"
        f"open({str(told)!r}, 'w').write('outside') if __import__('os').path.isdir({str(tmp_path)!r}) else None\n"
        "try:\n    socket.create_connection(('127.0.0.1', 80))\n"
        "except OSError:\n    setup(name='calc', version='1', py_modules=['calc'])\n"
    )
    run = check(suites, with_files(repository("calc"), {"setup.py": setup.encode()}))

    assert (run.trouble, len(run.cases)) == ("", 7)
    assert not run.output.startswith("[The project was not installed")
    assert not told.exists()


def test_a_full_disk_takes_what_lay_unused(tmp_path: Path) -> None:
    """Where the disk has no room, what nobody asked for lately goes; without it nothing is made, and all else stays."""
    old, recent, new = (tmp_path / kind / (digit * 64) for kind, digit in (("a", "1"), ("b", "2"), ("b", "3")))
    other = tmp_path / "b" / "not-ours"
    for folder in (old, recent, other):
        folder.mkdir(parents=True)
        os.utime(folder, (0, 0))
    assert is_made(recent) and not is_made(new)
    with made_once(new, lambda _: int(not old.exists())) as staging:
        staging.mkdir()
    with pytest.raises(NotFound, match="nearly full"), made_once(tmp_path / "b" / ("4" * 64), lambda _: 0):
        pass

    assert sorted(tmp_path.glob("*/*")) == [recent, new, other]


def test_tools_outside_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fetches is told where its index is, and none of the keys that this process was given."""
    given = {"OPENAI_API_KEY": "k", "AWS_SECRET_ACCESS_KEY": "k", "PYTHONPATH": "/x", "DATABASE_URL": "k"}
    kept = {"PIP_INDEX_URL": "https://index", "https_proxy": "http://proxy", "NPM_CONFIG_REGISTRY": "https://npm"}
    for name, value in {**given, **kept}.items():
        monkeypatch.setenv(name, value)
    told = outside_environment()

    assert kept.items() <= told.items()
    assert not given.keys() & told.keys()


BACK_END = """\
import zipfile


def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(f"{folder}/it", "w") as wheel:
        wheel.writestr("hostile-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: hostile\\nVersion: 1\\n%s\\n")
    __import__("os").system(f"mkdir -p '{folder}/hostile-1-1'; cp {folder}/it '{folder}/%s'")
    return "%s"
"""
BUILT_BY_ITSELF = '[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n'


@pytest.mark.parametrize(
    ("name", "needs", "problem"),
    [
        ("hostile-1-py3-none-any.whl", "Requires-Dist: other @ https://10.0.0.1/other.tar.gz", "takes other from an"),
        ("hostile-1-py3-none-any.whl", f"Requires-Dist: other{' ' * 1000}@ file:///srv/other", "too long"),
        ("hostile-1-1/../x-py3-none-any.whl", "", "is no wheel"),
    ],
)
def test_what_is_built_leads_nowhere(
    walls: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, needs: str, problem: str
) -> None:
    """A wheel that was built inside is not handed to pip where it asks for an address, or is called after a path.

    pip would fetch from there, and run what it finds.
    """
    files = {"pyproject.toml": BUILT_BY_ITSELF, "back.py": BACK_END % (needs, name, name)}
    environments = Environments(tmp_path / "environments", Path(sys.executable).resolve())
    builder = Builder(walls, environments, tmp_path, Limits())
    with serving({"hostile-1": files}) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index)
        with pytest.raises(InvalidInput, match=problem):
            builder.wheel_of("hostile", Cancellation())

    assert not list(tmp_path.rglob("*.whl"))


def test_a_build_cannot_replace_tests(suites: RepositorySuites) -> None:
    """A build that rewrites tests, or leaves a conftest behind, changes nothing of what is run."""
    setup = (
        "from pathlib import Path\nfrom setuptools import setup\n"
        "Path('tests/test_calc.py').write_text('def test_one(): pass')\n"
        "Path('conftest.py').write_text('import os; os._exit(0)')\n"
        "Path('made.py').write_text('MADE = 1')\n"
        "setup(name='calc', version='1', py_modules=['calc'])\n"
    )
    tests = b"def test_made():\n    import made\n    assert made.MADE\n"
    tree = with_files(repository("calc"), {"setup.py": setup.encode(), "tests/test_made.py": tests})
    told = outcomes(check(suites, tree))

    assert told["tests/test_calc.py::TestAdd::test_one"] == "failed"
    assert told["tests/test_made.py::test_made"] == "passed"


def test_an_environment_is_made_once(walls: Bubblewrap, tmp_path: Path) -> None:
    """Several makers of the same environment at once come to one folder, and nothing half made is left."""
    tree = repository("calc")

    def run(_: int) -> SuiteRun:
        return check(RepositorySuites(walls, tmp_path), tree)

    with ThreadPoolExecutor(3) as threads:
        troubles = {one.trouble for one in threads.map(run, range(3))}

    assert troubles == {""}
    assert len(list((tmp_path / "environments").iterdir())) == 1
