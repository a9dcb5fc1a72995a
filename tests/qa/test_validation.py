"""Sessions turned into verdicts: each row of the table by a session that leads to it, and the facts beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from patchtrail.contract.errors import NotFound
from patchtrail.contract.qa import ValidationResult
from patchtrail.llm import Cancellation
from patchtrail.qa.assessor import Assessor
from patchtrail.qa.case import Case
from patchtrail.qa.judge import Judge
from patchtrail.qa.reruns import compared
from patchtrail.qa.suite import SuiteRun, Unrunnable
from patchtrail.qa.validation import Validator
from patchtrail.trace.base_snapshot import write_base
from patchtrail.trace.file_tree import FileTree
from tests.qa.counting_suite import CountingSuite, CountingSuites
from tests.qa.session_files import Recorded, case_of, run_of, tree_of

START = {
    "shop.py": "total = WRONG\nname = ok\n",
    "tests/test_shop.py": "test total shop.py RIGHT\ntest name shop.py ok\n",
}
RED = {"tests/test_shop.py::total": "failed", "tests/test_shop.py::name": "passed"}
GREEN = {"tests/test_shop.py::total": "passed", "tests/test_shop.py::name": "passed"}
TOTAL, NAME = RED
FIXED = "total = RIGHT\nname = ok\n"
SECRET = "<<redacted:token:0123abcd>>"


def validated(case: Case, suites: CountingSuites | None = None, **changes: object) -> ValidationResult:
    """Validate a case."""
    return Validator(suites or CountingSuites(), **changes).validate(case, Cancellation())


def fixed() -> Recorded:
    """A session that sees the red test, fixes it and sees it green."""
    session = Recorded(START)
    session.run(RED)
    session.save("shop.py", FIXED)
    session.run(GREEN)
    return session


def with_tests(start_tests: str, own_tests: str | None = None, code: str = FIXED) -> Case:
    """A session on other tests, which may change them."""
    session = Recorded(START | {"tests/test_shop.py": start_tests})
    session.save("shop.py", code)
    if own_tests is not None:
        session.save("tests/test_shop.py", own_tests)
    return session.case()


def diverging() -> Case:
    """A session whose last edit leads to something else than it says."""
    session = fixed()
    session.save("shop.py", "more\n", buffer_hash_after="0" * 64)
    return session.case()


def importing_redacted() -> Case:
    """A session in which a secret was written into a module that tests import."""
    session = Recorded(START | {"keys.py": "key = 1\n", "tests/test_keys.py": "import keys.py\ntest key keys.py key\n"})
    session.save("shop.py", FIXED)
    session.save("keys.py", f"key = {SECRET}\n")
    return session.case()


def passing_only_unredacted() -> Case:
    """A session whose green run rests on a secret that was redacted."""
    session = Recorded(START | {"tests/test_key.py": "test key keys.py sesame\n", "keys.py": "sesame\n"})
    session.save("shop.py", FIXED)
    session.save("keys.py", f"{SECRET}\n")
    session.run(GREEN | {"tests/test_key.py::key": "passed"})
    return session.case()


def withheld_module() -> Case:
    """A session that changed a module whose content was not recorded."""
    session = Recorded(START | {"data.py": "x\n", "tests/test_data.py": "import data.py\ntest x data.py x\n"})
    session.save("shop.py", FIXED)
    nothing = {"diff_unified": "", "buffer_hash_after": None, "is_replayable": False, "withheld": "too_large"}
    session.save("data.py", "y\n", **nothing)
    return session.case()


CASES: dict[str, tuple[Callable[[], Case], str, str]] = {
    "fixed": (lambda: fixed().case(), "verified_fix", TOTAL),
    "nothing to stand on": (lambda: fixed().case(snapshot=None), "not_run", "no base snapshot"),
    "a snapshot that is none": (lambda: fixed().case(snapshot=b"?"), "not_run", "snapshot cannot be read"),
    "another content than recorded": (diverging, "not_reproducible", "event 4, shop.py"),
    "a redacted file fails to import": (importing_redacted, "not_reproducible", "keys.py"),
    "green on its own files, red on redacted ones": (passing_only_unredacted, "not_reproducible", "keys.py"),
    "a module whose content is withheld": (withheld_module, "not_reproducible", "data.py"),
    "no tests": (lambda: with_tests(""), "no_tests", "no tests"),
    "what passed fails": (lambda: with_tests(START["tests/test_shop.py"], code="total = RIGHT\n"), "regression", NAME),
    "what passed is gone": (lambda: with_tests("test name shop.py ok\nimport gone.py"), "not_fixed", "test_shop.py"),
    "still failing": (
        lambda: with_tests(START["tests/test_shop.py"], code="total = ELSE\nname = ok\n"),
        "not_fixed",
        TOTAL,
    ),
    "nothing ever failed": (lambda: with_tests("test name shop.py ok"), "not_fixed", "No test failed at the start"),
    "its own test shows the bug": (
        lambda: with_tests("test name shop.py ok", "test name shop.py ok\ntest new shop.py RIGHT"),
        "verified_fix",
        "tests/test_shop.py::new",
    ),
    "its own version of a test shows the bug": (
        lambda: with_tests("test name shop.py ok", "test name shop.py RIGHT"),
        "verified_fix",
        NAME,
    ),
    "its own test passes before and after": (
        lambda: with_tests("test name shop.py ok", "test name shop.py ok\ntest new shop.py name"),
        "not_fixed",
        "No test failed at the start",
    ),
    "its own test still fails": (
        lambda: with_tests(START["tests/test_shop.py"], START["tests/test_shop.py"] + "test new shop.py MORE"),
        "not_fixed",
        "tests/test_shop.py::new",
    ),
    "its own version of a test fails": (
        lambda: with_tests(START["tests/test_shop.py"], START["tests/test_shop.py"].replace("ok", "WRONG")),
        "not_fixed",
        NAME,
    ),
    "a weakened test": (
        lambda: with_tests(
            START["tests/test_shop.py"], "test total shop.py WRONG\ntest name shop.py ok", START["shop.py"]
        ),
        "not_fixed",
        TOTAL,
    ),
    "a deleted test": (
        lambda: with_tests(START["tests/test_shop.py"], "test name shop.py ok", START["shop.py"] + "#"),
        "not_fixed",
        TOTAL,
    ),
    "a run that is bent": (lambda: with_tests(START["tests/test_shop.py"], "cheat"), "not_fixed", "ended from within"),
    "the end hangs": (
        lambda: with_tests("test name shop.py ok\nskip more", "hang\ntest name shop.py ok"),
        "not_fixed",
        "No test failed",
    ),
    "a flaky target": (lambda: with_tests("flaky total"), "flaky", TOTAL),
}


@pytest.mark.parametrize(("make", "verdict", "word"), CASES.values(), ids=CASES)
def test_verdicts(make, verdict, word):
    """Each kind of session gets its verdict, and the reason names what it rests on."""
    result = validated(make())

    assert result.verdict == verdict, result.reason
    assert word in result.reason


def test_what_a_verified_fix_says():
    """A verified fix comes with its lists, its replay and the agreement of what was recorded."""
    result = validated(fixed().case())

    assert (result.fail_to_pass, result.pass_to_pass) == ([TOTAL], [NAME])
    assert (result.fail_to_fail, result.pass_to_fail, result.flaky, result.cheats) == ([], [], [], [])
    assert (result.tests_passed, result.agreement) == (True, 1.0)
    assert result.replay is not None
    assert (result.replay.agrees, result.replay.start, result.replay.edits) == (True, "snapshot", 1)
    assert [(run.seq, run.agrees, run.compared) for run in result.recorded_runs] == [(1, True, 2), (3, True, 2)]
    assert result.coverage is not None
    assert result.coverage.files["shop.py"].changed == [1]
    assert (result.coverage.changed_lines, result.coverage.covered_lines) == (1, 1)


@pytest.mark.parametrize(
    ("trouble", "verdict"), [("no_sandbox", "not_run"), ("no_environment", "not_run"), ("no_tests", "no_tests")]
)
def test_what_cannot_be_run_is_said(trouble, verdict):
    """Without a sandbox, an environment or tests nothing ran, and it is said why in words."""
    result = validated(fixed().case(), CountingSuites(Unrunnable(trouble, "no sandbox: bwrap not found")))

    assert (result.verdict, result.tests_passed) == (verdict, None)
    assert result.reason
    assert result.replay is not None
    assert result.replay.agrees


def test_edited_tests_do_not_count_and_are_told():
    """Tests that the session weakened are restored for the verdict, listed, and what they would have hidden is said."""
    result = validated(CASES["a weakened test"][0]())

    assert result.changed_test_files == ["tests/test_shop.py"]
    assert result.cheats == [f"{TOTAL} fails, and passes only with the session's own tests."]
    assert (result.fail_to_fail, result.tests_passed) == ([TOTAL], False)


def test_conftest_files_are_not_the_sessions_to_change():
    """A conftest file that the session added takes no part in the runs that decide."""
    session = fixed()
    session.save("tests/conftest.py", "hang")
    result = validated(session.case())

    assert result.verdict == "verified_fix"
    assert result.changed_test_files == ["tests/conftest.py"]


def test_disagreements_are_listed_test_by_test():
    """A recorded run that says something else than its re-run is listed with both words."""
    session = Recorded(START)
    session.run(GREEN | {"tests/test_shop.py::other[a-b]": "passed"})
    session.save("shop.py", FIXED)
    session.run(GREEN)
    result = validated(session.case())

    assert result.agreement == 0.6
    assert [(run.agrees, run.compared) for run in result.recorded_runs] == [(False, 2), (True, 2)]
    assert [one.model_dump() for one in result.recorded_runs[0].disagreements] == [
        {"test_id": TOTAL, "recorded": "passed", "rerun": "failed"},
        {"test_id": "tests/test_shop.py::other[a-b]", "recorded": "passed", "rerun": "absent"},
    ]


def test_equal_states_are_run_once():
    """The same command on the same files is run once, however often it was recorded; different ones are capped."""
    session = Recorded(START)
    for _ in range(5):
        session.run(RED)
    for number in range(20):
        session.save("shop.py", FIXED + f"# {number}\n")
        session.run(GREEN)
    suites = CountingSuites()
    result = validated(session.case(), suites)

    assert isinstance(suites.suite, CountingSuite)
    assert suites.suite.asked.count("pytest -q") == 12
    assert [run.agrees for run in result.recorded_runs] == [True] * 10 + [None] * 9 + [True] * 6
    assert {run.problem for run in result.recorded_runs if run.agrees is None} == {
        "Not run again: at most 12 different runs are."
    }


def test_time_is_bounded_and_said():
    """When the time is up what the verdict needs is still run, and what was left out is said."""
    seconds = iter(range(0, 10**6, 100))
    result = validated(fixed().case(), clock=lambda: float(next(seconds)), budget_s=150.0)

    assert result.verdict == "verified_fix"
    assert "for want of time" in result.reason
    assert [run.problem for run in result.recorded_runs] == ["Not run again, for want of time."] * 2


def test_tests_that_hang_are_not_waited_for_again_and_again():
    """Where the time was used up by an end that does not end, the session's own tests are not run, and that is said."""
    seconds, suites = iter(range(0, 10**6, 100)), CountingSuites()
    case = with_tests("hang", "hang\ntest new shop.py RIGHT")
    result = validated(case, suites, clock=lambda: float(next(seconds)), budget_s=50.0)

    assert (result.verdict, result.tests_passed) == ("not_fixed", False)
    assert "own tests were not run, for want of time" in result.reason
    assert isinstance(suites.suite, CountingSuite)
    assert suites.suite.asked == ["", ""]


