"""The same sessions as a device would have sent them: chained, sealed in chunks, signed, with their base snapshot.

The events are those of the chunk files, at their instants; chained and signed they are when this runs. So the
receipts prove when the session was signed, and nothing about when it was played.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchtrail import __version__
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import CmdRun, Commit, RationaleNote, SessionEnd, SessionStart, TestRun
from patchtrail.contract.evidence import CHUNK_TYPE
from patchtrail.contract.files import FileEdit
from patchtrail.contract.lsp import DeviceKey
from patchtrail.contract.open_protocol import NOTE_FIELDS
from patchtrail.delivery import Device, NewTrace, TaskFacts, open_online
from patchtrail.delivery.transport import Answer, Refused
from patchtrail.integrity import chunk, digest, dsse
from patchtrail.integrity.chain import ChainHead, link
from patchtrail.study import current_consent
from patchtrail.text import apply
from patchtrail.trace.base_snapshot import BASE_MEDIA_TYPE, write_base
from patchtrail.trace.file_tree import FileTree


@dataclass(frozen=True)
class Act:
    """What happened, and when, in Unix milliseconds."""

    at_ms: int
    data: EventData


class Signer:
    """One enrolled device, and the traces that it opens."""

    def __init__(self, enrolled: DeviceKey) -> None:
        self._device = Device(enrolled)

    def send(self, folder: Path) -> Signed:
        """Sign a session and upload everything but the word that it is complete.

        Raises `Refused` with the collector's reason.
        """
        opening = json.loads((folder / "create.json").read_bytes())
        facts = TaskFacts(
            task_id=opening["task_id"],
            task_title=opening["task_title"],
            repo_origin=opening["repo_origin"],
            start_commit=opening["start_commit"],
            consent=current_consent(),
        )
        new = open_online(self._device, facts, made_ms=_now_ms())
        base = write_base(tree_of(folder / "repository"))
        signed = Signed(self._device, new)
        signed.put_artifact(base)
        runs = acts_of(folder)
        runs[0].insert(0, Act(runs[0][0].at_ms, _start(facts, self._device.participant_id)))
        runs[-1].append(Act(runs[-1][-1].at_ms, _end(base)))
        for run in runs:
            signed.put_chunk(run)
        return signed

    def close(self) -> None:
        """Close the connections."""
        self._device.close()


class Signed:
    """A trace that is being signed and uploaded, chunk by chunk."""

    def __init__(self, device: Device, new: NewTrace) -> None:
        self.trace_id = new.trace_id
        self._device, self._token = device, new.upload_token or ""
        self._head, self._prev_chunk = ChainHead(0, new.genesis), new.genesis
        self._n = 0
        self._first_ms: int | None = None

    def put_artifact(self, content: bytes) -> None:
        """Upload a blob; it has to be there before the chunk that refers to it."""
        transport = self._device.transport
        _taken(transport.put_artifact(self.trace_id, digest.sha256(content), content, self._token))

    def put_chunk(self, run: list[Act]) -> None:
        """Chain what happened, seal it, sign it and upload it."""
        before, lines = self._head, list[bytes]()
        for act in run:
            first_ms = self._first_ms = act.at_ms if self._first_ms is None else self._first_ms
            mono_ms = act.at_ms - first_ms
            linked = link(self._head, trace_id=self.trace_id, data=act.data, ts_ms=act.at_ms, mono_ms=mono_ms)
            lines.append(linked.line + b"\n")
            self._head = linked.after
        raw = b"".join(lines)
        manifest = chunk.manifest_for(
            raw,
            trace_id=self.trace_id,
            n=self._n,
            prev_chunk=self._prev_chunk,
            before=before,
            after=self._head,
            end="participant" if isinstance(run[-1].data, SessionEnd) else None,
            lost=0,
            made_ms=_now_ms(),
            jkt=self._device.key.jkt,
        )
        envelope = dsse.seal(manifest, CHUNK_TYPE, self._device.key)
        body = chunk.join_body(envelope, chunk.payload_of(raw, manifest))
        _taken(self._device.transport.put_chunk(self.trace_id, self._n, body, self._token))
        self._prev_chunk = digest.chunk_id(dsse.payload_of(manifest))
        self._n += 1

    def complete(self) -> None:
        """Say that the trace is whole: from now on the collector works on it."""
        _taken(self._device.transport.complete(self.trace_id, self._token))


def tree_of(repository: Path) -> FileTree:
    """Return the files of the start commit."""
    paths = [path for path in repository.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return FileTree({path.relative_to(repository).as_posix(): path.read_bytes() for path in paths})


def acts_of(folder: Path) -> list[list[Act]]:
    """Return what a session's chunk files tell, in the recorder's own words, chunk by chunk."""
    texts = {path: content.decode() for path, content in tree_of(folder / "repository").files.items()}
    chunks = [json.loads(path.read_bytes()) for path in sorted(folder.glob("chunk-*.json"))]
    return [
        [Act(round(event["ts_client_s"] * 1000), data) for event in one["events"] for data in _told(event, texts)]
        for one in chunks
    ]


def _told(event: dict[str, Any], texts: dict[str, str]) -> Iterator[EventData]:
    """Yield what an open event says: several notes of one event are several events."""
    match event["type"]:
        case "file_edit":
            yield _edit(event, texts)
        case "cmd_run":
            yield _command(event)
        case "test_run":
            yield _test_run(event)
        case "commit":
            told = {name: event[name] for name in ("sha", "parents", "message", "diff_unified")}
            yield Commit(**told, kind="commit", diff_artifact=None)
        case _:
            for kind in NOTE_FIELDS:
                if kind in event:
                    yield RationaleNote(kind=kind, text=event[kind], confidence=None, links=[])


def _edit(event: dict[str, Any], texts: dict[str, str]) -> FileEdit:
    path, diff = event["file_path"], event["diff_unified"]
    texts[path] = apply(diff, texts.get(path, ""))
    return FileEdit(
        file_path=path,
        diff_unified=diff,
        diff_artifact=None,
        base_artifact=None,
        buffer_hash_after=event["buffer_hash_after"],
        is_replayable=True,
        withheld=None,
        size_bytes=len(texts[path].encode()),
        evidence="unknown",
    )


def _command(event: dict[str, Any]) -> CmdRun:
    return CmdRun(
        command_line=event["command"],
        confidence="high",
        cwd=".",
        exit_code=event["exit_code"],
        duration_ms=round(event["duration_s"] * 1000),
        output_tail=event["output_tail"],
        output_size_bytes=len(event["output_tail"].encode()),
        output_artifact=None,
        output_coverage="whole",
        shell="sh",
    )


def _test_run(event: dict[str, Any]) -> TestRun:
    return TestRun(
        command_line=event["command_line"],
        evidence="junit",
        exit_code=event["exit_code"],
        duration_ms=round(event["duration_s"] * 1000),
        totals=event["totals"],
        cases=event["cases"],
        cases_artifact=None,
        origin="terminal",
        framework=event["framework"],
    )


def _start(facts: TaskFacts, participant_id: str) -> SessionStart:
    return SessionStart(
        kind="online",
        participant_id=participant_id,
        **facts.model_dump(),
        task_description="",
        os=platform.system(),
        python_version=platform.python_version(),
        sidecar_version=__version__,
        client_name="examples",
        client_version="1",
    )


def _end(base: bytes) -> SessionEnd:
    ref = ArtifactRef(sha256=digest.sha256(base), size_bytes=len(base), media_type=BASE_MEDIA_TYPE)
    return SessionEnd(reason="participant", base_snapshot=ref)


def _taken(answer: Answer) -> None:
    if not answer.is_success:
        raise Refused(answer)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
