"""A repository's tests are made runnable and run, and what they say is told test by test."""

from __future__ import annotations

import pytest

from patchtrail.llm import Cancellation
from patchtrail.qa.runners.pytest_choice import choice_of
from patchtrail.qa.suite import Suite, SuiteRun, Unrunnable
from patchtrail.qa.suites import RepositorySuites
from patchtrail.trace.file_tree import FileTree
from tests.qa.trees import repository, with_files

CALC = "tests/test_calc.py"


def suite_of(suites: RepositorySuites, tree: FileTree, recipe: str = "") -> Suite:
    """Return the suite of a tree, which there must be."""
    suite = suites.suite_of(tree, recipe, Cancellation())
    assert not isinstance(suite, Unrunnable), suite.problem
    return suite


def check(suites: RepositorySuites, tree: FileTree, *tests: str, command_line: str = "") -> SuiteRun:
    """Run the suite of a tree on the tree itself."""
    suite = suite_of(suites, tree)
    return suite.run(tree, tests=tests, command_line=command_line, with_coverage=True, cancellation=Cancellation())


def outcomes(run: SuiteRun) -> dict[str, str]:
    """Return the outcome of each test."""
    return {case.test_id: case.outcome for case in run.cases}


def test_each_test_is_told(suites: RepositorySuites) -> None:
    """A run tells every test by its id, with its outcome, its place and why it failed, also without an index."""
    run = check(suites, repository("calc"))
    by_id = {case.test_id: case for case in run.cases}
    failed = by_id[f"{CALC}::TestAdd::test_one"]

    assert (run.trouble, run.problem, run.exit_code) == ("", "", 1)
    assert outcomes(run) == {
        f"{CALC}::test_zero": "passed",
        f"{CALC}::test_twice[1]": "passed",
        f"{CALC}::test_twice[2]": "passed",
        f"{CALC}::test_later": "skipped",
        f"{CALC}::TestAdd::test_one": "failed",
        f"{CALC}::OldStyle::test_add": "passed",
        "tests/test_setup.py::test_never_reached": "error",
    }
    assert (failed.file_path, failed.line) == (CALC, 23)
    assert failed.message.startswith("assert 0 == 2")
    assert "no fixture" in by_id["tests/test_setup.py::test_never_reached"].message
    assert "1 failed" in run.output


def test_lines_are_told(suites: RepositorySuites) -> None:
    """Of each file of the project that tests reach it is told which lines ran, and which could have."""
    run = check(suites, repository("calc"))

    assert run.lines["calc.py"] == {4, 5, 8, 9, 11}
    assert run.executable_lines["calc.py"] == {4, 5, 8, 9, 10, 11}
    assert set(run.lines) == {"calc.py", CALC, "tests/test_setup.py"}


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ([f"{CALC}::TestAdd"], {f"{CALC}::TestAdd::test_one"}),
        ([f"{CALC}::test_twice[2]", f"{CALC}::test_gone"], {f"{CALC}::test_twice[2]"}),
        (["tests.test_calc.TestAdd::test_one"], {f"{CALC}::TestAdd::test_one"}),
        (["./tests/test_setup.py", "tests/test_gone.py"], {"tests/test_setup.py::test_never_reached"}),
    ],
)
def test_ids_choose(suites: RepositorySuites, tests: list[str], told: set[str]) -> None:
    """Ids in either spelling choose their tests, and one that is not there is simply not told of."""
    assert set(outcomes(check(suites, repository("calc"), *tests))) == told


@pytest.mark.parametrize(
    ("command_line", "told", "said"),
    [
        ("pytest -q", 7, ""),
        ("cd tests && python -m pytest -x test_calc.py::TestAdd", 1, ""),
        ("uv run pytest -k 'one or zero' --cov=calc -n 4 /home/dev/calc/tests", 2, "--cov=calc -n 4"),
        ("pytest --deselect tests/test_calc.py::test_zero tests/test_calc.py", 5, ""),
        ("pytest -p evil -o addopts=--co tests/test_setup.py", 1, "-p evil -o addopts=--co"),
        ("make test; rm -rf /", 7, "does not run pytest by name"),
    ],
)
def test_a_recorded_command_chooses(suites: RepositorySuites, command_line: str, told: int, said: str) -> None:
    """A recorded command's ids, files and expressions choose the same tests; what else it says is named, not done."""
    run = check(suites, repository("calc"), command_line=command_line)

    assert len(run.cases) == told
    assert said in run.output.splitlines()[0]