def test_a_target_is_what_the_session_saw_red():
    """Tests that fail at both ends and that no recorded run was red on are set aside; without red runs all count."""
    start = START | {"tests/test_net.py": "test net shop.py NETWORK\n"}
    seen = Recorded(start)
    seen.run(RED)
    seen.save("shop.py", FIXED)
    unseen = Recorded(start)
    unseen.save("shop.py", FIXED)
    results = [validated(one.case()) for one in (seen, unseen)]

    assert [result.verdict for result in results] == ["verified_fix", "not_fixed"]
    assert [result.fail_to_fail for result in results] == [["tests/test_net.py::net"]] * 2
    assert [result.tests_passed for result in results] == [False, False]


def test_a_flaky_bystander_is_set_aside():
    """A test that was flaky before and is nobody's target keeps no fix from being verified, and is listed."""
    session = Recorded(START | {"tests/test_odd.py": "flaky odd\n"})
    session.run(RED)
    session.save("shop.py", FIXED)
    result = validated(session.case())

    assert (result.verdict, result.flaky) == ("verified_fix", ["tests/test_odd.py::odd"])


def test_a_test_that_is_sound_by_itself_is_set_aside():
    """A bystander that failed once in a busy run, and passes every time by itself, keeps no fix from being verified."""

    class Busy(CountingSuite):
        def run(self, tree, **told):
            ran = super().run(tree, **told)
            is_end = "RIGHT" in (tree.text("shop.py") or "")
            odd = "failed" if is_end and not told.get("tests") and next(self.ticks) % 3 == 1 else "passed"
            return replace(ran, cases=(*ran.cases, case_of("tests/test_time.py::slow", odd)))

    class Chancy(Busy):
        def run(self, tree, **told):
            return super().run(tree, **told | {"tests": ()})

    sound, chancy = (validated(fixed().case(), CountingSuites(suite)) for suite in (Busy(), Chancy()))

    assert (sound.verdict, sound.flaky) == ("verified_fix", ["tests/test_time.py::slow"])
    assert (chancy.verdict, chancy.flaky) == ("flaky", ["tests/test_time.py::slow"])


