"""Tests of other languages: one command in the sandbox, and the report that it wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.qa.runners.line_report import parse_line_report
from patchtrail.qa.runners.node_tools import is_node_test_file
from patchtrail.qa.suite import SuiteRun, Unrunnable
from patchtrail.qa.suites import RepositorySuites
from patchtrail.trace.file_tree import FileTree
from tests.qa.test_suites import check, outcomes, suite_of
from tests.qa.trees import repository, with_files


def locked(tree: FileTree, folder: Path) -> FileTree:
    """Return a tree with the lock of its packages, as a developer would have made it."""
    (folder / "package.json").write_bytes(tree.files["package.json"])
    words = ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return with_files(tree, {"package-lock.json": (folder / "package-lock.json").read_bytes()})


def by_report(suites: RepositorySuites, tree: FileTree, *words: str) -> SuiteRun:
    """Run a recipe's own command, which writes `out/report.xml`."""
    recipe = f"runner = 'junit'\ncommand = {list(words)}\nreport = 'out/report.xml'\nline_report = 'out/lines.xml'\n"
    return suite_of(suites, tree, recipe).run(tree, with_coverage=True, cancellation=Cancellation())


def test_node(suites: RepositorySuites) -> None:
    """Node's own tests are told each, with the lines that they ran; a recorded command chooses files."""
    tree = repository("node")
    run = check(suites, tree)
    chosen = check(suites, tree, command_line="cd test && node --test other.test.js")

    assert (run.trouble, suite_of(suites, tree).runner) == ("", "node")
    assert outcomes(run) == {"sums::adds": "failed", "sums::doubles": "passed", "alone": "passed", "other": "passed"}
    assert {4, 5} & run.lines["src/sums.js"] < {4, 5} & run.executable_lines["src/sums.js"]
    assert outcomes(chosen) == {"other": "passed"}


def test_jest(suites: RepositorySuites, tmp_path: Path) -> None:
    """Jest's tests are told by file and title, and a file that cannot be loaded is an error."""
    run = check(suites, locked(repository("jest"), tmp_path))

    assert (run.trouble, run.problem) == ("", ""), run.output
    assert outcomes(run) == {
        "test/sums.test.js::sums > adds": "failed",
        "test/sums.test.js::sums > doubles": "passed",
        "test/sums.test.js::sums > waits": "skipped",
        "test/gone.test.js": "error",
    }
    assert 5 in run.executable_lines["src/sums.js"] - run.lines["src/sums.js"]


def test_vitest(suites: RepositorySuites, tmp_path: Path) -> None:
    """Vitest's tests are told by file and title, and ids choose."""
    tree = locked(repository("vitest"), tmp_path)
    failed = "test/sums.test.js::sums > adds"

    assert outcomes(check(suites, tree)) == {failed: "failed", "test/sums.test.js::sums > doubles": "passed"}
    assert outcomes(check(suites, tree, failed)) == {failed: "failed"}


@pytest.mark.skipif(shutil.which("go") is None and os.environ.get("CI") != "true", reason="golang-go is missing")
def test_go(suites: RepositorySuites) -> None:
    """Go's tests are told by package and name, with their lines, and a package that cannot be built is an error."""
    tree = repository("go")
    run = check(suites, tree)
    chosen = check(suites, tree, "example.org/sums::TestTwice/small")
    recorded = check(suites, tree, command_line="go test -v -run=TestLater ./...")

    assert run.trouble == "", run.output
    assert outcomes(run) == {
        "example.org/sums::TestAdd": "failed",
        "example.org/sums::TestTwice": "passed",
        "example.org/sums::TestTwice/small": "passed",
        "example.org/sums::TestLater": "skipped",
        "example.org/sums/broken": "error",
    }
    assert "1 + 1 is 0" in run.output
    assert 9 in run.executable_lines["sums.go"] - run.lines["sums.go"]
    assert outcomes(chosen) == {"example.org/sums::TestTwice/small": "passed"}
    assert outcomes(recorded) == {"example.org/sums::TestLater": "skipped", "example.org/sums/broken": "error"}


