"""Where the work on each complete trace stands: queued, running, done or failed. This is the truth; a queue is not.

::

    queued ──claim──▶ running ──finish──▶ done
       ▲                 │ fail: due later, until the tries are used up
       └── put back ◀────┴────────────▶ failed
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update

from patchtrail.collector.open_tables import open_traces
from patchtrail.collector.qa_results import newest_results
from patchtrail.collector.qa_tables import qa_jobs
from patchtrail.collector.tables import traces
from patchtrail.contract.errors import StateConflict
from patchtrail.contract.qa import QaQueue, QaStanding
from patchtrail.evaluation.kept_alignments import Alignments

__all__ = [
    "MAX_TRIES",
    "Claim",
    "claim",
    "due",
    "end",
    "fail",
    "put_back",
    "put_back_lost",
    "queue_if_new",
    "queue_told",
    "requeue",
    "standing",
    "start_over",
]

MAX_TRIES = 3
BACKOFF_MS = (10_000, 60_000)
SAMPLE = 200
"""How many of the last starts tell how long jobs wait."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a trace: what comes of it is kept only while nothing else was claimed or asked for since."""

    trace_id: str
    claim: str
    is_judge_only: bool
    waited_ms: int


def queue_if_new(connection: Connection, trace_id: str, now_ms: int) -> bool:
    """Queue a trace that became complete; return False when it was queued before."""
    values = {**_fresh(now_ms), "trace_id": trace_id, "is_judge_only": False}
    return connection.execute(insert(qa_jobs).prefix_with("OR IGNORE").values(**values)).rowcount > 0


def requeue(connection: Connection, trace_id: str, now_ms: int, *, is_judge_only: bool) -> None:
    """Queue a complete trace again, whatever came of it before.

    Raises `StateConflict` while it is being worked on.
    """
    if queue_if_new(connection, trace_id, now_ms):
        return
    done = connection.execute(
        update(qa_jobs)
        .where(qa_jobs.c.trace_id == trace_id, qa_jobs.c.state != "running")
        .values(**_fresh(now_ms), is_judge_only=is_judge_only)
    )
    if not done.rowcount:
        raise StateConflict("This trace is being assessed just now.", code="qa_running")


def start_over(connection: Connection, trace_id: str, now_ms: int) -> None:
    """Queue a trace again that is not any more what it was; what is being worked out about it is not kept."""
    connection.execute(
        update(qa_jobs).where(qa_jobs.c.trace_id == trace_id).values(**_fresh(now_ms), is_judge_only=False)
    )


def claim(connection: Connection, trace_id: str, now_ms: int) -> Claim | None:
    """Start on a queued trace; None when it is not queued, or not due."""
    drawn = secrets.token_hex(16)
    done = connection.execute(
        update(qa_jobs)
        .where(qa_jobs.c.trace_id == trace_id, qa_jobs.c.state == "queued", qa_jobs.c.due_ms <= now_ms)
        .values(state="running", claim=drawn, tries=qa_jobs.c.tries + 1, started_ms=now_ms, ended_ms=None)
    )
    if not done.rowcount:
        return None
    row = connection.execute(select(qa_jobs).where(qa_jobs.c.trace_id == trace_id)).one()
    return Claim(trace_id, drawn, row.is_judge_only, max(0, now_ms - row.queued_ms))


def end(connection: Connection, claimed: Claim, now_ms: int) -> bool:
    """Say that a trace is done; return False when the claim holds no more, so that its results must not be kept."""
    return _left(connection, claimed, state="done", ended_ms=now_ms, problem="")


def fail(connection: Connection, claimed: Claim, problem: str, now_ms: int) -> bool:
    """Say that a try failed: it is due again later, or failed for good; return whether it is for good."""
    tries = connection.execute(select(qa_jobs.c.tries).where(_is(claimed))).scalar_one_or_none()
    if tries is None:
        return False
    if tries >= MAX_TRIES:
        return _left(connection, claimed, state="failed", ended_ms=now_ms, problem=problem)
    _left(connection, claimed, state="queued", due_ms=now_ms + BACKOFF_MS[tries - 1], problem=problem)
    return False


def put_back(connection: Connection, claimed: Claim, now_ms: int) -> None:
    """Queue a trace again whose work was stopped through no fault of its own; the try does not count."""
    _left(connection, claimed, state="queued", due_ms=now_ms, tries=qa_jobs.c.tries - 1)


