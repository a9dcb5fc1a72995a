"""Crashes, disk errors and a lossy wire in any order: what was promised is there, and everything arrives."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.events import SessionEnd
from patchtrail.delivery import TraceSpool
from patchtrail.delivery.transport import Answer
from tests.delivery.crash_disk import PowerCut
from tests.delivery.desk import Desk, fact, note

SEEDS = st.integers(0, 2**32 - 1)
DISK_ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class DeliveryMachine(RuleBasedStateMachine):
    """Everything that can happen between an append and a receipt."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.desk.open()

    def some_trace(self, seed: int) -> TraceSpool | None:
        """Return one of the traces that can go on."""
        traces = self.desk.going()
        return Random(seed).choice(traces) if traces else None

    @precondition(lambda self: len(self.desk.returned) < 4)
    @rule()
    def open_another(self) -> None:
        """Open another trace."""
        self.desk.open()

    @rule(seed=SEEDS, count=st.integers(1, 4))
    def append_facts(self, seed: int, count: int) -> None:
        """Append events that close nothing."""
        trace = self.some_trace(seed)
        for _ in range(count if trace else 0):
            token = self.desk.token()
            self.desk.append(trace, fact(token), token)

    @rule(seed=SEEDS)
    def append_note(self, seed: int) -> None:
        """Append one that closes a chunk."""
        if (trace := self.some_trace(seed)) is not None:
            token = self.desk.token()
            self.desk.append(trace, note(token), token)

    @rule(seed=SEEDS)
    def append_blob(self, seed: int) -> None:
        """Append one with an artifact."""
        if (trace := self.some_trace(seed)) is not None:
            self.desk.blob(trace)

    @rule(seed=SEEDS)
    def end_a_trace(self, seed: int) -> None:
        """End a trace."""
        if (trace := self.some_trace(seed)) is not None:
            self.desk.append(trace, SessionEnd(reason="participant"), "end")

    @rule()
    def tend(self) -> None:
        """Sync and seal."""
        self.desk.tend()

    @rule()
    def carry(self) -> None:
        """Look a minute later."""
        self.desk.clock.advance(61_000)
        self.desk.courier.look()

    @rule()
    def carry_after_patience(self) -> None:
        """Look when every back-off is over."""
        self.desk.clock.advance(3_700_000)
        self.desk.tend()
        self.desk.courier.look()

    @rule(millis=st.integers(-100_000_000, 100_000_000))
    def set_the_clock(self, millis: int) -> None:
        """Set the wall clock."""
        self.desk.clock.now_ms += millis

    @rule(kind=st.sampled_from(["lose", "double", "down", "busy", "another", "nonsense", "straight"]))
    def change_the_wire(self, kind: str) -> None:
        """Put another fault on the wire."""
        self.desk.collector.wire = wire(kind)

    @rule()
    def let_tokens_expire(self) -> None:
        """Forget every upload token."""
        self.desk.collector.valid_token += 1

    @rule(after=st.integers(1, 12), number=st.sampled_from(DISK_ERRORS), is_for_ever=st.booleans())
    def let_the_disk_fail(self, after: int, number: int, is_for_ever: bool) -> None:
        """Let the disk fail, now or soon, once or for ever."""
        first = self.desk.disk.operations + after
        self.desk.disk.fault = failing(first, number, is_for_ever=is_for_ever)

    @rule()
    def mend_the_disk(self) -> None:
        """Mend the disk."""
        self.desk.disk.fault = failing(-1, 0, is_for_ever=False)

    @rule()
    def kill(self) -> None:
        """Kill the process and start another."""
        self.mend_the_disk()
        self.desk.kill()

    @rule(seed=SEEDS)
    def cut_power(self, seed: int) -> None:
        """Cut the power and boot."""
        self.mend_the_disk()
        self.desk.cut_power(Random(seed))

    @rule(seed=SEEDS, after=st.integers(1, 25), is_kill=st.booleans())
    def die_within(self, seed: int, after: int, is_kill: bool) -> None:
        """Die in the middle of an operation, and once more in the middle of the recovery."""
        dice = Random(seed)
        die_at(self.desk, after, lambda: [self.append_note(seed), self.carry_after_patience()])
        self.desk.disk.fault = failing(-1, 0, is_for_ever=False)
        self.desk.disk.kill() if is_kill else self.desk.disk.cut_power(dice)
        die_at(self.desk, dice.randint(1, 15), self.desk.start)
        self.mend_the_disk()
        self.desk.kill() if is_kill else self.desk.cut_power(dice)

    @invariant()
    def promises_hold(self) -> None:
        """Compare what was promised with what is there."""
        self.desk.check()

    def teardown(self) -> None:
        """Deliver what is left."""
        self.desk.deliver_everything()


def failing(first: int, number: int, *, is_for_ever: bool) -> Callable[[int, str, object], int | None]:
    """Return a plan by which the disk fails at its `first` operation from now on, once or for ever."""

    def fault(at: int, _operation: str, _path: object) -> int | None:
        return number if at == first or (is_for_ever and 0 < first <= at) else None

    return fault