def test_a_redacted_name_is_found_again():
    """A test whose recorded name was redacted is compared where only one can be meant, and else not counted."""
    files = {"tests/test_url.py": "test [u:p@host] shop.py ok\ntest same[a] shop.py ok\ntest same[b] shop.py ok\n"}
    session = Recorded(START | files)
    names = {f"tests/test_url.py::[{SECRET}@host]": "failed", f"tests/test_url.py::same[{SECRET}]": "passed"}
    session.run(names | {NAME: "passed"})
    result = validated(session.case())
    (run,) = result.recorded_runs

    assert (run.compared, [one.test_id for one in run.disagreements]) == (2, [f"tests/test_url.py::[{SECRET}@host]"])


def test_a_saved_file_is_run_as_it_stood_when_the_run_began():
    """A save that was made while the tests ran came too late for them."""
    session = Recorded(START)
    session.save("shop.py", FIXED)
    session.run(RED, duration_ms=1500)
    late = validated(session.case())
    session = Recorded(START)
    session.save("shop.py", FIXED, seen_by="disk")
    session.run(GREEN, duration_ms=1500)
    found = validated(session.case())

    assert [run.agrees for run in (*late.recorded_runs, *found.recorded_runs)] == [True, True]


@dataclass
class StandInOrigin:
    """An origin that holds these files, or none."""

    files: dict[str, str] | None

    def fetch(self, *_asked):
        """Return them."""
        if self.files is None:
            raise NotFound("It could not be fetched.")
        return tree_of(self.files)


