"""Where failures come from: attempts at patches, a metrics file, or a file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from patchtrail.contract.attempt import AttemptRecord, FailureMode
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import LearningSeverity, MetricsDocument
from patchtrail.evaluation.failure import Failure

__all__ = ["failures_of_attempts", "failures_of_metrics", "read_failures"]

BY_STAGE: dict[str, tuple[FailureMode, ...]] = {
    "answer": ("empty_answer", "no_change_in_answer", "unreadable_answer", "cut_off", "too_large"),
    "apply": ("outside_workspace", "not_located", "ambiguous", "no_op", "stale_document"),
    "check": ("syntax_error", "finding_remains", "new_findings", "check_failed"),
    "test": ("tests_failed",),
}
STAGES = {mode: stage for stage, modes in BY_STAGE.items() for mode in modes}
"""Whatever else fails an attempt, the model does."""
SEVERITIES: dict[str, LearningSeverity] = {"error": "high", "warning": "medium", "information": "low", "hint": "low"}


class _Line(BaseModel):
    """One line: the failure's own text, and what is known besides; further fields are left alone."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, Field(min_length=1)]
    timestamp: AwareDatetime
    failure_id: str = ""
    severity: LearningSeverity = "medium"
    stage: str = ""
    code: str = ""
    count: Annotated[int, Field(ge=1)] = 1


def failures_of_attempts(records: Iterable[AttemptRecord]) -> Iterator[Failure]:
    """Yield every try that failed; one that somebody cancelled did not."""
    for record in records:
        mode = record.failure_mode
        if mode is None or mode == "cancelled":
            continue
        said = "\n".join(record.validation_errors) or record.finding.message
        yield Failure(
            failure_id=record.attempt_id,
            text=f"{record.rule_id} {said}",
            at=_instant(record.timestamp),
            severity=SEVERITIES[record.finding.severity],
            stage=STAGES.get(mode, "model"),
            code=mode,
        )


def failures_of_metrics(document: MetricsDocument) -> Iterator[Failure]:
    """Yield failed tests and bugs."""
    for at, test in enumerate(document.test_failures):
        text = f"{test.test_name.rpartition('::')[2]} {test.failure_reason}"
        yield Failure(f"test {at}", text, _instant(test.timestamp), stage="test", count=max(1, test.count))
    for at, bug in enumerate(document.bugs):
        text = f"{bug.error}\n{bug.stack_trace or ''}"
        yield Failure(f"bug {at}", text, _instant(bug.timestamp), "high", stage="run", count=max(1, bug.count))


def read_failures(path: Path) -> list[Failure]:
    """Return the failures of a metrics file or of JSON lines; raises `InvalidInput` naming the line at fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: it is not UTF-8, at byte {error.start}.") from None
    if path.suffix.lower() == ".json":
        try:
            return list(failures_of_metrics(MetricsDocument.model_validate_json(text)))
        except ValidationError as error:
            raise InvalidInput(f"{path}: it is no metrics file: {_fault(error)}. JSON lines must be .jsonl.") from None
    return [_of_line(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _of_line(path: Path, number: int, line: str) -> Failure:
    try:
        one = _Line.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path}:{number}: it is no JSON: {error.msg}.") from None
    except ValidationError as error:
        raise InvalidInput(f"{path}:{number}: {_fault(error)}.") from None
    name = one.failure_id or f"line {number}"
    return Failure(name, one.text, one.timestamp, one.severity, one.stage, one.code, one.count)


def _fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'the object'}: {fault['msg']}"


def _instant(timestamp: str) -> datetime:
    """Return a stored time; one without a zone is UTC."""
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise InvalidInput(f"timestamp: {timestamp!r} is no ISO 8601 time.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
