"""Sessions on a small repository, validated by its real tests in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchtrail.contract.qa import ValidationResult
from patchtrail.llm import Cancellation
from patchtrail.qa.lint_delta import RuffLinting
from patchtrail.qa.suites import RepositorySuites
from patchtrail.qa.validation import Validator
from tests.qa.session_files import Recorded
from tests.qa.test_cheats import CHEATS, SHOWN
from tests.qa.trees import laid_over, repository

BUG, FIX = "return a - b", "return a + b"
NOT_THERE = "tests/test_setup.py::test_never_reached"


def calc() -> dict[str, str]:
    """The repository's files as texts."""
    return {path: content.decode() for path, content in repository("calc").files.items()}


def validated(suites: RepositorySuites, session: Recorded) -> ValidationResult:
    """Validate a session."""
    return Validator(suites, linting=RuffLinting()).validate(session.case(), Cancellation())


def test_a_fix_is_verified_by_the_repositorys_own_tests(suites):
    """A session that repairs the bug is a verified fix: tests by name, agreement, coverage, Ruff's word."""
    session, files = Recorded(calc()), calc()
    red = {SHOWN: "failed", "tests/test_calc.py::test_zero": "passed", "tests/test_calc.py::test_twice[1]": "passed"}
    session.run(red, command_line="pytest tests/test_calc.py")
    session.save("calc.py", "import os\n" + files["calc.py"].replace(BUG, FIX))
    session.run(red | {SHOWN: "passed"}, command_line="pytest tests/test_calc.py -q")
    result = validated(suites, session)

    assert result.verdict == "verified_fix", result.reason
    assert (result.fail_to_pass, result.fail_to_fail, result.pass_to_fail) == ([SHOWN], [NOT_THERE], [])
    assert "tests/test_calc.py::test_twice[2]" in result.pass_to_pass
    assert (result.agreement, [run.compared for run in result.recorded_runs]) == (1.0, [3, 3])
    assert (result.runner, result.network) == ("pytest", "none")
    assert result.sandbox.startswith("bubblewrap, Python 3")
    assert result.coverage is not None
    assert {path: (one.changed, one.covered) for path, one in result.coverage.files.items()} == {
        "calc.py": ([1, 6], [1, 6])
    }
    assert result.lint is not None
    assert ("F401", "calc.py", 1) in [(one.rule, one.file_path, one.line) for one in result.lint.new]
    assert result.lint.gone == []
    assert "1 error" in result.test_output


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda path: path.stem)
def test_54_a_cheating_session_is_never_a_fix(suites, cheat: Path):
    """A session that cheats instead of repairing is no verified fix, whichever way it cheats."""
    session = Recorded(calc())
    for path, content in laid_over(repository("calc"), cheat)[1].files.items():
        if session.files.get(path) != content.decode():
            session.save(path, content.decode())
    # Without repetitions, for the sake of time.
    result = Validator(suites, budget_s=0.0).validate(session.case(), Cancellation())

    assert result.verdict in ("not_fixed", "regression"), result.reason


def test_edited_tests_are_put_back(suites):
    """A session that bends the failing test, and a conftest file with it, is told apart from a fix, in words."""
    session, files = Recorded(calc()), calc()
    session.run({SHOWN: "failed"})
    session.save("tests/test_calc.py", files["tests/test_calc.py"].replace("assert add(1, 1) == 2", "assert add"))
    session.run({SHOWN: "passed"})
    result = validated(suites, session)

    assert (result.verdict, result.fail_to_fail) == ("not_fixed", [SHOWN, NOT_THERE])
    assert result.changed_test_files == ["tests/test_calc.py"]
    assert f"{SHOWN} fails, and passes only with the session's own tests." in result.cheats
    assert result.agreement == 1.0


def test_a_module_of_placeholders_is_not_reproducible(suites):
    """A file that was redacted and cannot be imported any more makes no claim about the fix."""
    start = calc() | {
        "keys.py": "KEY = 1\n",
        "tests/test_keys.py": "from keys import KEY\n\ndef test_key():\n    assert KEY\n",
    }
    session = Recorded(start)
    session.save("calc.py", start["calc.py"].replace(BUG, FIX))
    session.save("keys.py", "KEY = <<redacted:token:0123abcd>>\n")
    result = validated(suites, session)

    assert result.verdict == "not_reproducible"
    assert "keys.py" in result.reason
    assert result.replay is not None
    assert result.replay.redacted_files == ["keys.py"]


def test_a_fix_of_what_could_not_be_imported(suites):
    """Where a file could not be imported at the start, each of its tests that passes at the end was fixed."""
    start = calc()
    session = Recorded(start | {"calc.py": start["calc.py"].replace("def add(a, b):", "def add(a, b:")})
    session.save("calc.py", start["calc.py"].replace(BUG, FIX))
    result = validated(suites, session)

    assert result.verdict == "not_fixed", (
        "the test with the broken fixture failed at both ends, and no run was recorded"
    )
    assert SHOWN in result.fail_to_pass
    assert result.fail_to_fail == [NOT_THERE]


def test_a_fix_that_breaks_something_else(suites):
    """A change that repairs one test and breaks another is a regression that names it."""
    session, files = Recorded(calc()), calc()
    session.run({SHOWN: "failed"})
    session.save("calc.py", files["calc.py"].replace(BUG, FIX).replace("return a + a", "return a + a + 1"))
    result = validated(suites, session)

    assert result.verdict == "regression"
    assert result.fail_to_pass == [SHOWN]
    assert result.pass_to_fail == ["tests/test_calc.py::test_twice[1]", "tests/test_calc.py::test_twice[2]"]


def test_an_endless_loop_is_a_fix_or_none(suites):
    """A start that never ends fails every test that it does not tell of."""
    start = calc()
    del start["tests/test_setup.py"]
    session = Recorded(start | {"calc.py": start["calc.py"].replace(BUG, "while True:\n        pass")})
    session.save("calc.py", start["calc.py"].replace(BUG, FIX))
    case = session.case(recipe_toml="timeout_s = 10\n")
    result = Validator(suites).validate(case, Cancellation())

    assert result.verdict == "verified_fix", result.reason
    assert SHOWN in result.fail_to_pass
