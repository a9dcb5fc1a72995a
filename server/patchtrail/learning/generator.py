"""Pattern-aware generation: what a prompt is about, which patterns belong to it, and code that keeps to them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patchtrail.contract.learning import Pattern
from patchtrail.learning.generated_code import code_in, filled_code, generation_messages, has_example, syntax_error_of
from patchtrail.learning.metrics_collector import utc_now
from patchtrail.learning.prompt_context import PromptContext, context_of
from patchtrail.learning.prompt_matches import PromptMatch, is_usable, matches_of
from patchtrail.learning.retrieval import MAX_PATTERNS
from patchtrail.llm import Cancellation, Model, ModelRequest

__all__ = ["GenerationResult", "PatternAwareGenerator"]

MAX_PROMPT = 20_000
MAX_SUGGESTED = 10
NOTHING = "nothing to fill from"


@dataclass(frozen=True)
class GenerationResult:
    """Generated code, a report of what was applied and why, and how sure it is that the patterns belong to the prompt.

    `confidence` is the mean of the patterns that were applied, or would have been; 0 where there are none. `metadata`
    has `model` (empty: none was asked), `language`, `topics` and `syntax_error` (of Python; empty: none).
    """

    code: str
    report: str
    confidence: float
    patterns_applied: tuple[PromptMatch, ...]
    patterns_suggested: tuple[PromptMatch, ...]
    metadata: Mapping[str, Any]

    @property
    def is_success(self) -> bool:
        """Whether there is code that parses, as far as that is known."""
        has_source = bool(self.metadata["model"] or self.patterns_applied)
        return has_source and bool(self.code.strip()) and not self.metadata["syntax_error"]


class PatternAwareGenerator:
    """Generates code with a library's patterns; with a model it asks it, without one it fills from the examples."""

    def __init__(
        self,
        patterns: Iterable[Pattern],
        *,
        model: Model | None = None,
        redact: Callable[[str], str] = str,
        now: Callable[[], datetime] = utc_now,
        max_output_tokens: int = 4_000,
        timeout_s: float = 60,
    ) -> None:
        """Take patterns, a model or none, and what takes secrets out of texts that leave for it."""
        self._patterns = list(patterns)
        self._model = model
        self._redact = redact
        self._now = now
        self._max_output_tokens = max_output_tokens
        self._timeout_s = timeout_s

    def generate(
        self,
        prompt: str,
        metrics_context: Mapping[str, Any] | None = None,
        apply_patterns: bool = True,
        min_confidence: float = 0.8,
    ) -> GenerationResult:
        """Generate code for a prompt; at most three patterns are applied, and only those that belong to it.

        `metrics_context` is `MetricsAnalyzer.get_context()`: what happened here before counts for a pattern. Raises
        `ValueError` for an empty or overlong prompt and a confidence outside of 0 to 1, and `ModelUnavailable`.
        """
        if not prompt.strip() or len(prompt) > MAX_PROMPT:
            raise ValueError(f"prompt: it must have 1 to {MAX_PROMPT:,} characters, not {len(prompt):,}.")
        if not 0 <= min_confidence <= 1:
            raise ValueError(f"min_confidence: {min_confidence} does not lie between 0 and 1.")
        context = context_of(prompt)
        matches = matches_of(context, self._patterns, metrics_context or {}, self._now())
        fitting = [one for one in matches if one.confidence >= min_confidence and is_usable(one.pattern)][:MAX_PATTERNS]
        applied = tuple(fitting) if apply_patterns else ()
        code, notes = self._code(prompt, applied, context)
        error = syntax_error_of(code) if context.language == "python" else None
        suggested = tuple(one for one in matches if one not in applied)[:MAX_SUGGESTED]
        why_not = {one.pattern.name: _why_not(one, min_confidence, apply_patterns) for one in suggested}
        if error is not None:
            notes.append(f"It does not parse as Python: {error}.")
        return GenerationResult(
            code=code,
            report=_report(context, applied, suggested, why_not, notes),
            confidence=round(sum(one.confidence for one in fitting) / len(fitting), 4) if fitting else 0.0,
            patterns_applied=applied,
            patterns_suggested=suggested,
            metadata={
                "model": self._model.name if self._model else "",
                "language": context.language,
                "topics": list(context.topics),
                "syntax_error": error or "",
            },
        )

    def _code(self, prompt: str, applied: Sequence[PromptMatch], context: PromptContext) -> tuple[str, list[str]]:
        """Return code, and what a report has to say of where it comes from."""
        if self._model is None:
            bare = [one.pattern.name for one in applied if not has_example(one)]
            source = "filled from the patterns' own good examples" if len(applied) > len(bare) else NOTHING
            notes = [f"{name} has no good example yet: its description alone stands in the code." for name in bare]
            return filled_code(prompt, applied, context.language), [*notes, f"No model was asked: {source}."]
        messages = generation_messages(
            prompt, applied, language=context.language, nonce=secrets.token_hex(8), redact=self._redact
        )
        answer = self._model.ask(ModelRequest(messages, self._max_output_tokens, self._timeout_s), Cancellation())
        notes = [
            f"Asked of {answer.model}: {answer.input_tokens + answer.output_tokens} tokens, {answer.latency_ms} ms."
        ]
        if answer.finish_reason != "stop":
            notes.append(f"The answer is not whole: it ended by {answer.finish_reason}.")
        return code_in(answer.text), notes


def _why_not(match: PromptMatch, min_confidence: float, apply_patterns: bool) -> str:
    pattern = match.pattern
    if not apply_patterns:
        return "patterns were not to be applied"
    if match.confidence < min_confidence:
        return f"below {100 * min_confidence:.0f} %"
    if is_usable(pattern):
        return f"{MAX_PATTERNS} others matter more"
    return "it waits for a person's approval" if pattern.state == "draft" else f"it is {pattern.state}"


def _report(
    context: PromptContext,
    applied: Sequence[PromptMatch],
    suggested: Sequence[PromptMatch],
    why_not: Mapping[str, str],
    notes: Sequence[str],
) -> str:
    """Return what was applied and why, what was not and why not, and where the code comes from."""
    return "\n".join(
        [
            f"About: {', '.join(context.topics) or 'no topic that is known here'} ({context.language}).",
            *(f"Applied {_told(one)}; {_standing(one.pattern)}." for one in applied),
            *(f"Not applied {_told(one)}: {why_not[one.pattern.name]}." for one in suggested),
            *([] if applied or suggested else ["No pattern of the library belongs to this prompt."]),
            *notes,
        ]
    )


def _told(match: PromptMatch) -> str:
    pattern = match.pattern
    return f"{pattern.name} ({100 * match.confidence:.0f} %, {pattern.severity}; {', '.join(match.reasons)})"


def _standing(pattern: Pattern) -> str:
    return "active" if pattern.state == "active" else "approved by a person, not yet shown to help"
