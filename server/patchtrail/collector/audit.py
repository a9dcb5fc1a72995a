"""Audit a collector's database: recompute every leaf, chunk, head and receipt, and name the row changed by hand.

It reads beside a running collector and writes nothing. What it cannot see by itself is a database that was replaced
as a whole, checkpoints and keys included: for that, coordinators keep checkpoints elsewhere and hand one in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    cast,
    func,
    select,
)

from patchtrail.collector.blobs import LocalBlobs
from patchtrail.collector.database import reading_only
from patchtrail.collector.forgetting_tables import deletions, forgotten_chunks
from patchtrail.collector.identity import published_keys
from patchtrail.collector.log import CHECKPOINT
from patchtrail.collector.log_tables import log_checkpoints, log_leaves, log_salts
from patchtrail.collector.open_audit import OPEN_TABLES, OpenAudit
from patchtrail.collector.open_tables import open_traces
from patchtrail.collector.reading import assurance_with, evidence_of
from patchtrail.collector.tables import artifacts, chunks, devices, forks, traces
from patchtrail.contract.collection import Assurance, KeySet
from patchtrail.contract.errors import InvalidInput, NotFound, VerificationFailed
from patchtrail.contract.evidence import Grant, Opening, PublicKey
from patchtrail.contract.forgetting import FORGET_TYPE, FORGOTTEN_TYPE, Forget, Forgotten
from patchtrail.integrity import checkpoint, digest, dsse, entry, forgetting, key_set, merkle
from patchtrail.integrity.checkpoint import TreeHead
from patchtrail.integrity.key_set import TrustedKeys
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify import Finding, OpenedChunk, TraceVerdict, late_receipt, open_chunk, verify_trace

__all__ = ["AuditReport", "audit"]

MAX_GAP = 1_000
TYPES = {
    String: "text",
    Text: "text",
    LargeBinary: "blob",
    BigInteger: "integer",
    Integer: "integer",
    Boolean: "integer",
}


@dataclass
class AuditReport:
    """What was looked at, what is wrong with it, and the newest checkpoint."""

    findings: list[Finding] = field(default_factory=list)
    leaves: int = 0
    traces: int = 0
    chunks: int = 0
    open_traces: int = 0
    open_events: int = 0
    unlogged: int = 0
    """Of open traces, what was stored before the log covered it, and so cannot be checked."""
    note: str | None = None
    note_size: int = 0


@dataclass
class _Tree:
    """The log as its leaves make it: their hashes, and the root after each."""

    hashes: list[bytes] = field(default_factory=list)
    roots: list[str] = field(default_factory=lambda: [merkle.EMPTY_ROOT.hex()])
    explained: set[int] = field(default_factory=set)

    def has(self, head: TreeHead) -> bool:
        """Return whether the log ever stood there."""
        return head.size < len(self.roots) and self.roots[head.size] == head.root


@dataclass(frozen=True)
class _Shown:
    keys: KeySet

    def key_set(self) -> KeySet:
        """Return the collector's keys."""
        return self.keys


@dataclass(frozen=True)
class _Trace:
    """A trace's row with everything that belongs to it, verified."""

    row: Row[Any]
    salt: str | None
    stored: list[Row[Any]]
    opened: list[OpenedChunk]
    forks: int
    forgotten_ms: int | None
    verdict: TraceVerdict


def audit(folder: Path, outside: bytes | None = None) -> AuditReport:
    """Audit the collector in a data folder; `outside` is a checkpoint that was kept elsewhere.

    Raises `InvalidInput` when there is no collector there, or one of another version.
    """
    keys, report = published_keys(folder), AuditReport()
    trusted = key_set.open_key_set(keys, None)
    with reading_only(folder) as connection:
        tree = _Tree()
        report.findings.extend(_check_leaves(connection, tree))
        report.findings.extend(_check_checkpoints(connection, tree, trusted, report))
        report.findings.extend(_check_kept(folder, tree, trusted, report, outside))
        mistyped = _mistyped(connection)
        report.findings.extend(finding for findings in mistyped.values() for finding in findings)
        blobs = LocalBlobs(folder / "blobs")
        for trace_id in connection.execute(select(traces.c.trace_id).order_by(traces.c.created_ms)).scalars().all():
            if trace_id not in mistyped:
                row = connection.execute(select(traces).where(traces.c.trace_id == trace_id)).one()
                report.findings.extend(_check_trace(connection, row, blobs, keys, tree, report))
        report.findings.extend(_check_open(connection, tree, set(mistyped), report))
        if not mistyped:
            report.findings.extend(_check_strays(connection))
    for index in () if mistyped else sorted(set(range(len(tree.hashes))) - tree.explained):
        message = "The leaf is about nothing that is here: it was added, or what it is about was deleted or changed."
        report.findings.append(Finding("log.unexplained", f"log_leaves row {index}", message))
    report.leaves = len(tree.hashes)
    return report


