"""Judged patches as a label file: what the judge says beside what people said, so that it can be held to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.evaluation.label_file import LabelledItem
from patchtrail.evaluation.marks import Mark
from patchtrail.evaluation.patch_judge import JudgedPatch

__all__ = ["judged_labels"]

RATER = "curation"


def judged_labels(
    kept: Iterable[LabelledItem],
    judged: Sequence[tuple[AttemptRecord, JudgedPatch]],
    marks: Mapping[str, Mark],
) -> list[LabelledItem]:
    """Return the items of a file after judging: people's labels stay, the judge's are replaced, marks are people's."""
    items = {one.item_id: one for one in kept}
    for record, verdict in judged:
        known = items.get(record.attempt_id) or LabelledItem(item_id=record.attempt_id)
        groups = {**known.groups, "rule": record.rule_category, "files": record.file_type}
        fresh = {"judge": verdict.correct, "confidence": verdict.confidence, "groups": groups}
        items[record.attempt_id] = known.model_copy(update=fresh)
    for attempt_id, mark in marks.items():
        if attempt_id in items:
            humans = {**items[attempt_id].humans, RATER: mark.verdict != "bad"}
            items[attempt_id] = items[attempt_id].model_copy(update={"humans": humans})
    return list(items.values())
