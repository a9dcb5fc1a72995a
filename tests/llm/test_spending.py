"""The cap per day and the ledger that it stands on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from patchtrail.contract.errors import Detail, ModelUnavailable
from patchtrail.llm import Cancellation, Capped, Ledger, ModelAnswer, ModelRequest, Price, Prices, model_of
from patchtrail.llm.endpoint import Endpoint
from tests.llm.asking import KEY, refused, request_of, serving
from tests.model import Reply

TODAY = "2026-03-01"


@dataclass
class Till:
    """A model whose answers cost what it is told."""

    microusd: int = 0
    error: Detail | None = None
    name: str = "till"
    asked: list[tuple[ModelRequest, Cancellation]] = field(default_factory=list)

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Cost."""
        self.asked.append((request, cancellation))
        if self.error is not None:
            raise ModelUnavailable("broke off", detail=self.error)
        return ModelAnswer("x", "till", 1, 1, self.microusd, 1)


def capped(till: Till, folder: Path, cap: int, day: str = TODAY) -> Capped:
    """Return the till under a cap, with a ledger of its own, as another process would open it."""
    return Capped(till, Ledger(folder), cap, lambda: day)


def test_the_cap_is_reached(tmp_path: Path) -> None:
    """What is asked when the day's sum has reached the cap is refused before anything is asked, with what to do."""
    till = Till(400_000)
    for _ in range(3):
        capped(till, tmp_path, 1_000_000).ask(request_of(), Cancellation())
    error = refused(capped(till, tmp_path, 1_000_000))

    assert error.code == "spending_cap"
    assert error.message.startswith("Today's cap is reached: 1.20 of 1.00 USD.")
    assert "`daily_usd`" in error.message
    assert error.detail == {"day": TODAY, "spent_microusd": 1_200_000, "cap_microusd": 1_000_000}
    assert len(till.asked) == 3


def test_another_day_begins_anew(tmp_path: Path) -> None:
    """The sum is that of one day."""
    capped(Till(2_000_000), tmp_path, 1_000_000).ask(request_of(), Cancellation())
    answer = capped(Till(1), tmp_path, 1_000_000, "2026-03-02").ask(request_of(), Cancellation())

    assert answer.text == "x"
    assert [Ledger(tmp_path).spent_microusd(day) for day in (TODAY, "2026-03-02")] == [2_000_000, 1]


def test_no_cap_still_writes_down(tmp_path: Path) -> None:
    """A cap of 0 is none; what is spent is in the ledger all the same."""
    capped(Till(5), tmp_path, 0).ask(request_of(), Cancellation())

    assert Ledger(tmp_path).spent_microusd(TODAY) == 5


def test_a_broken_answer_costs_too(tmp_path: Path) -> None:
    """What a cancelled, late or broken answer has cost counts towards the cap."""
    refused(capped(Till(error={"cost_microusd": 70}), tmp_path, 100))
    refused(capped(Till(error={}), tmp_path, 100))

    assert Ledger(tmp_path).spent_microusd(TODAY) == 70


def test_an_answer_that_broke_off_over_http_is_paid_for(tmp_path: Path) -> None:
    """A real door tells what a truncated answer cost, and the ledger holds it."""
    with serving(Reply("text " * 50, fault="truncated")) as server:
        prices = Prices(Price(1_000_000, 1_000_000))
        model = model_of(Endpoint("openai", server.url, "m", KEY), prices)
        error = refused(Capped(model, Ledger(tmp_path), 10**9, lambda: TODAY))

    spent = Ledger(tmp_path).spent_microusd(TODAY)
    assert spent == error.detail["cost_microusd"]
    assert spent > 0


@pytest.mark.parametrize(
    "tail", [b'{"microusd": 9', b'{"microusd": 9}\n\x00\x00\x00', b"[]\nnull\n{}\n\xff\n", b"\n\n"]
)
def test_a_cut_line_loses_nothing_else(tmp_path: Path, tail: bytes) -> None:
    """After a crash in the middle of a line, or of a disk's, all other lines count, the next one too."""
    ledger = Ledger(tmp_path)
    ledger.add(TODAY, 100, "m")
    path = tmp_path / f"{TODAY}.jsonl"
    path.write_bytes(path.read_bytes() + tail)
    ledger.add(TODAY, 20, "m")

    assert Ledger(tmp_path).spent_microusd(TODAY) - (9 if b"9}" in tail else 0) == 120


def test_several_processes_share_a_ledger(tmp_path: Path) -> None:
    """Lines of processes that write at the same time are all there."""
    code = (
        "import sys, pathlib; from patchtrail.llm import Ledger\n"
        f"for _ in range(20): Ledger(pathlib.Path(sys.argv[1])).add({TODAY!r}, 3, 'm')"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]

    assert [one.wait(60) for one in running] == [0, 0, 0]
    assert Ledger(tmp_path).spent_microusd(TODAY) == 3 * 20 * 3


def test_a_ledger_that_cannot_be_kept_refuses(tmp_path: Path) -> None:
    """Where the ledger cannot be written there is no cap to trust, so nothing is asked."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    till = Till(5)
    error = refused(capped(till, blocked / "spending", 100))

    assert (error.code, till.asked) == ("spending_cap", [])
    assert "cannot be kept" in error.message


def test_what_the_disk_did_not_take_is_kept(tmp_path: Path) -> None:
    """An answer is not lost because its cost could not be written; the cost is written when the disk takes it again."""
    folder = tmp_path / "spending"
    folder.write_text("")
    ledger = Ledger(folder)
    Capped(Till(40), ledger, 0, lambda: TODAY).ask(request_of(), Cancellation())
    folder.unlink()

    assert ledger.spent_microusd(TODAY) == 40
    assert Ledger(folder).spent_microusd(TODAY) == 40


def test_old_days_are_dropped(tmp_path: Path) -> None:
    """A ledger keeps two months; what else lies in its folder is not touched."""
    (tmp_path / "notes.jsonl").write_text("mine")
    ledger = Ledger(tmp_path)
    for month in range(1, 5):
        for day in range(1, 29):
            ledger.add(f"2026-{month:02}-{day:02}", 1, "m")

    assert len(list(tmp_path.glob("2026-*.jsonl"))) <= 63
    assert (tmp_path / "notes.jsonl").read_text() == "mine"
