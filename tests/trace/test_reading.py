"""Documents, timelines, replays and bundles of a session."""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile
from dataclasses import replace

import pytest

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.collection import KeySet, ServerKey
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.event_lines import Event, FileEditEvent
from patchtrail.contract.files import FileEdit
from patchtrail.integrity import digest
from patchtrail.trace import document_of, read_bundle, replay, timeline, write_bundle
from tests.integrity.honest import check, honest, server_key, text_edit

SESSION = honest(seed=5)
VERDICT = check(SESSION.evidence)
KEYS = KeySet(version=1, receipt=[ServerKey(jkt=server_key().jkt, public_key=server_key().public.jwk, created_ms=0)])


def edits(*told: FileEdit) -> list[Event]:
    """Make events of edits."""
    base = {"v": 1, "trace_id": SESSION.evidence.trace_id, "prev": "0" * 64, "ts_ms": 0, "mono_ms": 0}
    return [FileEditEvent(**base, seq=seq, type="file_edit", data=edit) for seq, edit in enumerate(told)]


def replayed(*told: FileEdit, start: str | None = "a\nb\n", artifacts: dict[str, bytes] | None = None):
    """Replay edits of one file on a start text."""
    return replay(edits(*told), start_text=lambda _path: start, artifacts=artifacts or {})


def test_document_has_the_published_shape() -> None:
    """The document holds the published fields, decimal seconds, and the chain."""
    shown = document_of(SESSION.evidence.trace_id, VERDICT.events, VERDICT.received_ms, VERDICT.assurance())
    first = json.loads(shown.model_dump_json())["events"][0]

    assert shown.trace_version == "1.0"
    assert (first["id"], first["type"], first["task_id"]) == ("evt-000000", "session_start", "BUG-1")
    assert first["ts_client_s"] == VERDICT.events[0].event.ts_ms / 1000
    assert first["ts_server_s"] == VERDICT.received_ms[0] / 1000
    assert shown.integrity.event_hash_chain == [held.hash for held in VERDICT.events]
    assert shown.metrics.num_events == len(VERDICT.events)
    assert shown.qa.validation is None


def test_notes_keep_their_published_field() -> None:
    """A note stands under its own kind's name too, as the published format has it."""
    shown = document_of(SESSION.evidence.trace_id, VERDICT.events, VERDICT.received_ms, VERDICT.assurance())
    told = [json.loads(event.model_dump_json()) for event in shown.events if event.type == "rationale_note"]

    assert told
    assert all(note["hypothesis"] == note["text"] for note in told)


def test_an_empty_trace_has_no_document() -> None:
    """A trace without its first event cannot be shown."""
    with pytest.raises(InvalidInput) as caught:
        document_of(SESSION.evidence.trace_id, [], [], VERDICT.assurance())

    assert caught.value.code == "empty_trace"


def test_timeline_leaves_heartbeats_out() -> None:
    """A person sees what was done, not that nothing was."""
    rows = list(timeline(held.event for held in VERDICT.events))

    assert rows[0].summary == "BUG-1: A bug"
    assert rows[-1].summary == "ended: participant"
    assert "heartbeat" not in {row.type for row in rows}


def test_replay_agrees() -> None:
    """Edits replay one after the other, from the start commit."""
    result = replayed(text_edit("a\nb\n", "a\nB\n"), text_edit("a\nB\n", "a\nB\nc\n"))

    assert (result.texts, result.findings, result.edits) == ({"shop.py": "a\nB\nc\n"}, [], 2)


def test_replay_starts_at_a_base_artifact() -> None:
    """A file that redaction changed starts at its stored base."""
    base = b"<<redacted:env:0123abcd>>\n"
    ref = ArtifactRef(sha256=digest.sha256(base), size_bytes=len(base), media_type="text/plain")
    edit = text_edit(base.decode(), "x\n").model_copy(update={"base_artifact": ref})

    assert replayed(edit, artifacts={ref.sha256: base}).texts == {"shop.py": "x\n"}
    assert [finding.code for finding in replayed(edit).findings] == ["replay.artifact_missing"]