def test_what_cannot_be_imported_is_named(suites: RepositorySuites) -> None:
    """A file that cannot be parsed is blamed, its tests are told as an error, and the others are run."""
    run = check(suites, repository("unimportable"))

    assert (run.trouble, run.blamed_files) == ("", ("shop/prices.py",))
    assert outcomes(run) == {"tests/test_prices.py": "error", "tests/test_names.py::test_names": "passed"}


@pytest.mark.parametrize("path", ["conftest.py", "shop/__init__.py"])
def test_nothing_can_be_imported(suites: RepositorySuites, path: str) -> None:
    """Where no test can be imported at all, the run says so and names the file."""
    tree = with_files(repository("unimportable"), {path: b"import nothing_of_this_name\n"})
    run = check(suites, tree)

    assert (run.trouble, run.blamed_files) == ("not_importable", (path,))


def test_no_tests(suites: RepositorySuites) -> None:
    """A repository without tests has none."""
    assert check(suites, FileTree({"calc.py": b"", "setup.cfg": b""})).trouble == "no_tests"


def test_time_is_limited(suites: RepositorySuites) -> None:
    """A test that never ends is ended, and what was told before it is kept."""
    tree = with_files(
        repository("calc"), {"tests/test_wait.py": b"def test_wait():\n    import signal; signal.pause()\n"}
    )
    suite = suite_of(suites, tree, "timeout_s = 7")
    run = suite.run(tree, cancellation=Cancellation())

    assert (run.trouble, run.problem) == ("wall", "The tests did not end in time.")
    assert len(run.cases) == 7 and "tests/test_wait.py::test_wait" not in outcomes(run)


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        ("runner = ", "The recipe is no TOML: Invalid value (at end of document)"),
        ("runner = 'make'", "The recipe's `runner` is wrong"),
        ("colour = 1", "The recipe's `colour` is wrong"),
        ("timeout_s = 100000", "The recipe's `timeout_s` is wrong"),
        ("requirement_files = ['../secrets.txt']", "The recipe's `requirement_files.0` is wrong"),
        ("requirement_files = ['gone.txt']", "`gone.txt` is not there"),
        ("requirements = ['calc @ file:///etc']", "takes calc from an address"),
        ("environment = {PYTHONPATH = '/tmp'}", "the variable `PYTHONPATH` may not be set"),
        ("groups = ['gone']", "The dependency group `gone` is not there"),
    ],
)
def test_a_recipe_is_checked(suites: RepositorySuites, recipe: str, problem: str) -> None:
    """A recipe that is no TOML, or asks for what it may not, is refused with its place."""
    unrunnable = suites.suite_of(repository("calc"), recipe, Cancellation())

    assert isinstance(unrunnable, Unrunnable)
    assert unrunnable.trouble == "no_environment"
    assert problem in unrunnable.problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("git+https://example.org/calc.git", "is no requirement"),
        ("calc @ https://example.org/calc.whl", "takes calc from an address"),
        ("-e ../other", "sets an option that is not allowed"),
        ("--index-url https://example.org/simple", "`requirements.txt` line 2 sets an option that is not allowed"),
        ("--find-links .", "sets an option that is not allowed"),
        ("./vendored", "is no requirement"),
        ("-r ../../etc/passwd", "lies outside of the project"),
        (f"calc{' ' * 1000}@ https://example.org/calc.whl", "too long for a requirement"),
        ("calc===${OF_THE_COLLECTOR}", "`requirements.txt` line 2 names a variable"),
        ("calc; python_version >= '${OF_THE_COLLECTOR}'", "names a variable"),
    ],
)
def test_requirements_from_elsewhere_are_refused(suites: RepositorySuites, line: str, problem: str) -> None:
    """Addresses, repositories, folders and options that name an index are refused, with file and line."""
    tree = with_files(repository("calc"), {"requirements.txt": f"# needed\n{line}\n".encode()})
    unrunnable = suites.suite_of(tree, "", Cancellation())

    assert isinstance(unrunnable, Unrunnable)
    assert problem in unrunnable.problem


