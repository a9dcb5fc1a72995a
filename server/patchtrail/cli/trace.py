"""`patchtrail trace list | show | verify | export`: read traces back, from a collector or from a bundle."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.console import console, told, visible
from patchtrail.cli.exports import Exported, ExportFormat, write_export
from patchtrail.cli.ground import Ground, roots_named, start_texts
from patchtrail.cli.log_check import check_log
from patchtrail.contract.collection import Assurance, TraceList
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.contract.events import SessionStart
from patchtrail.integrity.verify import TraceEvidence, TraceVerdict, verify_trace
from patchtrail.trace import (
    Replay,
    check_coverage,
    coverage_of_events,
    episode_told,
    episodes_of,
    read_bundle,
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
    str, typer.Argument(help="A trace id at the collector, a trace's address there, or the path of a bundle.")
]
Roots = Annotated[
    list[str],
    typer.Option("--root", metavar="NAME=PATH", help="Where a further root of the session is; once for each."),
]
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
        level = Text(trace.assurance.level, COLOURS[trace.assurance.level])
        table.add_row(trace.trace_id, trace.task_id, trace.participant_id, str(trace.events), trace.status, level)
    console().print(table)
    if not listed.traces:
        typer.echo("No traces yet.")


@app.command()
@told
def show(
    trace: WhichTrace, collector: Collector = DEFAULT_COLLECTOR, token: Token = None, server_key: Pinned = None
) -> None:
    """Print a session as a timeline that a person can read."""
    source, name = _source(trace, collector)
    evidence = _evidence(name, source, token)
    verdict = _verdict(evidence, server_key)
    out = console()
    for row in timeline(held.event for held in verdict.events):
        out.print(Text(f"{row.seq:5}  {row.at_s:8.1f} s  {row.type:<15}{visible(row.summary)}"))
        for detail in row.details:
            out.print(Text(f"{'':34}{visible(detail)}", "dim"))
    for episode in episodes_of(held.event for held in verdict.events):
        summary, details = episode_told(episode)
        out.print(Text(f"episode  {visible(summary)}", "yellow" if episode.green is None else "green"))
        for detail in details:
            out.print(Text(f"{'':9}{visible(detail)}", "dim"))
    for n in verdict.forgotten:
        out.print(Text(f"forgotten: chunk {n}, whose bytes were dropped on the participant's signed request", "dim"))
    for finding in verdict.errors:
        out.print(Text(f"FAULT  {visible(str(finding))}", "red"))
    summary, gaps = told_coverage(coverage_of_events(held.event for held in verdict.events))
    for line in (summary, *(f"  {gap}" for gap in gaps)):
        out.print(Text(visible(line)))
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
    """Check every signature, link, receipt and artifact; with --repo also that the edits replay. Exits 1 on a fault.

    At a collector it also proves by the log that nothing was taken out of it, and remembers the log's checkpoint here.
    """
    source, name = _source(trace, collector)
    evidence = _evidence(name, source, token)
    verdict = _verdict(evidence, server_key)
    if not Path(name).is_file():
        log = check_log(verdict, source, token, server_key)
        verdict.findings.extend(log.findings)
        if log.size is not None:
            typer.echo(f"Log of {log.size} leaves: {log.proven} of what was signed is proven to be in it.")
    is_replayed = repo is not None and not verdict.errors
    replayed = _ground(verdict, repo, root).replay(verdict, evidence) if repo and is_replayed else None
    _report(verdict, evidence, replayed)
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
    """Write the files that the session led to, in their own encodings; notebooks as the sources of their cells."""
    if output.exists():
        raise InvalidInput(f"{output} is there already.", code="output_exists")
    source, name = _source(trace, collector)
    evidence = _evidence(name, source, token)
    verdict = verify_trace(evidence, pinned_jkt=server_key)
    ground = _ground(verdict, repo, root)
    result = ground.replay(verdict, evidence)
    count = ground.write(result, output)
    for finding in result.findings:
        console().print(Text(f"{finding.weight} {visible(str(finding))}", "yellow"))
    typer.echo(f"{output}: {_count(count, 'file')}.")
    if result.errors or verdict.errors:
        raise typer.Exit(1)


@app.command()
@told
def export(
    trace: WhichTrace,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write (default: named after the trace, here).")
    ] = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="bundle can be verified offline; the others are other tools' own.")
    ] = "bundle",
    collector: Collector = DEFAULT_COLLECTOR,
    token: Token = None,
    server_key: Pinned = None,
    repo: Annotated[
        Path | None, typer.Option(help="The repository: progsnap2 and agent-trace start from its start commit.")
    ] = None,
) -> None:
    """Write a trace as a bundle that anyone can verify, or as ProgSnap2, agent-trace, OpenTelemetry or CTRF."""
    content = _bundle(trace, collector, token)
    evidence = read_bundle(content)
    if form == "bundle":
        target = output or Path(f"{evidence.trace_id}.zip")
        target.write_bytes(content)
        typer.echo(f"{target}: {len(content)} bytes. Check it with: patchtrail trace verify {target}")
        return
    verdict = _verdict(evidence, server_key)
    start_text = _no_text if repo is None or not verdict.events else start_texts(repo, _start_commit(verdict))
    for path in write_export(Exported(evidence, verdict, start_text), form, output):
        typer.echo(str(path))


def _source(trace: str, collector: str) -> tuple[str, str]:
    """Return the collector's address and the trace's id, or the path of a bundle, that a reader named."""
    address = re.fullmatch(r"(https?://.+?)/v1/traces/(trace-[0-9a-f]{32})(?:/bundle)?/?", trace)
    return (address[1], address[2]) if address else (collector, trace)


def _evidence(trace: str, collector: str, token: str | None) -> TraceEvidence:
    return read_bundle(_bundle(trace, collector, token))


def _bundle(trace: str, collector: str, token: str | None) -> bytes:
    """Return a trace's bundle, from the file at this path or from the collector."""
    path = Path(trace)
    if path.is_file():
        return path.read_bytes()
    if not trace.startswith("trace-"):
        raise NotFound(f"{trace} is neither a file nor a trace id.")
    return CollectorClient(collector, token).get_bytes(f"/v1/traces/{trace}/bundle")


def _verdict(evidence: TraceEvidence, server_key: str | None) -> TraceVerdict:
    """Verify a trace, its coverage ledger included."""
    verdict = verify_trace(evidence, pinned_jkt=server_key)
    verdict.findings.extend(check_coverage([held.event for held in verdict.events]))
    return verdict


def _ground(verdict: TraceVerdict, repo: Path, roots: list[str]) -> Ground:
    start = verdict.events[0].event.data if verdict.events else None
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
        out.print(Text(f"{mark} {finding}", "red" if finding.weight == "error" else "yellow"))
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
    out.print(Text(f"Assurance level {assurance.level}", COLOURS[assurance.level]))
    for reason in assurance.reasons:
        out.print(Text(f"  {reason}", "dim"))
