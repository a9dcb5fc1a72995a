"""Assess complete traces in the background, each in a process of its own.

What is to be done stands in `qa_jobs`. huey's queue, in a file of its own that is made anew at each start, only spreads
it over the workers: it loses a job whose worker dies, so a round puts in again whatever is due, at the start and now
and then. What was being worked on when the collector died is queued again at the next start: nobody else works on it,
since the lock on the data folder lets in one collector.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huey import SqliteHuey
from huey.consumer import Consumer
from sqlalchemy import Connection

from patchtrail.collector.database import Database
from patchtrail.collector.metrics import Metrics
from patchtrail.collector.qa_jobs import Claim, claim, due, end, fail, put_back, put_back_lost, standing
from patchtrail.collector.qa_results import newest_results, store_results, unreplayed_of
from patchtrail.collector.rounds import Rounds
from patchtrail.collector.webhook_sending import Webhooks
from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.qa import QaResults, QaStanding
from patchtrail.contract.webhooks import WebhookNews
from patchtrail.evaluation.kept_alignments import Alignments
from patchtrail.qa import AssessmentError, Case, Means, Order, assess_apart

__all__ = ["QaPlan", "QaWork", "news_of"]

EVERY_S = 5.0
POLL_S = 0.25
LOST_AFTER_S = 60.0
"""How long beyond its time a job counts as being worked on."""
QUEUE_FILE = "qa_queue.db"
ReadCase = Callable[[Connection, str], tuple[Case, bool]]
"""Returns a trace's case, and whether something of the trace was forgotten."""


@dataclass(frozen=True)
class QaPlan:
    """How traces are assessed; `wait_s` is how long a request that wants the results waits for them."""

    is_on: bool
    workers: int
    wait_s: float
    means: Means


