"""Fault episodes: twenty seeded bugs whose test, first fixing edit and green run are found, and the corner cases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import TypeAdapter

from patchtrail.contract import events
from patchtrail.contract.collection import Assurance
from patchtrail.contract.event_lines import EVENT_TYPES, Event
from patchtrail.integrity.verify import VerifiedEvent
from patchtrail.trace import Episodes, document_of, episode_told
from tests.trace.bench_of_bugs import Bench, Truth

TOTAL = "tests/test_shop.py::test_total"
HALF = "tests/test_shop.py::TestDiscount::test_half"
ONE = "tests/test_shop.py::test_discount[1-99]"
TEN = "tests/test_shop.py::test_discount[a::b-90]"
EMPTY = "tests/test_shop.py::test_empty"
CHEAPEST = "tests/test_shop.py::test_cheapest"
PAGE = "tests/test_shop.py::test_page"
NAMES = "tests/test_shop.py::test_names"
COUNT = "tests/test_shop.py::test_count"
SUM, LATE = "items)\n\n\ndef discount", "items) + 1\n\n\ndef discount"


def plain(bench: Bench) -> list[Truth]:
    """Red, a note, a stop, one edit, green."""
    bench.plant("min(items", "max(items")
    bench.run()
    bench.note()
    bench.stop()
    fix = bench.edit("max(items", "min(items")
    return [Truth(CHEAPEST, fix, bench.run())]


def two_tests_at_once(bench: Bench) -> list[Truth]:
    """One bug breaks two tests, and one edit mends both."""
    bench.plant(SUM, LATE)
    bench.run()
    fix = bench.edit(LATE, SUM)
    green = bench.run()
    return [Truth(EMPTY, fix, green), Truth(TOTAL, fix, green)]


def two_bugs(bench: Bench) -> list[Truth]:
    """Two bugs are mended one after the other."""
    bench.plant("min(items", "max(items")
    bench.plant("one == name", "one != name")
    bench.run()
    first = bench.edit("one != name", "one == name")
    green = bench.run()
    second = bench.edit("max(items", "min(items")
    return [Truth(CHEAPEST, second, bench.run()), Truth(COUNT, first, green)]


def parametrised(bench: Bench) -> list[Truth]:
    """Only some parameters of a test fail, one with colons in its id."""
    bench.plant("price * percent // 100", "percent // 100 * price")
    bench.run("discount", "Discount")
    fix = bench.edit("percent // 100 * price", "price * percent // 100")
    green = bench.run()
    return [Truth(HALF, fix, green), Truth(ONE, fix, green), Truth(TEN, fix, green)]


def a_print_first(bench: Bench) -> list[Truth]:
    """A print is put in, and stays; the fix is the edit after it."""
    bench.plant("(number + 1) * size", "(number + 1) * size - 1")
    bench.run()
    bench.edit("    return items[number", "    print(number, size)\n    return items[number")
    fix = bench.edit("* size - 1", "* size")
    return [Truth(PAGE, fix, bench.run())]


def a_wrong_try_undone(bench: Bench) -> list[Truth]:
    """A try is taken back before the fix; nothing was run in between."""
    bench.plant("sorted(name", "list(name")
    bench.run()
    bench.edit("list(name for", "set(name for")
    bench.edit("set(name for", "list(name for")
    fix = bench.edit("list(name", "sorted(name")
    return [Truth(NAMES, fix, bench.run())]


def a_wrong_try_run(bench: Bench) -> list[Truth]:
    """A try that stays red is no fix, although it stays in."""
    bench.plant("* percent // 100", "* percent // 10")
    bench.run("half")
    bench.edit("    return price -", "    price = int(price)\n    return price -")
    bench.run("half")
    fix = bench.edit("// 10\n", "// 100\n")
    return [Truth(HALF, fix, bench.run("half"))]


def beside_the_point(bench: Bench) -> list[Truth]:
    """The page that explains things is edited first; it mends nothing."""
    bench.plant("one == name", "one >= name + 'a'")
    bench.run()
    bench.edit("# Shop", "# The shop", "README.md")
    fix = bench.edit("one >= name + 'a'", "one == name")
    return [Truth(COUNT, fix, bench.run())]


def in_two_steps(bench: Bench) -> list[Truth]:
    """The fix takes two saves; the first of them begins it."""
    bench.plant("min(items, key=lambda item: item[1])[0]", "items[0][0]")
    bench.run()
    fix = bench.edit("items[0][0]", "min(items)[0] + ''")
    bench.edit("min(items)[0] + ''", "min(items, key=lambda item: item[1])[0]")
    return [Truth(CHEAPEST, fix, bench.run())]


def another_tier(bench: Bench) -> list[Truth]:
    """Red is seen by the plugin, green in a JUnit file that spells the names in another way."""
    bench.plant("price * percent // 100", "percent // 100 * price")
    bench.run("half", "[1-99]")
    fix = bench.edit("percent // 100 * price", "price * percent // 100")
    green = bench.run("half", "[1-99]", tier="junit")
    spelled = "tests.test_shop.TestDiscount::test_half", "tests.test_shop::test_discount[1-99]"
    return [Truth(spelled[0], fix, green), Truth(spelled[1], fix, green)]


def by_output(bench: Bench) -> list[Truth]:
    """Only the terminal's text is known: it names failures, and no test that passes."""
    bench.plant("* size :", "* size + 1 :")
    bench.run(tier="output")
    fix = bench.edit("* size + 1 :", "* size :")
    return [Truth(PAGE, fix, bench.run(tier="output"))]


