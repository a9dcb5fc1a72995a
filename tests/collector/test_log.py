"""The collector's log: every chunk, grant and consent is a leaf, every proof holds, nothing signed is taken back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from patchtrail.collector import CollectorConfig, build_service, openings
from patchtrail.collector.identity import ROOT_KEY, rotate_keys
from patchtrail.contract.collection import KeySet
from patchtrail.contract.evidence import Grant, Receipt
from patchtrail.contract.transparency import ConsistencyProof, InclusionProof
from patchtrail.integrity import checkpoint, digest, dsse, entry, key_set, merkle, opening, receipt
from patchtrail.integrity.checkpoint import TreeHead
from tests.collector.sessions import Session, opened, post_trace, request_of
from tests.collector.test_ingest import check
from tests.delivery.fakes import RunningCollector, running_collector


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[RunningCollector]:
    """Run a collector whose log is empty, and whose checkpoints are as new as can be."""
    with running_collector(tmp_path / "collector") as running:
        yield running


@pytest.fixture(autouse=True)
def no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a checkpoint be signed at once, instead of once a second."""
    monkeypatch.setattr("patchtrail.collector.log.MIN_INTERVAL_S", 0.0)


def head_of(collector: RunningCollector) -> TreeHead:
    """Fetch and verify the newest checkpoint."""
    keys = key_set.open_key_set(
        KeySet.model_validate_json(httpx.get(f"{collector.url}/v1/keys", timeout=60).content), None
    )
    answer = httpx.get(f"{collector.url}/v1/log/checkpoint", timeout=60)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return checkpoint.open_checkpoint(answer.content, keys.log_origin, keys.log)


def receipt_of(collector: RunningCollector, answer: httpx.Response) -> Receipt:
    """Verify a receipt."""
    return receipt.open_receipt(dsse.parse_envelope(answer.content), collector.service.key.key.public)


def grant_of(collector: RunningCollector, session: Session) -> Grant:
    """Verify a session's grant."""
    return opening.open_grant(session.created.grant, collector.service.key.key.public).statement


def sent(collector: RunningCollector, *, chunks: int = 3) -> tuple[Session, list[Receipt]]:
    """Open a trace, send its chunks, and return their receipts."""
    session = opened(collector, chunks=chunks)
    return session, [receipt_of(collector, session.put(n)) for n in range(chunks)]


def hashes(proof: InclusionProof | ConsistencyProof) -> list[bytes]:
    """Return a proof's hashes as bytes."""
    return [bytes.fromhex(one) for one in proof.hashes]


def is_included(collector: RunningCollector, leaf: bytes, index: int, head: TreeHead) -> bool:
    """Fetch and verify an inclusion proof."""
    answer = httpx.get(
        f"{collector.url}/v1/log/proof/inclusion", params={"index": index, "size": head.size}, timeout=60
    )
    proof = InclusionProof.model_validate_json(answer.content)
    return merkle.verify_inclusion(merkle.leaf_hash(leaf), index, head.size, head.root_bytes, hashes(proof))


def is_consistent(collector: RunningCollector, first: TreeHead, second: TreeHead) -> bool:
    """Fetch and verify a consistency proof."""
    answer = httpx.get(
        f"{collector.url}/v1/log/proof/consistency", params={"from": first.size, "to": second.size}, timeout=60
    )
    proof = ConsistencyProof.model_validate_json(answer.content)
    return merkle.verify_consistency(first.size, second.size, first.root_bytes, second.root_bytes, hashes(proof))


def test_an_empty_log(collector: RunningCollector) -> None:
    """A collector that took nothing in yet shows the checkpoint of nothing."""
    assert head_of(collector) == TreeHead(0, merkle.EMPTY_ROOT.hex())


def test_every_receipt_is_proven(collector: RunningCollector) -> None:
    """Each receipt's leaf is in its own tree and in every later one, and each tree is the beginning of the next."""
    _, receipts = sent(collector, chunks=9)
    later, others = head_of(collector), sent(collector)[1]
    newest = head_of(collector)

    assert newest.size == others[-1].log_size
    for told in [*receipts, *others]:
        head, leaf = entry.receipt_head(told), entry.receipt_leaf(told)
        assert head is not None
        assert leaf is not None
        assert (told.leaf_index, told.log_size) == (head.size - 1, head.size)
        assert is_included(collector, leaf, told.leaf_index or 0, head)
        assert is_included(collector, leaf, told.leaf_index or 0, newest)
        assert is_consistent(collector, head, newest)
    assert is_consistent(collector, later, newest)
    assert is_consistent(collector, TreeHead(0, merkle.EMPTY_ROOT.hex()), newest)
    assert is_consistent(collector, newest, newest)
    assert not is_included(collector, b"another leaf", 3, newest)


