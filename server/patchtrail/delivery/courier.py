"""Carry sealed chunks to the collector: hold, upload, verify the receipt, and only then let go.

One request is in flight at a time. An answer decides what happens: a receipt is verified, stored and synced before
the chunk is unlinked; a refusal for good is quarantined and told; everything else is kept and tried again later.

The thread is a boundary: whatever goes wrong in one look is logged by its type, and the next look comes.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Protocol

from patchtrail.contract.collection import TraceCompleted
from patchtrail.contract.errors import CollectorUnavailable, InvalidInput, PatchtrailError, VerificationFailed
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.device import Device
from patchtrail.delivery.durable import make_folder, sync_folder, unlink_all, write_whole
from patchtrail.delivery.log_watch import Mistrusted
from patchtrail.delivery.openings import granted
from patchtrail.delivery.parcel import Parcel, read_parcel
from patchtrail.delivery.recovery import receipt_file
from patchtrail.delivery.spool import TraceSpool
from patchtrail.delivery.store import SpoolStore
from patchtrail.delivery.transport import Answer
from patchtrail.integrity import dsse, receipt

__all__ = ["Courier", "SendingRules"]

TICK_S = 0.5
FIRST_BACKOFF_S = 1.0
MAX_BACKOFF_S = 15 * 60.0
REFUSED_FOR_GOOD = frozenset({400, 404, 413, 415, 422})

logger = logging.getLogger(__name__)


class SendingRules(Protocol):
    """What the courier asks before each upload."""

    def may_send(self) -> bool:
        """Return whether anything may leave this machine now."""

    def hold_ms(self) -> int:
        """Return how long a sealed chunk stays before it is uploaded."""


class Courier:
    """The delivery thread of one sidecar."""

    def __init__(
        self, store: SpoolStore, device: Device | None, clock: Clock, rules: SendingRules, on_change: Callable[[], None]
    ) -> None:
        self._store = store
        self._device = device
        self._clock = clock
        self._rules = rules
        self._on_change = on_change
        self._tokens: dict[str, str] = {}
        self._stored_artifacts: set[tuple[str, str]] = set()
        self._wake = threading.Event()
        self._is_stopping = False
        self._failures = 0
        self._retry_at_ms = 0
        self._stuck: set[str] = set()
        self.is_online = device is not None
        self.mistrust: str | None = None
        """Why nothing is sent to this collector: what it shows does not go with what it showed before."""
        self._is_log_checked = False
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Start carrying."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the spool now."""
        self._wake.set()

    def remember_token(self, trace_id: str, token: str | None) -> None:
        """Keep the upload token that came with a grant; it is never written to disk."""
        if token:
            self._tokens[trace_id] = token

    def pending(self) -> int:
        """Return how many chunks are signed but not receipted."""
        return sum(len(trace.folder.numbers(".env")) for trace in self._store.owned())

    def stuck(self) -> int:
        """Return how many traces wait for a person, because the collector will not take them as they are."""
        waiting = [trace for trace in self._store.owned() if trace.opening.kind != "local"]
        return len(self._stuck) if self.mistrust is None else len(waiting)

    def stop(self) -> None:
        """Finish the request in flight and stop; what is left is carried by the next sidecar."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        if self._device is not None:
            self._device.close()

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.wait(TICK_S)
            self._wake.clear()
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 -- a courier that died would keep everything here, unseen
                logger.warning("delivery: %s", type(error).__name__)
                self._fail(None)

    def _look(self) -> None:
        self._is_log_checked = False
        for trace in self._store.owned():
            self._keep_safe(trace)
        if self._device is None:
            return
        for trace in self._store.owned():
            if self._is_stopping or self._clock.boot_ms() < self._retry_at_ms or not self._rules.may_send():
                return
            if trace.opening.kind != "local" and trace.trace_id not in self._stuck:
                self._attempt(trace, self._device)

    def _keep_safe(self, trace: TraceSpool) -> None:
        """Sync and seal what is due; a disk that refuses one trace never keeps the others waiting."""
        try:
            trace.sync()
            trace.seal_if_due()
        except OSError as error:
            logger.warning("delivery: %s cannot be sealed: %s", trace.trace_id, error.strerror)

    def _attempt(self, trace: TraceSpool, device: Device) -> None:
        """Deliver what is due of one trace; what is refused for good, or cannot be read, is set aside and told."""
        try:
            self._deliver(trace, device)
        except Mistrusted as error:
            self._mistrusted(error)
        except CollectorUnavailable as error:
            if error.detail.get("status") in REFUSED_FOR_GOOD or error.detail.get("status") in (403, 409):
                self._set_aside(trace, error.code)
            else:
                self._fail(None)
        except (PatchtrailError, OSError) as error:
            self._set_aside(trace, type(error).__name__)

    def _mistrusted(self, error: Mistrusted) -> None:
        """Send nothing more for now, and say so; whether the collector has come to itself is looked at again later."""
        logger.warning("delivery: the collector is not trusted: %s", error.code)
        self.mistrust = error.message
        self._fail(None)

    def _is_log_sound(self, device: Device) -> bool:
        """Hold the collector's log to what was seen of it, once per batch."""
        if not self._is_log_checked:
            unanswered = device.check_log()
            if unanswered is not None:
                return self._fail(unanswered.retry_after_s)
            self._is_log_checked, self.mistrust = True, None
        return True

    def _set_aside(self, trace: TraceSpool, why: str) -> None:
        logger.warning("delivery: %s is set aside: %s", trace.trace_id, why)
        self._stuck.add(trace.trace_id)
        self._on_change()

    def _deliver(self, trace: TraceSpool, device: Device) -> None:
        for n in trace.folder.numbers(".env"):
            parcel = read_parcel(trace, n)
            if not self._is_due(trace, parcel) or not self._rules.may_send():
                return
            if not self._is_log_sound(device) or not self._deliver_chunk(trace, parcel, device):
                return
        if trace.is_ended and not trace.folder.numbers(".env"):
            self._finish(trace, device)

    def _is_due(self, trace: TraceSpool, parcel: Parcel) -> bool:
        age_ms = abs(self._clock.wall_ms() - parcel.manifest.made_ms)
        return trace.is_ended or age_ms >= self._rules.hold_ms()

    def _deliver_chunk(self, trace: TraceSpool, parcel: Parcel, device: Device) -> bool:
        """Carry one chunk with its artifacts; return whether it is receipted."""
        token = self._token(trace, device)
        for sha256 in parcel.artifacts:
            if (trace.trace_id, sha256) not in self._stored_artifacts:
                content = trace.folder.artifact(sha256).read_bytes()
                answer = device.transport.put_artifact(trace.trace_id, sha256, content, token)
                if not answer.is_success:
                    return self._refused(trace, parcel, answer)
                self._stored_artifacts.add((trace.trace_id, sha256))
        answer = device.transport.put_chunk(trace.trace_id, parcel.manifest.n, parcel.body, token)
        if not answer.is_success:
            return self._refused(trace, parcel, answer)
        return self._receipted(trace, parcel, answer, device)

    def _token(self, trace: TraceSpool, device: Device) -> str:
        token = self._tokens.get(trace.trace_id)
        if token is None:
            token = self._introduce(trace, device)
            self._tokens[trace.trace_id] = token
        return token

    def _introduce(self, trace: TraceSpool, device: Device) -> str:
        """Get an upload token: renewed, or for a trace that started offline by opening it now."""
        opening = trace.opening
        if opening.grant is not None or trace.folder.numbers(".rcpt") or opening.request is None:
            return device.transport.renew_token(trace.trace_id)
        created = device.transport.create_trace(opening.request)
        granted(created, opening.request, device)
        return created.upload_token

    def _receipted(self, trace: TraceSpool, parcel: Parcel, answer: Answer, device: Device) -> bool:
        """Verify and store a receipt, then let the chunk go; a 200 that is no receipt changes nothing."""
        try:
            envelope = dsse.parse_envelope(answer.content)
            statement = device.open_receipt(envelope)
        except (InvalidInput, VerificationFailed):
            return self._fail(None)
        if any(receipt.check_receipt(statement, parcel.manifest, parcel.chunk_id)):
            return self._fail(None)
        device.log.check_receipt(statement)
        n, folder = parcel.manifest.n, trace.folder
        write_whole(folder.receipt(n), receipt_file(parcel.envelope_line, answer.content, parcel.last_mono_ms))
        unlink_all(folder.segment(n), folder.envelope(n))
        sync_folder(folder.path)
        self._succeed()
        return True

    def _finish(self, trace: TraceSpool, device: Device) -> None:
        answer = device.transport.complete(trace.trace_id, self._token(trace, device))
        if not answer.is_success:
            self._refused(trace, None, answer)
            return
        answer.body(TraceCompleted)
        write_whole(trace.folder.complete, answer.content)
        unlink_all(trace.folder.redact_key, *trace.folder.artifact("").glob("*"))
        self._tokens.pop(trace.trace_id, None)
        self._store.release(trace)
        self._succeed()

    def _refused(self, trace: TraceSpool, parcel: Parcel | None, answer: Answer) -> bool:
        """Decide what a refusal means; nothing is ever deleted for it."""
        problem = answer.problem()
        if answer.status == 401 and trace.trace_id in self._tokens:
            del self._tokens[trace.trace_id]
            return self._fail(answer.retry_after_s)
        if problem.code == "artifacts_missing" and parcel is not None:
            self._stored_artifacts -= {(trace.trace_id, sha256) for sha256 in parcel.artifacts}
            return self._fail(answer.retry_after_s)
        if problem.code == "no_problem":
            return self._fail(answer.retry_after_s)
        is_poison = answer.status in REFUSED_FOR_GOOD or problem.code == "fork"
        if is_poison and parcel is not None:
            self._quarantine(trace, parcel, f"{answer.status} {problem.code}: {problem.message}")
            return False
        if is_poison or answer.status in (403, 409):
            self._set_aside(trace, f"{answer.status} {problem.code}")
            return False
        return self._fail(answer.retry_after_s)

    def _quarantine(self, trace: TraceSpool, parcel: Parcel, why: str) -> None:
        """Set a chunk aside that the collector will never take; the other traces go on."""
        folder, n = trace.folder, parcel.manifest.n
        make_folder(folder.quarantine)
        write_whole(folder.quarantine / f"{n:06d}.why", why.encode())
        for path in (folder.segment(n), folder.envelope(n)):
            write_whole(folder.quarantine / path.name, path.read_bytes())
        self._set_aside(trace, f"chunk {n} was refused for good")

    def _succeed(self) -> None:
        self._failures, self._retry_at_ms, self.is_online = 0, 0, True
        self._on_change()

    def _fail(self, retry_after_s: float | None) -> bool:
        """Back off with full jitter, or as long as the collector asks; always false, for the caller to return."""
        ceiling_s = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2**self._failures)
        delay_s = retry_after_s if retry_after_s is not None else random.uniform(ceiling_s / 2, ceiling_s)
        self._failures = min(self._failures + 1, 20)
        self._retry_at_ms = self._clock.boot_ms() + round(delay_s * 1000)
        self.is_online = False
        self._on_change()
        return False
