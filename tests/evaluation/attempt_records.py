"""Attempts as the fixer keeps them, for tests of what is made of them."""

from __future__ import annotations

from patchtrail.contract.attempt import AttemptRecord, FindingRecord

__all__ = ["TRACES", "attempt"]

TRACES = (f"trace-{'1' * 32}", f"trace-{'2' * 32}")


def attempt(
    number: int, group: str, retry: int = 1, *, trace_id: str | None = None, rule: str = "F401"
) -> AttemptRecord:
    """Return the record of one try; a retry's prompt tells of the try before it."""
    finding = FindingRecord(
        tool="ruff",
        rule_id=rule,
        message=f"{group} is unused",
        file_path=f"{group}.py",
        line=1,
        character=0,
        end_line=1,
        end_character=9,
    )
    prompt = f"[system]\nYou repair code.\n\n[user]\nFinding: {rule} in {group}.py:1\n\n[note]\nimport {group}"
    if retry > 1:
        prompt += "\n\n[assistant]\nnonsense\n\n[user]\nThat did not work."
    return AttemptRecord(
        attempt_id=f"a{number:03}",
        trace_id=trace_id,
        timestamp=f"2026-01-02T03:04:{number:02}.000+00:00",
        finding=finding,
        findings=[finding],
        prompt=prompt,
        llm_response=f"answer {number}",
        patch_generated="--- a\n+++ b\n",
        validation_result=True,
        validation_errors=[],
        retry_attempt=retry,
        strategy="single",
        tokens_used=10,
        latency_ms=20,
        cost_usd=0.5,
        file_type="py",
        finding_complexity="simple",
        rule_category="unused-import" if rule == "F401" else "import order/1",
        rule_id=rule,
        file=f"{group}.py",
        line=1,
        status="offered",
        model="test-model",
        group_id=group,
    )
