"""Watch a collector's keys and log: what it signed before must stay in what it shows now.

At each batch of uploads its checkpoint is fetched and held against the last one and against what receipts promised. A
smaller log, another root at the same size or a proof that does not hold mean that it shows different people different
logs: then nothing more is sent, and what it showed is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import orjson

from patchtrail.contract.collection import KeySet
from patchtrail.contract.errors import CollectorUnavailable, InvalidInput, VerificationFailed
from patchtrail.contract.evidence import Grant, Receipt
from patchtrail.contract.transparency import ConsistencyProof, InclusionProof
from patchtrail.contract.wire import WireModel
from patchtrail.delivery.log_memory import LogMemory, Promise
from patchtrail.delivery.transport import Answer
from patchtrail.integrity import checkpoint, entry, key_set, merkle
from patchtrail.integrity.checkpoint import TreeHead
from patchtrail.integrity.key_set import TrustedKeys

__all__ = ["LogSource", "LogWatch", "Mistrusted"]

Proof = TypeVar("Proof", bound=WireModel)


class Mistrusted(CollectorUnavailable):
    """The collector shows keys or a log that do not go with what it showed before."""

    code = "mistrusted"


class LogSource(Protocol):
    """Where a collector's keys and log are read."""

    def keys(self) -> KeySet:
        """Fetch the keys; raises `CollectorUnavailable`."""

    def checkpoint(self) -> Answer:
        """Fetch the newest checkpoint."""

    def inclusion(self, index: int, size: int) -> Answer:
        """Fetch an inclusion proof."""

    def consistency(self, from_size: int, to_size: int) -> Answer:
        """Fetch a consistency proof."""


class _Transient(Exception):  # noqa: N818 -- it carries an answer that decides nothing
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.fault)
        self.answer = answer