def _check_open(connection: Connection, tree: _Tree, left_out: set[str], report: AuditReport) -> Iterator[Finding]:
    """Hold the traces that nobody signed to the log."""
    looking = OpenAudit(connection, tree.hashes, tree.explained)
    for trace_id in connection.execute(select(open_traces.c.trace_id).order_by(open_traces.c.created_ms)).scalars():
        if trace_id not in left_out:
            yield from looking.check(trace_id)
    if not left_out:
        yield from looking.strays()
    report.open_traces, report.open_events, report.unlogged = looking.traces, looking.events, looking.unlogged


def _mistyped(connection: Connection) -> dict[str, list[Finding]]:
    """Return where values are of another type than is written there, by trace: SQLite takes any type in any column."""
    found = dict[str, list[Finding]]()
    tables = (traces, chunks, forks, artifacts, log_salts, devices, log_checkpoints, deletions, forgotten_chunks)
    for table in (*tables, *OPEN_TABLES):
        for column in table.c:
            wanted = TYPES[type(column.type)]
            query = select(*table.primary_key).where(column.is_not(None), func.typeof(column) != wanted)
            for row in connection.execute(query):
                where = f"{table.name} row {' '.join(map(str, row))}"
                finding = Finding("rows.type", where, f"Its {column.name} is not of the type that is written there.")
                found.setdefault(str(row[0]), []).append(finding)
    return found


def _check_leaves(connection: Connection, tree: _Tree) -> Iterator[Finding]:
    """Build the tree from the leaves' bytes, and hold the stored hashes to it."""
    edge = list[bytes]()
    as_bytes = (cast(column, LargeBinary).label(column.name) for column in (log_leaves.c.leaf, log_leaves.c.hashes))
    query = select(log_leaves.c.leaf_index, *as_bytes).order_by(log_leaves.c.leaf_index)
    for row in connection.execute(query.execution_options(yield_per=1000)):
        if row.leaf_index - len(tree.hashes) > MAX_GAP:
            message = f"The row after {len(tree.hashes) - 1} is {row.leaf_index}; what follows cannot be placed."
            yield Finding("log.missing", f"log_leaves row {len(tree.hashes)}", message)
            return
        for missing in range(len(tree.hashes), row.leaf_index):
            yield Finding("log.missing", f"log_leaves row {missing}", "The leaf is missing.")
            edge = _grow(tree, edge, bytes(merkle.HASH_BYTES))[0]
            tree.explained.add(missing)
        edge, completed = _grow(tree, edge, merkle.leaf_hash(row.leaf))
        if b"".join(completed) != row.hashes:
            yield Finding("log.hashes", f"log_leaves row {row.leaf_index}", "The leaf and its hashes do not agree.")


def _grow(tree: _Tree, edge: list[bytes], leaf: bytes) -> tuple[list[bytes], list[bytes]]:
    after, completed = merkle.appended(len(tree.hashes), edge, leaf)
    tree.hashes.append(leaf)
    tree.roots.append(merkle.fold(after).hex())
    return after, completed


def _check_checkpoints(
    connection: Connection, tree: _Tree, keys: TrustedKeys, report: AuditReport
) -> Iterator[Finding]:
    for row in connection.execute(select(log_checkpoints).order_by(log_checkpoints.c.size)):
        where = f"log_checkpoints row {row.size}"
        yield from _check_note(row.note.encode(), where, tree, keys, TreeHead(row.size, row.root))
        report.note, report.note_size = row.note, row.size


def _check_kept(
    folder: Path, tree: _Tree, keys: TrustedKeys, report: AuditReport, outside: bytes | None
) -> Iterator[Finding]:
    """Hold the log to the checkpoint in the file beside the database, and to the one that was kept elsewhere."""
    if (folder / CHECKPOINT).exists():
        note = (folder / CHECKPOINT).read_bytes()
        yield from _check_note(note, f"the file {CHECKPOINT}", tree, keys, None)
        if note.decode("utf-8", "replace") != report.note:
            message = "It is not the newest of log_checkpoints, of which rows were added, changed or deleted."
            yield Finding("log.checkpoints", f"the file {CHECKPOINT}", message)
    elif report.note is not None:
        yield Finding("log.checkpoints", f"the file {CHECKPOINT}", "The file is missing.")
    if outside is not None:
        yield from _check_note(outside, "the checkpoint that was handed in", tree, keys, None)