def test_what_is_no_text_is_told(suites: RepositorySuites) -> None:
    """Half a surrogate pair in a message does not keep a run from being told as JSON."""
    odd = b'def test_odd():\n    raise ValueError("\\udc80")\n'
    run = check(suites, with_files(repository("calc"), {"tests/test_odd.py": odd}))
    (failed,) = (case for case in run.cases if case.file_path == "tests/test_odd.py")

    assert (run.trouble, run.problem) == ("", "")
    assert '"message":"ValueError: ?"' in failed.model_dump_json()


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": b"[project]\nname = 'a'\ndependencies = 5\n"},
        {"pyproject.toml": b"[build-system]\nrequires = 5\n"},
        {"pyproject.toml": b"[dependency-groups]\ntest = 5\n"},
        {"pyproject.toml": b"a = " + b"[" * 5000},
        {"pyproject.toml": b"[tool.uv]\ndev-dependencies = {a = 1}\n[tool.hatch.envs.test]\ndependencies = 5\n"},
        {"package.json": b'{"a":' * 50_000},
    ],
)
def test_files_of_any_form(suites: RepositorySuites, files: dict[str, bytes]) -> None:
    """A project's own files of another form than is known, or nested without end, keep its tests from being run."""
    tree = FileTree(files) if "package.json" in files else with_files(repository("calc"), files)
    unrunnable = suites.suite_of(tree, "", Cancellation())

    assert isinstance(unrunnable, Unrunnable)
    assert unrunnable.trouble == "no_environment"


def test_a_project_names_its_test_files_as_it_likes(suites: RepositorySuites) -> None:
    """Files that the start commit's configuration takes for tests decide what is tested, whatever they are called."""
    tree = with_files(
        repository("calc"), {"setup.cfg": b"[tool:pytest]\npython_files = check_*.py\n    *_spec.py *.py\n"}
    )
    named = suite_of(suites, tree)

    assert [named.is_test_file(one) for one in ("a/check_a.py", "a_spec.py", "calc.py")] == [True, True, False]
    assert not suite_of(suites, repository("calc")).is_test_file("a/check_a.py")


def test_very_many_words() -> None:
    """Of a recorded command's words, however many, only so many are looked up."""
    tree = FileTree({f"a/b{one % 50}/c{one}.py": b"" for one in range(5_000)} | {"test_a.py": b""})
    choice = choice_of("pytest test_a.py " + "b7/x.py " * 100_000 + "a/" * 50_000, tree)

    assert choice.targets == ("test_a.py",)
    assert choice.dropped[0] == "all but the first 2000 words"


def test_unittest(suites: RepositorySuites) -> None:
    """A recipe can ask for unittest itself, whose tests are told by their dotted names; ids and commands choose."""
    tree = repository("unittest")
    suite = suite_of(suites, tree, "runner = 'unittest'")
    run = suite.run(tree, with_coverage=True, cancellation=Cancellation())
    chosen = suite.run(tree, tests=["tests.test_sums.Sums.test_add"], cancellation=Cancellation())
    recorded = suite.run(
        tree, command_line="python -m unittest -v tests/test_sums.py -k zero", cancellation=Cancellation()
    )

    assert (run.trouble, run.problem, run.blamed_files) == ("", "", ("tests/test_gone.py",))
    assert outcomes(run) == {
        "tests.test_gone": "error",
        "tests.test_sums.Later.test_later": "skipped",
        "tests.test_sums.Needs.setUpClass": "error",
        "tests.test_sums.Needs.test_needs": "error",
        "tests.test_sums.Sums.test_add": "failed",
        "tests.test_sums.Sums.test_error": "error",
        "tests.test_sums.Sums.test_known": "skipped",
        "tests.test_sums.Sums.test_parts": "failed",
        "tests.test_sums.Sums.test_zero": "passed",
    }
    assert run.lines["sums.py"] == {1, 2}
    assert outcomes(chosen) == {"tests.test_sums.Sums.test_add": "failed"}
    assert outcomes(recorded) == {"tests.test_sums.Sums.test_zero": "passed"}


def test_a_recipe_helps_a_repository_that_is_refused(suites: RepositorySuites) -> None:
    """Where a repository's own files ask for what is not fetched, a task's recipe can say what is needed instead."""
    poetry = b'[tool.poetry.dependencies]\nother = {git = "https://example.org/other.git"}\n'
    tree = with_files(repository("calc"), {"pyproject.toml": poetry})
    refused = suites.suite_of(tree, "", Cancellation())

    assert isinstance(refused, Unrunnable) and "takes other from elsewhere (git)" in refused.problem
    assert suite_of(suites, tree, "requirements = []").runner == "pytest"
