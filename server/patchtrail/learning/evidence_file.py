"""What was tried with patterns, as a file: fixtures, regression suite, shadow hits and paired runs, by pattern.

```json
{"bounds_checking": {
  "fixtures": {"positive": 3, "negative": 2, "failed": []},
  "regressions": [],
  "shadow": {"hits": 11, "of": 12},
  "pairs": [{"case": "tests/test_a.py::test_x", "with": true, "without": false}],
  "prompt_tokens": 180}}
```
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import Pattern
from patchtrail.contract.wire import Count
from patchtrail.learning.gate import Evidence, FixtureRun
from patchtrail.learning.paired import Paired
from patchtrail.learning.uses import last_heard
from patchtrail.learning.wilson import Proportion

__all__ = ["Tried", "evidence_of", "evidence_text", "read_evidence", "tried_of"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _Fixtures(_Part):
    positive: Count
    negative: Count
    failed: list[str] = Field(default=[])


class _Shadow(_Part):
    hits: Count
    of: Count


class _Pair(_Part):
    case: str
    is_on_well: bool = Field(alias="with")
    is_off_well: bool = Field(alias="without")


class Tried(_Part):
    """What was tried with one pattern since it entered its state; what is left out was not tried."""

    fixtures: _Fixtures | None = None
    regressions: list[str] | None = None
    shadow: _Shadow = _Shadow(hits=0, of=0)
    pairs: list[_Pair] = Field(default=[])
    prompt_tokens: Count = 0

    @property
    def trial(self) -> Paired:
        """The paired runs, counted."""
        counted = Paired()
        for pair in self.pairs:
            counted = counted.plus(is_on_well=pair.is_on_well, is_off_well=pair.is_off_well)
        return counted

    def plus(self, case: str, *, is_on_well: bool, is_off_well: bool) -> Tried:
        """Return it with one more pair."""
        pair = _Pair.model_validate({"case": case, "with": is_on_well, "without": is_off_well})
        return self.model_copy(update={"pairs": [*self.pairs, pair]})


FILE = TypeAdapter(dict[str, Tried])


def read_evidence(content: bytes) -> Mapping[str, Tried]:
    """Return what a file tells of each pattern; raises `InvalidInput` naming the place, and for a case told twice."""
    try:
        told = FILE.validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the top"
        raise InvalidInput(f"This is no evidence: {fault['msg']} at {where}.", code="bad_evidence") from error
    for name, tried in told.items():
        if tried.shadow.hits > tried.shadow.of:
            raise InvalidInput(f"{name}: {tried.shadow.hits} hits of {tried.shadow.of}.", code="bad_evidence")
        if len({pair.case for pair in tried.pairs}) < len(tried.pairs):
            # A case that counts twice would make chance look like evidence.
            raise InvalidInput(f"{name}: a case stands twice among its pairs.", code="bad_evidence")
    return told


def tried_of(fixtures: FixtureRun, regressions: Sequence[str], shadow: Proportion, prompt_tokens: int) -> Tried:
    """Return what was tried with a pattern, but for its pairs."""
    return Tried(
        fixtures=_Fixtures(positive=fixtures.positive, negative=fixtures.negative, failed=list(fixtures.failed)),
        regressions=list(regressions),
        shadow=_Shadow(hits=shadow.hits, of=shadow.of),
        prompt_tokens=prompt_tokens,
    )


def evidence_text(tried: Mapping[str, Tried]) -> str:
    """Return the file's text for what was tried, by a pattern's name; `read_evidence` gives the same again."""
    told = {name: one.model_dump(mode="json", by_alias=True) for name, one in tried.items()}
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def evidence_of(pattern: Pattern, tried: Tried, now: datetime) -> Evidence:
    """Return what the gate decides by: what was tried, and what the pattern itself tells."""
    fixtures = tried.fixtures
    return Evidence(
        sessions=len(pattern.provenance.traces),
        is_approved=pattern.approved_at is not None,
        fixtures=FixtureRun(fixtures.positive, fixtures.negative, tuple(fixtures.failed)) if fixtures else None,
        regressions=None if tried.regressions is None else tuple(tried.regressions),
        shadow=Proportion(tried.shadow.hits, tried.shadow.of),
        trial=tried.trial,
        prompt_tokens=tried.prompt_tokens,
        idle_days=_idle_days(pattern, now),
    )


def _idle_days(pattern: Pattern, now: datetime) -> int:
    """Return for how long nothing was heard of a pattern; 0 where nothing tells a time."""
    last = last_heard(pattern)
    return 0 if last is None else max(0, (now - last).days)
