"""A client holds its collector to what it has shown: rollback, fork and forgetting stop delivery, visibly."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from patchtrail.contract.collection import KeySet
from patchtrail.contract.errors import CollectorUnavailable
from patchtrail.contract.events import SessionEnd
from patchtrail.contract.evidence import Envelope, Receipt
from patchtrail.delivery import Device, LogMemory, LogWatch, Mistrusted, Promise, Transport, open_online
from patchtrail.delivery.parcel import read_parcel
from patchtrail.delivery.transport import Answer
from patchtrail.integrity import checkpoint, dsse, entry, key_set, merkle, opening, receipt
from patchtrail.integrity.checkpoint import TreeHead
from tests.contract.log_samples import STATEMENT
from tests.delivery.fakes import RunningCollector, running_collector
from tests.delivery.test_courier import NOTE, TASK, Carrier, check_complete, impostor
from tests.integrity.honest import server_key
from tests.integrity.test_merkle import Tree, naive_root

ROOT, LOG = server_key(100), server_key(200)
ORIGIN = STATEMENT.log_origin


class Forger:
    """A log that can be made to say anything: an honest tree, of which each answer may be replaced."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.shown = key_set.published(STATEMENT, ROOT, server_key(1), server_key())
        self.key = LOG
        self.grow(leaves)
        self.answers: dict[str, Answer] = {}

    def grow(self, leaves: list[bytes]) -> None:
        """Show another tree."""
        self.leaves = leaves
        self.tree = Tree(leaves)

    @property
    def head(self) -> TreeHead:
        """The tree as it is."""
        return TreeHead(len(self.leaves), naive_root(self.leaves).hex())

    def keys(self) -> KeySet:
        """Show the keys."""
        return self.shown

    def checkpoint(self) -> Answer:
        """Sign what the tree is."""
        return self.answers.get("checkpoint") or Answer(
            200, checkpoint.sign_checkpoint(self.head, ORIGIN, self.key).encode()
        )

    def inclusion(self, index: int, size: int) -> Answer:
        """Prove a leaf."""
        if size > len(self.leaves):
            return problem(422, "log.size")
        hashes = [one.hex() for one in merkle.inclusion_proof(index, size, self.tree.subtree)]
        return self.answers.get("inclusion") or body({"index": index, "size": size, "hashes": hashes})

    def consistency(self, from_size: int, to_size: int) -> Answer:
        """Prove that the tree grew."""
        if to_size > len(self.leaves):
            return problem(422, "log.size")
        hashes = [one.hex() for one in merkle.consistency_proof(from_size, to_size, self.tree.subtree)]
        return self.answers.get("consistency") or body({"from_size": from_size, "to_size": to_size, "hashes": hashes})


def body(value: object) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(200, json.dumps(value).encode())


def problem(status: int, code: str) -> Answer:
    """Return a refusal."""
    return Answer(status, json.dumps({"code": code, "message": "no", "detail": {}}).encode())


def leaves(count: int, *, fork_at: int | None = None) -> list[bytes]:
    """Return so many leaves; from `fork_at` on, others."""
    return [b"%d" % n if fork_at is None or n < fork_at else b"fork %d" % n for n in range(count)]


@pytest.fixture
def memory(tmp_path: Path) -> LogMemory:
    """Keep what is seen in a file."""
    return LogMemory("http://collector", ROOT.jkt, tmp_path)


@pytest.fixture
def watch(memory: LogMemory) -> LogWatch:
    """Watch with the root key pinned."""
    return LogWatch(ROOT.jkt, memory, lambda: 1_760_000_000_000)


def check(watch: LogWatch, forger: Forger, said: str) -> None:
    """The log must be mistrusted, for this reason, now and after a restart."""
    for again in (watch, LogWatch(ROOT.jkt, watch._memory, lambda: 1_760_000_000_000)):
        with pytest.raises(Mistrusted, match=said):
            again.check(forger)


def promised(forger: Forger, index: int, size: int) -> Receipt:
    """Return a receipt whose fields name the log; its leaf is the forger's."""
    told = {"v": 1, "trace_id": "trace-" + "0" * 32, "n": 0, "chunk_id": "a" * 64, "head_out": "b" * 64}
    root = naive_root(forger.leaves[:size]).hex()
    place = {"leaf_index": index, "commit": "c" * 64, "log_size": size, "log_root": root}
    return Receipt.model_validate({**told, "received_ms": 7, **place})


