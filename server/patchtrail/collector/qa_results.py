"""What came of assessments: every validation and judgement is kept, the newest counts."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select

from patchtrail.collector.qa_tables import qa_judgements, qa_validations
from patchtrail.contract.collection import Assurance
from patchtrail.contract.qa import JudgeResult, QaResults, ValidationResult
from patchtrail.integrity.verify import NOT_REPLAYED
from patchtrail.redaction import Redactor

__all__ = ["drop_results", "newest_results", "raised", "store_results", "unreplayed_in", "unreplayed_of"]

FORGOTTEN = "Parts of the trace were forgotten, so that its replay proves nothing about the whole."


def newest_results(connection: Connection, trace_id: str) -> QaResults:
    """Return the newest validation and judgement, as they were found; null where there is none."""
    validation = connection.execute(
        select(qa_validations.c.result).where(_is_newest(qa_validations, trace_id))
    ).scalar_one_or_none()
    judgement = connection.execute(
        select(qa_judgements.c.result).where(_is_newest(qa_judgements, trace_id))
    ).scalar_one_or_none()
    return QaResults(
        validation=None if validation is None else ValidationResult.model_validate_json(validation),
        judge=None if judgement is None else JudgeResult.model_validate_json(judgement),
    )


def unreplayed_in(connection: Connection, trace_ids: Iterable[str]) -> dict[str, str | None]:
    """Return what keeps traces from L4 by their newest replays, None where it agrees; the others were not replayed."""
    query = (
        select(qa_validations.c.trace_id, qa_validations.c.unreplayed)
        .where(qa_validations.c.trace_id.in_(list(trace_ids)))
        .order_by(qa_validations.c.n)
    )
    return {row.trace_id: row.unreplayed or None for row in connection.execute(query)}


def store_results(
    connection: Connection,
    trace_id: str,
    results: QaResults,
    now_ms: int,
    *,
    unreplayed: str | None,
    is_judge_only: bool,
) -> None:
    """Keep results, without what looks like a secret: tests print what they like.

    With `is_judge_only` the validation is the one that is stored already.
    """
    redactor, n = Redactor(secrets.token_bytes(32), ()), _count(connection, qa_validations, trace_id)
    if results.validation is not None and not is_judge_only:
        result = redactor.data(results.validation).model_dump_json().encode()
        place = {"trace_id": trace_id, "n": n, "made_ms": now_ms}
        connection.execute(insert(qa_validations).values(**place, unreplayed=unreplayed or "", result=result))
        n += 1
    if results.judge is not None:
        connection.execute(
            insert(qa_judgements).values(
                trace_id=trace_id,
                n=_count(connection, qa_judgements, trace_id),
                validation_n=n - 1,
                made_ms=now_ms,
                rubric_version=results.judge.rubric_version,
                result=redactor.data(results.judge).model_dump_json().encode(),
            )
        )


def drop_results(connection: Connection, trace_id: str) -> None:
    """Drop all that was found out about a trace: it quotes events that are to be forgotten."""
    for table in (qa_validations, qa_judgements):
        connection.execute(delete(table).where(table.c.trace_id == trace_id))


def unreplayed_of(validation: ValidationResult | None, *, is_shortened: bool) -> str | None:
    """Return what keeps a trace from L4 by this validation; None when its replay agrees and nothing was forgotten."""
    if validation is None or validation.replay is None:
        return NOT_REPLAYED
    if not validation.replay.agrees:
        return validation.replay.reason or "The replay of the edits does not agree."
    return FORGOTTEN if is_shortened else None


def raised(assurance: Assurance, unreplayed: str | None) -> Assurance:
    """Return a level that was found at completion, with what the replay said since."""
    if assurance.level != "L3" or assurance.reasons != [NOT_REPLAYED]:
        return assurance
    return Assurance(level="L4", reasons=[]) if unreplayed is None else Assurance(level="L3", reasons=[unreplayed])


def _is_newest(table: Table, trace_id: str) -> ColumnElement[bool]:
    mine = table.c.trace_id == trace_id
    return mine & (table.c.n == select(func.max(table.c.n)).where(mine).scalar_subquery())


def _count(connection: Connection, table: Table, trace_id: str) -> int:
    return connection.execute(select(func.count()).where(table.c.trace_id == trace_id)).scalar_one()
