"""What came of a run, from how its process ended and what was told inside; each limit that was hit in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from patchtrail.sandbox.inside import Told, parse_told
from patchtrail.sandbox.limits import MIB, Limits
from patchtrail.sandbox.port import Ending, Job, Ran
from patchtrail.sandbox.process import Ended
from patchtrail.sandbox.view import scratches

__all__ = ["not_run", "ran_of"]

OUT_OF_CPU = {128 + 24: 0.5, 128 + 9: 0.9}
"""Codes with which the kernel's limit ends a command, the second one if it does not heed the first, and which share of
the time it must have computed at least: the kernel's two ways to count differ where the CPU is shared."""


def not_run(reason: str) -> Ran:
    """Return that a command was not run, and why."""
    return Ran("no_sandbox", None, b"", problem=reason if reason.startswith("no sandbox") else f"no sandbox: {reason}")


def ran_of(ended: Ended, nonce: str, job: Job, missing: Sequence[str], *, is_out_of_memory: bool) -> Ran:
    """Return what came of a job."""
    told = parse_told(ended.stderr, nonce)
    if told is None and ended.ending != "cancelled":
        said = ended.problem or ended.stderr.decode("utf-8", "replace").strip() or f"it ended with {ended.ending}"
        return not_run(f"the walls could not be put up: {said[-500:]}")
    told = told or Told()
    # Whatever runs inside can write to the channel, and no sentence of ours may carry its words.
    full = [str(one.at) for one in scratches(job) if str(one.at) in told.full]
    code = ended.code if told.code is None else told.code
    ending = _ending(ended, told, code, job.limits, is_out_of_memory=is_out_of_memory, is_full=bool(full))
    is_own_end = ending in ("exit", "disk")
    return Ran(
        ending=ending,
        code=code if is_own_end else None,
        output=ended.stdout,
        is_output_cut=len(ended.stdout) >= job.limits.output_bytes and ended.is_cut,
        result=told.result if job.result_path and is_own_end and told.result else None,
        missing_limits=tuple(missing),
        problem=_problem(ending, job.limits, full),
    )


def _ending(
    ended: Ended, told: Told, code: int | None, limits: Limits, *, is_out_of_memory: bool, is_full: bool
) -> Ending:
    if ended.ending != "exit":
        return "cancelled" if ended.ending == "cancelled" else "wall"
    if is_out_of_memory or told.is_out_of_memory:
        return "memory"
    share = OUT_OF_CPU.get(code or 0)
    if share is not None and told.cpu_s >= limits.cpu_s * share:
        return "cpu"
    return "disk" if code != 0 and is_full else "exit"


def _problem(ending: Ending, limits: Limits, full: Sequence[str]) -> str:
    match ending:
        case "wall":
            return f"It was stopped, because it did not end in time: it may take {limits.wall_s:g} s."
        case "cpu":
            return f"It was stopped, because it computed for longer than the {limits.cpu_s} s that it may."
        case "memory":
            return f"It was stopped, because it used more memory than the {limits.memory_bytes // MIB} MiB that it may."
        case "disk":
            return f"It failed with no room left to write in {' and '.join(full)}."
        case "cancelled":
            return "Cancelled."
        case _:
            return ""