@pytest.mark.parametrize("sizes", [(0, 0, 5), (1, 2, 3, 4), (8, 8, 64), (5, 130)])
def test_an_honest_log_is_followed(watch: LogWatch, memory: LogMemory, sizes: tuple[int, ...]) -> None:
    """A log that only grows is trusted at every size, and the newest checkpoint is kept."""
    for size in sizes:
        forger = Forger(leaves(size))
        assert watch.check(forger) is None
        assert memory.seen().head == forger.head


def test_14_a_smaller_log(watch: LogWatch) -> None:
    """A checkpoint that is smaller than the last one is a rollback."""
    watch.check(Forger(leaves(5)))
    check(watch, Forger(leaves(4)), "shrunk from 5 leaves to 4")


def test_14_another_root_at_the_same_size(watch: LogWatch) -> None:
    """Two trees of one size are two logs."""
    watch.check(Forger(leaves(5)))
    check(watch, Forger(leaves(5, fork_at=4)), "does not begin")


@pytest.mark.parametrize("fork_at", [0, 2, 4])
def test_14_a_fork_that_grew(watch: LogWatch, fork_at: int) -> None:
    """A larger log that does not begin with the last one cannot be proven, by an honest proof of it or any other."""
    watch.check(Forger(leaves(5)))
    forger = Forger(leaves(9, fork_at=fork_at))
    check(watch, forger, "does not begin")
    forger.answers["consistency"] = Forger(leaves(9)).consistency(5, 9)
    check(watch, forger, "does not begin")
    forger.answers["consistency"] = problem(422, "log.size")
    check(watch, forger, "cannot prove its log")


def test_14_a_receipt_that_was_not_kept(watch: LogWatch) -> None:
    """A leaf that a receipt promised must be in the next checkpoint."""
    forger = Forger(leaves(4))
    watch.check(forger)
    told = promised(forger, 4, 4).model_copy(update={"leaf_index": 4, "log_size": 5})
    leaf = entry.receipt_leaf(told) or b""
    grown = Forger([*leaves(4), leaf])
    watch.check_receipt(told.model_copy(update={"log_root": grown.head.root}))
    check(watch, Forger([*leaves(4), b"another"]), "does not begin")
    check(watch, Forger([*leaves(4), b"another", leaf]), "does not begin")

    assert LogWatch(ROOT.jkt, watch._memory, lambda: 0).check(Forger([*leaves(4), leaf, b"next"])) is None


def test_14_a_leaf_that_is_not_there(watch: LogWatch) -> None:
    """A receipt whose tree is honest, but whose leaf is not in it, is found out by the inclusion proof."""
    forger = Forger(leaves(5))
    watch.check_receipt(promised(forger, 4, 5))
    check(watch, forger, "Leaf 4, which a receipt promised, is not in the log")


def test_14_a_checkpoint_older_than_a_receipt(watch: LogWatch) -> None:
    """A checkpoint may be a minute old: then it must lead to the receipt's tree."""
    forger = Forger(leaves(8))
    watch._memory.keep_promise(Promise(size=8, root=forger.head.root))
    forger.answers["checkpoint"] = Answer(200, Forger(leaves(6)).checkpoint().content)
    assert watch.check(forger) is None

    forked = Forger(leaves(6, fork_at=3))
    fresh = LogWatch(ROOT.jkt, LogMemory("http://other", ROOT.jkt), lambda: 0)
    fresh._memory.keep_promise(Promise(size=8, root=forger.head.root))
    forger.answers["checkpoint"] = Answer(200, forked.checkpoint().content)
    with pytest.raises(Mistrusted, match="does not begin"):
        fresh.check(forger)


def test_14_split_view(tmp_path: Path) -> None:
    """Two clients that were shown two logs find it out when they compare, and each has kept what it was shown."""
    views = [Forger(leaves(6)), Forger(leaves(6, fork_at=3))]
    memories = [LogMemory("http://collector", ROOT.jkt, tmp_path / name) for name in ("one", "other")]
    for view, kept in zip(views, memories, strict=True):
        assert LogWatch(ROOT.jkt, kept, lambda: 0).check(view) is None
    notes = [kept.seen().checkpoint or "" for kept in memories]
    heads = [checkpoint.open_checkpoint(note.encode(), ORIGIN, [LOG.public]) for note in notes]

    assert heads[0].size == heads[1].size
    assert heads[0].root != heads[1].root
    with pytest.raises(Mistrusted):
        LogWatch(ROOT.jkt, memories[0], lambda: 0).check(views[1])
    told = json.loads((memories[0].refusals or tmp_path).read_text())
    assert (told["shown"], told["seen"]["checkpoint"]) == (notes[1], notes[0])


