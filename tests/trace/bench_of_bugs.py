"""A workbench on which bugs are found: real code is run at each test run, so a session's truth is not made up.

What a scenario says to be right is written down as it plays, by whoever plants and fixes the bug.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from patchtrail.contract.debugging import DebugSteps, DebugStop
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Commit, RationaleNote, TestCase, TestRun, TestTotals
from patchtrail.contract.files import FileEdit, FileRename
from patchtrail.integrity import digest
from patchtrail.text import diff
from patchtrail.trace import Episodes

__all__ = ["GOOD", "TESTS", "Bench", "Truth"]

GOOD = """\
def total(items):
    return sum(price for _, price in items)


def discount(price, percent):
    return price - price * percent // 100


def cheapest(items):
    return min(items, key=lambda item: item[1])[0]


def names(items):
    return sorted(name for name, _ in items)


def count(items, name):
    return sum(1 for one, _ in items if one == name)


def page(items, number, size):
    return items[number * size : (number + 1) * size]
"""
ITEMS = "[('b', 3), ('a', 2), ('b', 5)]"
TESTS = {
    "tests/test_shop.py::test_empty": "total([]) == 0",
    "tests/test_shop.py::test_total": f"total({ITEMS}) == 10",
    "tests/test_shop.py::TestDiscount::test_half": "discount(100, 50) == 50",
    "tests/test_shop.py::test_discount[1-99]": "discount(100, 1) == 99",
    "tests/test_shop.py::test_discount[a::b-90]": "discount(100, 10) == 90",
    "tests/test_shop.py::test_cheapest": f"cheapest({ITEMS}) == 'a'",
    "tests/test_shop.py::test_names": f"names({ITEMS}) == ['a', 'b', 'b']",
    "tests/test_shop.py::test_count": f"count({ITEMS}, 'b') == 2",
    "tests/test_shop.py::test_page": "page([1, 2, 3, 4, 5], 1, 2) == [3, 4]",
}


@dataclass(frozen=True)
class Truth:
    """What is right of an episode: its test's last name, the first edit that fixed it, and the run that showed it."""

    test_id: str
    first_fix: int | None
    green: int | None


@dataclass
class Bench:
    """A developer's work, told as events in the order in which they happen."""

    seed: int
    files: dict[str, str] = field(
        default_factory=lambda: {"shop.py": GOOD, "README.md": "# Shop\n", "other.py": "x = 1\n"}
    )
    tests: dict[str, str] = field(default_factory=lambda: dict(TESTS))
    events: list[tuple[int, int, EventData]] = field(default_factory=list)
    now_ms: int = 0
    told: Episodes = field(default_factory=Episodes)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def happens(self, data: EventData) -> int:
        """Let something happen, some seconds after what was before."""
        self.now_ms += self.dice.randint(3_000, 40_000)
        seq = len(self.events) + 2
        self.events.append((seq, self.now_ms, data))
        self.told.take(seq, self.now_ms, data)
        return seq

    def plant(self, before: str, after: str) -> None:
        """Plant a bug before anything is recorded."""
        assert before in self.files["shop.py"]
        self.files["shop.py"] = self.files["shop.py"].replace(before, after, 1)

    def edit(self, before: str, after: str, path: str = "shop.py") -> int:
        """Replace a text in a file, and save it."""
        assert before in self.files[path], before
        old = self.files[path]
        self.files[path] = new = old.replace(before, after, 1)
        return self.happens(
            FileEdit(
                file_path=path,
                diff_unified=diff(old, new, path),
                diff_artifact=None,
                base_artifact=None,
                buffer_hash_after=digest.sha256(new.encode()),
                is_replayable=True,
                withheld=None,
                size_bytes=len(new),
                evidence="unknown",
            )
        )

    def run(self, *chosen: str, tier: str = "plugin", command: str = "pytest -q", duration_ms: int = 900) -> int:
        """Run all tests, or those that a word chooses, on the code as it is."""
        ids = [one for one in self.tests if not chosen or any(word in one for word in chosen)]
        outcomes = {one: self.passes(self.tests[one]) for one in ids}
        shown = [one for one in ids if tier != "output" or not outcomes[one]]
        cases = [self.case(one, tier, is_good=outcomes[one]) for one in shown] if tier != "exit" else []
        failed = list(outcomes.values()).count(False)
        totals = TestTotals(tests=len(ids), passed=len(ids) - failed, failed=failed, errors=0, skipped=0)
        return self.happens(
            TestRun(
                command_line=command,
                evidence=tier,  # type: ignore[arg-type]  # read from JSON
                exit_code=1 if failed else 0,
                duration_ms=duration_ms,
                totals=None if tier == "exit" else totals,
                cases=cases,
                cases_artifact=None,
            )
        )

    def passes(self, expression: str) -> bool:
        """Run a test on the code as it is."""
        namespace: dict[str, object] = {}
        try:
            exec(self.files["shop.py"], namespace)
            return bool(eval(expression, namespace))
        except Exception:  # noqa: BLE001 -- whatever a bug raises, its test is red
            return False

    def case(self, test_id: str, tier: str, *, is_good: bool) -> TestCase:
        """Tell of a test as the tier spells it."""
        path, _, name = test_id.partition("::")
        parts = name.partition("[")
        named = f"{path.removesuffix('.py').replace('/', '.')}.{parts[0].replace('::', '.')}"
        module, _, last = named.rpartition(".")
        spelled = f"{module}::{last}{parts[1]}{parts[2]}" if tier == "junit" else test_id
        message = "" if is_good else "assert False\nmore"
        return TestCase(test_id=spelled, outcome="passed" if is_good else "failed", duration_ms=1, message=message)

    def flake(self, test_id: str, *, is_good: bool) -> int:
        """Run one test whose outcome has nothing to do with the code."""
        kept, self.tests = self.tests, {test_id: str(is_good)}
        seq = self.run(command=f"pytest {test_id}")
        self.tests = kept
        return seq

    def note(self, *links: int) -> int:
        """Write a note."""
        return self.happens(RationaleNote(kind="hypothesis", text="Off by one?", confidence=None, links=list(links)))

    def stop(self) -> int:
        """Stop in the debugger."""
        return self.happens(
            DebugStop(
                debug_id="d",
                debug_type="debugpy",
                reason="breakpoint",
                exception=None,
                frames=[],
                variables=[],
                evaluations=[],
                steps_before=DebugSteps(),
                duration_ms=5_000,
            )
        )

    def move(self, old: str, new: str) -> int:
        """Rename a file of tests."""
        self.tests = {one.replace(old, new, 1): expression for one, expression in self.tests.items()}
        return self.happens(FileRename(file_path=old, new_path=new, evidence="unknown"))

    def commit(self, kind: str) -> int:
        """Let git move the work tree."""
        data = {"sha": "a" * 40, "parents": [], "message": "x", "kind": kind, "diff_unified": "", "diff_artifact": None}
        return self.happens(Commit.model_validate(data))
