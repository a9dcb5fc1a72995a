"""`patchtrail serve`: the sidecar, on standard input and output."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from patchtrail.capture import Machine, Recorder
from patchtrail.cli.logs import SpoolLogs
from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.lsp import DeviceKey, SessionState
from patchtrail.delivery import Courier, Device, SpoolStore, SystemClock
from patchtrail.editor import Sidecar, build_server

__all__ = ["build_sidecar", "serve"]

MAX_KEY_LINE = 16 * 1024


class Rules:
    """What the courier must know of the recorder: may anything leave, and when."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def may_send(self) -> bool:
        """Return whether the gate is open and recording is not paused."""
        return self._recorder.state.may_send

    def hold_ms(self) -> int:
        """Return how long the user wants sealed chunks held."""
        return self._recorder.hold_seconds * 1000


def serve(arguments: list[str]) -> int:
    """Run the sidecar until its client is gone; return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    # pygls quotes whole messages in its log; they hold what the developer writes.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    try:
        device = _device_from_stdin() if options.key_stdin else None
        sidecar = build_sidecar(Path(options.spool), device)
    except PatchtrailError as error:
        sys.stderr.write(f"patchtrail serve: {error.message}\n")
        return 2
    try:
        build_server(sidecar).start_io()
    finally:
        sidecar.close()
    return 0


def build_sidecar(spool: Path, device: Device | None) -> Sidecar:
    """Wire the recorder, the spool and the courier."""
    clock, listeners = SystemClock(), list[Callable[[], None]]()
    store = SpoolStore(spool, clock, None if device is None else device.key)
    logs = SpoolLogs(store, device, clock)

    def changed() -> None:
        for listener in listeners:
            listener()

    recorder = Recorder(logs, Machine.this(), changed)
    courier = Courier(store, device, clock, Rules(recorder), changed)
    logs.courier = courier

    def start() -> None:
        store.adopt()
        recorder.run()
        courier.start()

    def close() -> None:
        listeners.clear()
        recorder.close()
        courier.stop()
        store.close()

    def session_state() -> SessionState:
        state = recorder.state
        return SessionState.model_validate(
            {
                "state": state.state,
                "reasons": [*state.reasons, *store.damaged],
                "trace_id": state.trace_id,
                "next_seq": state.next_seq,
                "is_signed": device is not None,
                "is_online": courier.is_online,
                "pending_chunks": courier.pending(),
                "quarantined_chunks": courier.quarantined(),
                "capture_errors": recorder.failures,
                "resumable": logs.resumable(),
                "undelivered": logs.undelivered(),
            }
        )

    return Sidecar(recorder, session_state, listeners.append, start, close)


def _parser() -> argparse.ArgumentParser:
    from platformdirs import user_data_path

    parser = argparse.ArgumentParser("patchtrail serve", description="Run the language-server sidecar on stdio.")
    parser.add_argument(
        "--key-stdin",
        action="store_true",
        help="read the device key, one line of JSON, from standard input before the first LSP message; "
        "without it sessions are recorded locally, unsigned, and nothing is uploaded",
    )
    parser.add_argument(
        "--spool",
        default=str(user_data_path("patchtrail") / "spool"),
        help="folder that holds what is not delivered yet (default: %(default)s)",
    )
    return parser


def _device_from_stdin() -> Device:
    """Read the device key; its line never reaches a log or an error message."""
    line = sys.stdin.buffer.readline(MAX_KEY_LINE)
    try:
        enrolled = DeviceKey.model_validate_json(line)
    except ValidationError as error:
        fields = sorted({".".join(map(str, fault["loc"])) or "the line" for fault in error.errors()})
        raise PatchtrailError(f"The device key on standard input is malformed: {', '.join(fields)}.") from None
    return Device(enrolled)