def test_09_grants_and_consents_are_logged(collector: RunningCollector) -> None:
    """A grant names the tree before it; its leaf is the next, and the device's signed consent the one after."""
    sent(collector)
    before = head_of(collector)
    session = opened(collector)
    grant = grant_of(collector, session)
    told, newest = receipt_of(collector, session.put(0)), head_of(collector)
    assert entry.grant_head(grant) == before
    salt = told.commit or ""
    granted = digest.sha256(dsse.payload_bytes(session.created.grant))
    leaf = entry.leaf_bytes("grant", entry.commitment(salt, granted), grant.issued_ms)

    assert is_included(collector, leaf, before.size, newest)
    assert told.leaf_index == before.size + 2


def test_leaves_of_two_traces_cannot_be_linked(collector: RunningCollector) -> None:
    """Each trace has a salt of its own, which its receipts open and no route shows."""
    first, second = sent(collector)[1], sent(collector)[1]

    assert len({told.commit for told in first}) == 1
    assert {told.commit for told in first} != {told.commit for told in second}


def test_the_same_chunk_again_is_not_logged_again(collector: RunningCollector) -> None:
    """Chunks that race or come again have one leaf and one receipt, byte for byte."""
    session = opened(collector)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: session.put(0), range(8)))
    size = head_of(collector).size

    assert len({answer.content for answer in answers}) == 1
    assert size == 3
    assert session.put(0).content == answers[0].content
    assert head_of(collector).size == size


def test_a_refused_chunk_leaves_no_hole(collector: RunningCollector) -> None:
    """What is refused has no leaf, and the leaves after it fit."""
    session, other = opened(collector), opened(collector)
    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda _: session.put(2), range(8)))
    assert {answer.status_code for answer in refused} == {409}
    before = head_of(collector)
    told = receipt_of(collector, other.put(0))

    assert told.leaf_index == before.size
    assert is_consistent(collector, before, head_of(collector))


def test_many_traces_at_once(collector: RunningCollector) -> None:
    """Chunks that are committed together get leaves one after the other, all of them provable."""
    sessions = [opened(collector) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda one: [receipt_of(collector, one.put(n)) for n in range(3)], sessions))
    receipts, newest = [one for many in told for one in many], head_of(collector)

    assert sorted(one.leaf_index or 0 for one in receipts) == list(range(16, 40))
    assert all(is_included(collector, entry.receipt_leaf(one) or b"", one.leaf_index or 0, newest) for one in receipts)


@pytest.mark.parametrize(
    ("route", "code"),
    [
        ("inclusion?index=0&size=0", "log.index"),
        ("inclusion?index=3&size=3", "log.index"),
        ("inclusion?index=0&size=99", "log.size"),
        ("inclusion?index=-1&size=3", "invalid_request"),
        ("inclusion?index=0&size=9007199254740992", "invalid_request"),
        ("inclusion?index=0", "invalid_request"),
        ("consistency?from=3&to=2", "log.size"),
        ("consistency?from=1&to=99", "log.size"),
        ("consistency?from=x&to=2", "invalid_request"),
    ],
)
def test_14_impossible_proofs_are_refused(collector: RunningCollector, route: str, code: str) -> None:
    """A leaf outside its tree, a tree that shrinks, one that is not there yet: each is a problem that says so."""
    sent(collector, chunks=1)
    check(httpx.get(f"{collector.url}/v1/log/proof/{route}", timeout=60), 422, code)


def test_a_restarted_collector_goes_on_with_its_log(tmp_path: Path) -> None:
    """After a restart the log goes on where it was, under the same keys, and old checkpoints lead to new ones."""
    with running_collector(tmp_path) as first:
        session, _ = sent(first)
        before, again = head_of(first), session.put(0).content
    with running_collector(tmp_path) as second:
        assert head_of(second) == before
        session.url = second.url
        assert session.put(0).content == again
        sent(second)
        assert is_consistent(second, before, head_of(second))


def test_14_a_restored_backup_is_noticed(tmp_path: Path) -> None:
    """A database older than the last checkpoint signs nothing and takes nothing in, but gives back what it has."""
    with running_collector(tmp_path) as running:
        session, _ = sent(running)
        enrolled = running.enrol()
    shutil.copy(tmp_path / "collector.db", tmp_path / "backup")
    with running_collector(tmp_path) as running:
        later = opened(running, enrolled)
        later.put(0)
    shutil.copy(tmp_path / "backup", tmp_path / "collector.db")
    with running_collector(tmp_path) as running:
        refused = httpx.get(f"{running.url}/v1/log/checkpoint", timeout=60)
        check(refused, 503, "log_inconsistent")
        assert "restored from a backup" in refused.json()["message"]
        check(post_trace(running.url, enrolled, request_of(enrolled)), 503, "log_inconsistent")
        assert running.read(f"/v1/traces/{session.created.trace_id}").status_code == 200


def test_14_rewritten_leaves_are_never_signed(tmp_path: Path) -> None:
    """A leaf that was rewritten, with every hash above it, does not lead to the checkpoint that was signed before."""
    with running_collector(tmp_path) as running:
        sent(running)
    rewrite(tmp_path / "collector.db", 2)
    with running_collector(tmp_path) as running:
        check(httpx.get(f"{running.url}/v1/log/checkpoint", timeout=60), 503, "log_inconsistent")


