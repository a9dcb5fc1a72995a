"""`patchtrail eval curate mark | list | withdraw | export`: what models may learn from, and what they may not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import console, plain, told, visible
from patchtrail.cli.reading import Signed, Source, read_trace
from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.evaluation.curation import curated
from patchtrail.evaluation.exports import ExportTerms, Format, write_export
from patchtrail.evaluation.marks import Curation, Mark, Verdict, Withdrawal
from patchtrail.patching.attempts import AttemptFilters, AttemptStore

__all__ = ["Root", "app"]

app = typer.Typer(help="Mark attempts, and export what may be learned from.", no_args_is_help=True)
Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="The folder that holds .patchtrail (default: here).")]
HERE = Path()
FORGOTTEN = "its participant had some of it forgotten"
FORMATS: dict[str, tuple[Format, ...]] = {
    "all": ("chat", "dpo", "parquet"),
    "chat": ("chat",),
    "dpo": ("dpo",),
    "parquet": ("parquet",),
}


class Word(StrEnum):
    """How a verdict is written on a command line."""

    GOOD = "good"
    BAD = "bad"
    FINE_TUNE = "fine-tune"

    @property
    def verdict(self) -> Verdict:
        """The verdict as it is kept."""
        kept: dict[Word, Verdict] = {Word.GOOD: "good", Word.BAD: "bad", Word.FINE_TUNE: "fine_tune"}
        return kept[self]


@app.command("mark")
@told
def mark_command(
    attempt: Annotated[str, typer.Argument(help="An attempt's id, or its beginning.")],
    verdict: Annotated[Word, typer.Argument(help="good, bad, or fine-tune: good, and to be learned from.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    root: Root = HERE,
) -> None:
    """Say what an attempt is worth; the last word on it counts."""
    if not reason.strip():
        raise InvalidInput("--reason is empty: say why.")
    record = _store(root).label(_store(root).get(attempt).attempt_id)
    mark = Mark(attempt_id=record.attempt_id, verdict=verdict.verdict, reason=reason, marked_at=_now())
    Curation(root.resolve()).mark(mark)
    typer.echo(f"{record.attempt_id}: {verdict.value}")


@app.command("list")
@told
def list_command(
    root: Root = HERE,
    verdict: Annotated[Word | None, typer.Option(help="Only these.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the verdicts that count."""
    marks = [
        one for one in Curation(root.resolve()).marks().values() if verdict in (None, one.verdict.replace("_", "-"))
    ]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in marks], ensure_ascii=False, indent=2))
        return
    for one in marks:
        console().print(plain(f"{one.attempt_id}  {one.verdict:<10}{one.reason}"))
    if not marks:
        typer.echo("No attempt is marked.")


@app.command("withdraw")
@told
def withdraw_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="Attempts' ids, or traces' with all their attempts.")
    ] = None,
    forgotten: Annotated[
        list[Path] | None,
        typer.Option(metavar="BUNDLE", help="A session: withdrawn where its participant had any of it forgotten."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    root: Root = HERE,
) -> None:
    """Keep attempts or whole sessions out of every later export; there is no way back."""
    if not names and not forgotten:
        raise InvalidInput("Name what to withdraw, or give the bundles of sessions as --forgotten.")
    read = [(path, *_forgotten(path)) for path in forgotten or ()]
    known = {one for record in _store(root).list() for one in (record.attempt_id, record.trace_id)}
    gone = [(trace_id, reason or FORGOTTEN) for _, trace_id, is_forgotten in read if is_forgotten]
    for name, why in [*((one, reason) for one in names or ()), *gone]:
        Curation(root.resolve()).withdraw(Withdrawal(withdrawn_id=name, reason=why, withdrawn_at=_now()))
        typer.echo(f"{visible(name)} is withdrawn.{'' if name in known else ' No attempt here has this id: check it.'}")
    for path, trace_id, is_forgotten in read:
        if not is_forgotten:
            typer.echo(f"{visible(str(path))}: nothing of {trace_id} was forgotten, so it is not withdrawn.")


@app.command("export")
@told
def export_command(
    output: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; an earlier export is replaced.")],
    licence: Annotated[str, typer.Option(help="Under which licence it is given.")],
    consent: Annotated[str, typer.Option(help="What the people whose work it holds agreed to.")],
    format_: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")] = "all",
    rule: Annotated[str | None, typer.Option("--rule", help="Only attempts for this rule.")] = None,
    root: Root = HERE,
) -> None:
    """Write chat lines of what is good, pairs of the same finding, Parquet of all, with a card and a manifest."""
    if format_ not in FORMATS:
        raise InvalidInput(f"--format: {format_!r} is none of {', '.join(FORMATS)}.")
    curation = Curation(root.resolve())
    records = _store(root).list(AttemptFilters(rule=rule))
    found = curated(records, curation.marks(), curation.withdrawn())
    query = {"format": format_} | ({} if rule is None else {"rule": rule})
    manifest = write_export(output, found, FORMATS[format_], ExportTerms(_now(), query, licence, consent))
    for name, count in manifest.counts.items():
        typer.echo(f"{count} {name}")
    for reason, count in manifest.left_out.items():
        typer.echo(f"left out: {count} {reason}")


def _forgotten(path: Path) -> tuple[str, bool]:
    """Return whose bundle it is, and whether signed deletions prove that something of that session was forgotten."""
    found = read_trace(Source("", str(path), None)) if path.is_file() else None
    if not isinstance(found, Signed):
        raise InvalidInput(f"{path} is no bundle: only a signed session proves what was forgotten of it.")
    verdict = found.verdict(None)
    if verdict.errors:
        raise VerificationFailed(f"{path} does not verify: {verdict.errors[0]}")
    return found.evidence.trace_id, bool(verdict.forgotten)


def _store(root: Path) -> AttemptStore:
    if not root.is_dir():
        raise InvalidInput(f"{root} is no folder.")
    # What is only read here was redacted when it was kept.
    return AttemptStore(root.resolve(), redact=str)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
