"""Starts one program inside of the sandbox and hands back what it told, sealed with a key that the program never had.

Called as `python -I -S -B watch.py SPEC RESULT`. SPEC is JSON: `argv`, `environment` and `wall_s`. The first line of
standard output is the key, and nothing of the program runs before somebody outside has read it. RESULT is an HMAC in
hex, a line of JSON that says how the program ended, and the lines that came over its descriptor. Whatever else runs in
the sandbox is the same user, so this process is made undumpable: neither its memory nor its descriptors can be opened
through /proc.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import hmac
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

__all__ = ["GREETING", "MAX_TOLD_BYTES"]

GREETING = "patchtrail-key "
SEAL_BYTES = 32
MAX_TOLD_BYTES = 48 << 20
PR_SET_DUMPABLE = 4
PATIENCE_S = 5.0
PAUSE_S = 0.005
PIECE = 1 << 16


def main() -> None:
    """Run the program, and write down what became of it."""
    _hide()
    key = os.urandom(SEAL_BYTES)
    os.write(1, f"{GREETING}{key.hex()}\n".encode())
    _await_reader(1)
    spec = json.loads(Path(sys.argv[1]).read_text())
    told, ended = _run(spec["argv"], spec["environment"], float(spec["wall_s"]))
    body = json.dumps(ended).encode() + b"\n" + told
    seal = hmac.new(key, body, hashlib.sha256).hexdigest().encode()
    Path(sys.argv[2]).write_bytes(seal + b"\n" + body)


def _hide() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot be hidden from the tests")


def _await_reader(descriptor: int) -> None:
    """Wait until the pipe is empty: what was read can be read by nobody inside any more."""
    waited = 0.0
    while waited < PATIENCE_S:
        try:
            answer = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0")
        except OSError:
            return
        if struct.unpack("i", answer)[0] == 0:
            return
        time.sleep(PAUSE_S)
        waited += PAUSE_S


def _run(argv: list[str], environment: dict[str, str], wall_s: float) -> tuple[bytes, dict[str, object]]:
    """Return what the program told, and how it ended: `code` as the system counts, `is_late`, `is_cut`, `forged`."""
    nonce = os.urandom(SEAL_BYTES)
    told, tell = os.pipe()
    reading, asking = os.pipe()
    os.write(asking, nonce)
    os.close(asking)
    process = subprocess.Popen(
        [*argv, str(tell), str(reading)], env=environment, pass_fds=(tell, reading), start_new_session=True
    )
    os.close(tell)
    os.close(reading)
    content, is_late = _read(told, process, time.monotonic() + wall_s)
    code = process.wait()
    lines, forged = _genuine(content[:MAX_TOLD_BYTES], nonce)
    ended: dict[str, object] = {
        "code": code,
        "is_late": is_late,
        "is_cut": len(content) > MAX_TOLD_BYTES,
        "forged": forged,
    }
    return b"\n".join(lines), ended


def _read(told: int, process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bool]:
    """Read until the program has ended or its time is over; what it left running may hold the pipe open for ever."""
    os.set_blocking(told, False)
    pieces, held, is_late = [], 0, False
    with selectors.DefaultSelector() as waiting:
        waiting.register(told, selectors.EVENT_READ)
        is_open = True
        while process.poll() is None:
            if time.monotonic() > deadline:
                is_late = True
                os.killpg(process.pid, signal.SIGKILL)
                break
            if not is_open:
                time.sleep(PAUSE_S)
            elif waiting.select(timeout=0.05):
                piece = os.read(told, PIECE)
                is_open = bool(piece)
                if held <= MAX_TOLD_BYTES:
                    pieces.append(piece)
                    held += len(piece)
    while is_open:
        try:
            piece = os.read(told, PIECE)
        except BlockingIOError:
            break
        is_open = bool(piece) and held <= MAX_TOLD_BYTES
        pieces.append(piece)
        held += len(piece)
    return b"".join(pieces), is_late


def _genuine(content: bytes, nonce: bytes) -> tuple[list[bytes], int]:
    """Return the lines that carry the run's own seal, in their order, and how many do not."""
    genuine = list[bytes]()
    lines = [line for line in content.split(b"\n") if line]
    for line in lines:
        seal, _, body = line.partition(b" ")
        sealed = str(len(genuine)).encode() + b" " + body
        if hmac.compare_digest(seal, hmac.new(nonce, sealed, hashlib.sha256).hexdigest().encode()):
            genuine.append(body)
    return genuine, len(lines) - len(genuine)


if __name__ == "__main__":
    main()
