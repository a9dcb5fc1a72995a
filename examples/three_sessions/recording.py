"""Play a session for real, and keep what comes out as the chunks of the open protocol.

Each save, command, test run and commit is done in a real repository; only the notes and the instants are as written.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from patchtrail.capture.junit import read_junit, totals_of
from patchtrail.text import diff
from three_sessions.stage import Ran, Stage
from three_sessions.story import Step, Story

DURATIONS = re.compile(r'("duration_(?:s|ms)": )[0-9.]+|( in )[0-9.]+s\b')


def played(story: Story, work: Path) -> dict[str, str]:
    """Play a session in an empty folder; return the contents of `create.json` and of each chunk by their names."""
    stage = Stage(story.repository, work, started_s=story.started_s)
    events = [_event(story, stage, seq, step) for seq, step in enumerate(story.steps)]
    files = {"create.json": _json(story.opening | {"start_commit": stage.start_commit})}
    first = 0
    for number, size in enumerate(story.chunks):
        chunk_id = f"chunk-{number:03}"
        chunk = {"chunk_id": chunk_id, "chunk_seq": number, "events": events[first : first + size]}
        files[f"{chunk_id}.json"] = _json(chunk)
        first += size
    return files


def differing(folder: Path, written: dict[str, str]) -> list[str]:
    """Return the files that are kept otherwise than they came out, or that nothing came out for; times may differ."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(
        name for name in kept | written if without_durations(kept.get(name)) != without_durations(written.get(name))
    )


def without_durations(content: str | None) -> str | None:
    """Return a file without how long things took, which is another time each time."""
    return None if content is None else DURATIONS.sub(r"\1\2", content)


def write(folder: Path, written: dict[str, str]) -> list[str]:
    """Write what differs, and return the names; what differs in times alone stays as it is."""
    changed = differing(folder, written)
    for name in changed:
        if name in written:
            (folder / name).write_text(written[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def _event(story: Story, stage: Stage, seq: int, step: Step) -> dict[str, Any]:
    """Do a step, and return the published event that tells of it."""
    at_s = story.started_s + step.at_s
    head = {"id": f"evt-{seq + 1:03}", "seq": seq, "ts_client_s": float(at_s)}
    if step.edit:
        return head | {"type": "file_edit"} | _saved(stage, step)
    if step.commit:
        return head | {"type": "commit"} | _committed(stage, step.commit)
    if not step.run:
        return head | {"type": "rationale_note", **dict(step.notes)}
    ran = stage.run(step.run, at_s=at_s)
    if ran.report:
        return head | {"type": "test_run", "command_line": step.run, "framework": "pytest"} | _tested(ran, ran.report)
    return head | {"type": "cmd_run", "command": step.run} | _outcome(ran)


def _saved(stage: Stage, step: Step) -> dict[str, Any]:
    assert step.edit
    path = stage.root / step.edit.path
    before = path.read_text(encoding="utf-8")
    if (count := before.count(step.edit.old)) != 1:
        raise ValueError(f"At {step.at_s} s, {step.edit.path} holds the text to replace {count} times, not once.")
    after = before.replace(step.edit.old, step.edit.new)
    path.write_text(after, encoding="utf-8")
    told = {"file_path": step.edit.path, "diff_unified": diff(before, after, step.edit.path)}
    return told | {"buffer_hash_after": hashlib.sha256(after.encode()).hexdigest()}


def _committed(stage: Stage, revision: str) -> dict[str, Any]:
    sha, *parents = stage.git("show", "--no-patch", "--format=%H %P", revision).split()
    return {
        "sha": sha,
        "parents": parents,
        "message": stage.git("show", "--no-patch", "--format=%B", revision).strip(),
        "diff_unified": stage.git("show", "--format=", "--no-color", revision),
    }


def _tested(ran: Ran, report: Path) -> dict[str, Any]:
    cases = read_junit(report)
    totals = totals_of(cases).model_dump()
    return _outcome(ran) | {"totals": totals, "cases": [case.model_dump(exclude_defaults=True) for case in cases]}


def _outcome(ran: Ran) -> dict[str, Any]:
    return {"exit_code": ran.exit_code, "duration_s": ran.duration_s, "output_tail": ran.output}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
