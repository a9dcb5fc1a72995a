"""Hold a collector's log to a trace's receipts, and to what this machine saw of it before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from patchtrail.contract.errors import CollectorUnavailable
from patchtrail.contract.evidence import Grant, Opening, Receipt
from patchtrail.delivery import LogMemory, LogWatch, Mistrusted, Promise, Transport
from patchtrail.integrity import entry, merkle
from patchtrail.integrity.verify import Finding, TraceVerdict

__all__ = ["LogCheck", "check_log"]


@dataclass(frozen=True)
class LogCheck:
    """What the log has of a trace: findings, how many leaves were proven, and the size of the checkpoint."""

    findings: list[Finding]
    proven: int = 0
    size: int | None = None


def default_memory() -> Path:
    """Return the folder in which readers remember the checkpoints that they saw."""
    return user_data_path("patchtrail") / "seen"


def check_log(verdict: TraceVerdict, url: str, token: str | None, pinned_jkt: str | None) -> LogCheck:
    """Prove every receipt's leaf and tree, and the grant's, by the collector's checkpoint; remember the checkpoint.

    A collector without a log has nothing to prove, unless a receipt, or this machine, knows better.
    """
    source = Transport(url, token or "", timeout_s=30)
    watch = LogWatch(pinned_jkt, LogMemory(url.rstrip("/"), pinned_jkt, default_memory()))
    promises = list(_promises(verdict))
    try:
        unanswered = watch.check(source)
        head = watch.newest_head()
        if unanswered is not None or (head is None and promises):
            why = "" if unanswered is None else unanswered.problem().message
            return LogCheck([Finding("log.unproven", "log", f"The collector does not show its log. {why}".strip())])
        if head is None:
            return LogCheck([Finding("log.none", "log", "The collector keeps no log.", "advice")])
        findings = [finding for where, promise in promises for finding in _unproven(watch, source, where, promise)]
        return LogCheck(findings, len(promises) - len(findings), head.size)
    except Mistrusted as error:
        return LogCheck([Finding("log.mistrusted", "log", error.message)])
    finally:
        source.close()


def _promises(verdict: TraceVerdict) -> Iterator[tuple[str, Promise]]:
    """Yield every tree and leaf that was signed for in a trace."""
    told: tuple[tuple[str, Opening | Grant | None], ...] = (("opening", verdict.opening), ("grant", verdict.grant))
    for where, statement in told:
        if statement is not None and statement.log_size is not None and statement.log_root is not None:
            yield where, Promise(size=statement.log_size, root=statement.log_root)
    for receipt in verdict.receipts:
        promise = _promise(receipt)
        if promise is not None:
            yield f"receipt {receipt.n}", promise


def _promise(receipt: Receipt) -> Promise | None:
    head, leaf = entry.receipt_head(receipt), entry.receipt_leaf(receipt)
    if head is None or leaf is None:
        return None
    found = merkle.leaf_hash(leaf).hex()
    return Promise(size=head.size, root=head.root, leaf_index=receipt.leaf_index, leaf_hash=found)


def _unproven(watch: LogWatch, source: Transport, where: str, promise: Promise) -> Iterator[Finding]:
    try:
        watch.prove(source, promise)
    except Mistrusted as error:
        yield Finding("log.unproven", where, error.message)
    except CollectorUnavailable as error:
        yield Finding("log.unproven", where, f"The collector did not prove it: {error.message}")
