"""Wire the sidecar: recorder, spool, courier and the device that the client's key line names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from platformdirs import user_data_path
from pydantic import ValidationError

from patchtrail.capture import Machine, Recorder
from patchtrail.cli.logs import SpoolLogs
from patchtrail.cli.sidecar_fixes import SidecarFixes
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.lsp import DeviceKey, SessionState
from patchtrail.contract.lsp_forgetting import PendingChunks, PendingRequest
from patchtrail.delivery import CAP_BYTES, Clock, Courier, Device, PendingRules, SpoolStore, SystemClock, pending
from patchtrail.editor.sidecar import Sidecar
from patchtrail.study import CONSENT, Consent

__all__ = ["build_sidecar", "default_spool", "device_of"]


def default_spool() -> Path:
    """Return the folder that holds what is not delivered yet."""
    return user_data_path("patchtrail") / "spool"


def device_of(key_line: bytes) -> Device:
    """Return the device that a key line names.

    Raises `InvalidInput` naming the malformed fields; the line itself never reaches a log or a message.
    """
    try:
        enrolled = DeviceKey.model_validate_json(key_line)
    except ValidationError as error:
        fields = sorted({".".join(map(str, fault["loc"])) or "the line" for fault in error.errors()})
        raise InvalidInput(f"The device key on standard input is malformed: {', '.join(fields)}.") from None
    return Device(enrolled)


def build_sidecar(
    spool: Path,
    device: Device | None,
    *,
    cap_bytes: int = CAP_BYTES,
    clock: Clock | None = None,
    consent: Consent = CONSENT,
) -> Sidecar:
    """Wire the recorder, the spool and the courier; `consent` is the text that must have been agreed to."""
    clock, listeners = clock or SystemClock(), list[Callable[[], None]]()
    if device is not None:
        device.remember_in(spool)
    store = SpoolStore(spool, clock, None if device is None else device.key, cap_bytes=cap_bytes)
    logs = SpoolLogs(store, device, clock)

    def changed() -> None:
        for listener in listeners:
            listener()

    recorder = Recorder(logs, Machine.this(), spool.parent / "reports", spool.parent / "acts", changed, consent=consent)
    rules = Rules(recorder, logs)
    courier = Courier(store, device, clock, rules, changed)
    logs.courier = courier

    def start() -> None:
        store.adopt()
        recorder.run()
        courier.start()

    def close() -> None:
        listeners.clear()
        for close_part in (recorder.close, courier.stop, store.close):
            close_part()

    def session_state() -> SessionState:
        return _state_of(recorder, courier, store, logs, is_signed=device is not None)

    def waiting(request: PendingRequest) -> PendingChunks:
        reasons = rules.reasons() if device else ("There is no collector: everything stays on this machine.",)
        return pending(spool, request, PendingRules(rules.hold_ms(), clock.wall_ms(), reasons))

    fixes = SidecarFixes(recorder)
    return Sidecar(recorder, session_state, listeners.append, start, close, waiting, fixes.fixing())


def _state_of(
    recorder: Recorder, courier: Courier, store: SpoolStore, logs: SpoolLogs, *, is_signed: bool
) -> SessionState:
    state = recorder.state
    return SessionState.model_validate(
        {
            "state": state.state,
            "reasons": [*state.reasons, *filter(None, [courier.mistrust])],
            "trace_id": state.trace_id,
            "next_seq": state.next_seq,
            "is_signed": is_signed,
            "is_online": courier.is_online,
            "pending_chunks": courier.pending(),
            "stuck_traces": courier.stuck(),
            "capture_errors": recorder.failures,
            "resumable": logs.resumable(),
            "undelivered": logs.undelivered(),
            "damaged": list(store.damaged),
            "task_title": state.task_title,
            "drafts": state.drafts,
            "note_link": state.note_link,
            "note_suggestion": state.note_suggestion,
            "terminal_variables": list(state.terminal_variables),
            "junit_withheld": state.junit_withheld,
            "spool_percent": store.room.use.percent,
            "notices": courier.notices(),
            "agents_address": state.agents_address,
            "off_record_until_ms": state.off_record_until_ms,
            "deletions": courier.deletions(),
            "base_snapshot": state.base_snapshot,
        }
    )


class Rules:
    """What the courier must know of the recorder: may anything leave, and when."""

    def __init__(self, recorder: Recorder, logs: SpoolLogs) -> None:
        self._recorder = recorder
        self._logs = logs

    def may_send(self) -> bool:
        """Return whether the gate is open and recording is not paused, nor a session that nobody goes on with yet."""
        return self._recorder.state.may_send and not self._logs.is_off_record()

    def reasons(self) -> tuple[str, ...]:
        """Return why nothing may leave; nothing when it may."""
        return () if self.may_send() else (self._recorder.state.reasons or ("Recording is paused.",))

    def hold_ms(self) -> int:
        """Return how long the user wants sealed chunks held."""
        return self._recorder.hold_seconds * 1000
