"""Training data as OpenAI takes it: chat lines (system, user, assistant) and preference pairs, one JSON text a line.

Source of the formats: the published fine-tuning line, and OpenAI's preference format for DPO (`input`,
`preferred_output`, `non_preferred_output`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from patchtrail.evaluation.curation import Pair, Sample

__all__ = ["chat_lines", "preference_lines"]


def chat_lines(samples: Iterable[Sample]) -> str:
    """Return a line for each sample."""
    return _lines({"messages": [*_asked(one), _said("assistant", one.record.llm_response)]} for one in samples)


def preference_lines(pairs: Iterable[Pair]) -> str:
    """Return a line for each pair."""
    return _lines(
        {
            "input": {"messages": _asked(one.preferred)},
            "preferred_output": [_said("assistant", one.preferred.record.llm_response)],
            "non_preferred_output": [_said("assistant", one.rejected.llm_response)],
        }
        for one in pairs
    )


def _asked(sample: Sample) -> list[dict[str, str]]:
    return [_said("system", sample.system), _said("user", sample.user)]


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _lines(rows: Iterable[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