def put_back_lost(connection: Connection, now_ms: int, *, started_before_ms: int) -> list[str]:
    """Queue again what has been running for too long: whoever worked on it is gone; return what failed for good."""
    lost = (qa_jobs.c.state == "running") & (qa_jobs.c.started_ms <= started_before_ms)
    problem = "The collector ended, or lost it, while it was being assessed."
    is_last = qa_jobs.c.tries >= MAX_TRIES
    failed = list(connection.execute(select(qa_jobs.c.trace_id).where(lost, is_last)).scalars())
    connection.execute(
        update(qa_jobs).where(lost, is_last).values(state="failed", claim=None, ended_ms=now_ms, problem=problem)
    )
    connection.execute(
        update(qa_jobs).where(lost, ~is_last).values(state="queued", claim=None, due_ms=now_ms, problem=problem)
    )
    return failed


def due(connection: Connection, now_ms: int) -> list[str]:
    """Return the traces that can be started on: every participant in turn, each with what waits longest.

    A participant whose traces are being worked on has had that many turns; of those with equally many, the one comes
    first whose last turn is longest ago.
    """
    is_ready = (qa_jobs.c.state == "queued") & (qa_jobs.c.due_ms <= now_ms)
    if connection.execute(select(qa_jobs.c.trace_id).where(is_ready).limit(1)).first() is None:
        return []  # Most rounds end here, without a look at all that was ever assessed.
    jobs = select(qa_jobs, _participant().label("participant")).subquery()
    served = (
        select(
            jobs.c.participant,
            func.count().filter(jobs.c.state == "running").label("turns"),
            func.coalesce(func.max(jobs.c.started_ms), 0).label("last_ms"),
        )
        .group_by(jobs.c.participant)
        .subquery()
    )
    turn = func.row_number().over(partition_by=jobs.c.participant, order_by=jobs.c.queued_ms)
    query = (
        select(jobs.c.trace_id)
        .join(served, served.c.participant == jobs.c.participant)
        .where(jobs.c.state == "queued", jobs.c.due_ms <= now_ms)
        .order_by(turn + served.c.turns, served.c.last_ms, jobs.c.queued_ms)
    )
    return list(connection.execute(query).scalars())


def standing(connection: Connection, trace_id: str, alignments: Alignments) -> QaStanding:
    """Return where a trace stands, with the newest results."""
    row: Row[tuple[object, ...]] | None = connection.execute(
        select(qa_jobs).where(qa_jobs.c.trace_id == trace_id)
    ).one_or_none()
    results = alignments.beside(newest_results(connection, trace_id))
    if row is None:
        return QaStanding(trace_id=trace_id, state="waiting", results=results)
    told = {name: row._mapping[name] for name in ("queued_ms", "started_ms", "ended_ms", "tries", "problem", "state")}
    return QaStanding(trace_id=trace_id, results=results, **told)


def queue_told(connection: Connection, now_ms: int) -> QaQueue:
    """Return how much work waits, and for how long."""
    counts: dict[str, int] = {
        row[0]: row[1] for row in connection.execute(select(qa_jobs.c.state, func.count()).group_by(qa_jobs.c.state))
    }
    oldest = connection.execute(select(func.min(qa_jobs.c.queued_ms)).where(qa_jobs.c.state == "queued")).scalar()
    waits = sorted(max(0, row.started_ms - row.queued_ms) for row in connection.execute(_last_starts()))
    return QaQueue(
        **{state: counts.get(state, 0) for state in ("queued", "running", "failed", "done")},
        oldest_queued_ms=None if oldest is None else max(0, now_ms - oldest),
        age_p95_ms=waits[int(0.95 * (len(waits) - 1))] if waits else None,
    )


def _last_starts() -> Select[tuple[int, int]]:
    columns = (qa_jobs.c.started_ms, qa_jobs.c.queued_ms)
    return select(*columns).where(qa_jobs.c.started_ms.is_not(None)).order_by(qa_jobs.c.started_ms.desc()).limit(SAMPLE)


def _participant() -> ColumnElement[str]:
    """Return whose trace a job is about, signed or not."""
    whose = (
        select(table.c.participant_id).where(table.c.trace_id == qa_jobs.c.trace_id).scalar_subquery()
        for table in (traces, open_traces)
    )
    return func.coalesce(*whose, "")


def _fresh(now_ms: int) -> dict[str, object]:
    nothing = {"claim": None, "started_ms": None, "ended_ms": None, "tries": 0, "problem": ""}
    return {"state": "queued", "queued_ms": now_ms, "due_ms": now_ms, **nothing}


def _is(claimed: Claim) -> ColumnElement[bool]:
    return (qa_jobs.c.trace_id == claimed.trace_id) & (qa_jobs.c.claim == claimed.claim)


def _left(connection: Connection, claimed: Claim, **values: object) -> bool:
    done = connection.execute(update(qa_jobs).where(_is(claimed)).values(claim=None, **values))
    return done.rowcount > 0
