"""The tries for one finding, or for a batch of one file: ask, locate, check, and ask again with what was wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.attempt import AttemptRecord, ContextPart, FailureMode, Strategy
from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, Message, Model, ModelAnswer, ModelRequest
from patchtrail.llm.tokens import estimated_tokens
from patchtrail.patching.answer import Focus, patch_from_answer
from patchtrail.patching.attempt_record import Told, record_of
from patchtrail.patching.checks import Checks, Failure
from patchtrail.patching.context import context_parts
from patchtrail.patching.finding import Finding
from patchtrail.patching.overlay import Overlay
from patchtrail.patching.patch import Patch, Refusal
from patchtrail.patching.ports import AttemptLog, PatternLookup
from patchtrail.patching.prompt import first_messages, retry_messages
from patchtrail.patching.relocate import moved_finding
from patchtrail.patching.rule_door import RuleDoor
from patchtrail.patching.scope import refusal_of
from patchtrail.patching.secrets_kept import KeptSecrets

__all__ = ["Group", "Means", "Tried", "try_group"]

NO_DOOR = "No language model is configured, and the tool that reports this has no fix of its own."
SURE = 1000
FINAL_CODES: dict[str, FailureMode] = {
    "cancelled": "cancelled",
    "spending_cap": "spending_cap",
    "model_timeout": "timeout",
    "model_unavailable": "model_unavailable",
}


@dataclass(frozen=True)
class Group:
    """Findings that are asked about in one request."""

    findings: tuple[Finding, ...]
    strategy: Strategy


@dataclass(frozen=True)
class Means:
    """What every try of one request works with."""

    model: Model | None
    rules: RuleDoor
    checks: Checks
    patterns: PatternLookup
    log: AttemptLog
    config: AgentConfig
    redact: Callable[[str], str]
    now_ms: Callable[[], int]
    draw_id: Callable[[], str]
    trace_id: str | None
    cancellation: Cancellation
    progress: Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """What came of a group: the best patch that broke nothing, and what it fixes. `is_final`: asking on is no use."""

    patch: Patch | None
    fixed: tuple[Finding, ...]
    unfixed: tuple[Finding, ...]
    records: tuple[AttemptRecord, ...]
    message: str
    is_rechecked: bool = False
    is_safe: bool = True
    is_final: bool = False


@dataclass(frozen=True)
class _Conversation:
    """The messages of one try, as the model sees them: without a secret."""

    parts: tuple[ContextPart, ...] = ()
    messages: tuple[Message, ...] = ()
    known_paths: tuple[str, ...] = ()
    kept: KeptSecrets = field(default_factory=KeptSecrets)
    told: str | None = None


NO_TALK = _Conversation()


def try_group(group: Group, overlay: Overlay, means: Means) -> Tried:
    """Return the best patch that the doors have for a group: a model's, and where it has none the tools' own."""
    tried = Tried(None, (), group.findings, (), NO_DOOR)
    group_id = means.draw_id()
    if means.model is not None:
        tried = _ask_model(group, overlay, means, group_id)
    if tried.unfixed and not means.cancellation.is_cancelled:
        rest = tuple(one for one in tried.unfixed if means.rules.knows(one))
        if rest:
            tried = _joined(tried, _ask_rules(Group(rest, group.strategy), overlay, tried, means, group_id))
    return tried


def _ask_model(group: Group, overlay: Overlay, means: Means, group_id: str) -> Tried:
    assert means.model is not None
    talk = _opened(group, overlay, means)
    records: list[AttemptRecord] = []
    best: Tried | None = None
    for number in range(1, means.config.max_attempts + 1):
        means.progress(_said(means.model, number, talk.told))
        told, started = Told(group.findings, group.strategy, number, group_id, talk.told), means.now_ms()
        try:
            answer = _ask(means, talk.messages)
        except ModelUnavailable as error:
            mode = FINAL_CODES.get(error.code, "model_unavailable")
            failed = _record(told, talk, means, None, [Failure(mode, error.message)], started)
            records.append(failed)
            is_final = mode != "timeout"
            if is_final:
                return _ended(best, group, records, error.message, is_final=True)
            talk = replace(talk, told=error.message)
            continue
        one, record = _judged(group, overlay, means, told, talk, answer, started)
        records.append(record)
        if one.patch is not None and (best is None or len(one.fixed) > len(best.fixed)):
            best = one
        if one.patch is not None and not one.unfixed:
            break
        again = retry_messages(talk.messages, answer.text, means.redact(one.message))
        talk = replace(talk, told=one.message, messages=again)
    return _ended(best, group, records, talk.told or "", is_final=False)


def _opened(group: Group, overlay: Overlay, means: Means) -> _Conversation:
    """Build the first request; what is secret in it is replaced, and what stood there is kept for the answer."""
    code = overlay.read(group.findings[0].file_path) or ""
    patterns = means.patterns.patterns_for(group.findings[0], code)[: means.config.max_patterns]
    parts = context_parts(group.findings, overlay, patterns, means.config.max_prompt_tokens)
    kept, shown = KeptSecrets(), list[Message]()
    for message in first_messages(group.findings, parts, means.draw_id()):
        redacted = means.redact(message.content)
        kept.learn(message.content, redacted)
        shown.append(replace(message, content=redacted))
    costs = tuple(ContextPart(name=part.name, tokens=estimated_tokens(part.text)) for part in parts)
    paths = [*(one.file_path for one in group.findings), *(part.file_path for part in parts if part.file_path)]
    return _Conversation(costs, tuple(shown), tuple(dict.fromkeys(paths)), kept)


def _ask(means: Means, messages: tuple[Message, ...]) -> ModelAnswer:
    assert means.model is not None
    request = ModelRequest(messages, means.config.max_output_tokens, means.config.timeout_s)
    return means.model.ask(request, means.cancellation)


def _judged(
    group: Group, overlay: Overlay, means: Means, told: Told, talk: _Conversation, answer: ModelAnswer, started: int
) -> tuple[Tried, AttemptRecord]:
    """Locate and check one answer."""
    first = group.findings[0]
    found = patch_from_answer(
        talk.kept.restored(answer.text),
        overlay.read,
        known_paths=talk.known_paths,
        focus=Focus(first.file_path, first.line, max(first.end_line, first.line)),
        is_cut_off=answer.finish_reason == "length",
    )
    refused = found if isinstance(found, Refusal) else refusal_of(found, overlay)
    if refused is not None or isinstance(found, Refusal):
        refused = refused or Refusal("unreadable_answer", "The answer could not be read.")
        record = _record(told, talk, means, answer, [Failure(refused.mode, refused.message)], started)
        return Tried(None, (), group.findings, (record,), refused.message), record
    result = means.checks.run(found, group.findings, overlay)
    is_good = result.is_worth_offering
    record = _record(
        told, talk, means, answer, list(result.failures), started, found, result.is_rechecked, is_offered=is_good
    )
    message = " ".join(one.message for one in result.failures)
    if not is_good:
        return Tried(None, (), group.findings, (record,), message), record
    return Tried(found, result.fixed, result.unfixed, (record,), message, result.is_rechecked), record


def _ask_rules(group: Group, overlay: Overlay, so_far: Tried, means: Means, group_id: str) -> Tried:
    """Ask the tools themselves about what is left, on top of what a model did."""
    below = overlay if so_far.patch is None else overlay.with_patch(so_far.patch)
    originals = {moved_finding(one, overlay, below): one for one in group.findings}
    means.progress("Asking the tool for its own fix")
    told = Told(tuple(originals), group.strategy, len(so_far.records) + 1, group_id, None)
    door, started = means.rules.name, means.now_ms()
    found = means.rules.patch(tuple(originals), below, means.cancellation)
    if isinstance(found, Refusal):
        failures = [Failure(found.mode, found.message)]
        record = _record(told, NO_TALK, means, None, failures, started, door=door)
        return Tried(None, (), group.findings, (record,), found.message)
    result = means.checks.run(found, tuple(originals), below)
    is_good, failures = result.is_worth_offering, list(result.failures)
    record = _record(
        told, NO_TALK, means, None, failures, started, found, result.is_rechecked, is_offered=is_good, door=door
    )
    message = " ".join(one.message for one in result.failures)
    if not is_good:
        return Tried(None, (), group.findings, (record,), message)
    is_safe = all(hunk.certainty_milli == SURE for hunk in found.hunks)
    fixed = tuple(originals[one] for one in result.fixed)
    unfixed = tuple(originals[one] for one in result.unfixed)
    return Tried(found, fixed, unfixed, (record,), message, result.is_rechecked, is_safe)


def _record(
    told: Told,
    talk: _Conversation,
    means: Means,
    answer: ModelAnswer | None,
    failures: list[Failure],
    started: int,
    patch: Patch | None = None,
    is_rechecked: bool = False,
    *,
    is_offered: bool = False,
    door: str = "",
) -> AttemptRecord:
    """Record one try at once: whatever happens next, it can be seen afterwards."""
    record = record_of(
        told,
        attempt_id=means.draw_id(),
        trace_id=means.trace_id,
        started_ms=started,
        ended_ms=means.now_ms(),
        prompt=talk.messages,
        parts=talk.parts,
        answer=answer,
        door=door or (means.model.name if means.model is not None else ""),
        patch=patch,
        failures=failures,
        is_rechecked=is_rechecked,
        is_offered=is_offered,
    )
    means.log.add(record, patch)
    return record


def _ended(best: Tried | None, group: Group, records: list[AttemptRecord], message: str, *, is_final: bool) -> Tried:
    if best is None:
        return Tried(None, (), group.findings, tuple(records), message, is_final=is_final)
    return replace(best, records=tuple(records), is_final=is_final)


def _joined(one: Tried, other: Tried) -> Tried:
    """Join what a model and the tools did, the tools on top."""
    records = (*one.records, *other.records)
    unfixed = tuple(finding for finding in one.unfixed if finding not in other.fixed)
    if other.patch is None:
        return replace(one, records=records, message=one.message or other.message)
    patch = other.patch if one.patch is None else _on_top(one.patch, other.patch)
    return Tried(
        patch,
        (*one.fixed, *other.fixed),
        unfixed,
        records,
        one.message if unfixed else "",
        other.is_rechecked and (one.patch is None or one.is_rechecked),
        one.is_safe and other.is_safe,
        one.is_final and bool(unfixed),
    )


def _on_top(below: Patch, above: Patch) -> Patch:
    files = {one.file_path: one for one in below.files}
    for one in above.files:
        was = files.get(one.file_path)
        files[one.file_path] = one if was is None else replace(one, before=was.before)
    return Patch(tuple(files[path] for path in sorted(files)), (*below.hunks, *above.hunks))


def _said(model: Model, number: int, told: str | None) -> str:
    return f"Asking {model.name}" if told is None else f"Asking {model.name} again ({number}): {told[:100]}"