def test_a_snapshot_is_held_to_its_origin():
    """A snapshot that is not the commit at its origin proves nothing; what it leaves out is no matter."""
    other = START | {"tests/test_shop.py": "test name shop.py ok\n"}
    partial = replace(tree_of(START), left_out=("(what lies outside of the recorded folders)",))
    honest, forged, lacking, part, away, instead = (
        validated(fixed().case(snapshot=snapshot), origin=StandInOrigin(files))
        for snapshot, files in (
            (write_base(replace(tree_of(START), left_out=("link",))), START | {"link": "x"}),
            (write_base(tree_of(START)), other),
            (write_base(tree_of(START)), START | {"more.py": ""}),
            (write_base(partial), START | {"more.py": ""}),
            (write_base(tree_of(START)), None),
            (None, START),
        )
    )

    assert {one.verdict for one in (honest, part, away, instead)} == {"verified_fix"}
    assert {one.verdict for one in (forged, lacking)} == {"not_reproducible"}
    assert "tests/test_shop.py: The base snapshot holds something else" in forged.reason
    assert [one.replay.start for one in (honest, instead) if one.replay] == ["snapshot", "origin"]


def test_a_snapshot_excuses_nothing_that_it_holds():
    """What a snapshot calls redacted is the commit's but for placeholders, and what it leaves out is tested, too."""
    start = {**START, "keys.py": "key = 'a secret'\nmore = 1\n"}
    shown = "key = '<<redacted:token:0123abcd>>'\nmore = 1\n"

    def on(files: dict[str, str], redacted: str = "", left_out: tuple[str, ...] = (), **more: str) -> ValidationResult:
        snapshot = write_base(replace(tree_of(files), redacted=frozenset(filter(None, [redacted])), left_out=left_out))
        return validated(fixed().case(snapshot=snapshot), origin=StandInOrigin(start | more))

    assert on({**start, "keys.py": shown}, "keys.py").verdict == "verified_fix"
    for text in ("key = 1\nmore = 1\n", f"{shown}less = 1\n", shown.replace("more", "less"), f"# {shown}"):
        forged = on({**start, "keys.py": text}, "keys.py")
        assert (forged.verdict, "keys.py: The base snapshot" in forged.reason) == ("not_reproducible", True)
    assert on({**start, "keys.py": "forged\n"}, left_out=("keys.py",)).verdict == "not_reproducible"
    hidden = on(start, left_out=("tests/test_more.py",), **{"tests/test_more.py": "test more shop.py WRONG\n"})
    assert (hidden.verdict, hidden.pass_to_fail) == ("regression", ["tests/test_more.py::more"])


