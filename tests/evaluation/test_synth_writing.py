"""Cases that a model writes are kept only where Ruff confirms them."""

from __future__ import annotations

import json

import pytest

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.synth_writing import written_cases
from patchtrail.llm import Endpoint, model_of
from tests.model.reply import Asked, Reply
from tests.model.server import ModelServer

RIGHT = '"""Tell the time."""\n\nimport time\n\nprint(time.time())\n'
WRONG = RIGHT.replace("import time\n", "import os\nimport time\n")
ANSWERS = [
    "I would rather not.",
    json.dumps({"code": RIGHT.replace("time()", "time( )"), "expected_fix": RIGHT}),
    json.dumps({"code": WRONG, "expected_fix": "def broken(:\n"}),
    json.dumps({"code": 7, "expected_fix": RIGHT}),
    f"Here it is:\n```json\n{json.dumps({'code': WRONG, 'expected_fix': RIGHT})}\n```",
]


def test_what_ruff_confirms_is_kept() -> None:
    """Of a refusal, a case without the finding, a wrong fix and what is no text nothing is kept; the real one is."""

    def answer(ask: Asked) -> Reply:
        return Reply(ANSWERS[min(len(server.asked), len(ANSWERS)) - 1])

    with ModelServer(answer) as server:
        model = model_of(Endpoint("openai", server.url, "test-model", server.api_key))
        (case,) = written_cases(model, {"F401": 1}, 2, lambda _: None)

    assert len(server.asked) == 6
    assert (case.issue_type, case.line, case.source, case.code, case.expected_fix) == ("F401", 3, "model", WRONG, RIGHT)
    assert "F401" in server.asked[0].prompt


def test_none_confirmed_is_told() -> None:
    """A model that writes nothing that Ruff confirms is asked only so often, and that is told."""
    with ModelServer(lambda _: Reply("no")) as server:
        model = model_of(Endpoint("openai", server.url, "test-model", server.api_key))
        with pytest.raises(InvalidInput, match="none of 6 cases"):
            written_cases(model, {"I001": 1, "F401": 1}, 2, lambda _: None)

    assert len(server.asked) == 6
