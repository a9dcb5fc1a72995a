"""`patchtrail learn gate | trial`: the next arrow of each pattern's life, and what paired runs say so far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from patchtrail.cli.console import console, plain, told
from patchtrail.cli.learn_files import PATTERNS, PatternsFile, library_of
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.contract.learning import Pattern
from patchtrail.learning import Gate, PatternLibrary, TrialPlan, moved
from patchtrail.learning.evidence_file import Tried, evidence_of, read_evidence
from patchtrail.learning.kept_file import read_plain
from patchtrail.learning.metrics_collector import utc_now

__all__ = ["gate", "trial"]

EvidenceFile = Annotated[
    Path | None, typer.Option("--evidence", metavar="FILE", help="What was tried with patterns since, as JSON.")
]
OfTest = Literal["sequential", "mcnemar"]


@told
def gate(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="Patterns; nothing: all.")] = None,
    evidence: EvidenceFile = None,
    patterns_file: PatternsFile = PATTERNS,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be decided, and write nothing.")] = False,
) -> None:
    """Let the gate decide on patterns by what was tried with them; every arrow is kept with its figures."""
    library, tried, now = library_of(patterns_file), _tried(evidence), utc_now()
    _refuse_strangers(tried, library)
    patterns = _named(library, names)
    if not patterns:
        typer.echo("No patterns.")
    for pattern in patterns:
        known = evidence_of(pattern, tried.get(pattern.name, Tried()), now)
        decision = Gate().decide(pattern, known, now.replace(tzinfo=None).isoformat())
        if decision is None:
            console().print(plain(f"{pattern.name}: stays {pattern.state}", "dim"))
            continue
        library.put(moved(pattern, decision))
        figures = ", ".join(f"{name} {value}" for name, value in decision.figures.items())
        console().print(plain(f"{pattern.name}: {decision.before} → {decision.after}, {decision.reason} ({figures})"))
    if not is_dry:
        library.save_patterns()


@told
def trial(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A pattern's name or id.")],
    evidence: EvidenceFile = None,
    patterns_file: PatternsFile = PATTERNS,
    test: Annotated[str, typer.Option(help="sequential or mcnemar.")] = "sequential",
    pairs: Annotated[int, typer.Option(min=1, help="After so many pairs it is over.")] = TrialPlan().pairs,
) -> None:
    """Say what a pattern's paired runs show so far, under the rule by which they stop; nothing is decided."""
    rule = next((one for one in get_args(OfTest) if one == test), None)
    if rule is None:
        raise InvalidInput(f"--test: {test!r} is none of {', '.join(get_args(OfTest))}.")
    (pattern,) = _named(library_of(patterns_file), [name])
    paired = _tried(evidence).get(pattern.name, Tried()).trial
    plan = TrialPlan(test=rule, pairs=pairs)
    console().print(plain(f"{pattern.name} ({pattern.state}): {plan.verdict(paired)}", "bold"))
    for label, value in plan.figures(paired).items():
        console().print(plain(f"{label:<16}{value}"))


def _tried(path: Path | None) -> Mapping[str, Tried]:
    if path is None:
        return {}
    try:
        return read_evidence(read_plain(path))
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", code=error.code) from error


def _named(library: PatternLibrary, names: list[str] | None) -> list[Pattern]:
    found = {name: library.get_pattern_by_name(name) for name in names or ()}
    missing = [name for name, pattern in found.items() if pattern is None]
    if missing:
        raise NotFound(f"There is no pattern {missing[0]!r} in the library.")
    return [one for one in found.values() if one is not None] if names else library.get_all_patterns()


def _refuse_strangers(tried: Mapping[str, Tried], library: PatternLibrary) -> None:
    """Raise `NotFound` for evidence of a pattern that is not there: a name that was misspelled would count for none."""
    known = {one.name for one in library.get_all_patterns()}
    stranger = next((name for name in tried if name not in known), None)
    if stranger is not None:
        raise NotFound(f"There is evidence of {stranger!r}, which is no pattern of the library.")