def system_ms() -> int:
    """Return Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class LogWatch:
    """Holds one collector to what it has shown."""

    def __init__(self, pinned_jkt: str | None, memory: LogMemory, now_ms: Callable[[], int] = system_ms) -> None:
        self._pinned_jkt = pinned_jkt
        self._memory = memory
        self._now_ms = now_ms
        self._keys: TrustedKeys | None = None
        self._held_jkt: str | None = None

    def keys(self, source: LogSource, *, is_fresh: bool = False) -> TrustedKeys:
        """Return the collector's keys that we believe; fetched once, and again when `is_fresh` is asked for.

        Raises `Mistrusted` when they are not those of the pinned key, are of an earlier version than seen before, or
        have expired.
        """
        if self._keys is None or is_fresh:
            self._keys = self._believed(source.keys())
        return self._keys

    def check(self, source: LogSource) -> Answer | None:
        """Hold the log to what was seen of it; return an answer that decides nothing, to try again later.

        Raises `Mistrusted` when the log is not the one that was seen before.
        """
        try:
            self._check(source)
        except _Transient as transient:
            return transient.answer
        return None

    def check_grant(self, grant: Grant, *, is_new: bool) -> None:
        """Refuse a grant that names no tree, or one that we know to be older or other; remember the tree."""
        head, seen = entry.grant_head(grant), self._memory.seen().head
        if head is None:
            if seen is not None:
                raise self._refusal("The collector's grant does not name its log, which it has shown before.")
            return
        self._check_promise(head, is_new=is_new)
        self._memory.keep_promise(Promise(size=head.size, root=head.root))

    def check_receipt(self, receipt: Receipt) -> None:
        """Refuse a receipt that does not say where in the log its chunk is; remember what it promises."""
        head, leaf = entry.receipt_head(receipt), entry.receipt_leaf(receipt)
        if head is None or leaf is None or receipt.leaf_index is None:
            if self._memory.seen().head is not None:
                raise self._refusal("The collector's receipt is not in its log, which it has shown before.")
            return
        if receipt.leaf_index >= head.size:
            raise self._refusal("The collector's receipt names a leaf that is not in its tree.")
        self._check_promise(head, is_new=False)
        found = merkle.leaf_hash(leaf).hex()
        self._memory.keep_promise(
            Promise(size=head.size, root=head.root, leaf_index=receipt.leaf_index, leaf_hash=found)
        )

    def prove(self, source: LogSource, promise: Promise) -> None:
        """Want proof that a tree and a leaf that were promised are in the log of the newest checkpoint.

        Raises `Mistrusted` when they are not, `CollectorUnavailable` when the collector does not answer.
        """
        head = self._memory.seen().head
        assert head is not None, "the log was checked before"
        larger = max(head, promise.head, key=lambda one: one.size)
        try:
            self._check_consistent(source, promise.head, head, b"")
            self._check_included(source, promise, larger, b"")
        except _Transient as transient:
            raise CollectorUnavailable(transient.answer.problem().message) from transient

    def newest_head(self) -> TreeHead | None:
        """Return the newest tree of which we have a checkpoint."""
        return self._memory.seen().head

    def _believed(self, shown: KeySet) -> TrustedKeys:
        seen = self._memory.seen()
        pinned = seen.root_jkt or self._pinned_jkt or self._held_jkt
        try:
            keys = key_set.open_key_set(shown, pinned)
        except (VerificationFailed, InvalidInput) as error:
            code = "server_key_changed" if error.code == "keys.pinned" else error.code
            raise Mistrusted(f"{error.message} (pinned: {pinned})", code=code) from error
        for finding in key_set.check_key_set(keys, known_version=seen.keys_version, now_ms=self._now_ms()):
            raise Mistrusted(finding.message, code=finding.code)
        if keys.root_jkt is not None:
            self._memory.keep_keys(keys.root_jkt, keys.version)
        self._held_jkt = keys.root_jkt or keys.receipt[-1].jkt
        return keys

    def _check(self, source: LogSource) -> None:
        seen, answer = self._memory.seen(), source.checkpoint()
        if _says_that_there_is_none(answer):
            if seen.head is not None:
                raise self._refusal("The collector no longer shows its log.")
            return
        if not answer.is_success:
            raise _Transient(answer)
        head = self._opened(source, answer)
        if seen.head is not None:
            if head.size < seen.head.size:
                raise self._refusal(f"The log has shrunk from {seen.head.size} leaves to {head.size}.", answer.content)
            self._check_consistent(source, seen.head, head, answer.content)
        if seen.promise is not None:
            self._check_consistent(source, seen.promise.head, head, answer.content)
            self._check_included(source, seen.promise, head, answer.content)
        self._memory.keep_checkpoint(head, answer.content.decode())

    def _opened(self, source: LogSource, answer: Answer) -> TreeHead:
        """Verify a checkpoint; a log key that is new is looked for once."""
        for is_fresh in (False, True):
            keys = self.keys(source, is_fresh=is_fresh)
            try:
                return checkpoint.open_checkpoint(answer.content, keys.log_origin, keys.log)
            except InvalidInput as error:
                raise _Transient(answer) from error
            except VerificationFailed as error:
                fault = error
        raise self._refusal(f"The checkpoint is not the log's: {fault.message}", answer.content)

    def _check_promise(self, head: TreeHead, *, is_new: bool) -> None:
        seen = self._memory.seen().head
        if seen is None:
            return
        if head.size == seen.size and head.root != seen.root:
            raise self._refusal(f"The collector names two trees of {head.size} leaves.")
        if is_new and head.size < seen.size:
            raise self._refusal(f"The log has shrunk from {seen.size} leaves to {head.size}.")

    def _check_consistent(self, source: LogSource, one: TreeHead, other: TreeHead, note: bytes) -> None:
        """Want a proof that the smaller of two trees is the beginning of the larger."""
        first, second = sorted((one, other), key=lambda head: head.size)
        hashes = list[bytes]()
        if first.size != second.size and first.size > 0:
            answer = source.consistency(first.size, second.size)
            hashes = _hashes(self._proof(answer, ConsistencyProof, note).hashes)
        if not merkle.verify_consistency(first.size, second.size, first.root_bytes, second.root_bytes, hashes):
            raise self._refusal(
                f"The log of {second.size} leaves does not begin with the one of {first.size} that was seen.", note
            )

    def _check_included(self, source: LogSource, promise: Promise, head: TreeHead, note: bytes) -> None:
        if promise.leaf_index is None or promise.leaf_hash is None or promise.leaf_index >= head.size:
            return
        answer = source.inclusion(promise.leaf_index, head.size)
        hashes = _hashes(self._proof(answer, InclusionProof, note).hashes)
        leaf = bytes.fromhex(promise.leaf_hash)
        if not merkle.verify_inclusion(leaf, promise.leaf_index, head.size, head.root_bytes, hashes):
            raise self._refusal(f"Leaf {promise.leaf_index}, which a receipt promised, is not in the log.", note)

    def _proof(self, answer: Answer, model: type[Proof], note: bytes) -> Proof:
        if answer.is_success:
            try:
                return answer.body(model)
            except CollectorUnavailable as error:
                raise _Transient(answer) from error
        if 400 <= answer.status < 500 and answer.problem().code.startswith("log."):
            raise self._refusal(f"The collector cannot prove its log: {answer.problem().message}", note)
        raise _Transient(answer)

    def _refusal(self, why: str, note: bytes = b"") -> Mistrusted:
        """Keep what was shown beside what was seen, and return what to say."""
        seen = self._memory.seen()
        told = {
            "why": why,
            "shown": note.decode("utf-8", "replace"),
            "seen": seen.model_dump(),
            "at_ms": self._now_ms(),
        }
        self._memory.keep_refusal(orjson.dumps(told))
        return Mistrusted(f"Nothing is sent, because the collector's log cannot be trusted: {why}")


def _says_that_there_is_none(answer: Answer) -> bool:
    """Return whether a collector, and not some page in its place, says that it has no checkpoint to show."""
    is_final = 400 <= answer.status < 500 and answer.status not in (401, 408, 425, 429)
    return is_final and answer.problem().code != "no_problem"


def _hashes(proof: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in proof]