def rewrite(database: Path, index: int) -> None:
    """Replace a leaf and make all stored hashes fit it."""
    with sqlite3.connect(database) as connection:
        leaves = [row[0] for row in connection.execute("SELECT leaf FROM log_leaves ORDER BY leaf_index")]
        leaves[index] = entry.leaf_bytes("chunk", "0" * 64, 1)
        edge: list[bytes] = []
        for size, leaf in enumerate(leaves):
            edge, completed = merkle.appended(size, edge, merkle.leaf_hash(leaf))
            row = (leaf, b"".join(completed), size)
            connection.execute("UPDATE log_leaves SET leaf = ?, hashes = ? WHERE leaf_index = ?", row)
    connection.close()


def test_a_database_from_before_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that was begun before the log goes on in it: old chunks have no leaves, new ones do, and it verifies."""
    earlier = {name: field for name, field in Grant.model_fields.items() if not name.startswith("log_")}
    monkeypatch.setattr(openings, "Grant", lambda **told: Grant(**{name: told[name] for name in earlier}))
    with running_collector(tmp_path) as running:
        session = opened(running)
        session.put(0)
    as_before_the_log(tmp_path, session)
    with running_collector(tmp_path) as running:
        session.url = running.url
        assert receipt_of(running, session.put(0)).log_size is None
        told = receipt_of(running, session.put(1))
        session.put(2)
        document = running.read(f"/v1/traces/{session.created.trace_id}").json()

        assert (told.leaf_index, told.log_size) == (0, 1)
        assert document["integrity"]["assurance"]["level"] != "L0"
        assert head_of(running).size == 2


def as_before_the_log(folder: Path, session: Session) -> None:
    """Make a data folder what an earlier version would have left: one receipt key, no log, no log fields."""
    key = build_key(folder)
    with sqlite3.connect(folder / "collector.db") as connection:
        for (line,) in connection.execute("SELECT receipt FROM chunks").fetchall():
            told = receipt.open_receipt(dsse.parse_envelope(line), key.public)
            plain = Receipt(
                **{name: getattr(told, name) for name in ("v", "trace_id", "n", "chunk_id", "head_out")},
                received_ms=told.received_ms,
            )
            old = dsse.seal(plain, "application/vnd.patchtrail.receipt.v1+json", key)
            connection.execute("UPDATE chunks SET receipt = ? WHERE n = ?", (old, told.n))
        later = (
            "pattern_revisions",
            "webhook_deliveries",
            "open_bases",
            "qa_judgements",
            "qa_validations",
            "qa_jobs",
            "forgotten_chunks",
            "deletions",
            "open_leaves",
            "open_events",
            "open_chunks",
            "open_upload_tokens",
            "open_traces",
        )
        for table in ("log_leaves", "log_salts", "log_checkpoints", *later):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    for name in ("log_key.json", "root_key.json", "keys.json", "log_checkpoint"):
        (folder / name).unlink()


def build_key(folder: Path):
    """Return the receipt key of a folder whose collector is stopped."""
    service = build_service(CollectorConfig(data_dir=folder))
    service.ingest.close()
    service.database.close()
    return service.key.key


def test_16_rotated_keys(tmp_path: Path) -> None:
    """After a rotation old receipts verify, new ones are signed by the new key, and the fingerprint is the same."""
    with running_collector(tmp_path) as running:
        session, _ = sent(running)
        session.complete()
        going, before = opened(running), head_of(running)
        going.put(0)
        pinned, old = running.service.key.fingerprint, running.service.key.key
    keys = rotate_keys(tmp_path, tmp_path / ROOT_KEY)
    assert (keys.version, len(keys.receipt), len(keys.log)) == (2, 2, 2)
    with running_collector(tmp_path) as running:
        going.url = running.url
        told = receipt_of(running, going.put(1))
        assert running.service.key.key.jkt != old.jkt
        assert is_consistent(running, before, head_of(running))
        for trace in (session, going):
            document = running.read(f"/v1/traces/{trace.created.trace_id}").json()
            assert document["integrity"]["assurance"]["level"] != "L0"
        assert told.leaf_index is not None
        for pin in (pinned, old.jkt):
            shown = KeySet.model_validate_json(httpx.get(f"{running.url}/v1/keys", timeout=60).content)
            assert key_set.open_key_set(shown, pin).receipt[-1].jkt == running.service.key.key.jkt


def test_16_the_root_key_may_be_kept_elsewhere(tmp_path: Path) -> None:
    """A collector runs without its root key; a rotation needs it, and refuses another's before it changes anything."""
    folder, safe = tmp_path / "collector", tmp_path / "safe.json"
    first = build_key(folder)
    (folder / ROOT_KEY).rename(safe)
    assert build_key(folder).jkt == first.jkt
    stranger = tmp_path / "other"
    build_key(stranger)
    for wrong in (folder / ROOT_KEY, stranger / ROOT_KEY):
        with pytest.raises(Exception, match="root key"):
            rotate_keys(folder, wrong)
    assert build_key(folder).jkt == first.jkt

    rotate_keys(folder, safe)
    assert build_key(folder).jkt != first.jkt