@pytest.mark.skipif(shutil.which("go") is None and os.environ.get("CI") != "true", reason="golang-go is missing")
def test_modules_of_go(suites: RepositorySuites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are fetched outside from the proxy that Go is configured for, and found inside without network."""
    proxy = module_proxy(tmp_path / "proxy")
    tests = b'package sums\n\nimport "example.org/one"\nimport "testing"\n\n'
    tests += b"func TestOne(t *testing.T) {\n\tif one.One != 1 {\n\t\tt.Fatal()\n\t}\n}\n"
    wanted = b"module example.org/sums\n\ngo 1.19\n\nrequire example.org/one v1.0.0\n"
    (tmp_path / "go.mod").write_bytes(wanted)
    variables = {"GOPROXY": proxy, "GOSUMDB": "off", "GOFLAGS": "-modcacherw", "GOMODCACHE": str(tmp_path / "cache")}
    done = subprocess.run(["go", "mod", "download", "all"], cwd=tmp_path, env={**os.environ, **variables})
    assert done.returncode == 0
    monkeypatch.setenv("GOPROXY", proxy)
    run = check(
        suites, FileTree({"go.mod": wanted, "go.sum": (tmp_path / "go.sum").read_bytes(), "sums_test.go": tests})
    )

    assert outcomes(run) == {"example.org/sums::TestOne": "passed"}, run.output


def module_proxy(folder: Path) -> str:
    """Return the address of a proxy that is a folder, with one module."""
    at = folder / "example.org/one/@v"
    at.mkdir(parents=True)
    (at / "list").write_text("v1.0.0\n")
    (at / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (at / "v1.0.0.mod").write_text("module example.org/one\n")
    with zipfile.ZipFile(at / "v1.0.0.zip", "w") as packed:
        packed.writestr("example.org/one@v1.0.0/go.mod", "module example.org/one\n")
        packed.writestr("example.org/one@v1.0.0/one.go", "package one\n\nconst One = 1\n")
    return folder.as_uri()


@pytest.mark.parametrize(
    ("package", "problem"),
    [
        (
            '"node_modules/a": {"version": "1.0.0", "resolved": "git+ssh://git@example.org/a.git#1"}',
            "takes node_modules/a",
        ),
        ('"node_modules/a": {"version": "1.0.0", "resolved": "https://10.0.0.1/a.tgz"}', "https://10.0.0.1/a.tgz"),
        ('"node_modules/a": {"version": "git+https://example.org/a.git"}', "from elsewhere than the registry"),
        ('"node_modules/a": {"resolved": "../a", "link": true}', "from elsewhere than the registry"),
        ('"node_modules/a": {"version": "file:../a"}', "from elsewhere than the registry"),
        ('"node_modules/a": {"version": "1", "dependencies": {"b": "http://10.0.0.1/b"}}', "takes b"),
        ('"": {"peerDependencies": {"b": "git+file:///srv/b.git"}}', "takes b"),
        ('"node_modules/a": {"version": "1", "requires": {"b": "../b"}}', "takes b"),
    ],
)
def test_packages_come_from_the_registry(suites: RepositorySuites, package: str, problem: str) -> None:
    """A lock that names an address, a repository or a folder is refused, and so is a project without a lock."""
    tree = with_files(repository("jest"), {"package-lock.json": f'{{"packages": {{{package}}}}}'.encode()})
    without_lock = suites.suite_of(repository("jest"), "", Cancellation())
    refused = suites.suite_of(tree, "", Cancellation())

    assert isinstance(without_lock, Unrunnable) and "`package-lock.json` alone" in without_lock.problem
    assert isinstance(refused, Unrunnable) and problem in refused.problem


@pytest.mark.parametrize(
    ("path", "decides"),
    [
        *(
            (one, True)
            for one in ("src/setupTests.js", "jest-setup.ts", "test/setup.mjs", "jest.preset.cjs", "tsconfig.json")
        ),
        *((one, False) for one in ("src/setup.ts", "src/sums.js", "src/jestify.js", "vite.ts")),
    ],
)
def test_what_runs_before_the_tests_decides(path: str, decides: bool) -> None:
    """Files that a runner's configuration has run before the tests are not the session's to change."""
    assert is_node_test_file(path) is decides


@pytest.mark.parametrize(
    "told",
    [
        '"peerDependencies": {"b": "http://10.0.0.1/b"}',
        '"overrides": {"a": {"b": {".": "git+ssh://git@10.0.0.1/b.git"}}}',
        '"optionalDependencies": {"b": "b.tgz"}',
    ],
)
def test_a_project_names_no_address(suites: RepositorySuites, told: str) -> None:
    """Whatever a project wants of Node, an address, a repository or a file in a version's place is refused."""
    tree = FileTree({"package.json": f'{{"dependencies": {{"a": "1"}}, {told}}}'.encode(), "package-lock.json": b"{}"})
    refused = suites.suite_of(tree, "", Cancellation())

    assert isinstance(refused, Unrunnable)
    assert "takes" in refused.problem and "elsewhere than the registry" in refused.problem


def test_a_recipes_own_command(suites: RepositorySuites) -> None:
    """Any command that writes a JUnit report can be a recipe's, and may report its lines as Cobertura."""
    script = b"set -e\ncoverage run -m pytest --junitxml=out/report.xml -o junit_family=xunit1 || code=$?\n"
    script += b"coverage xml -q -o out/lines.xml\nexit $code\n"
    run = by_report(suites, with_files(repository("calc"), {"check.sh": script}), "sh", "check.sh")

    assert run.trouble == "", run.output
    assert outcomes(run)["tests/test_calc.py::TestAdd::test_one"] == "failed"
    assert run.executable_lines["calc.py"] - run.lines["calc.py"] == {10}


REPORT = "<testsuites><testsuite name='s'><testcase classname='c' name='t'>{}</testcase></testsuite></testsuites>"


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ("exit 0", "cheat"),
        ("exit 3", "broken"),
        (f'mkdir -p out; echo "{REPORT.format("<failure/>")}" > out/report.xml; exit 0', "cheat"),
        (f'mkdir -p out; echo "{REPORT.format("")}" > out/report.xml; exit 1', "broken"),
        ("mkdir -p out; echo '<html/>' > out/report.xml", "broken"),
        ("mkdir -p out; echo '<testsuites/>' > out/report.xml", "no_tests"),
        ("mkdir -p out; ln -s /etc/passwd out/report.xml", "cheat"),
    ],
)
def test_54_report_and_exit_status_are_held_to_each_other(suites: RepositorySuites, script: str, trouble: str) -> None:
    """Success without a report, or with a failure in it, is no success; an older report counts nothing."""
    stale = {"out/report.xml": REPORT.format("").encode()} if script.startswith("exit") else {}
    tree = with_files(repository("calc"), {"check.sh": script.encode(), **stale})

    assert by_report(suites, tree, "sh", "check.sh").trouble == trouble


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"SF:/repository/a.js\nDA:1,2\nDA:2,0,hash\nend_of_record\nSF:/etc/b.js\nDA:1,1\n", {"a.js": ({1}, {1, 2})}),
        (
            b"<coverage><packages><package><classes><class filename='a.py'><lines><line number='3' hits='1'/>"
            b"<line number='4' hits='0'/></lines></class></classes></package></packages></coverage>",
            {"a.py": ({3}, {3, 4})},
        ),
        (
            b"mode: set\n/repository/a.go:3.2,5.3 1 1\n/repository/a.go:7.1,7.9 1 0\n",
            {"a.go": ({3, 4, 5}, {3, 4, 5, 7})},
        ),
        (b"", {}),
    ],
)
def test_reports_of_lines(content: bytes, told: dict[str, tuple[set[int], set[int]]]) -> None:
    """LCOV, Cobertura and Go say the same of lines, and nothing of files outside of the project."""
    assert parse_line_report(content, "/repository") == told