def _check_note(note: bytes, where: str, tree: _Tree, keys: TrustedKeys, told: TreeHead | None) -> Iterator[Finding]:
    try:
        head = checkpoint.open_checkpoint(note, keys.log_origin, keys.log)
    except (InvalidInput, VerificationFailed) as error:
        yield Finding(error.code, where, error.message)
        return
    if told not in (None, head):
        yield Finding("log.checkpoint_row", where, "The row does not say what its checkpoint says.")
    if head.size > len(tree.hashes):
        message = f"The log has {len(tree.hashes)} leaves, but a checkpoint of {head.size} was signed."
        yield Finding("log.truncated", where, message)
    elif not tree.has(head):
        yield Finding("log.root", where, f"The log's first {head.size} leaves are not those that were signed.")


def _check_trace(
    connection: Connection, row: Row[Any], blobs: LocalBlobs, keys: KeySet, tree: _Tree, report: AuditReport
) -> Iterator[Finding]:
    """Verify a trace from its stored bytes, and hold its rows and its leaves to them."""
    report.traces += 1
    unread = list(_check_deletion_rows(connection, row, keys))
    yield from unread
    if any(finding.code == "deletions.row" for finding in unread):
        return
    try:
        trace = _read(connection, row, blobs, keys)
    except (NotFound, InvalidInput) as error:
        yield Finding("devices.row", f"devices row {row.device_id}", f"{row.trace_id}: {error.message}")
        return
    report.chunks += len(trace.stored)
    for finding in trace.verdict.errors:
        yield Finding(finding.code, f"{_place(row.trace_id, finding.where)}", finding.message)
    yield from _check_chunk_rows(trace)
    yield from _check_forgotten_rows(connection, trace)
    yield from _check_trace_row(trace)
    yield from _check_artifact_rows(connection, trace, blobs)
    if trace.verdict.grant is not None and trace.verdict.opening is not None:
        yield from _check_logged(trace, trace.verdict.grant, trace.verdict.opening, tree)


def _read(connection: Connection, row: Row[Any], blobs: LocalBlobs, keys: KeySet) -> _Trace:
    try:
        evidence = evidence_of(connection, row.trace_id, blobs, _Shown(keys))
    except ValidationError as error:
        raise InvalidInput("Its public key is none.", code="bad_key") from error
    key = VerifyingKey(evidence.device_key)
    opened = [
        one
        for n, body in enumerate(evidence.chunks)
        if isinstance(one := open_chunk(body, key=key, trace_id=row.trace_id, n=n), OpenedChunk)
    ]
    return _Trace(
        row=row,
        salt=connection.execute(
            select(log_salts.c.salt).where(log_salts.c.trace_id == row.trace_id)
        ).scalar_one_or_none(),
        stored=list(connection.execute(select(chunks).where(chunks.c.trace_id == row.trace_id).order_by(chunks.c.n))),
        opened=opened,
        forks=len(connection.execute(select(forks.c.n).where(forks.c.trace_id == row.trace_id)).all()),
        forgotten_ms=connection.execute(
            select(func.max(deletions.c.forgotten_ms)).where(deletions.c.trace_id == row.trace_id)
        ).scalar_one(),
        verdict=verify_trace(evidence, pinned_jkt=key_set.fingerprint_of(keys)),
    )


def _check_chunk_rows(trace: _Trace) -> Iterator[Finding]:
    """Hold the columns beside a chunk's signed bytes to them."""
    told = zip(trace.stored, trace.opened, trace.verdict.receipts, strict=False)
    for row, opened, receipt in told:
        columns = (row.n, row.chunk_id, row.received_ms)
        if columns != (opened.manifest.n, opened.chunk_id, receipt.received_ms):
            where = f"chunks row {trace.row.trace_id} {row.n}"
            yield Finding("chunks.columns", where, "Its number, id or time is not that of what was signed.")


