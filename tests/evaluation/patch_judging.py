"""The judge of patches in front of the test model."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.evaluation.patch_judge import JudgedPatch, PatchJudge
from patchtrail.llm import Cancellation, Endpoint, Price, Prices, model_of
from tests.contract.patch_samples import RECORD
from tests.model import Answerer, ModelServer, Reply

__all__ = ["DIFF", "attempt", "judged", "judging", "said"]

DIFF = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1 @@\n-import os\n x = 1\n"


def said(correct: bool, *issues: str) -> Answerer:
    """Return a judge that always says the same."""
    return lambda _: Reply(json.dumps({"correct": correct, "reasoning": "It is so.", "issues": issues}))


def attempt(patch: str | None = DIFF, attempt_id: str = "a1") -> AttemptRecord:
    """Return an attempt with that patch."""
    fields = {"attempt_id": attempt_id, "patch_generated": patch}
    return AttemptRecord.model_validate_json(json.dumps({**RECORD, **fields}))


@contextlib.contextmanager
def judging(answerer: Answerer, samples: int = 3) -> Iterator[tuple[PatchJudge, ModelServer]]:
    """Give a judge in front of the test model."""
    with ModelServer(answerer) as server:
        endpoint = Endpoint("openai", server.url, "model", "test-key")
        yield PatchJudge(model_of(endpoint, Prices(Price(150_000, 600_000))), samples=samples), server


def judged(answerer: Answerer, record: AttemptRecord, samples: int = 3) -> JudgedPatch:
    """Judge one attempt."""
    with judging(answerer, samples) as (judge, _):
        return judge.judge(record, Cancellation())