def test_14_checkpoints_that_are_none(watch: LogWatch, memory: LogMemory) -> None:
    """A page that is no checkpoint decides nothing; a checkpoint that the log did not sign does."""
    forger = Forger(leaves(3))
    watch.check(forger)
    for answer in (Answer(200, b"<html>"), Answer(0), Answer(503), Answer(404, b"<html>"), problem(503, "x")):
        forger.answers["checkpoint"] = answer
        assert watch.check(forger) is answer
    forger.answers.clear()
    forger.key = server_key(5)
    check(watch, forger, "not the log's")
    forger.key = LOG
    forger.answers["checkpoint"] = problem(404, "no_such_route")
    check(watch, forger, "no longer shows its log")
    assert memory.seen().head == TreeHead(3, naive_root(leaves(3)).hex())


def test_14_proofs_that_are_none(watch: LogWatch) -> None:
    """A proof that does not come is asked for again later."""
    watch.check(Forger(leaves(3)))
    forger = Forger(leaves(7))
    for answer in (Answer(200, b"<html>"), Answer(0), Answer(429), problem(503, "log_inconsistent")):
        forger.answers["consistency"] = answer
        assert watch.check(forger) is answer
    forger.answers.clear()
    assert watch.check(forger) is None


def test_a_collector_without_a_log(watch: LogWatch) -> None:
    """An old collector, which never showed a log, is trusted without; its receipts and grants name none."""
    forger = Forger([])
    forger.answers["checkpoint"] = problem(404, "no_such_route")
    assert watch.check(forger) is None
    plain = promised(forger, 0, 0).model_copy(
        update=dict.fromkeys(("leaf_index", "commit", "log_size", "log_root"), None)
    )
    watch.check_receipt(plain)

    forger.answers.clear()
    watch.check(forger)
    with pytest.raises(Mistrusted, match="not in its log"):
        watch.check_receipt(plain)


def test_14_receipts_against_the_checkpoint(watch: LogWatch) -> None:
    """A receipt that names another tree of the checkpoint's size, or a leaf outside its tree, is refused at once."""
    forger = Forger(leaves(4))
    watch.check(forger)
    with pytest.raises(Mistrusted, match="two trees of 4"):
        watch.check_receipt(promised(Forger(leaves(4, fork_at=1)), 3, 4))
    with pytest.raises(Mistrusted, match="not in its tree"):
        watch.check_receipt(promised(forger, 4, 4))
    watch.check_receipt(promised(forger, 1, 2))


def keys(version: int = 2, **changes: object) -> KeySet:
    """Return a signed set of keys."""
    told = STATEMENT.model_copy(update={"version": version, **changes})
    return key_set.published(told, ROOT, server_key(1), server_key())


def test_16_key_sets(watch: LogWatch, memory: LogMemory) -> None:
    """A lower version than was seen, an expired, an unsigned and another root's set are refused, after restarts too."""
    forger = Forger([])
    watch.keys(forger)

    def after_restart(shown: KeySet, now_ms: int = 0, pinned: str = ROOT.jkt) -> None:
        forger.shown = shown
        LogWatch(pinned, memory, lambda: now_ms).keys(forger)

    after_restart(keys(version=3))
    for shown, now_ms, code in (
        (keys(version=2), 0, "keys.rollback"),
        (keys(version=3), STATEMENT.expires_ms, "keys.expired"),
        (KeySet(version=9, receipt=STATEMENT.receipt), 0, "server_key_changed"),
    ):
        with pytest.raises(Mistrusted) as caught:
            after_restart(shown, now_ms)
        assert caught.value.code == code
    stranger = server_key(101)
    theirs = STATEMENT.model_copy(
        update={"root": STATEMENT.root.model_copy(update={"jkt": stranger.jkt, "public_key": stranger.public.jwk})}
    )
    for pinned in (ROOT.jkt, server_key().jkt):
        with pytest.raises(Mistrusted, match="pinned"):
            after_restart(key_set.published(theirs, stranger, server_key()), pinned=pinned)


def test_16_a_pinned_receipt_key_leads_to_the_root(tmp_path: Path) -> None:
    """A client that pinned a receipt key keeps to the root that this key vouched for, even when the key is gone."""
    pinned, forger = server_key(1).jkt, Forger([])
    kept = LogMemory("http://collector", pinned, tmp_path)
    LogWatch(pinned, kept, lambda: 0).keys(forger)
    without = STATEMENT.model_copy(update={"version": 3, "receipt": STATEMENT.receipt[1:]})
    forger.shown = key_set.published(without, ROOT)
    trusted = LogWatch(pinned, kept, lambda: 0).keys(forger)

    assert [key.jkt for key in trusted.receipt] == [server_key().jkt]
    with pytest.raises(Mistrusted):
        LogWatch(pinned, LogMemory("http://collector", pinned, tmp_path / "new"), lambda: 0).keys(forger)