def by_exit_code(bench: Bench) -> list[Truth]:
    """Nothing but exit codes is known; the episode is the command's."""
    bench.plant("min(items", "max(items")
    bench.run(tier="exit", command="make test")
    fix = bench.edit("max(items", "min(items")
    return [Truth("", fix, bench.run(tier="exit", command="make test"))]


def a_renamed_test(bench: Bench) -> list[Truth]:
    """The test gets a better name on the way."""
    bench.plant("sorted(name", "list(name")
    bench.files["tests/test_shop.py"] = "def test_names(items):\n    pass\n"
    bench.run()
    fix = bench.edit("list(name", "sorted(name")
    bench.edit("test_names", "test_names_in_order", "tests/test_shop.py")
    bench.tests["tests/test_shop.py::test_names_in_order"] = bench.tests.pop(NAMES)
    return [Truth("tests/test_shop.py::test_names_in_order", fix, bench.run())]


def a_renamed_file(bench: Bench) -> list[Truth]:
    """The file of the tests moves on the way."""
    bench.plant(SUM, LATE)
    bench.run("total")
    fix = bench.edit(LATE, SUM)
    bench.move("tests/test_shop.py", "tests/unit/test_cart.py")
    return [Truth("tests/unit/test_cart.py::test_total", fix, bench.run("total"))]


def flaky(bench: Bench) -> list[Truth]:
    """A test that is green by chance, and red again though nothing changed, was not fixed by then."""
    bench.flake("tests/test_net.py::test_slow", is_good=False)
    bench.flake("tests/test_net.py::test_slow", is_good=True)
    bench.flake("tests/test_net.py::test_slow", is_good=False)
    fix = bench.edit("x = 1", "x = 2", "other.py")
    return [Truth("tests/test_net.py::test_slow", fix, bench.flake("tests/test_net.py::test_slow", is_good=True))]


def never_green(bench: Bench) -> list[Truth]:
    """One of two bugs is left as it is: its episode stays open."""
    bench.plant("min(items", "max(items")
    bench.plant("one == name", "one != name")
    bench.run()
    fix = bench.edit("max(items", "min(items")
    return [Truth(CHEAPEST, fix, bench.run()), Truth(COUNT, None, None)]


