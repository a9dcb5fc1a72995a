"""`patchtrail trace list | show | verify | replay | export`: read traces back, from a collector or from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.collector_options import DEFAULT_COLLECTOR, Collector, Token
from patchtrail.cli.console import console, plain, told
from patchtrail.cli.exports import Exported, ExportFormat, write_document, write_export
from patchtrail.cli.findings import print_results, print_standing, rerun, results_of, standing_at, unreplayed_at
from patchtrail.cli.ground import Ground, roots_named, snapshot_of, start_texts
from patchtrail.cli.log_check import check_log
from patchtrail.cli.reading import Signed, Source, Unsigned, base_at, read_trace
from patchtrail.contract.collection import Assurance, TraceList
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import SessionStart
from patchtrail.integrity.verify import NOT_REPLAYED, Finding, TraceEvidence, TraceVerdict, VerifiedEvent
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
from patchtrail.trace.file_tree import FileTree

__all__ = ["app"]

app = typer.Typer(help="Read traces back: list, show, verify, replay and export them.", no_args_is_help=True)

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
    """Print a session as a timeline that a person can read, and what its collector found out about it.

    A bundle's edits are not replayed here: `verify` does that.
    """
    source = Source.of(trace, collector, token)
    found, out = read_trace(source), console()
    if isinstance(found, Unsigned):
        _show_events(events_of_document(found.document, _no_text).events)
        _print_findings(source, found)
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
    unreplayed = _print_findings(source, found)
    _print_level(verdict.assurance(unreplayed=unreplayed))
    if unreplayed is None:
        out.print(
            plain("  Its collector says that the replay agrees; `patchtrail trace verify` replays it here.", "dim")
        )


@app.command("qa")
@told
def qa_command(
    trace: WhichTrace,
    judge_only: Annotated[
        bool, typer.Option("--judge-only", help="Judge it again, on the validation that there is.")
    ] = False,
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
) -> None:
    """Have a trace replayed, tested and judged again at its collector; `show` prints what comes of it."""
    told_standing = rerun(Source.of(trace, collector, token), judge_only=judge_only)
    typer.echo(f"{told_standing.trace_id}: {told_standing.state}. See: patchtrail trace show {told_standing.trace_id}")


@app.command()
@told
def verify(
    trace: WhichTrace,
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    server_key: Pinned = None,
    repo: Annotated[
        Path | None,
        typer.Option(
            help="The repository, to replay the edits on its start commit instead of the trace's own snapshot."
        ),
    ] = None,
    root: Roots = [],  # noqa: B006 -- Typer makes a new one
) -> None:
    """Check every signature, link, receipt and artifact; with --repo or a base snapshot also that the edits replay.

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
    artifacts = found.evidence.artifacts or {}
    try:
        ground = None if verdict.errors else _ground(verdict.events, artifacts, repo, root)
    except InvalidInput as error:
        if not error.code.startswith("base."):
            raise
        # Nobody vouches for what is in a snapshot; the rest of the trace is as sound as it is.
        verdict.findings.append(Finding(error.code, "session_end", error.message, "advice"))
        ground = None
    if ground is not None:
        replayed = ground.replay(verdict.events, artifacts)
    _report(verdict, found.evidence, replayed)
    if verdict.errors or (replayed is not None and replayed.errors):
        raise typer.Exit(1)