# With a real collector --------------------------------------------------------------------------------------------


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[RunningCollector]:
    """Run a collector with a log of its own."""
    with running_collector(tmp_path / "collector") as running:
        yield running


def carrier(folder: Path, collector: RunningCollector, **changes: object) -> Carrier:
    """Enrol a device that remembers in its spool."""
    made = Carrier(folder, collector.enrol().model_copy(update=changes))
    made.device.remember_in(folder)
    return made


def test_a_delivered_session_is_in_the_log(tmp_path: Path, collector: RunningCollector) -> None:
    """The client keeps a verified checkpoint, and its receipts are proven at the next batch."""
    client = carrier(tmp_path / "spool", collector)
    trace = client.trace()
    for _ in range(3):
        trace.append(NOTE)
        client.look()
    trace.append(SessionEnd(reason="participant"))
    client.look()
    check_complete(collector, trace.trace_id, 5)
    (kept,) = (tmp_path / "spool").glob("log-*.json")
    seen = json.loads(kept.read_text())
    client.close()

    assert seen["promise"]["leaf_index"] is not None
    assert seen["size"] >= 2
    assert seen["root_jkt"] == collector.service.key.fingerprint
    assert client.courier.mistrust is None


@pytest.mark.parametrize("pin", ["receipt key", "nothing"])
def test_clients_that_did_not_pin_the_root(tmp_path: Path, collector: RunningCollector, pin: str) -> None:
    """A client that pinned the receipt key, or nothing, delivers as before, and is led to the root."""
    pinned = collector.service.key.key.jkt if pin == "receipt key" else None
    client = carrier(tmp_path / "spool", collector, server_jkt=pinned)
    trace = client.trace()
    trace.append(SessionEnd(reason="participant"))
    client.look()
    client.close()

    check_complete(collector, trace.trace_id, 2)


def test_29_a_collector_that_lost_its_log(tmp_path: Path, collector: RunningCollector) -> None:
    """Behind the same keys another log: nothing is sent, the state says why, everything is kept, and it can recover."""
    client = carrier(tmp_path / "spool", collector)
    trace = client.trace()
    trace.append(NOTE)
    client.look()
    trace.append(NOTE)
    client.look()
    folder = tmp_path / "restored"
    folder.mkdir()
    for name in ("receipt_key.json", "log_key.json", "root_key.json", "keys.json"):
        (folder / name).write_bytes((tmp_path / "collector" / name).read_bytes())
    trace.append(NOTE)
    with running_collector(folder) as other:
        client.device.transport._url = other.url
        client.look()
    assert "shrunk" in (client.courier.mistrust or "")
    assert (client.courier.stuck(), client.courier.is_online, trace.folder.numbers(".env")) == (1, False, [2])
    assert list((tmp_path / "spool").glob("log-*.refused.json"))

    client.device.transport._url = collector.url
    trace.append(SessionEnd(reason="participant"))
    client.look()
    client.close()
    check_complete(collector, trace.trace_id, 5)
    assert (client.courier.mistrust, client.courier.stuck()) == (None, 0)


def test_14_a_receipt_without_the_log(tmp_path: Path, collector: RunningCollector) -> None:
    """A receipt by the right key that does not name the log is no receipt for a client that has seen a checkpoint."""
    client = carrier(tmp_path / "spool", collector)
    trace = client.trace()
    trace.append(NOTE)
    client.look()
    told = receipt.open_receipt(
        dsse.parse_envelope(trace.folder.receipt(0).read_bytes().split(b"\n")[1]), collector.service.key.key.public
    )
    trace.append(NOTE)
    plain = Receipt(
        **{name: getattr(told, name) for name in ("v", "trace_id", "received_ms")},
        **client_chunk(trace),
    )
    line = dsse.seal(plain, "application/vnd.patchtrail.receipt.v1+json", collector.service.key.key)
    with pytest.raises(Mistrusted, match="not in its log"):
        client.device.log.check_receipt(client.device.open_receipt(dsse.parse_envelope(line)))
    client.close()


