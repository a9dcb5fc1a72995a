"""What a collector hands to the process that assesses one trace, and how it runs that process.

The process is one of our own, apart from the collector's so that a trace that hangs or uses up the memory can be killed
and stops nobody else. It stops by itself when it is asked to (SIGTERM), when its time is over, or when whoever started
it is gone.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.qa import QaResults, ValidationResult
from patchtrail.qa.case import Case
from patchtrail.sandbox.choice import Wanted

__all__ = ["AssessmentError", "Means", "Order", "assess_apart"]

GRACE_S = 10.0
"""How long the process may take to stop what it runs, before it is killed."""
LOOK_S = 0.2
SECRETS = "PATCHTRAIL_COLLECTOR_"
MAX_PROBLEM_CHARS = 1000


@dataclass(frozen=True)
class Means:
    """What an assessment may use: a sandbox by name, hosts to fetch from, a folder to keep what was fetched.

    `models` judge where the environment has a key for them, for at most `judge_usd` per trace.
    """

    sandbox: Wanted
    origin_hosts: tuple[str, ...]
    cache_dir: Path
    timeout_s: float
    models: tuple[str, ...]
    judge_usd: float


@dataclass(frozen=True)
class Order:
    """One trace to assess; with a `validation` only to be judged."""

    case: Case
    means: Means
    validation: ValidationResult | None = None


class AssessmentError(PatchtrailError):
    """No results came of an assessment; `is_stopped` when that was wanted."""

    code = "assessment_failed"

    def __init__(self, message: str, *, is_stopped: bool = False) -> None:
        super().__init__(message)
        self.is_stopped = is_stopped


def assess_apart(order: Order, stopping: threading.Event) -> QaResults:
    """Assess a trace in a process of its own, until `stopping` is set or its time is over.

    Raises `AssessmentError` saying why there are no results. None of its processes is left then.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "patchtrail.qa.app", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_without_secrets(os.environ),
        start_new_session=True,
    ) as process:
        # Only values of ours, made here and read by our own program: nothing of a participant's is ever unpickled.
        out, err, why = _to_the_end(process, pickle.dumps(order), order.means.timeout_s, stopping)
    if why:
        raise AssessmentError(why, is_stopped=stopping.is_set())
    if process.returncode != 0:
        said = err.decode(errors="replace").strip().splitlines()
        last = said[-1][-MAX_PROBLEM_CHARS:] if said else "it said nothing"
        raise AssessmentError(f"The assessment ended with code {process.returncode}: {last}")
    try:
        return QaResults.model_validate_json(out)
    except ValidationError as error:
        raise AssessmentError(f"The assessment's answer has {error.error_count()} faults.") from error


def _to_the_end(
    process: subprocess.Popen[bytes], content: bytes | None, timeout_s: float, stopping: threading.Event
) -> tuple[bytes, bytes, str]:
    """Wait for a process; return what it said, and why it was stopped if it was."""
    ends_s, kills_s, why = time.monotonic() + timeout_s, float("inf"), ""
    while True:
        try:
            out, err = process.communicate(content, timeout=LOOK_S)
            return out, err, why
        except subprocess.TimeoutExpired:
            content, now_s = None, time.monotonic()
        if not why and (stopping.is_set() or now_s > ends_s):
            why = "The collector is stopping." if stopping.is_set() else f"It took longer than {timeout_s:.0f} s."
            kills_s = now_s + GRACE_S
            process.terminate()
        elif now_s > kills_s:
            # It is not waited for yet, so its group's number is still its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the collector's own settings, tokens among them."""
    return {name: value for name, value in environment.items() if not name.upper().startswith(SECRETS)}
