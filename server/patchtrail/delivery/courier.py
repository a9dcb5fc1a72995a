"""Carry sealed chunks to the collector: hold, upload, verify the receipt, and only then let go.

One request is in flight at a time, for all windows of this machine. An answer decides what happens: a receipt is
verified, stored and synced before the chunk is unlinked; a refusal for good is set aside and told; everything else is
kept and tried again later. A second thread keeps what was appended safe, whatever the network does.

The threads are a boundary: whatever goes wrong in one look is logged by its type, and the next look comes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from patchtrail.contract.collection import ArtifactStored, TraceCompleted
from patchtrail.contract.errors import (
    CollectorUnavailable,
    InvalidInput,
    PatchtrailError,
    SpoolUnavailable,
    VerificationFailed,
)
from patchtrail.contract.forgetting import ForgetAnswer
from patchtrail.delivery import forgetting
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.device import Device
from patchtrail.delivery.durable import make_folder, sync_folder, write_whole
from patchtrail.delivery.log_watch import Mistrusted
from patchtrail.delivery.openings import granted
from patchtrail.delivery.parcel import Parcel, read_parcel
from patchtrail.delivery.patience import Backoff, Pace
from patchtrail.delivery.recovery import receipt_file, stored_manifest
from patchtrail.delivery.refusal import meaning_of, sentence_of
from patchtrail.delivery.spool import TraceSpool
from patchtrail.delivery.store import SpoolStore
from patchtrail.delivery.transport import Answer, Refused
from patchtrail.integrity import dsse, receipt

__all__ = ["Courier", "SendingRules"]

TICK_S = 0.5
TICKS_PER_MEASURE = 10
TICKS_PER_ADOPTION = 120
CHUNKS_PER_TURN = 50
"""So many, and another window may send."""
BURST, PER_S = 100, 5.0
LOG = "log"
"""Under this key a person is told that the collector's log is not to be trusted."""

logger = logging.getLogger(__name__)


class SendingRules(Protocol):
    """What the courier asks before each upload."""

    def may_send(self) -> bool:
        """Return whether anything may leave this machine now."""

    def hold_ms(self) -> int:
        """Return how long a sealed chunk stays before it is uploaded."""