def _check_deletion_rows(connection: Connection, row: Row[Any], keys: KeySet) -> Iterator[Finding]:
    """Hold the columns beside a deletion's signed bytes to them; the verifier holds the bytes to the chunks."""
    device = connection.execute(select(devices.c.public_x).where(devices.c.device_id == row.device_id)).scalar()
    trusted = tuple(VerifyingKey(one.public_key) for one in keys.receipt)
    for told in connection.execute(select(deletions).where(deletions.c.trace_id == row.trace_id)):
        where = f"deletions row {row.trace_id} {told.request_sha256[:12]}"
        try:
            key = VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=device or ""))
            request = dsse.open_envelope(dsse.parse_envelope(told.request), FORGET_TYPE, Forget, key)
            answer = dsse.open_envelope(dsse.parse_envelope(told.answer), FORGOTTEN_TYPE, Forgotten, *trusted).statement
        except (InvalidInput, VerificationFailed) as error:
            yield Finding("deletions.row", where, error.message)
            continue
        except ValidationError:
            continue  # The device's key is none, which is said of its row.
        columns = (told.request_sha256, told.forgotten_ms)
        if columns != (forgetting.request_sha256(request), answer.forgotten_ms):
            yield Finding("deletions.columns", where, "Its request's hash or its time is not that of what was signed.")


def _check_forgotten_rows(connection: Connection, trace: _Trace) -> Iterator[Finding]:
    """Hold the list of chunks that are refused their bytes to those that were rightly forgotten."""
    if trace.verdict.errors:
        return
    trace_id = trace.row.trace_id
    query = select(forgotten_chunks.c.n).where(forgotten_chunks.c.trace_id == trace_id)
    for n in sorted(set(connection.execute(query).scalars()) ^ set(trace.verdict.forgotten)):
        where = f"forgotten_chunks row {trace_id} {n}"
        yield Finding("forgotten_chunks.row", where, "It is not what the deletion receipts of the trace say.")


def _check_trace_row(trace: _Trace) -> Iterator[Finding]:
    """Hold the row of a trace to what its opening, grant and chunks say."""
    row, verdict = trace.row, trace.verdict
    if verdict.grant is None or verdict.opening is None or verdict.errors:
        return
    grant, opening = verdict.grant, verdict.opening
    expected = {
        "participant_id": grant.participant_id,
        "study_id": grant.study_id,
        "created_ms": grant.issued_ms,
        "task_id": opening.task_id,
        "task_title": opening.task_title,
        "opening_sha256": digest.sha256(dsse.payload_bytes(dsse.parse_envelope(row.opening))),
        "next_n": len(trace.stored),
        "next_seq": trace.opened[-1].manifest.last + 1 if trace.opened else 0,
        "is_forked": trace.forks > 0,
    }
    newest_ms = verdict.events[-1].event.mono_ms if verdict.events else 0
    if len(trace.stored) - 1 not in verdict.forgotten:
        expected["mono_ms"] = newest_ms
    elif row.mono_ms < newest_ms:
        yield Finding("traces.column", f"traces row {row.trace_id}", "Its mono_ms is older than its newest event.")
    if trace.opened:
        last = trace.opened[-1].tip(0)
        expected |= {"prev_chunk": last.prev_chunk, "head": last.head, "is_ended": last.is_ended}
        made = zip(trace.opened, verdict.receipts, strict=False)
        late = (late_receipt(0, made_ms=one.manifest.made_ms, received_ms=got.received_ms) for one, got in made)
        expected["late_chunks"] = sum(len(list(remarks)) for remarks in late)
    for name, value in expected.items():
        if getattr(row, name) != value:
            yield Finding("traces.column", f"traces row {row.trace_id}", f"Its {name} is not what was signed.")
    yield from _check_completion(trace)


def _check_completion(trace: _Trace) -> Iterator[Finding]:
    row = trace.row
    is_complete = row.status == "complete"
    if is_complete != (row.assurance is not None and row.completed_ms is not None) or (
        is_complete and not row.is_ended
    ):
        yield Finding("traces.status", f"traces row {row.trace_id}", f"Its status cannot be {row.status}.")
    # What was forgotten after the completion changes what can be said; the row keeps what was said then.
    was_shortened = trace.forgotten_ms is not None and trace.forgotten_ms > (row.completed_ms or 0)
    if row.assurance is not None and not row.is_forked and not was_shortened:
        found = assurance_with(trace.verdict, is_forked=False).level
        if _level(row.assurance) != found:
            yield Finding("traces.assurance", f"traces row {row.trace_id}", f"Its level is {found}, not what it says.")


def _level(assurance_json: str) -> str | None:
    try:
        return Assurance.model_validate_json(assurance_json).level
    except ValidationError:
        return None


def _check_artifact_rows(connection: Connection, trace: _Trace, blobs: LocalBlobs) -> Iterator[Finding]:
    for row in connection.execute(select(artifacts).where(artifacts.c.trace_id == trace.row.trace_id)):
        where = f"artifacts row {row.trace_id} {row.sha256[:12]}"
        try:
            content = blobs.get(row.sha256)
        except NotFound:
            yield Finding("artifacts.missing", where, "There is no such blob.")
            continue
        if digest.sha256(content) != row.sha256 or len(content) != row.size_bytes:
            yield Finding("artifacts.content", where, "The blob is not the one that was stored.")


