"""`patchtrail trace list | show | verify | replay | export`: read traces back, from a collector or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.console import console, plain, told
from patchtrail.cli.exports import Exported, ExportFormat, write_document, write_export
from patchtrail.cli.ground import Ground, roots_named, start_texts
from patchtrail.cli.log_check import check_log
from patchtrail.cli.reading import Signed, Source, Unsigned, read_trace
from patchtrail.contract.collection import Assurance, TraceList
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import SessionStart
from patchtrail.integrity.verify import TraceEvidence, TraceVerdict, VerifiedEvent
from patchtrail.trace import (
    UNSIGNED,
    Replay,
    coverage_of_events,
    document_of,
    episode_told,
    episodes_of,
    events_of_document,
    timeline,
    told_coverage,
)

__all__ = ["app"]

app = typer.Typer(help="Read traces back: list, show, verify and export them.", no_args_is_help=True)

Collector = Annotated[
    str, typer.Option("--collector", envvar="PATCHTRAIL_COLLECTOR_URL", help="Address of the collector.")
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="PATCHTRAIL_TOKEN", help="The server's token, or your own device's."),
]
Pinned = Annotated[
    str | None,
    typer.Option("--server-key", envvar="PATCHTRAIL_SERVER_KEY", help="Fingerprint of the collector's key you trust."),
]
WhichTrace = Annotated[
    str,
    typer.Argument(
        help="A trace id at the collector, a trace's address there, or a file: a bundle or a trace document."
    ),
]
Roots = Annotated[
    list[str],
    typer.Option("--root", metavar="NAME=PATH", help="Where a further root of the session is; once for each."),
]
NOTHING_SIGNED = 3
"""The exit code of `verify` for a trace that nobody signed: neither sound nor at fault."""
DEFAULT_COLLECTOR = "http://localhost:8000"
COLOURS = {"L0": "red", "L1": "yellow", "L2": "yellow", "L3": "green", "L4": "green"}


@app.command("list")
@told
def list_command(
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, newest first.")] = 50,
) -> None:
    """List the traces at a collector."""
    listed = CollectorClient(collector, token).get("/v1/traces", TraceList, limit=limit)
    table = Table(
        Column("trace", no_wrap=True, overflow="fold", min_width=38),
        "task",
        "participant",
        "events",
        "status",
        "level",
        box=None,
    )
    for trace in listed.traces:
        texts = (trace.trace_id, trace.task_id, trace.participant_id, str(trace.events), trace.status)
        table.add_row(*map(plain, texts), plain(trace.assurance.level, COLOURS[trace.assurance.level]))
    console().print(table)
    if not listed.traces:
        typer.echo("No traces yet.")


@app.command()
@told
def show(
    trace: WhichTrace, collector: Collector = DEFAULT_COLLECTOR, token: Token = None, server_key: Pinned = None
) -> None:
    """Print a session as a timeline that a person can read."""
    found, out = read_trace(Source.of(trace, collector, token)), console()
    if isinstance(found, Unsigned):
        _show_events(events_of_document(found.document, _no_text).events)
        _print_level(UNSIGNED)
        return
    verdict = found.verdict(server_key)
    _show_events(verdict.events)
    for n in verdict.forgotten:
        out.print(plain(f"forgotten: chunk {n}, whose bytes were dropped on the participant's signed request", "dim"))
    for finding in verdict.errors:
        out.print(plain(f"FAULT  {finding}", "red"))
    summary, gaps = told_coverage(coverage_of_events(held.event for held in verdict.events))
    for line in (summary, *(f"  {gap}" for gap in gaps)):
        out.print(plain(line))
    _print_level(verdict.assurance())


@app.command()
@told
def verify(
    trace: WhichTrace,
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    server_key: Pinned = None,
    repo: Annotated[
        Path | None, typer.Option(help="The repository: its start commit is the ground on which edits are replayed.")
    ] = None,
    root: Roots = [],  # noqa: B006 -- Typer makes a new one
) -> None:
    """Check every signature, link, receipt and artifact; with --repo also that the edits replay.

    At a collector it also proves by the log that nothing was taken out of it, and remembers the log's checkpoint here.
    Exits 0 when all is sound, 1 on a fault, 2 when it cannot be done, 3 when nothing of the trace is signed.
    """
    source = Source.of(trace, collector, token)
    found = read_trace(source)
    if isinstance(found, Unsigned):
        told_events = _count(len(found.document.events), "event")
        console().print(plain(f"{found.document.trace_id}: {told_events}. There is nothing that could be verified."))
        _print_level(UNSIGNED)
        raise typer.Exit(NOTHING_SIGNED)
    verdict = found.verdict(server_key)
    if not source.is_file:
        log = check_log(verdict, source.collector, token, server_key)
        verdict.findings.extend(log.findings)
        if log.size is not None:
            typer.echo(f"Log of {log.size} leaves: {log.proven} of what was signed is proven to be in it.")
    replayed = None
    if repo is not None and not verdict.errors:
        replayed = _ground(verdict.events, repo, root).replay(verdict.events, found.evidence.artifacts or {})
    _report(verdict, found.evidence, replayed)
    if verdict.errors or (replayed is not None and replayed.errors):
        raise typer.Exit(1)


@app.command("replay")
@told
def replay_command(
    trace: WhichTrace,
    repo: Annotated[Path, typer.Option(help="The repository that holds the start commit.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the files.")],
    root: Roots = [],  # noqa: B006 -- Typer makes a new one
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    server_key: Pinned = None,
) -> None:
    """Write the files that the session led to, in their own encodings; notebooks as the sources of their cells.

    Of a trace that nobody signed, its diffs are applied to the start commit that it names; no hash vouches for them.
    """
    if output.exists():
        raise InvalidInput(f"{output} is there already.", code="output_exists")
    found = read_trace(Source.of(trace, collector, token))
    is_faulty = False
    if isinstance(found, Unsigned):
        start_text = start_texts(repo, found.document.repo.start_commit)
        events, artifacts = events_of_document(found.document, start_text).events, {}
    else:
        verdict = found.verdict(server_key)
        events, artifacts, is_faulty = verdict.events, dict(found.evidence.artifacts or {}), bool(verdict.errors)
    ground = _ground(events, repo, root)
    result = ground.replay(events, artifacts)
    count = ground.write(result, output)
    for finding in result.findings:
        console().print(plain(f"{finding.weight} {finding}", "yellow"))
    typer.echo(f"{output}: {_count(count, 'file')}.")
    if isinstance(found, Unsigned):
        _print_level(UNSIGNED)
    if result.errors or is_faulty:
        raise typer.Exit(1)


@app.command()
@told
def export(
    trace: WhichTrace,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write (default: named after the trace, here).")
    ] = None,
    form: Annotated[
        ExportFormat,
        typer.Option("--format", help="bundle can be verified offline, document is unsigned; others are other tools'."),
    ] = "bundle",
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    server_key: Pinned = None,
    repo: Annotated[
        Path | None, typer.Option(help="The repository: progsnap2 and agent-trace start from its start commit.")
    ] = None,
) -> None:
    """Write a trace as a bundle that anyone can verify, or as ProgSnap2, agent-trace, OpenTelemetry or CTRF."""
    found = read_trace(Source.of(trace, collector, token))
    if form == "bundle":
        _write_bundle(found, output)
    elif form == "document":
        typer.echo(str(write_document(_document(found, server_key), output)))
    else:
        for path in write_export(_exported(found, server_key, repo), form, output):
            typer.echo(str(path))
        if isinstance(found, Unsigned):
            _print_level(UNSIGNED)


def _write_bundle(found: Signed | Unsigned, output: Path | None) -> None:
    if isinstance(found, Unsigned):
        message = "Nothing of this trace is signed, so there is no bundle. Try --format document."
        raise InvalidInput(message, code="open_trace")
    target = output or Path(f"{found.evidence.trace_id}.zip")
    target.write_bytes(found.bundle)
    typer.echo(f"{target}: {len(found.bundle)} bytes. Check it with: patchtrail trace verify {target}")


def _document(found: Signed | Unsigned, server_key: str | None) -> TraceDocument:
    if isinstance(found, Unsigned):
        return found.document
    verdict = found.verdict(server_key)
    return document_of(
        found.evidence.trace_id,
        verdict.events,
        verdict.received_ms,
        verdict.assurance(),
        forgotten=verdict.forgotten,
        opening=verdict.opening,
    )


def _exported(found: Signed | Unsigned, server_key: str | None, repo: Path | None) -> Exported:
    """Return what the formats of other tools are made of.

    Raises `InvalidInput` when a signed trace has faults.
    """
    if isinstance(found, Unsigned):
        document = found.document
        start_text = _no_text if repo is None else start_texts(repo, document.repo.start_commit)
        told_events = events_of_document(document, start_text)
        held = told_events.events if document.events else []
        return Exported(document.trace_id, held, told_events.received_ms, {}, start_text)
    verdict = found.verdict(server_key)
    if verdict.errors:
        raise InvalidInput(
            f"The trace has faults and is not exported: {verdict.errors[0]}. See: patchtrail trace verify",
            code="unsound_trace",
        )
    start_text = _no_text if repo is None or not verdict.events else start_texts(repo, _start_commit(verdict))
    evidence = found.evidence
    return Exported(evidence.trace_id, verdict.events, verdict.received_ms, evidence.artifacts or {}, start_text)


def _show_events(events: list[VerifiedEvent]) -> None:
    """Print the timeline, and the fault episodes below it."""
    out = console()
    for row in timeline(held.event for held in events):
        out.print(plain(f"{row.seq:5}  {row.at_s:8.1f} s  {row.type:<15}{row.summary}"))
        for detail in row.details:
            out.print(plain(f"{'':34}{detail}", "dim"))
    for episode in episodes_of(held.event for held in events):
        summary, details = episode_told(episode)
        out.print(plain(f"episode  {summary}", "yellow" if episode.green is None else "green"))
        for detail in details:
            out.print(plain(f"{'':9}{detail}", "dim"))


def _ground(events: list[VerifiedEvent], repo: Path, roots: list[str]) -> Ground:
    start = events[0].event.data if events else None
    if not isinstance(start, SessionStart):
        raise InvalidInput("The trace has no session_start, so there is nothing to replay on.", code="empty_trace")
    return Ground(start, repo, roots_named(roots))


def _start_commit(verdict: TraceVerdict) -> str:
    """Return the start commit that the device signed at the opening; the start itself may be forgotten."""
    return "" if verdict.opening is None else verdict.opening.start_commit


def _no_text(path: str) -> None:  # noqa: ARG001 -- without the repository no path has a text
    return None


def _report(verdict: TraceVerdict, evidence: TraceEvidence, replayed: Replay | None) -> None:
    out = console()
    findings = [*verdict.findings, *(replayed.findings if replayed else [])]
    for finding in findings:
        mark = {"error": "FAULT ", "remark": "remark", "advice": "advice"}[finding.weight]
        out.print(plain(f"{mark} {finding}", "red" if finding.weight == "error" else "yellow"))
    artifacts = len(evidence.artifacts or {})
    out.print(
        f"{evidence.trace_id}: {_count(len(verdict.events), 'event')} in {_count(len(evidence.chunks), 'chunk')}, "
        f"{_count(len(evidence.receipts), 'receipt')}, {_count(artifacts, 'artifact')}."
    )
    if replayed is not None:
        agree = "see the faults above" if replayed.errors else "every content hash agrees"
        out.print(f"{_count(replayed.edits, 'edit')} of {_count(len(replayed.texts), 'file')} replayed; {agree}.")
    _print_level(verdict.assurance() if replayed is None else verdict.assurance(unreplayed=replayed.disagreement))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print_level(assurance: Assurance) -> None:
    out = console()
    out.print(plain(f"Assurance level {assurance.level}", COLOURS[assurance.level]))
    for reason in assurance.reasons:
        out.print(plain(f"  {reason}", "dim"))