def broken_again(bench: Bench) -> list[Truth]:
    """A test that a later edit breaks begins another episode."""
    bench.plant(SUM, LATE)
    bench.run("total")
    first = bench.edit(LATE, SUM)
    green = bench.run("total")
    bench.edit(SUM, LATE)
    bench.run("total")
    second = bench.edit(LATE, SUM)
    return [Truth(TOTAL, first, green), Truth(TOTAL, second, bench.run("total"))]


def other_tests_between(bench: Bench) -> list[Truth]:
    """Runs of other tests say nothing of this one."""
    bench.plant("* size :", "* size + 1 :")
    bench.run()
    bench.run("names")
    fix = bench.edit("* size + 1 :", "* size :")
    bench.run("count")
    return [Truth(PAGE, fix, bench.run("page"))]


def by_git(bench: Bench) -> list[Truth]:
    """A revert in git mends it: no save is seen."""
    bench.plant("min(items", "max(items")
    bench.run()
    bench.files["shop.py"] = bench.files["shop.py"].replace("max(items", "min(items")
    fix = bench.commit("revert")
    return [Truth(CHEAPEST, fix, bench.run())]


def during_a_long_run(bench: Bench) -> list[Truth]:
    """What is saved while a long run is under way is not what it ran: the next run shows whether it helps."""
    bench.plant("one == name", "one != name")
    fix = bench.edit("one != name", "one == name")
    bench.files["shop.py"] = bench.files["shop.py"].replace("one == name", "one != name")
    bench.run(duration_ms=bench.now_ms + 60_000)
    bench.files["shop.py"] = bench.files["shop.py"].replace("one != name", "one == name")
    return [Truth(COUNT, fix, bench.run())]


BUGS = [
    *(plain, two_tests_at_once, two_bugs, parametrised, a_print_first, a_wrong_try_undone, a_wrong_try_run),
    *(beside_the_point, in_two_steps, another_tier, by_output, by_exit_code, a_renamed_test, a_renamed_file),
    *(flaky, never_green, broken_again, other_tests_between, by_git, during_a_long_run),
]


def joined(bug: Callable[[Bench], list[Truth]], seed: int) -> tuple[list[Truth], list[Truth]]:
    """Play a bug, and return what is true of it and what was found."""
    bench = Bench(seed)
    truth = bug(bench)
    found = [Truth(one.test_id, one.first_fixing_edit, one.green) for one in bench.told.all()]
    return truth, found


@pytest.mark.parametrize("seed", range(3))
def test_twenty_bugs(seed: int) -> None:
    """Of the episodes of twenty bugs 95 % have the right test, first fixing edit and green run; none is made up."""
    assert len(BUGS) == 20
    wrong, right = list[str](), 0
    for bug in BUGS:
        truth, found = joined(bug, seed)
        right += len([one for one in truth if one in found])
        wrong += [f"{bug.__name__}: {one} is not {found}" for one in truth if one not in found]
        wrong += [f"{bug.__name__}: {one} was made up" for one in found[len(truth) :]]

    assert right / (right + len(wrong)) >= 0.95, "\n".join(wrong)


def test_an_episode_holds_what_happened() -> None:
    """Stops, notes and edits between red and green are the episode's; so is a later note that speaks of it."""
    bench = Bench(1)
    bench.note()
    bench.plant("min(items", "max(items")
    red = bench.run()
    note, stop = bench.note(), bench.stop()
    fix = bench.edit("max(items", "min(items")
    green = bench.run()
    about, _beside = bench.note(green), bench.note()
    (episode,) = bench.told.all()

    assert (episode.red, episode.red_runs, episode.stops, episode.edits) == ([red], 1, [stop], [fix])
    assert episode.notes == [note, about]
    assert (episode.message, episode.is_flaky) == ("assert False", False)
    assert episode.green_ms - episode.red_ms > 0