def _check_logged(trace: _Trace, grant: Grant, opening: Opening, tree: _Tree) -> Iterator[Finding]:
    """Hold the log to what the grant and the receipts promised; what is from before the log promised nothing."""
    trace_id = trace.row.trace_id
    salts = {trace.salt, *(one.commit for one in trace.verdict.receipts)} - {None}
    is_logged = grant.log_size is not None or bool(salts)
    if len(salts) > 1 or (is_logged and trace.salt is None):
        message = "It is missing, or not the salt of the trace's receipts."
        yield Finding("log.salt", f"log_salts row {trace_id}", message)
    head = entry.grant_head(grant)
    if head is not None and salts:
        yield from _check_head(head, tree, f"traces row {trace_id}")
        salt = sorted(filter(None, salts))[0]
        subjects: list[tuple[entry.EntryType, str]] = [
            ("grant", digest.sha256(dsse.payload_bytes(dsse.parse_envelope(trace.row.grant_envelope))))
        ]
        if opening.consent is not None:
            subjects.append(("consent", digest.sha256(dsse.payload_bytes(dsse.parse_envelope(trace.row.opening)))))
        for index, (kind, subject) in enumerate(subjects, head.size):
            leaf = entry.leaf_bytes(kind, entry.commitment(salt, subject), grant.issued_ms)
            yield from _check_leaf(index, leaf, tree, f"the {kind} of {trace_id}")
    for receipt in trace.verdict.receipts:
        where = f"chunks row {trace_id} {receipt.n}"
        head, promised = entry.receipt_head(receipt), entry.receipt_leaf(receipt)
        if head is None or promised is None or receipt.leaf_index is None:
            continue
        yield from _check_head(head, tree, where)
        yield from _check_leaf(receipt.leaf_index, promised, tree, where)


def _check_head(head: TreeHead, tree: _Tree, where: str) -> Iterator[Finding]:
    if not tree.has(head):
        yield Finding("log.promise", where, f"The log was not what its signature says at {head.size} leaves.")


def _check_leaf(index: int, leaf: bytes, tree: _Tree, where: str) -> Iterator[Finding]:
    tree.explained.add(index)
    if index >= len(tree.hashes) or tree.hashes[index] != merkle.leaf_hash(leaf):
        yield Finding("log.leaf", f"log_leaves row {index}", f"It is not the leaf of {where}.")


def _check_strays(connection: Connection) -> Iterator[Finding]:
    """Find rows of traces that are not there, and forks and devices whose columns are not those of their bytes."""
    known = select(traces.c.trace_id)
    tables: tuple[Table, ...] = (chunks, artifacts, forks, log_salts, deletions, forgotten_chunks)
    for table in tables:
        for trace_id in connection.execute(
            select(table.c.trace_id).where(table.c.trace_id.not_in(known)).distinct()
        ).scalars():
            yield Finding("rows.stray", f"{table.name} row {trace_id}", "There is no such trace.")
    owned = connection.execute(select(traces.c.trace_id, traces.c.device_id))
    owners = {row.trace_id: row.device_id for row in owned}
    holders = {row.device_id: row for row in connection.execute(select(devices))}
    for row in holders.values():
        if _jkt(row.public_x) != row.jkt:
            yield Finding("devices.jkt", f"devices row {row.device_id}", "Its fingerprint is not that of its key.")
    for row in connection.execute(select(forks).where(forks.c.trace_id.in_(known))):
        holder = holders.get(owners[row.trace_id])
        if holder is None or _jkt(holder.public_x) is None:
            continue
        key = VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=holder.public_x))
        opened = open_chunk(row.envelope + b"\n" + row.payload, key=key, trace_id=row.trace_id, n=row.n)
        if isinstance(opened, Finding) or opened.chunk_id != row.chunk_id:
            yield Finding("forks.columns", f"forks row {row.trace_id} {row.n}", "It is not what was signed.")


def _jkt(x: str) -> str | None:
    """Return the fingerprint of a stored public key; None when it is none."""
    try:
        return VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=x)).jkt
    except (InvalidInput, ValidationError):
        return None


def _place(trace_id: str, where: str) -> str:
    """Name the row that a verifier's finding is about."""
    noun, _, rest = where.partition(" ")
    number = rest.partition(",")[0]
    if noun in ("chunk", "receipt") and number:
        return f"chunks row {trace_id} {number}"
    return f"traces row {trace_id}, {where}"