def test_replay_reads_a_long_diff_from_its_artifact() -> None:
    """A diff that was too long for a line stands in an artifact."""
    edit = text_edit("a\nb\n", "a\nB\n")
    long = edit.diff_unified.encode()
    ref = ArtifactRef(sha256=digest.sha256(long), size_bytes=len(long), media_type="text/x-diff")
    moved = edit.model_copy(update={"diff_unified": "", "diff_artifact": ref})

    assert replayed(moved, artifacts={ref.sha256: long}).texts == {"shop.py": "a\nB\n"}


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (text_edit("x\ny\n", "x\nY\n"), "replay.patch_does_not_apply"),
        (text_edit("a\nb\n", "a\nB\n").model_copy(update={"buffer_hash_after": "0" * 64}), "replay.content_hash"),
        (text_edit("a\nb\n", "a\nB\n").model_copy(update={"diff_unified": "nonsense"}), "replay.bad_diff"),
        (
            text_edit("", "").model_copy(update={"is_replayable": False, "withheld": "denied_path"}),
            "replay.withheld",
        ),
    ],
)
def test_replay_says_where_it_disagrees(edit: FileEdit, code: str) -> None:
    """A file stops at its first disagreement; what follows is not guessed."""
    result = replayed(edit, text_edit("a\nb\n", "a\nB\n"))

    assert [finding.code for finding in result.findings] == [code]
    assert result.texts == {}


def test_bundle_round_trip() -> None:
    """What a bundle holds is what went in, byte for byte; the same evidence gives the same bytes."""
    content = write_bundle(SESSION.evidence, KEYS, b"{}")

    assert read_bundle(content) == SESSION.evidence
    assert write_bundle(SESSION.evidence, KEYS, b"{}") == content


def rewritten(change: dict[str, bytes | None]) -> bytes:
    """Return the bundle with members changed, added or left out."""
    source = zipfile.ZipFile(io.BytesIO(write_bundle(SESSION.evidence, KEYS, b"{}")))
    members = {name: source.read(name) for name in source.namelist()} | change
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"not a zip",
        rewritten({"bundle.json": None}),
        rewritten({"bundle.json": b"{}"}),
        rewritten({"grant.json": None}),
        rewritten({"chunks/000001.chunk": None}),
        write_bundle(SESSION.evidence, KEYS, b"{}")[:-400],
    ],
    ids=["no zip", "no index", "bad index", "no grant", "no chunk", "truncated"],
)
def test_bad_bundles_are_refused(content: bytes) -> None:
    """A bundle that is damaged, incomplete or a bomb is refused with a reason, not unpacked."""
    with pytest.raises(InvalidInput) as caught:
        read_bundle(content)

    assert caught.value.code == "bad_bundle"


def test_a_changed_bundle_does_not_verify() -> None:
    """A bundle is verified from its bytes: one changed chunk is found."""
    chunks = list(SESSION.evidence.chunks)
    chunks[1] = chunks[1][:-1] + bytes([chunks[1][-1] ^ 1])
    evidence = read_bundle(write_bundle(replace(SESSION.evidence, chunks=tuple(chunks)), KEYS, b"{}"))

    with pytest.raises(AssertionError):
        check(evidence)


def test_compressible_artifacts_are_no_bomb() -> None:
    """An honest output that shrinks a thousand times is exported and read back."""
    evidence = replace(SESSION.evidence, artifacts={"a" * 64: b"y\n" * 1_000_000})

    assert read_bundle(write_bundle(evidence, KEYS, b"{}")) == evidence


def test_a_bundle_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bundle unpacks to is counted before anything is unpacked."""
    monkeypatch.setattr("patchtrail.trace.bundle.MAX_BUNDLE_BYTES", 10_000)
    with pytest.raises(InvalidInput) as caught:
        read_bundle(rewritten({"artifacts/bomb": bytes(50_000)}))

    assert caught.value.code == "bad_bundle"


def test_damaged_bundles_are_said() -> None:
    """Whatever bytes of a bundle are damaged, it is read, or refused with a reason."""
    content, dice = write_bundle(SESSION.evidence, KEYS, b"{}"), random.Random(6)
    for _ in range(1_500):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 3)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with contextlib.suppress(InvalidInput):
            read_bundle(bytes(damaged))