def die_at(desk: Desk, after: int, work: Callable[[], object]) -> bool:
    """Do something, and die at the disk's operation number `after`; return whether it came so far."""
    first = desk.disk.operations + after

    def fault(at: int, _operation: str, _path: object) -> int | None:
        if at >= first:
            raise PowerCut
        return None

    desk.disk.fault = fault
    try:
        work()
    except PowerCut:
        return True
    return False


def wire(kind: str) -> Callable[[Callable[[], Answer]], Answer]:
    """Return a wire with one fault."""
    earlier = list[Answer]()

    def carry(work: Callable[[], Answer]) -> Answer:
        match kind:
            case "down":
                return Answer(0, fault="gone")
            case "busy":
                return Answer(503, b"", 7.0)
            case "nonsense":
                return Answer(200, b"<html>Sign in</html>")
        answer = work()
        if kind == "double":
            again = work()
            assert again.content == answer.content or answer.status == 201, "P5: the same again gives the same"
        if kind == "lose":
            return Answer(0, fault="cut")
        earlier.append(answer)
        return earlier[-2] if kind == "another" and len(earlier) > 1 else answer

    return carry


TestDelivery = DeliveryMachine.TestCase
TestDelivery.settings = settings(
    max_examples=int(os.environ.get("PATCHTRAIL_SOAK_SEEDS", "150")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
    print_blob=True,
)


def story(desk: Desk) -> None:
    """A session with everything in it, carried to its end."""
    trace = desk.open()
    if trace is None:
        return
    for act in (fact, note, fact):
        token = desk.token()
        desk.append(trace, act(token), token)
    desk.blob(trace)
    desk.tend()
    desk.courier.look()
    desk.append(trace, SessionEnd(reason="participant"), "end")
    desk.clock.advance(3_700_000)
    desk.tend()
    desk.courier.look()


@pytest.mark.parametrize("is_for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("number", DISK_ERRORS, ids=errno.errorcode.get)
def test_every_operation_fails_in_turn(number: int, is_for_ever: bool) -> None:
    """Whichever disk operation fails, once or from then on, nothing that returned is lost, and it arrives later."""
    for first in range(1, 1000):
        desk = Desk()
        desk.disk.fault = failing(desk.disk.operations + first, number, is_for_ever=is_for_ever)
        story(desk)
        has_failed = desk.disk.faults > 0
        desk.disk.fault = failing(-1, 0, is_for_ever=False)
        desk.check()
        desk.deliver_everything()
        if not has_failed:
            break

    assert first > 50


@pytest.mark.parametrize("is_kill", [True, False], ids=["kill", "power cut"])
def test_death_at_every_operation_and_in_every_recovery(is_kill: bool) -> None:
    """P1, P2: whichever disk operation is the last, and whichever of the recovery after it, promises hold."""
    dice = Random(7)
    for after in range(1, 1000):
        desk = Desk()
        if not die_at(desk, after, lambda desk=desk: story(desk)):
            break
        desk.disk.kill() if is_kill else desk.disk.cut_power(dice)
        die_at(desk, 1 + after % 11, desk.start)
        desk.disk.fault = failing(-1, 0, is_for_ever=False)
        desk.kill() if is_kill else desk.cut_power(dice)
        desk.check()
        desk.deliver_everything()

    assert after > 50


def test_a_failed_sync_is_never_trusted_again() -> None:
    """P2: after a failed sync the descriptor is let go; what it held is written anew, and survives a power cut."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    tokens = [desk.token() for _ in range(3)]
    for token in tokens:
        desk.append(trace, fact(token), token)
    syncs = iter([errno.EIO])
    desk.disk.fault = lambda _at, operation, _path: next(syncs, None) if operation == "sync" else None
    desk.tend()
    desk.tend()
    for one in desk.returned[trace.trace_id]:
        one.is_safe = True
    for seed in range(5):
        desk.cut_power(Random(seed))
        desk.check()


@pytest.mark.parametrize("failing_too", ["truncate", "nothing"])
def test_what_a_failed_write_left_is_never_sealed(failing_too: str) -> None:
    """P3: half a line that a failing disk left behind synced ones is gone before its segment is closed and signed."""
    for seed in range(5):
        desk = Desk()
        trace = desk.open()
        assert trace is not None
        token = desk.token()
        desk.append(trace, fact(token), token)
        desk.tend()
        at_fault = ("append", failing_too)
        desk.disk.fault = lambda _at, operation, _path, at=at_fault: errno.ENOSPC if operation in at else None
        assert not desk.append(trace, fact("act-99"), "act-99")
        desk.disk.fault = failing(-1, 0, is_for_ever=False)
        desk.clock.advance(61_000)
        desk.tend()
        desk.cut_power(Random(seed))
        desk.deliver_everything()


def test_a_trace_that_has_ended_takes_nothing_more() -> None:
    """Whatever the disk did to its seal, nothing follows an end."""
    desk = Desk()
    trace = desk.open()
    assert trace is not None
    desk.disk.fault = lambda _at, operation, _path: errno.EIO if operation == "rename" else None
    desk.append(trace, SessionEnd(reason="participant"), "end")

    with pytest.raises(SpoolUnavailable, match="has ended"):
        trace.append(note("late"))
    desk.disk.fault = failing(-1, 0, is_for_ever=False)
    desk.deliver_everything()
