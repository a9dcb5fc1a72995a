"""Base snapshots of traces that nobody signs: taken in, redacted, replaced, and what assessments start from."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import uuid
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from patchtrail.collector.audit import audit
from patchtrail.contract.base_snapshot import BaseStored
from patchtrail.trace.base_snapshot import BASE_MEDIA_TYPE, read_base, write_base
from patchtrail.trace.file_tree import FileTree
from tests.collector.assessments import settled
from tests.collector.open_clients import DEV_TOKEN, OpenTrace, check, dev_collector, event
from tests.collector.sessions import opened
from tests.contract.open_samples import ONE_SHOT
from tests.delivery.fakes import RunningCollector

SECRET = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
BROKEN, FIXED = "def total(a, b):\n    return a - b\n", "def total(a, b):\n    return a + b\n"
TESTS = """\
from calc import total


def test_total():
    assert total(2, 3) == 5


def test_zero():
    assert total(0, 0) == 0
"""
DIFF = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def total(a, b):\n-    return a - b\n+    return a + b\n"


def put(
    collector: RunningCollector, trace_id: str, token: str, content: bytes, media_type: str = BASE_MEDIA_TYPE
) -> httpx.Response:
    """Upload a base snapshot."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
    return httpx.put(f"{collector.url}/v1/traces/{trace_id}/base", content=content, headers=headers, timeout=60)


def packed(files: Mapping[str, str]) -> bytes:
    """Return a snapshot of these files."""
    return write_base(FileTree({path: text.encode() for path, text in files.items()}))


def kept(collector: RunningCollector, sha256: str) -> FileTree:
    """Return a snapshot as the collector keeps it."""
    return read_base(collector.service.blobs.get(sha256))


def test_a_snapshot_is_redacted(tmp_path: Path) -> None:
    """Secrets are replaced before anything is stored, what is never captured is left out, and both are named."""
    with dev_collector(tmp_path) as collector:
        trace = OpenTrace(collector)
        files = {"calc.py": BROKEN, "conf.py": f'api_key = "{SECRET}"\n', ".env": "TOKEN=x\n", "keys/id_rsa": "x"}
        answer = put(collector, trace.trace_id, trace.created["upload_token"], packed(files))
        assert answer.status_code == 201, answer.text
        told = BaseStored.model_validate_json(answer.content)
        tree = kept(collector, told.sha256)

    assert (told.files, told.redacted, told.left_out) == (2, ["conf.py"], [".env", "keys/id_rsa"])
    assert set(tree.files) == {"calc.py", "conf.py"}
    assert tree.redacted == {"conf.py"}
    assert b"<<redacted:" in tree.files["conf.py"]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_placeholders_are_those_of_the_edits(tmp_path: Path) -> None:
    """A secret has the same placeholder in the snapshot and in the trace's diffs, so that they fit each other."""
    line = f'api_key = "{SECRET}"'
    diff = f"--- a/conf.py\n+++ b/conf.py\n@@ -1 +1,2 @@\n {line}\n+DEBUG = True\n"
    with dev_collector(tmp_path, qa_enabled=True) as collector:
        trace = OpenTrace(collector)
        put(collector, trace.trace_id, trace.created["upload_token"], packed({"conf.py": f"{line}\n"}))
        trace.send(0, event(0, file_path="conf.py", diff_unified=diff, buffer_hash_after=None))
        trace.complete()
        validation = settled(collector, trace.trace_id).results.validation

    assert validation is not None
    assert validation.replay is not None
    assert (validation.replay.agrees, validation.replay.redacted_files) == (True, ["conf.py"])


def test_an_open_trace_becomes_evidence(tmp_path: Path) -> None:
    """On its snapshot an unsigned trace is replayed, and its repository's own tests say whether the fix works."""
    with dev_collector(tmp_path, qa_enabled=True) as collector:
        trace = OpenTrace(collector)
        put(
            collector, trace.trace_id, trace.created["upload_token"], packed({"calc.py": BROKEN, "test_calc.py": TESTS})
        )
        trace.send(0, event(0, file_path="calc.py", diff_unified=DIFF, buffer_hash_after=None))
        trace.complete()
        told = settled(collector, trace.trace_id)
        document = trace.document()

    assert told.state == "done", told.problem
    validation = told.results.validation
    assert validation is not None
    assert (validation.verdict, validation.tests_passed) == ("verified_fix", True), validation.reason
    assert len(validation.fail_to_pass) == len(validation.pass_to_pass) == 1
    assert validation.replay is not None
    assert (validation.replay.agrees, validation.replay.start) == (True, "snapshot")
    assert document["integrity"]["assurance"]["level"] == "L0"


def test_a_snapshot_is_replaced_until_completion(tmp_path: Path) -> None:
    """The newest snapshot counts, the one before is dropped; a complete trace takes none. The audit still holds."""
    with dev_collector(tmp_path) as collector:
        trace, other = OpenTrace(collector), OpenTrace(collector)
        first, second = packed({"a.py": "1\n"}), packed({"a.py": "2\n"})
        answers = [put(collector, trace.trace_id, trace.created["upload_token"], one) for one in (first, first, second)]
        names = [answer.json()["sha256"] for answer in answers]
        shared = put(collector, other.trace_id, other.created["upload_token"], second).json()["sha256"]
        trace.send(0)
        trace.complete()
        check(put(collector, trace.trace_id, trace.created["upload_token"], first), 409, "trace_complete")
        third = put(collector, other.trace_id, other.created["upload_token"], first)

        assert names[0] == names[1] != names[2] == shared
        assert third.status_code == 201
        assert kept(collector, names[2]).files == {"a.py": b"2\n"}
        assert kept(collector, names[0]).files == {"a.py": b"1\n"}
    assert audit(tmp_path).findings == []