class QaWork:
    """The workers of one collector."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        plan: QaPlan,
        read_case: ReadCase,
        alignments: Alignments,
        webhooks: Webhooks,
        metrics: Metrics,
        now_ms: Callable[[], int],
    ) -> None:
        self.plan = plan
        self._database = database
        self._queue_path = folder / QUEUE_FILE
        self._read_case = read_case
        self._alignments = alignments
        self._webhooks = webhooks
        self._metrics = metrics
        self._now_ms = now_ms
        self._stopping = threading.Event()
        self._handed_out = set[str]()
        self._rounds = Rounds("assessments", self._look, EVERY_S)
        self._huey: Any = None
        self._consumer: Any = None

    def start(self) -> None:
        """Begin to work; what was lost with a collector that died is queued again."""
        if not self.plan.is_on:
            return
        for path in self._queue_path.parent.glob(f"{QUEUE_FILE}*"):
            path.unlink()
        self._put_back_lost(older_than_s=0)
        self._huey = SqliteHuey("patchtrail", filename=str(self._queue_path), results=False)
        self._assess = self._huey.task(name="assess")(self._work)
        self._consumer = _QuietConsumer(
            self._huey, workers=self.plan.workers, periodic=False, initial_delay=POLL_S, max_delay=POLL_S
        )
        self._consumer.start()
        self._rounds.start()

    def wake(self) -> None:
        """Look for work soon."""
        self._rounds.wake()

    def stop(self) -> None:
        """Stop: what is being assessed is stopped and queued again, without counting as a try."""
        self._stopping.set()
        self._rounds.stop()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)

    def _look(self) -> None:
        """Hand out what is due; what the queue lost is handed out again once the queue is empty.

        No more than the workers will ask for next: whoever comes later may have a turn before what is handed out last.
        """
        self._consumer.check_worker_health()
        self._put_back_lost(older_than_s=self.plan.means.timeout_s + LOST_AFTER_S)
        if self._huey.pending_count() == 0:
            self._handed_out.clear()
        waiting = self._database.read(lambda connection: due(connection, self._now_ms()))
        fresh = [trace_id for trace_id in waiting if trace_id not in self._handed_out]
        for trace_id in fresh[: max(0, self.plan.workers - self._huey.pending_count())]:
            self._handed_out.add(trace_id)
            self._assess(trace_id)

    def _put_back_lost(self, *, older_than_s: float) -> None:
        before_ms = self._now_ms() - int(older_than_s * 1000)

        def put_back_all(connection: Connection) -> None:
            for trace_id in put_back_lost(connection, self._now_ms(), started_before_ms=before_ms):
                self._tell(connection, trace_id)

        self._database.write(put_back_all).result()

    def _work(self, trace_id: str) -> None:
        """Assess one trace, if it is still to be assessed, and look for the next."""
        if self._stopping.is_set():
            return
        try:
            self._assessed(trace_id)
        finally:
            self._handed_out.discard(trace_id)
            self.wake()

    def _assessed(self, trace_id: str) -> None:
        claimed = self._database.write(lambda connection: claim(connection, trace_id, self._now_ms())).result()
        if claimed is None:
            return
        self._metrics.qa_waited.observe(claimed.waited_ms / 1000)
        began_s = time.monotonic()
        outcome = self._tried(claimed)
        self._metrics.qa_took.labels(outcome).observe(time.monotonic() - began_s)
        if outcome == "retry":
            return
        self._webhooks.wake()

    def _tried(self, claimed: Claim) -> str:
        try:
            order, is_shortened = self._database.read(lambda connection: self._order(connection, claimed))
            results = assess_apart(order, self._stopping)
        except (PatchtrailError, OSError) as error:
            if isinstance(error, AssessmentError) and error.is_stopped:
                self._database.write(lambda connection: put_back(connection, claimed, self._now_ms())).result()
                return "stopped"
            problem = (
                error.message
                if isinstance(error, PatchtrailError)
                else f"The collector could not work: {error.strerror}"
            )
            return self._database.write(lambda connection: self._failed(connection, claimed, problem)).result()
        is_judge_only = order.validation is not None
        return self._database.write(
            lambda connection: self._done(
                connection, claimed, results, is_judge_only=is_judge_only, is_shortened=is_shortened
            )
        ).result()

    def _order(self, connection: Connection, claimed: Claim) -> tuple[Order, bool]:
        case, is_shortened = self._read_case(connection, claimed.trace_id)
        known = newest_results(connection, claimed.trace_id).validation if claimed.is_judge_only else None
        return Order(case, self.plan.means, known), is_shortened

    def _done(
        self, connection: Connection, claimed: Claim, results: QaResults, *, is_judge_only: bool, is_shortened: bool
    ) -> str:
        now_ms = self._now_ms()
        if not end(connection, claimed, now_ms):
            return "outdated"
        unreplayed = unreplayed_of(results.validation, is_shortened=is_shortened)
        store_results(connection, claimed.trace_id, results, now_ms, unreplayed=unreplayed, is_judge_only=is_judge_only)
        self._tell(connection, claimed.trace_id)
        return "done"

    def _failed(self, connection: Connection, claimed: Claim, problem: str) -> str:
        if not fail(connection, claimed, problem, self._now_ms()):
            return "retry"
        self._tell(connection, claimed.trace_id)
        return "failed"

    def _tell(self, connection: Connection, trace_id: str) -> None:
        self._webhooks.queue(connection, "qa.done", news_of(standing(connection, trace_id, self._alignments)))


class _QuietConsumer(Consumer):  # type: ignore[misc]  # huey has no types
    """huey's consumer, inside a server that has its own ways with signals."""

    def _set_signal_handlers(self) -> None:
        """Set none."""


def news_of(told: QaStanding) -> WebhookNews:
    """Return what others are told of where a trace stands."""
    validation, judge = told.results.validation, told.results.judge
    return WebhookNews(
        trace_id=told.trace_id,
        qa_state=told.state,
        verdict=None if validation is None else validation.verdict,
        tests_passed=None if validation is None else validation.tests_passed,
        overall=None if judge is None else judge.overall,
        judge=None if judge is None else judge.kind,
        alignment=None if judge is None else judge.alignment,
    )