class Courier:
    """The delivery of one sidecar: a thread that keeps the spool safe, and one that carries."""

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
        self._stopping = threading.Event()
        self._host = Backoff()
        self._pace = Pace(burst=BURST, per_s=PER_S)
        self._waiting: dict[str, Backoff] = {}
        self._poisoned: set[str] = set()
        self._told: dict[str, str] = {}
        self._ticks = 0
        self.is_online = device is not None
        self._is_log_checked = False
        self._threads = [
            threading.Thread(target=self._run, args=(self._wake, self.look), name="courier", daemon=True),
            threading.Thread(target=self._run, args=(threading.Event(), self._tick), name="spool", daemon=True),
        ]

    def start(self) -> None:
        """Start carrying."""
        for thread in self._threads:
            thread.start()

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
        """Return how many traces the collector does not take as they are now; all, while it is not trusted."""
        if self.mistrust is not None:
            return len([trace for trace in self._store.owned() if trace.opening.kind != "local"])
        return len([key for key in self._told if key.startswith("trace-")])

    @property
    def mistrust(self) -> str | None:
        """Why nothing is sent to this collector: what it shows does not go with what it showed before."""
        return self._told.get(LOG)

    def notices(self) -> list[str]:
        """Return what a person should know of delivery, as sentences."""
        return list(self._told.values())

    def stop(self) -> None:
        """Finish the request in flight and stop; what is left is carried by the next sidecar."""
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)
        if self._device is not None:
            self._device.close()

    def _run(self, wake: threading.Event, look: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            wake.wait(TICK_S)
            wake.clear()
            try:
                look()
            except Exception as error:  # noqa: BLE001 -- a courier that died would keep everything here, unseen
                logger.warning("delivery: %s", type(error).__name__)

    def _tick(self) -> None:
        self._ticks += 1
        self.tend()
        if self._ticks % TICKS_PER_ADOPTION == 0:
            # What a sidecar that crashed left is carried by whoever still runs.
            self._store.adopt()
        if self._ticks % TICKS_PER_MEASURE == 0:
            before, after = self._store.room.use, self._store.room.measure()
            if before.percent != after.percent:
                self._on_change()

    def tend(self) -> None:
        """Sync and seal what is due; a disk that refuses one trace never keeps the others waiting."""
        for trace in self._store.owned():
            try:
                trace.sync()
                trace.seal_if_due()
            except (OSError, SpoolUnavailable) as error:
                logger.warning("delivery: %s cannot be sealed: %s", trace.trace_id, error)
        self._store.give_way()

    def look(self) -> None:
        """Carry what is due, unless the collector asked for patience or another window is sending."""
        device = self._device
        if device is None or not self._host.is_over(self._clock.boot_ms()) or not self._rules.may_send():
            return
        self._is_log_checked = False
        with self._store.sending() as is_ours:
            # Deletion requests go before everything else.
            for trace in sorted(self._store.owned(), key=_has_no_request) if is_ours else ():
                if self._stopping.is_set() or not self._host.is_over(self._clock.boot_ms()):
                    return
                if self._is_to_be_tried(trace):
                    self._attempt(trace, device)

    def _is_to_be_tried(self, trace: TraceSpool) -> bool:
        if trace.opening.kind == "local" or trace.trace_id in self._poisoned or not self._rules.may_send():
            return False
        backoff = self._waiting.get(trace.trace_id)
        return backoff is None or backoff.is_over(self._clock.boot_ms())

    def _attempt(self, trace: TraceSpool, device: Device) -> None:
        """Deliver what is due of one trace; what goes wrong with it never keeps the others waiting."""
        forgettings = trace.forgettings
        try:
            try:
                self._deliver(trace, device)
            except Refused as refused:
                self._take_refusal(trace, refused.answer)
        except Mistrusted as error:
            self._host_failed(None, None)
            self._tell(LOG, error.message)
        except CollectorUnavailable as error:
            # Whatever stands in between may confuse one connection for ever: the next request has another.
            device.transport.close()
            self._host_failed(f"The collector's answer is not understood: {error.message}", None)
        except (OSError, SpoolUnavailable) as error:
            if trace.forgettings != forgettings:
                return  # It was forgotten under our hands: the next look sees how.
            if isinstance(error, SpoolUnavailable):
                self._postpone(trace, f"{trace.trace_id} cannot be delivered now: {error.message}")
                return
            # Receipts must find room on a full disk, or nothing would ever leave it.
            self._store.room.release_reserve()
            self._postpone(trace, f"{trace.trace_id} cannot be read or written now: {error.strerror}.")
        except PatchtrailError as error:
            self._postpone(trace, f"{trace.trace_id} cannot be delivered now: {error.message}")

    def _take_refusal(self, trace: TraceSpool, answer: Answer) -> None:
        problem = answer.problem()
        match meaning_of(answer.status, problem):
            case "later":
                self._host_failed(None, answer.retry_after_s)
            case "unauthorised":
                self._host_failed("The collector does not accept this device now; everything is kept.", None)
            case "artifacts":
                self._stored_artifacts = {one for one in self._stored_artifacts if one[0] != trace.trace_id}
                self._postpone(trace, None)
            case "withdrawn":
                self._forget(trace)
                self._store.wipe(trace)
                self._tell(f"withdrawn {trace.trace_id}", f"{trace.trace_id} was withdrawn, and is deleted here too.")
            case "poison":
                self._quarantine(trace, f"{answer.status} {problem.code}: {problem.message}")
            case "refused":
                n, wanted = _next(trace), problem.detail.get("next_n")
                had = isinstance(wanted, int) and trace.folder.disk.exists(trace.folder.receipt(wanted))
                self._postpone(trace, sentence_of(trace.trace_id, n, problem, is_receipted_here=had))

    def _is_log_sound(self, device: Device) -> bool:
        """Hold the collector's log to what was seen of it, once per look, also after it was not trusted."""
        if not self._is_log_checked:
            unanswered = device.check_log()
            if unanswered is not None:
                self._host_failed(None, unanswered.retry_after_s)
                return False
            self._is_log_checked = True
            self._told = {key: told for key, told in self._told.items() if key != LOG}
        return True

    def _ask_to_forget(self, trace: TraceSpool, device: Device) -> None:
        """Send the deletion requests that wait, before anything else of the trace."""
        for k in trace.folder.numbers(".forget"):
            request = forgetting.request_of(trace.folder, k)
            answer = self._sent(
                trace,
                device,
                lambda token: device.transport.forget(trace.trace_id, request, token),  # noqa: B023 -- called at once
            )
            told = answer.body(ForgetAnswer)
            if not trace.keep_deletion(k, told, device=device.key.public, server=device.server_keys()):
                raise CollectorUnavailable("The answer is no deletion receipt of the collector.", code="bad_answer")
            self._poisoned.discard(trace.trace_id)
            self._succeed(trace)

    def deletions(self) -> int:
        """Return how many deletion requests wait for their answers."""
        return sum(len(trace.folder.numbers(".forget")) for trace in self._store.owned())

    def _deliver(self, trace: TraceSpool, device: Device) -> None:
        self._ask_to_forget(trace, device)
        for n in trace.folder.numbers(".env")[:CHUNKS_PER_TURN]:
            if _is_receipted(trace, n):
                # Its name may not have reached the disk yet.
                sync_folder(trace.folder.path, trace.folder.disk)
                trace.let_go(n)
                continue
            if not trace.may_be_sent(n):
                return
            parcel = read_parcel(trace, n)
            is_stopped = self._stopping.is_set() or not self._rules.may_send()
            if is_stopped or not self._is_due(trace, parcel) or not self._pace.take(self._clock.boot_ms()):
                return
            if not self._is_log_sound(device):
                return
            self._carry(trace, parcel, device)
        if trace.is_whole and not trace.folder.numbers(".env"):
            self._finish(trace, device)

    def _is_due(self, trace: TraceSpool, parcel: Parcel) -> bool:
        age_ms = abs(self._clock.wall_ms() - parcel.manifest.made_ms)
        return trace.is_ended or age_ms >= self._rules.hold_ms()

    def _carry(self, trace: TraceSpool, parcel: Parcel, device: Device) -> None:
        """Carry one chunk with its artifacts; a 200 that is no receipt changes nothing."""
        trace_id, n = trace.trace_id, parcel.manifest.n
        if not trace.begin_upload(n, parcel.chunk_id):
            return
        for sha256 in parcel.artifacts:
            if (trace_id, sha256) not in self._stored_artifacts:
                content = trace.folder.disk.read(trace.folder.artifact(sha256))
                answer = self._sent(
                    trace,
                    device,
                    lambda token: device.transport.put_artifact(trace_id, sha256, content, token),  # noqa: B023 -- called at once
                )
                if answer.body(ArtifactStored).sha256 != sha256:
                    raise CollectorUnavailable("The answer is for another artifact.", code="bad_answer")
                self._stored_artifacts.add((trace_id, sha256))
        answer = self._sent(trace, device, lambda token: device.transport.put_chunk(trace_id, n, parcel.body, token))
        self._receipted(trace, parcel, answer, device)

    def _sent(self, trace: TraceSpool, device: Device, send: Callable[[str], Answer]) -> Answer:
        """Send with the trace's token; one that is no longer known is renewed, once."""
        answer = send(self._token(trace, device))
        if answer.status == 401:
            self._tokens.pop(trace.trace_id, None)
            answer = send(self._token(trace, device))
        if not answer.is_success:
            raise Refused(answer)
        return answer

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

    def _receipted(self, trace: TraceSpool, parcel: Parcel, answer: Answer, device: Device) -> None:
        """Verify and store a receipt, then let the chunk go."""
        try:
            envelope = dsse.parse_envelope(answer.content)
            statement = device.open_receipt(envelope)
        except (InvalidInput, VerificationFailed) as error:
            raise CollectorUnavailable("The answer is no receipt of the collector.", code="bad_answer") from error
        if any(receipt.check_receipt(statement, parcel.manifest, parcel.chunk_id)):
            raise CollectorUnavailable("The receipt is for another chunk.", code="bad_answer")
        device.log.check_receipt(statement)
        content = receipt_file(parcel.envelope_line, answer.content, parcel.last_mono_ms)
        trace.keep_receipt(parcel.manifest.n, content)
        self._succeed(trace)

    def _finish(self, trace: TraceSpool, device: Device) -> None:
        answer = self._sent(trace, device, lambda token: device.transport.complete(trace.trace_id, token))
        if answer.body(TraceCompleted).trace_id != trace.trace_id:
            raise CollectorUnavailable("The answer is for another trace.", code="bad_answer")
        write_whole(trace.folder.complete, answer.content, trace.folder.disk)
        self._succeed(trace)
        self._forget(trace)
        self._store.finish(trace)
        self._on_change()

    def _forget(self, trace: TraceSpool) -> None:
        self._tokens.pop(trace.trace_id, None)
        self._stored_artifacts = {one for one in self._stored_artifacts if one[0] != trace.trace_id}
        self._waiting.pop(trace.trace_id, None)
        self._told.pop(trace.trace_id, None)

    def _quarantine(self, trace: TraceSpool, why: str) -> None:
        """Set a chunk aside that the collector will never take, and those behind it; it is offered to the next start.

        The chunk stays where it is, or the chain behind it would have no place: what is set aside is the reason.
        """
        folder, n = trace.folder, _next(trace)
        make_folder(folder.quarantine, folder.disk)
        write_whole(folder.quarantine / f"{n or 0:06d}.why", why.encode(), folder.disk)
        self._poisoned.add(trace.trace_id)
        self._tell(trace.trace_id, f"{trace.trace_id}: chunk {n} was refused for good ({why}). It is kept.")

    def _postpone(self, trace: TraceSpool, sentence: str | None) -> None:
        """Try one trace again later; the others go on."""
        self._waiting.setdefault(trace.trace_id, Backoff()).fail(self._clock.boot_ms())
        if sentence is not None:
            self._tell(trace.trace_id, sentence)

    def _tell(self, key: str, sentence: str) -> None:
        if self._told.get(key) != sentence:
            logger.warning("delivery: %s", sentence)
            self._told = {**self._told, key: sentence}
            self._on_change()

    def _succeed(self, trace: TraceSpool) -> None:
        self._host.succeed()
        self.is_online = True
        self._waiting.pop(trace.trace_id, None)
        self._told = {key: told for key, told in self._told.items() if key not in (trace.trace_id, "host")}
        self._on_change()

    def _host_failed(self, sentence: str | None, retry_after_s: float | None) -> None:
        """Back off from the collector, for all traces: it is one host, and has one circuit."""
        self._host.fail(self._clock.boot_ms(), retry_after_s)
        self.is_online = False
        if sentence is not None:
            self._tell("host", sentence)
        self._on_change()


def _has_no_request(trace: TraceSpool) -> bool:
    return forgetting.is_settled(trace.folder)


def _next(trace: TraceSpool) -> int | None:
    """Return the number of the chunk that is next to be sent."""
    return next(iter(trace.folder.numbers(".env")), None)


def _is_receipted(trace: TraceSpool, n: int) -> bool:
    """Return whether this very chunk's receipt is on disk already: a crash came between storing it and letting go."""
    folder, disk = trace.folder, trace.folder.disk
    if not disk.exists(folder.receipt(n)):
        return False
    try:
        return stored_manifest(folder.receipt(n), disk)[1] == stored_manifest(folder.envelope(n), disk)[1]
    except SpoolUnavailable:
        return False