def test_one_shot_traces_have_snapshots_too(tmp_path: Path) -> None:
    """A trace of the one-shot protocol takes a snapshot under the id that it has in v1, by its own token."""
    with dev_collector(tmp_path) as collector:
        created = httpx.post(
            f"{collector.url}/api/traces", json={**ONE_SHOT, "trace_id": str(uuid.uuid4())}, timeout=60
        ).json()
        trace_id = f"trace-{uuid.UUID(created['trace_id']).hex}"

        assert put(collector, trace_id, created["upload_token"], packed({"a.py": "1\n"})).status_code == 201


def test_who_may_upload(tmp_path: Path) -> None:
    """The trace's own token, or the server's; a signed trace takes its snapshot as an artifact alone."""
    content = packed({"a.py": "1\n"})
    with dev_collector(tmp_path) as collector:
        trace, other, session = OpenTrace(collector), OpenTrace(collector), opened(collector)
        device = collector.enrol()

        check(put(collector, trace.trace_id, other.created["upload_token"], content), 403, "wrong_trace")
        check(put(collector, trace.trace_id, device.device_token, content), 401, "unauthenticated")
        check(put(collector, session.created.trace_id, session.created.upload_token, content), 409, "signed_trace")
        check(put(collector, session.created.trace_id, DEV_TOKEN, content), 409, "signed_trace")
        check(put(collector, f"trace-{'0' * 32}", DEV_TOKEN, content), 404, "not_found")
        assert put(collector, trace.trace_id, DEV_TOKEN, content).status_code == 201


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a gzipped tar of these members."""
    target = io.BytesIO()
    with tarfile.TarFile(fileobj=target, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(target.getvalue())


def test_any_tar_will_do(tmp_path: Path) -> None:
    """A client needs nothing of ours: a gzipped tar of files and folders, as every tool makes it, is a snapshot."""
    folder, file = tarfile.TarInfo("shop"), tarfile.TarInfo("shop/calc.py")
    folder.type = tarfile.DIRTYPE
    latin = f'# caf\xe9\napi_key = "{SECRET}"\n'.encode("latin-1")
    content = tar((folder, b""), (file, BROKEN.encode()), (tarfile.TarInfo("shop/latin.py"), latin))
    with dev_collector(tmp_path) as collector:
        trace = OpenTrace(collector)
        answer = put(collector, trace.trace_id, trace.created["upload_token"], content, "application/gzip")
        assert answer.status_code == 201, answer.text
        tree = kept(collector, answer.json()["sha256"])

    assert tree.files["shop/calc.py"] == BROKEN.encode()
    assert tree.redacted == {"shop/latin.py"}
    assert SECRET.encode() not in tree.files["shop/latin.py"]
    assert tree.files["shop/latin.py"].startswith(b"# caf\xe9\n")


def test_large_texts_are_left_out(tmp_path: Path) -> None:
    """What a recorder would not capture either is left out, and named."""
    files = {"large.txt": "x = 1\n" * 400_000, "small.txt": "x = 1\n"}
    with dev_collector(tmp_path) as collector:
        trace = OpenTrace(collector)
        told = put(collector, trace.trace_id, trace.created["upload_token"], packed(files)).json()

    assert (told["files"], told["left_out"]) == (1, ["large.txt"])


def test_a_snapshot_counts_as_stored(tmp_path: Path) -> None:
    """A snapshot counts into what the trace may store, and its successor takes its place there."""
    noise = [packed({"noise.txt": random.Random(seed).randbytes(3_000).hex()}) for seed in range(3)]
    with dev_collector(tmp_path, session_max_bytes=8_000) as collector:
        trace = OpenTrace(collector)
        first, second = (put(collector, trace.trace_id, trace.created["upload_token"], one) for one in noise[:2])
        large = packed({f"{seed}.txt": random.Random(seed).randbytes(4_000).hex() for seed in range(4)})

        assert (first.status_code, second.status_code) == (201, 201)
        check(put(collector, trace.trace_id, trace.created["upload_token"], large), 413, "quota_exceeded")
    with dev_collector(tmp_path, session_max_bytes=4_000) as collector:
        check(put(collector, trace.trace_id, DEV_TOKEN, noise[2]), 413, "quota_exceeded")


def bomb(size: int) -> bytes:
    """Return an archive whose header claims a long name, which a reader would hold in memory."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, size
    return gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(size))


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"no gzip", 422, "base.unreadable"),
        (gzip.compress(b"no tar"), 422, "base.unreadable"),
        (tar((tarfile.TarInfo("../up.py"), b"x")), 422, "base.path"),
        (tar((tarfile.TarInfo("/etc/passwd"), b"x")), 422, "base.path"),
        (tar((tarfile.TarInfo(".git/config"), b"x")), 422, "base.path"),
        (tar((tarfile.TarInfo("zeros"), bytes(300 << 20))), 413, "base.too_large"),
        (bomb(400 << 20), 413, "base.too_large"),
        (bytes(65 << 20), 413, "too_large"),
    ],
    ids=["no_gzip", "no_tar", "up", "absolute", "git", "too_large", "header_bomb", "too_long"],
)
def test_what_is_no_snapshot(tmp_path: Path, content: bytes, status: int, code: str) -> None:
    """What leads out of the tree, is larger than it may be, or is no archive at all is refused, and nothing is kept."""
    with dev_collector(tmp_path) as collector:
        trace = OpenTrace(collector)

        check(put(collector, trace.trace_id, trace.created["upload_token"], content), status, code)
        check(put(collector, trace.trace_id, DEV_TOKEN, content, "text/plain"), 415, "unsupported_media_type")
        assert list((tmp_path / "blobs").rglob("*")) == []