def test_what_breaks_the_validation_is_judged_all_the_same():
    """Where a case breaks what reads it, the result says so, and the judge still has its say."""

    class Breaking(CountingSuite):
        def run(self, *_asked, **_told):
            raise KeyError("of an unknown form")

    assessor = Assessor(Validator(CountingSuites(Breaking())), Judge())
    result = assessor.assess(fixed().case(), cancellation=Cancellation())

    assert result.validation is not None and result.judge is not None
    assert result.validation.verdict == "not_run"
    assert "KeyError" in result.validation.reason


def test_what_takes_for_ever_is_judged_all_the_same():
    """A validation beyond its time is stopped and says so, and the judge still has its say."""

    class Waiting(CountingSuite):
        def run(self, *_asked, cancellation, **_told):
            stopped = threading.Event()
            cancellation.on_cancel(stopped.set)
            assert stopped.wait(60)
            return SuiteRun(trouble="broken", problem="Cancelled.")

    assessor = Assessor(Validator(CountingSuites(Waiting())), Judge(), 0.01)
    result = assessor.assess(fixed().case(), cancellation=Cancellation())

    assert result.validation is not None and result.judge is not None
    assert (result.validation.verdict, result.validation.tests_passed) == ("not_run", None)
    assert result.validation.reason == "Validating it took longer than 0.01 s."


@pytest.mark.parametrize("name", ["t.py::<<redacted:token:0123abcd>>{}", "a{}/t.py::test"])
def test_very_many_names_are_compared(name):
    """A recorded run whose very many names have to be looked for among very many is compared as far as can be."""
    again = SuiteRun(cases=tuple(case_of(f"b{one}/t.py::test", "passed") for one in range(20_000)))
    run = run_of({name.format(one): "passed" for one in range(20_000)})

    assert compared(1, run, run.cases, again).compared == 0


def test_cancelled():
    """A validation that nobody waits for says so and claims nothing."""
    cancellation = Cancellation()
    cancellation.cancel()
    result = Validator(CountingSuites()).validate(fixed().case(), cancellation)

    assert (result.verdict, result.reason) == ("not_run", "It was cancelled.")


def test_executables_and_encodings_are_kept():
    """Files keep their modes and encodings through edits and renames, and what is unknown is left out."""
    start = FileTree({"run.sh": b"#!/bin/sh\n", "a.txt": b"a\n"}, frozenset({"run.sh"}))
    session = Recorded({"run.sh": "#!/bin/sh\n", "a.txt": "a\n"})
    session.save("run.sh", "#!/bin/sh\ntrue\n")
    session.rename("run.sh", "go.sh")
    session.save("a.txt", "caf\xe9\n", encoding="cp1252")
    session.save("b.txt", "b\n", encoding="punycode")
    case = session.case(snapshot=write_base(start))
    seen = list[FileTree]()

    class Watching(CountingSuite):
        def run(self, tree, **told):
            seen.append(tree)
            return super().run(tree, **told)

    validated(replace(case), CountingSuites(Watching()))

    assert dict(seen[-1].files) == {"go.sh": b"#!/bin/sh\ntrue\n", "a.txt": b"caf\xe9\n", "b.txt": b"b\n"}
    assert seen[-1].executable == {"go.sh"}
