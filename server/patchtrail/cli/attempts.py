"""`patchtrail attempts list | show | stats | rebuild`: every try at a patch that was made below a root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer
from pydantic import JsonValue
from rich.text import Text

from patchtrail.cli.console import console, told, visible
from patchtrail.contract.attempt import AttemptRecord, AttemptStatus, Complexity, Strategy
from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.attempts import AttemptFilters, AttemptStore
from patchtrail.patching.patch_metrics import (
    MAX_MEAN_COST_USD,
    MAX_MEAN_SECONDS,
    AttemptStatistics,
    fold,
    statistics_of,
)

__all__ = ["app"]

app = typer.Typer(help="Read the attempts at patches that were made here.", no_args_is_help=True)

Word = TypeVar("Word")
Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="The folder that holds .patchtrail (default: here).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Rule = Annotated[str | None, typer.Option("--rule", help="Only of this rule.")]
Status = Annotated[str | None, typer.Option("--status", help=f"One of: {', '.join(get_args(AttemptStatus))}.")]
OfStrategy = Annotated[str | None, typer.Option("--strategy", help="batch or single.")]
OfComplexity = Annotated[str | None, typer.Option("--complexity", help="simple, moderate or complex.")]
FileType = Annotated[str | None, typer.Option("--file-type", help="As py or ts.")]
Search = Annotated[str | None, typer.Option("--search", help="A text in rule, file, message or errors.")]
HERE = Path()
STATUS_COLOURS = {"accepted": "green", "failed": "red", "refused": "red", "undone": "yellow", "rejected": "yellow"}


@app.command("list")
@told
def list_command(
    root: Root = HERE,
    rule: Rule = None,
    status: Status = None,
    strategy: OfStrategy = None,
    complexity: OfComplexity = None,
    file_type: FileType = None,
    search: Search = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List attempts, the newest first."""
    filters = _filters(rule, status, strategy, complexity, file_type, search)
    records = _store(root).list(filters, limit=limit)
    if as_json:
        _print_json([one.model_dump(mode="json") for one in records])
        return
    for one in records:
        console().print(_line(one))
    if not records:
        typer.echo("No attempts.")


