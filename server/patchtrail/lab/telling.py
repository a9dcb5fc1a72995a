"""Single runs, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from patchtrail.lab.bench import Attempt
from patchtrail.lab.loop import LabResult, PatchEvent, Run
from patchtrail.lab.patch import Patch

__all__ = ["examples", "lives", "traces"]


def examples(result: LabResult, count: int) -> str:
    """Return the first requests that patches mended, a line each."""
    mended = [run for run in result.runs if run.patched.is_ok and not run.baseline.is_ok][:count]
    lines = (f"  run {run.number}: {run.text}: {_told(run.baseline.answer)} -> ok by {_ids(run)}" for run in mended)
    return "\n".join(["mended by patches:", *lines])


def traces(result: LabResult, count: int) -> str:
    """Return so many runs in full: those first in which something was learned that was then used."""
    learned = [run for run in result.runs if run.again is not None and run.again.is_ok]
    failed = [run for run in result.runs if any(one.patch is not None for one in run.events) and run not in learned]
    used = [run for run in result.runs if run.patched.applied and not run.events]
    chosen = [*learned[: (count + 1) // 2], *failed[: (count + 3) // 4]]
    chosen += used[: count - len(chosen)]
    return "\n\n".join("\n".join(_trace(run)) for run in sorted(chosen[:count], key=lambda run: run.number))


def lives(result: LabResult) -> str:
    """Return every patch with all its decisions and the figures that decided."""
    return "\n".join(line for patch in result.patches for line in _life(patch))


def _trace(run: Run) -> Iterator[str]:
    last = run.again or run.patched
    yield f"trace of run {run.number}{' (held out)' if run.is_held_out else ''}"
    yield f"  request: {run.text}"
    yield f"  retrieve patches: [{', '.join(run.patched.retrieved)}]"
    yield f"  apply patches: [{', '.join(one.patch_id for one in run.patched.applied)}]"
    yield "  patch events:" + ("" if run.events else " none")
    for event in run.events:
        yield from _event(event)
    yield from _steps("[baseline]", run.baseline)
    yield from _steps("[patched]", run.patched)
    if run.again is not None:
        yield from _steps("[patched] again:", run.again)
    yield f"  [carrier feedback] {_told(last.answer)}"


def _event(event: PatchEvent) -> Iterator[str]:
    yield f"    failure_label: {event.label}"
    if event.patch is not None:
        state, patch = event.patch.pattern.state, event.patch
        tests = "fail" if state == "quarantined" else "pass"
        yield f"    create_patch: {patch.patch_id} trigger={patch.trigger!r} status={state} tests={tests}"


def _steps(name: str, attempt: Attempt) -> Iterator[str]:
    for patch in attempt.applied:
        yield f"  {name} {patch.patch_id}: {patch.fix}"
    yield f"  {name} quote {attempt.quote}"
    yield f"  {name} answer {_told(attempt.answer)}"


def _life(patch: Patch) -> Iterator[str]:
    yield f"{patch.patch_id} {patch.label} trigger={patch.trigger!r} {patch.fix} status={patch.pattern.state}"
    for one in patch.pattern.decisions:
        figures = ", ".join(f"{name}={value}" for name, value in one.figures.items())
        yield f"  {one.decided_at} {one.before} -> {one.after}: {one.reason} ({figures})"


def _ids(run: Run) -> str:
    return f"[{', '.join(one.patch_id for one in run.patched.applied)}]"


def _told(answer: Sequence[str]) -> str:
    return ", ".join(answer) or "ok"
