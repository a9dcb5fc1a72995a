"""`patchtrail learn patterns list | show | approve | archive | import | export`: a repository's library of patterns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, get_args

import typer

from patchtrail.cli.console import console, plain, told
from patchtrail.cli.learn_files import PATTERNS, PatternsFile, library_of
from patchtrail.cli.learn_shared import pull, push
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.contract.learning import Pattern, PatternState
from patchtrail.learning.pattern_library import is_waiting
from patchtrail.learning.trials import harm_low
from patchtrail.learning.uses import use_count

__all__ = ["app"]

app = typer.Typer(help="Read and decide on the library of patterns.", no_args_is_help=True)
app.command()(pull)
app.command()(push)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Page = Annotated[Path, typer.Argument(metavar="FILE", help="The page.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A pattern's name or id.")]
PAGE = Path("AI_PATTERNS.md")
STATES = get_args(PatternState)
WAITING = "No pattern stands there: there is none, or all wait for approval, or are put away."
COLOURS = {"active": "green", "quarantined": "red", "archived": "dim", "probation": "yellow"}


@app.command("list")
@told
def list_command(
    patterns_file: PatternsFile = PATTERNS,
    state: Annotated[str | None, typer.Option(help=f"Only of this state: {', '.join(STATES)}.")] = None,
    as_json: AsJson = False,
) -> None:
    """List patterns, the most frequent first."""
    if state not in (None, *STATES):
        raise InvalidInput(f"--state: {state!r} is none of {', '.join(STATES)}.")
    patterns = [one for one in library_of(patterns_file).get_all_patterns() if state in (None, one.state)]
    patterns.sort(key=lambda one: (-one.occurrence_frequency, one.name))
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in patterns], ensure_ascii=False, indent=2))
        return
    for one in patterns:
        line = plain(f"{one.name}  ", "bold")
        line.append_text(plain(_standing(one), COLOURS.get(one.state, "")))
        used = f", used {_used(one)}" if use_count(one) else ""
        console().print(line.append_text(plain(f"  {one.severity}, {one.occurrence_frequency} times{used}")))
    if not patterns:
        typer.echo("No patterns.")


@app.command()
@told
def show(name: Name, patterns_file: PatternsFile = PATTERNS, as_json: AsJson = False) -> None:
    """Show one pattern: what it says, how it stands, and every decision on it."""
    pattern = library_of(patterns_file).get_pattern_by_name(name)
    if pattern is None:
        raise NotFound(f"There is no pattern {name!r} in {patterns_file}.")
    if as_json:
        typer.echo(json.dumps(pattern.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    for label, value in _facts(pattern):
        console().print(plain(f"{label:<15}{value}"))
    for label, text in (("bad example", pattern.bad_example), ("good example", pattern.good_example)):
        console().print()
        console().print(plain(label, "bold"))
        for line in text.split("\n"):
            console().print(plain(f"  {line}"))


@app.command()
@told
def approve(
    names: Annotated[list[str], typer.Argument(metavar="NAME…")], patterns_file: PatternsFile = PATTERNS
) -> None:
    """Let the gate try patterns that were detected, and a generation apply them."""
    library = library_of(patterns_file)
    approved = [library.approve(name) for name in names]
    library.save_patterns()
    for one in approved:
        console().print(plain(f"{one.name}: approved, {one.state}."))


@app.command()
@told
def archive(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…")] = None,
    patterns_file: PatternsFile = PATTERNS,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the decision.")] = "by a person",
    unused_days: Annotated[int | None, typer.Option(min=1, help="Also what was of no use for so many days.")] = None,
) -> None:
    """Put patterns away; they stay in the file, and are never used."""
    if not names and unused_days is None:
        raise InvalidInput("Name the patterns to archive, or give --unused-days.")
    library = library_of(patterns_file)
    archived = [library.archive(name, reason).name for name in names or ()]
    archived += library.archive_unused_patterns(unused_days) if unused_days is not None else []
    library.save_patterns()
    for name in archived:
        console().print(plain(f"{name}: archived."))


@app.command("import")
@told
def import_command(page: Page = PAGE, patterns_file: PatternsFile = PATTERNS) -> None:
    """Take in the patterns of a page as people write it (`AI_PATTERNS.md`)."""
    library = library_of(patterns_file)
    taken = library.load_from_ai_patterns_md(page)
    library.save_patterns()
    for one in taken:
        console().print(plain(f"{one.name}: {one.state}."))
    console().print(plain(f"{len(taken)} patterns are new or changed."))


@app.command("export")
@told
def export_command(page: Page = PAGE, patterns_file: PatternsFile = PATTERNS) -> None:
    """Write the patterns into a page for people and models; what else stands on it stays as it is."""
    count = library_of(patterns_file).save_ai_patterns_md(page)
    console().print(plain(f"{page}: {count} patterns stand there." if count else WAITING))


def _standing(pattern: Pattern) -> str:
    return "draft, waits for approval" if is_waiting(pattern) else pattern.state


def _used(pattern: Pattern) -> str:
    """Return what became of a pattern's uses; the bound is the one that the gate goes by."""
    uses, harmful = use_count(pattern), pattern.harmful
    share = f" ({100 * harmful / uses:.0f} %, at least {100 * harm_low(harmful, uses):.0f} %)" if uses else ""
    return f"{uses} times: {pattern.helpful} helped, {harmful} harmed{share}"


def _facts(pattern: Pattern) -> list[tuple[str, str]]:
    facts = [
        ("name", pattern.name),
        ("state", _standing(pattern)),
        ("severity", pattern.severity),
        ("occurred", f"{pattern.occurrence_frequency} times, last {pattern.last_occurrence or 'never'}"),
        ("effectiveness", f"{pattern.effectiveness_score:.2f}"),
        ("used", f"{_used(pattern)}, last {pattern.last_used or 'never'}"),
        ("scope", pattern.scope or "everywhere"),
        ("rules", ", ".join(pattern.rule_ids)),
        ("tests", pattern.test_coverage),
        ("taught by", ", ".join([pattern.provenance.source, *pattern.provenance.traces])),
        *(("not where", one) for one in pattern.exceptions),
        *(("", line) for line in pattern.description.split("\n")),
        *(("decision", f"{one.decided_at}: {one.before} → {one.after}, {one.reason} ({one.decided_by})")
          for one in pattern.decisions),
    ]  # fmt: skip
    return [(label, value) for label, value in facts if value]
