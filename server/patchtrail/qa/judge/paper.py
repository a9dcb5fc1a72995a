"""A session made ready for models: the facts, what they are shown of each event, and what they may cite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.contract.qa import ValidationResult
from patchtrail.llm import Message
from patchtrail.qa.case import Case
from patchtrail.qa.judge.address import plain_lines
from patchtrail.qa.judge.condensing import condensed
from patchtrail.qa.judge.event_text import EventText, strings_of, texts_of
from patchtrail.qa.judge.evidence import Evidence
from patchtrail.qa.judge.facts import facts_of
from patchtrail.qa.judge.heuristic import answers_of
from patchtrail.qa.judge.invisible import shown
from patchtrail.qa.judge.prompt import messages_of
from patchtrail.qa.judge.story import story_of

__all__ = ["Paper", "paper_of"]

MAX_TASK = 4_000


@dataclass(frozen=True)
class Paper:
    """What is put before a model; `masked` is the same events without what comments and strings of code say."""

    facts: Sequence[str]
    task: str
    plain: Sequence[EventText]
    masked: Sequence[EventText]
    evidence: Evidence
    max_chars: int

    def messages(self, nonce: str, *, mask: bool = False) -> tuple[Message, ...]:
        """Return the words to a model."""
        texts = self.masked if mask else self.plain
        kept = condensed(texts, self.max_chars)
        return messages_of(self.facts, kept, omitted=len(texts) - len(kept), task=self.task, nonce=nonce)


def paper_of(case: Case, validation: ValidationResult | None, max_chars: int) -> Paper:
    """Make a case ready."""
    story = story_of(case)
    answers = answers_of(story, validation, has_snapshot=case.snapshot is not None)
    plain = list(texts_of(case.events, case.artifacts))
    masked = list(texts_of(case.events, case.artifacts, mask=True))
    citable = {event.seq: strings_of(event) for event in case.events}
    for one in (*plain, *masked):
        citable[one.seq] = [*citable[one.seq], one.text]
    task = shown(plain_lines(f"{case.task_title}\n{case.task_description}"[:MAX_TASK]))
    return Paper(facts_of(story, answers, validation), task, plain, masked, Evidence(citable, answers), max_chars)