def test_a_green_run_without_a_change_is_flaky() -> None:
    """A test that turns green though nothing changed is called flaky, and has no fixing edit."""
    bench = Bench(1)
    bench.flake("t.py::test_a", is_good=False)
    bench.flake("t.py::test_a", is_good=True)
    (episode,) = bench.told.all()

    assert (episode.is_flaky, episode.first_fixing_edit, episode.fixing_edits) == (True, None, [])


def test_a_renamed_test_keeps_its_former_names() -> None:
    """An episode says what its test was called before."""
    bench = Bench(1)
    a_renamed_file(bench)

    assert bench.told.all()[0].former_ids == [TOTAL]


def test_only_the_newest_are_told_where_that_is_asked() -> None:
    """Of many episodes the newest are told, in order."""
    bench = Bench(1)
    for _ in range(3):
        broken_again(bench)

    assert bench.told.all(2) == bench.told.all()[-2:]


def test_thousands_of_tests_at_once() -> None:
    """A run that breaks thousands of tests opens no more episodes than can be shown, and the next run ends them."""
    told = Episodes()
    for seq, outcome in enumerate(("failed", "passed"), 1):
        cases = [
            events.TestCase(test_id=f"t.py::test_{n}", outcome=outcome, duration_ms=1, message="")  # type: ignore[arg-type]  # drawn
            for n in range(5_000)
        ]
        run = events.TestRun(
            command_line="pytest",
            evidence="plugin",
            exit_code=None,
            duration_ms=1,
            totals=None,
            cases=cases,
            cases_artifact=None,
        )
        told.take(seq, seq * 10_000, run)

    assert {one.green for one in told.all()} == {2}
    assert len(told.all()) == 1_000
    assert told.red_runs() == {}


def test_suites_are_told_apart() -> None:
    """Tests of one name in two files of another framework are two tests."""
    told = Episodes()
    for seq, outcomes in enumerate((("failed", "failed"), ("passed", "failed")), 1):
        cases = [
            events.TestCase(test_id="adds", outcome=one, duration_ms=1, message="", file_path=path)  # type: ignore[arg-type]  # drawn
            for path, one in zip(("a.test.ts", "b.test.ts"), outcomes, strict=True)
        ]
        run = events.TestRun(
            command_line="jest",
            evidence="junit",
            exit_code=1,
            duration_ms=1,
            totals=None,
            cases=cases,
            cases_artifact=None,
            framework="jest",
        )
        told.take(seq, seq * 10_000, run)

    assert [one.green for one in told.all()] == [2, None]


def test_the_document_and_the_reader_tell_episodes() -> None:
    """A trace's document holds its episodes, and a person reads what became of each red test."""
    bench = Bench(1)
    start = {"kind": "local", "participant_id": None, "task_id": "T", "task_title": "", "task_description": ""}
    start |= {"repo_origin": "", "start_commit": "", "consent": None, "os": "", "python_version": "3"}
    begun = events.SessionStart(**start, sidecar_version="", client_name="", client_version="")
    (truth,) = a_print_first(bench)
    body = {"v": 1, "trace_id": f"trace-{'0' * 32}", "prev": "0" * 64, "ts_ms": 0}
    told = [(0, 0, begun), *bench.events]
    held = [
        VerifiedEvent(
            TypeAdapter(Event).validate_python(
                {**body, "seq": seq, "mono_ms": at, "type": EVENT_TYPES[type(data)], "data": data.model_dump()}
            ),
            "0" * 64,
        )
        for seq, at, data in told
    ]
    document = document_of(str(body["trace_id"]), held, [None] * len(held), Assurance(level="L1", reasons=[]))
    summary, details = episode_told(document.episodes[0])

    assert [(one.test_id, one.green) for one in document.episodes] == [(truth.test_id, truth.green)]
    assert summary == f"{PAGE}: red in event 2, green in event {truth.green}"
    assert details == ["0 stops, 0 notes, 2 edits", f"first fixing edit: event {truth.first_fix}"]