@app.command("replay")
@told
def replay_command(
    trace: WhichTrace,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the files.")],
    repo: Annotated[
        Path | None,
        typer.Option(help="The repository that holds the start commit; else the trace's own snapshot is taken."),
    ] = None,
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
    source = Source.of(trace, collector, token)
    found, base, is_faulty = read_trace(source), None, False
    if isinstance(found, Unsigned):
        base = base_at(source) if repo is None else None
        events, artifacts = events_of_document(found.document, _start_text(found.document, repo, base)).events, {}
    else:
        verdict = found.verdict(server_key)
        events, artifacts, is_faulty = verdict.events, dict(found.evidence.artifacts or {}), bool(verdict.errors)
    ground = _ground(events, artifacts, repo, root) if base is None else Ground.in_snapshot(base)
    if ground is None:
        raise InvalidInput(
            "The trace has no base snapshot of its own, or further roots: give the repository with --repo.",
            code="no_ground",
        )
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
        Path | None,
        typer.Option(help="The repository: progsnap2, agent-trace and swe-bench start from its start commit."),
    ] = None,
) -> None:
    """Write a trace as a bundle that anyone can verify, or in another tool's format.

    A SWE-bench instance is written only where its tests, run on a clean checkout in the sandbox, prove it.
    """
    source = Source.of(trace, collector, token)
    found = read_trace(source)
    if form == "bundle":
        _write_bundle(found, output)
    elif form == "document":
        typer.echo(str(write_document(_document(source, found, server_key), output)))
    else:
        for path in write_export(_exported(source, found, server_key, repo), form, output):
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


def _document(source: Source, found: Signed | Unsigned, server_key: str | None) -> TraceDocument:
    """Return a trace's document, with what its collector found out about it."""
    if isinstance(found, Unsigned):
        return found.document
    verdict, results = found.verdict(server_key), results_of(source, found)
    return document_of(
        found.evidence.trace_id,
        verdict.events,
        verdict.received_ms,
        verdict.assurance(unreplayed=unreplayed_at(source, results)),
        forgotten=verdict.forgotten,
        opening=verdict.opening,
        qa=results,
    )


def _exported(source: Source, found: Signed | Unsigned, server_key: str | None, repo: Path | None) -> Exported:
    """Return what the formats of other tools are made of.

    Raises `InvalidInput` when a signed trace has faults.
    """
    if isinstance(found, Unsigned):
        document = found.document
        base = base_at(source) if repo is None else None
        start_text = _start_text(document, repo, base)
        told_events = events_of_document(document, start_text)
        held = told_events.events if document.events else []
        return Exported(document.trace_id, held, told_events.received_ms, {}, start_text, repo, base)
    verdict = found.verdict(server_key)
    if verdict.errors:
        raise InvalidInput(
            f"The trace has faults and is not exported: {verdict.errors[0]}. See: patchtrail trace verify",
            code="unsound_trace",
        )
    start_text = _no_text if repo is None or not verdict.events else start_texts(repo, _start_commit(verdict))
    evidence = found.evidence
    return Exported(evidence.trace_id, verdict.events, verdict.received_ms, evidence.artifacts or {}, start_text, repo)


def _print_findings(source: Source, found: Signed | Unsigned) -> str | None:
    """Print what a collector found out; return what keeps the trace from L4 by its replay."""
    if source.is_file:
        print_results(results_of(source, found))
        return NOT_REPLAYED
    standing = standing_at(source)
    print_standing(standing)
    return unreplayed_at(source, standing.results)


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


def _ground(
    events: list[VerifiedEvent], artifacts: Mapping[str, bytes], repo: Path | None, roots: list[str]
) -> Ground | None:
    """Return what a replay stands on: the repository, else the trace's own snapshot; None where it has none.

    A snapshot is of the first root alone, so that a trace with further ones cannot be replayed on it.
    """
    start = events[0].event.data if events else None
    if repo is None:
        tree = snapshot_of([held.event for held in events], artifacts)
        is_alone = isinstance(start, SessionStart) and not start.roots
        return Ground.in_snapshot(tree) if tree is not None and is_alone else None
    if not isinstance(start, SessionStart):
        raise InvalidInput("The trace has no session_start, so there is nothing to replay on.", code="empty_trace")
    return Ground.in_repositories(start, repo, roots_named(roots))


def _start_commit(verdict: TraceVerdict) -> str:
    """Return the start commit that the device signed at the opening; the start itself may be forgotten."""
    return "" if verdict.opening is None else verdict.opening.start_commit


def _start_text(document: TraceDocument, repo: Path | None, base: FileTree | None) -> Callable[[str], str | None]:
    """Return how to read what an unsigned trace started from: the repository, else its own snapshot, else nothing."""
    if repo is not None:
        return start_texts(repo, document.repo.start_commit)
    return _no_text if base is None else base.text


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
