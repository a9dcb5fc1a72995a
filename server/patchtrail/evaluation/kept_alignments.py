"""What a collector knows of its judges: reports of `patchtrail eval align --json`, each for one judge alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.qa import DIMENSIONS, JudgeAlignment, JudgeResult, QaResults
from patchtrail.evaluation.alignment import LABELS, RAW_LOWER
from patchtrail.trace import NO_LABELS

__all__ = ["Alignments"]

Ratio = Annotated[float, Field(ge=0, le=1)]


class _Share(BaseModel):
    share: Ratio
    interval: tuple[Ratio, Ratio]


class _Overall(BaseModel):
    is_aligned: bool
    labelled: Annotated[int, Field(ge=0)]
    agreement: _Share


class _Dimension(BaseModel):
    is_aligned: bool


class _Report(BaseModel):
    """What is read of a report; the rest of it is for people."""

    judged_by: Annotated[str, Field(min_length=1)]
    badge: Annotated[str, Field(min_length=1, max_length=2_000)]
    overall: _Overall
    dimensions: dict[str, _Dimension] = {}


@dataclass(frozen=True)
class Alignments:
    """What is known of each judge, by what `JudgeResult.judged_by` calls it; of the others nothing is."""

    known: Mapping[str, JudgeAlignment] = field(default_factory=dict)

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Alignments:
        """Return what reports say.

        Raises `InvalidInput` for a file that is no report, names no judge, contradicts its own figures, or is about the
        judge of another one.
        """
        known = dict[str, JudgeAlignment]()
        for path in paths:
            report = _read(path)
            if report.judged_by in known:
                raise _bad(path, f"is the second report on the judge {report.judged_by!r}: leave one out")
            known[report.judged_by] = _alignment_of(path, report)
        return cls(known)

    def beside(self, results: QaResults) -> QaResults:
        """Return results with what is known of their judge beside its scores."""
        if results.judge is None:
            return results
        told = results.judge.model_copy(update={"alignment": self._of(results.judge)})
        return results.model_copy(update={"judge": told})

    def _of(self, judge: JudgeResult) -> JudgeAlignment:
        nothing = JudgeAlignment(is_aligned=False, badge=f"{NO_LABELS} of this judge ({judge.judged_by})")
        return self.known.get(judge.judged_by, nothing)


def _alignment_of(path: Path, report: _Report) -> JudgeAlignment:
    overall = report.overall
    low = overall.agreement.interval[0]
    if overall.is_aligned and (overall.labelled < LABELS or low < RAW_LOWER):
        raise _bad(path, "calls its judge aligned, and its own figures do not: write it anew")
    return JudgeAlignment(
        is_aligned=overall.is_aligned,
        badge=report.badge,
        labelled=overall.labelled,
        agreement=overall.agreement.share,
        agreement_low=low,
        aligned_dimensions=[name for name in DIMENSIONS if _is_aligned(report, name)],
    )


def _is_aligned(report: _Report, dimension: str) -> bool:
    told = report.dimensions.get(dimension)
    return told is not None and told.is_aligned


def _read(path: Path) -> _Report:
    try:
        return _Report.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise _bad(path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        if not isinstance(error, ValidationError):
            raise _bad(path, f"is no JSON: {error}") from error
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the top"
        raise _bad(
            path, f"is no report of `patchtrail eval align --json` on a judge: {where}: {fault['msg']}"
        ) from error


def _bad(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path} {why}.", code="bad_alignment")
