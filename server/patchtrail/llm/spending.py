"""What models cost per UTC day, in a ledger that several processes share, and the cap that stands on it."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm.port import Cancellation, Model, ModelAnswer, ModelRequest

__all__ = ["Capped", "Ledger", "utc_day"]

DAY = re.compile(r"\d{4}-\d\d-\d\d")
KEPT_DAYS = 62
MAX_MICROUSD = 2**53 - 1


def utc_day() -> str:
    """Return today, in UTC, as `2026-01-31`."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


class Ledger:
    """A folder with a file per day, one line per request.

    A line is appended under a lock and synced, so that a crash can lose or cut the last one, and no more: a cut line
    is closed by the next, and read as nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._unwritten: list[tuple[str, bytes]] = []

    def spent_microusd(self, day: str) -> int:
        """Return a day's sum. `OSError` when the ledger cannot be written: what is spent next would not be kept."""
        with self._lock, self._opened(day) as descriptor:
            self._write_late(day, descriptor)
            content = _content(descriptor)
        return sum(_microusd(line) for line in content.split(b"\n"))

    def add(self, day: str, microusd: int, model: str) -> None:
        """Write a request down. When the disk does not take it, it is kept, and written with the next."""
        line = json.dumps({"microusd": microusd, "model": model}).encode() + b"\n"
        with self._lock:
            self._unwritten.append((day, line))
            with contextlib.suppress(OSError), self._opened(day) as descriptor:
                self._write_late(day, descriptor)

    def _write_late(self, day: str, descriptor: int) -> None:
        mine = [line for of, line in self._unwritten if of == day]
        if not mine:
            return
        content = _content(descriptor)
        is_cut = bool(content) and not content.endswith(b"\n")
        whole = b"".join([b"\n" if is_cut else b"", *mine])
        if os.write(descriptor, whole) != len(whole):
            raise OSError(f"the disk took a part of a line of {self._folder}")
        os.fsync(descriptor)
        self._unwritten = [one for one in self._unwritten if one[0] != day]

    @contextlib.contextmanager
    def _opened(self, day: str) -> Iterator[int]:
        if not DAY.fullmatch(day):
            raise ValueError(f"{day!r} is no day")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{day}.jsonl"
        if not path.exists():
            self._drop_old()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _drop_old(self) -> None:
        days = sorted(one for one in self._folder.glob("*.jsonl") if DAY.fullmatch(one.stem))
        for path in days[: max(0, len(days) - KEPT_DAYS)]:
            path.unlink(missing_ok=True)


class Capped:
    """Another model, until the day's sum is reached; what was asked before it may still end above the cap."""

    def __init__(self, model: Model, ledger: Ledger, daily_microusd: int, today: Callable[[], str] = utc_day) -> None:
        self._model = model
        self._ledger = ledger
        self._daily_microusd = daily_microusd
        self._today = today

    @property
    def name(self) -> str:
        """What attempts call it."""
        return self._model.name

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once, if the day has money left; 0 is no cap. What a broken answer cost is written down too."""
        if self._daily_microusd > 0:
            self._refuse_beyond_cap()
        try:
            answer = self._model.ask(request, cancellation)
        except ModelUnavailable as error:
            self._write_down(error.detail.get("cost_microusd", 0), self.name)
            raise
        self._write_down(answer.cost_microusd, answer.model)
        return answer

    def _refuse_beyond_cap(self) -> None:
        day = self._today()
        try:
            spent = self._ledger.spent_microusd(day)
        except OSError as error:
            message = (
                f"The ledger of what models cost cannot be kept ({error.strerror or error}), so the cap cannot either."
            )
            raise ModelUnavailable(message, code="spending_cap") from error
        if spent >= self._daily_microusd:
            raise ModelUnavailable(
                f"Today's cap is reached: {spent / 1e6:.2f} of {self._daily_microusd / 1e6:.2f} USD. It begins anew at "
                "00:00 UTC; raise `daily_usd` under [agent] in `.patchtrail.toml` to go on now.",
                code="spending_cap",
                detail={"day": day, "spent_microusd": spent, "cap_microusd": self._daily_microusd},
            )

    def _write_down(self, microusd: object, model: str) -> None:
        if isinstance(microusd, int) and microusd > 0:
            self._ledger.add(self._today(), microusd, model)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _microusd(line: bytes) -> int:
    try:
        value = json.loads(line)
    except ValueError:
        return 0
    found = value.get("microusd") if isinstance(value, dict) else None
    return min(found, MAX_MICROUSD) if isinstance(found, int) and found > 0 else 0