def client_chunk(trace) -> dict:
    """Return what a receipt says of a trace's first unsent chunk."""
    parcel = read_parcel(trace, 1)
    return {"n": 1, "chunk_id": parcel.chunk_id, "head_out": parcel.manifest.head_out}


def test_09_grants_must_go_with_the_log(tmp_path: Path, collector: RunningCollector) -> None:
    """A grant that names no tree, or a smaller one than we know of, opens nothing online."""
    client = carrier(tmp_path / "spool", collector)
    trace = client.trace()
    trace.append(NOTE)
    client.look()
    created = trace.opening.grant or ""
    grant = opening.open_grant(Envelope.model_validate_json(created), collector.service.key.key.public).statement
    watch = client.device.log
    plain = grant.model_copy(update={"log_size": None, "log_root": None})
    with pytest.raises(Mistrusted, match="does not name its log"):
        watch.check_grant(plain, is_new=True)
    with pytest.raises(Mistrusted, match="shrunk"):
        watch.check_grant(grant, is_new=True)
    watch.check_grant(grant, is_new=False)
    head = watch.newest_head()
    assert head is not None
    with pytest.raises(Mistrusted, match="two trees"):
        watch.check_grant(grant.model_copy(update={"log_size": head.size, "log_root": "0" * 64}), is_new=False)
    client.close()


def test_09_an_offline_opening_names_the_newest_checkpoint(tmp_path: Path, collector: RunningCollector) -> None:
    """An offline start is bounded by the newest tree that the device knew; one that the log never had is refused."""
    client = carrier(tmp_path / "spool", collector)
    online = client.trace()
    online.append(SessionEnd(reason="participant"))
    client.look()
    offline = client.trace(is_offline=True)
    assert offline.opening.request is not None
    statement = opening.open_opening(offline.opening.request.proof, client.device.key.public).statement
    assert (statement.log_size, statement.log_root) == tuple(vars(client.device.log.newest_head()).values())
    offline.append(SessionEnd(reason="participant"))
    client.look()
    check_complete(collector, offline.trace_id, 2)

    client.device.log._memory.keep_checkpoint(TreeHead(10**6, "0" * 64), "")
    forged = client.trace(is_offline=True).opening.request
    assert forged is not None
    with pytest.raises(CollectorUnavailable, match="never had"):
        client.device.transport.create_trace(forged)
    client.close()


def test_an_old_collector_is_served(tmp_path: Path, collector: RunningCollector) -> None:
    """A 404 of the collector's own for the log's routes decides nothing for a client that never saw a checkpoint."""
    no_log = json.dumps({"code": "no_such_route", "message": "Not Found", "detail": {}}).encode()
    with impostor(404, no_log, {}) as url:
        watch = LogWatch(None, LogMemory(url, None, tmp_path), lambda: time.time_ns() // 1_000_000)
        source = Transport(url, "", timeout_s=5)
        assert watch.check(source) is None
        source.close()


def test_two_processes_share_a_memory(tmp_path: Path) -> None:
    """What one sidecar saw, the other is held to; a smaller checkpoint never replaces a larger one."""
    one, other = (LogMemory("http://collector", None, tmp_path) for _ in range(2))
    one.keep_checkpoint(TreeHead(9, "1" * 64), "nine")
    other.keep_checkpoint(TreeHead(5, "0" * 64), "five")
    other.keep_promise(Promise(size=12, root="2" * 64))
    one.keep_promise(Promise(size=11, root="3" * 64))
    one.keep_keys("A" * 43, 3)
    other.keep_keys("A" * 43, 2)
    seen = LogMemory("http://collector", None, tmp_path).seen()

    assert (seen.size, seen.checkpoint, seen.keys_version) == (9, "nine", 3)
    assert seen.promise == Promise(size=12, root="2" * 64)


def test_a_collector_that_lies_gets_no_online_session(tmp_path: Path, collector: RunningCollector) -> None:
    """Where keys were seen that were signed by a root, unsigned ones are a step back: the session starts offline."""
    client = carrier(tmp_path / "spool", collector)
    open_online(client.device, TASK, made_ms=0)
    shown = httpx.get(f"{collector.url}/v1/keys", timeout=60).json()
    unsigned = json.dumps({"version": 9, "receipt": shown["receipt"]}).encode()
    with impostor(200, unsigned, {}) as url:
        device = Device(client.enrolled.model_copy(update={"collector_url": url}))
        device.remember_in(tmp_path / "spool")
        with pytest.raises(Mistrusted, match="pinned"):
            open_online(device, TASK, made_ms=0)
        device.close()
    client.close()