@app.command()
@told
def show(
    attempt: Annotated[str, typer.Argument(help="An attempt's id, or its beginning.")],
    root: Root = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one attempt: finding, prompt, response, patch, what was wrong with it, and the other tries."""
    store = _store(root)
    record = store.get(attempt)
    if as_json:
        _print_json(record.model_dump(mode="json"))
        return
    out = console()
    for name, value in _facts(record):
        out.print(Text(f"{name:<11}{visible(value)}"))
    tries = store.list(AttemptFilters(group=record.group_id)) if record.group_id else (record,)
    for one in sorted(tries, key=lambda one: (one.retry_attempt, one.timestamp)):
        here = "  (this one)" if one.attempt_id == record.attempt_id else ""
        why = "" if one.failure_mode is None else f", {one.failure_mode}"
        out.print(Text(f"try {one.retry_attempt:<7}{visible(one.attempt_id)}: {one.status}{why}{here}", "dim"))
    metrics = fold(tries)
    spent = f"{metrics.total_cost_usd:.4f} USD, {metrics.total_latency_ms / 1000:.1f} s, {metrics.total_tokens} tokens"
    out.print(Text(f"together   {spent}, {metrics.retry_count} retries: {metrics.final_status}", "dim"))
    for name, text in _texts(record):
        out.print(Text(f"\n{name}", "bold"))
        for line in text.rstrip("\n").split("\n"):
            out.print(Text(f"  {visible(line)}"))


@app.command()
@told
def stats(
    root: Root = HERE,
    rule: Rule = None,
    status: Status = None,
    strategy: OfStrategy = None,
    complexity: OfComplexity = None,
    file_type: FileType = None,
    search: Search = None,
    is_checked: Annotated[bool, typer.Option("--check", help="Exit 1 when a mean is above its limit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print what patches cost: means per patch beside their limits, by strategy, the slowest rules."""
    found = statistics_of(_store(root).list(_filters(rule, status, strategy, complexity, file_type, search)))
    if as_json:
        _print_json(found.model_dump(mode="json") | {"is_within_limits": found.is_within_limits})
    else:
        for line in _told(found):
            console().print(Text(visible(line)))
    if is_checked and not found.is_within_limits:
        raise typer.Exit(1)


@app.command()
@told
def rebuild(root: Root = HERE) -> None:
    """Make the database anew from the JSON files; name the files that hold no attempt, and leave them."""
    done = _store(root).rebuild()
    for _, reason in done.unreadable:
        typer.echo(f"left out: {visible(reason)}", err=True)
    typer.echo(f"{done.attempts} attempts from {done.attempts + len(done.unreadable)} files.")


def _store(root: Path) -> AttemptStore:
    if not root.is_dir():
        raise InvalidInput(f"{root} is no folder.")
    # What is only read here was redacted when it was kept.
    return AttemptStore(root.resolve(), redact=str)


def _filters(
    rule: str | None,
    status: str | None,
    strategy: str | None,
    complexity: str | None,
    file_type: str | None,
    search: str | None,
) -> AttemptFilters:
    return AttemptFilters(
        rule=rule,
        status=_one_of("--status", status, get_args(AttemptStatus)),
        strategy=_one_of("--strategy", strategy, get_args(Strategy)),
        complexity=_one_of("--complexity", complexity, get_args(Complexity)),
        file_type=None if file_type is None else file_type.removeprefix("."),
        search=search,
    )


def _one_of(option: str, value: str | None, words: tuple[Word, ...]) -> Word | None:
    """Return the word that an option names; raises `InvalidInput` naming the words that there are."""
    if value is None:
        return None
    found = next((word for word in words if word == value), None)
    if found is None:
        raise InvalidInput(f"{option}: {value!r} is none of {', '.join(map(str, words))}.")
    return found


def _line(one: AttemptRecord) -> Text:
    why = f" ({one.failure_mode})" if one.failure_mode else ""
    line = Text(f"{visible(one.attempt_id)}  {visible(one.timestamp[:19])}  ")
    line.append(visible(f"{one.rule_id} {one.file}:{one.line}"), "bold")
    line.append(f"  {one.strategy}, try {one.retry_attempt}: ")
    line.append(f"{one.status}{why}", STATUS_COLOURS.get(one.status, ""))
    line.append(f"  {one.cost_usd:.4f} USD, {one.latency_ms / 1000:.1f} s, {one.tokens_used} tokens", "dim")
    return line


def _facts(record: AttemptRecord) -> list[tuple[str, str]]:
    hunks = [f"{one.file_path}:{one.line} {one.located_by} ({one.certainty_milli / 10:.1f} %)" for one in record.hunks]
    context = [f"{part.name} {part.tokens}" for part in record.context_parts]
    facts = [
        ("attempt", record.attempt_id),
        ("when", record.timestamp),
        ("session", record.trace_id or "none was recorded"),
        *(("finding", f"{one.rule_id} {one.file_path}:{one.line} {one.message}") for one in record.findings),
        ("kind", f"{record.rule_category}, {record.finding_complexity}, {record.file_type or 'no file type'}"),
        ("how", f"{record.strategy}, try {record.retry_attempt}, {record.model or 'no model'}"),
        ("status", f"{record.status}{f' ({record.failure_mode})' if record.failure_mode else ''}"),
        ("re-checked", "yes" if record.is_rechecked else "no"),
        ("cost", f"{record.cost_usd:.4f} USD, {record.latency_ms / 1000:.1f} s, {record.tokens_used} tokens"),
        *(("hunk", hunk) for hunk in hunks),
        *(("context", f"{one} tokens") for one in context),
        *(("pattern", one) for one in record.pattern_ids),
    ]
    return [(name, value.replace("\n", " ")) for name, value in facts]


def _texts(record: AttemptRecord) -> list[tuple[str, str]]:
    named = [
        ("prompt", record.prompt),
        ("response", record.llm_response),
        ("patch", record.patch_generated or ""),
        ("errors", "\n".join(record.validation_errors)),
        ("this retry was told", record.retry_told or ""),
    ]
    return [(name, text) for name, text in named if text]


def _told(found: AttemptStatistics) -> list[str]:
    accepted = "none accepted" if found.usd_per_accepted is None else f"{found.usd_per_accepted:.4f} USD each"
    return [
        f"{found.attempts} attempts for {found.patches} patches, {found.accepted} accepted ({accepted}).",
        f"mean cost per patch   {found.mean_cost_usd:.4f} USD  {_limit(found.mean_cost_usd, MAX_MEAN_COST_USD, 'USD')}",
        f"mean time per patch   {found.mean_seconds:.2f} s  {_limit(found.mean_seconds, MAX_MEAN_SECONDS, 's')}",
        f"in all                {found.total_cost_usd:.4f} USD, {found.total_tokens} tokens",
        *(
            f"{one.strategy:<22}{one.total_cost_usd:.4f} USD in {one.attempts} tries, {one.mean_cost_usd:.4f} each"
            for one in found.cost_by_strategy
        ),
        *(["slowest rules"] if found.slowest_rules else []),
        *(f"  {one.rule_id:<20}{one.mean_seconds:.2f} s over {one.patches}" for one in found.slowest_rules),
    ]


def _limit(value: float, limit: float, unit: str) -> str:
    return f"(limit {limit:g} {unit}: {'kept' if value <= limit else 'exceeded'})"


def _print_json(value: JsonValue) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
