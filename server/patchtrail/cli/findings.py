"""What a collector found out about a trace, printed; and `patchtrail trace qa`, which has it found out again."""

from __future__ import annotations

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.console import console, plain
from patchtrail.cli.reading import Signed, Source, Unsigned
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.qa import QaRerun, QaResults, QaStanding
from patchtrail.integrity.verify import NOT_REPLAYED
from patchtrail.trace import told_judgement, told_validation

__all__ = ["print_results", "print_standing", "rerun", "results_of", "standing_at", "unreplayed_at"]

GOOD = ("verified_fix",)
DISAGREES = "The replay of the edits does not agree."


def print_results(results: QaResults) -> None:
    """Print the validation and the judgement, as far as there are any."""
    out = console()
    if results.validation is not None:
        first, *rest = told_validation(results.validation)
        out.print(plain(f"validation  {first}", "green" if results.validation.verdict in GOOD else "yellow"))
        for line in rest:
            out.print(plain(f"{'':10}{line}", "dim"))
    if results.judge is not None:
        first, *rest = told_judgement(results.judge)
        out.print(plain(f"judgement   {first}", "cyan"))
        for line in rest:
            out.print(plain(f"{'':10}{line}", "dim"))


def print_standing(told: QaStanding) -> None:
    """Print where an assessment stands, when it is not simply done, and what was found."""
    if told.state != "done":
        tries = f", try {told.tries}" if told.tries else ""
        problem = f": {told.problem}" if told.problem else ""
        earlier = "; what follows is of an earlier time" if told.results.judge is not None else ""
        console().print(plain(f"assessment  {told.state}{tries}{problem}{earlier}", "yellow"))
    print_results(told.results)


def standing_at(source: Source) -> QaStanding:
    """Ask a collector where the assessment of a trace stands."""
    client = CollectorClient(source.collector, source.token)
    return client.get(f"/v1/traces/{source.name}/qa", QaStanding)


def rerun(source: Source, *, judge_only: bool) -> QaStanding:
    """Have a trace assessed again; raises `InvalidInput` for a file, which nobody assesses."""
    if source.is_file:
        raise InvalidInput("Traces are assessed at a collector: name one there.", code="not_at_a_collector")
    client = CollectorClient(source.collector, source.token)
    return client.post(f"/v1/traces/{source.name}/qa:rerun", QaRerun(judge_only=judge_only), QaStanding)


def results_of(source: Source, found: Signed | Unsigned) -> QaResults:
    """Return what a trace's collector found out: its own word, or what a file says of it."""
    if not source.is_file:
        return standing_at(source).results
    document = found.document if isinstance(found, Unsigned) else found.told_document()
    return QaResults(validation=None, judge=None) if document is None else document.qa


def unreplayed_at(source: Source, results: QaResults) -> str | None:
    """Return what keeps a trace from L4 by its collector's replay; None when that agrees.

    What a file says of a replay raises nothing: nobody signed it.
    """
    replay = None if source.is_file or results.validation is None else results.validation.replay
    if replay is None:
        return NOT_REPLAYED
    return None if replay.agrees else replay.reason or DISAGREES
