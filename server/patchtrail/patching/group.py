"""The tries for one finding, or for a batch of one file: ask, and ask again with what was wrong; then the tools."""

from __future__ import annotations

from dataclasses import replace

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Model, ModelRequest
from patchtrail.patching.attempt_record import Told
from patchtrail.patching.context import context_parts
from patchtrail.patching.conversation import SILENCE, Conversation, opened
from patchtrail.patching.overlay import Overlay
from patchtrail.patching.patch import Patch
from patchtrail.patching.relocate import moved_finding
from patchtrail.patching.tries import Group, Means, Tried, Try

__all__ = ["try_group"]

NO_DOOR = "No language model is configured, and the tool that reports this has no fix of its own."
SURE = 1000


def try_group(group: Group, overlay: Overlay, means: Means) -> Tried:
    """Return the best patch that the doors have for a group: a model's, and where it has none the tools' own."""
    tried = Tried(None, (), group.findings, (), NO_DOOR)
    group_id = means.draw_id()
    if means.model is not None:
        tried = _ask_model(means.model, group, overlay, means, group_id)
    rest = tuple(one for one in tried.unfixed if means.rules.knows(one))
    if not rest or means.cancellation.is_cancelled:
        return tried
    return _joined(tried, _ask_rules(Group(rest, group.strategy), overlay, tried, means, group_id))


def _ask_model(model: Model, group: Group, overlay: Overlay, means: Means, group_id: str) -> Tried:
    """Ask until everything is fixed, as often as the limits allow; the best patch that broke nothing counts."""
    talk = _first(group, overlay, means)
    best = Tried(None, (), group.findings, (), "")
    for number in range(1, means.config.max_attempts + 1):
        means.progress(_said(model, number, talk.told))
        one = Try(group, Told(group.findings, group.strategy, number, group_id, talk.told), talk, model.name, means)
        try:
            answer = model.ask(
                ModelRequest(talk.messages, means.config.max_output_tokens, means.config.timeout_s), means.cancellation
            )
        except ModelUnavailable as error:
            tried = one.unanswered(error)
            talk = replace(talk, told=tried.message)
        else:
            tried = one.answered(answer, overlay)
            talk = talk.again(answer.text, tried.message, means.redact)
        best = _better(best, tried)
        if not best.unfixed or best.is_final:
            break
    return best


def _first(group: Group, overlay: Overlay, means: Means) -> Conversation:
    code = overlay.read(group.findings[0].file_path) or ""
    patterns = means.patterns.patterns_for(group.findings, code)[: means.config.max_patterns]
    parts = context_parts(group.findings, overlay, patterns, means.config.max_prompt_tokens)
    return opened(group.findings, parts, means.draw_id(), means.redact)


def _better(best: Tried, tried: Tried) -> Tried:
    """Return the try that fixes more, the earlier where they are equal, with the records and the last word of both."""
    records = (*best.records, *tried.records)
    if tried.patch is not None and len(tried.fixed) > len(best.fixed):
        return replace(tried, records=records)
    return replace(best, records=records, message=tried.message, is_final=tried.is_final)


def _ask_rules(group: Group, overlay: Overlay, so_far: Tried, means: Means, group_id: str) -> Tried:
    """Ask the tools themselves about what is left, on top of what a model did."""
    below = overlay if so_far.patch is None else overlay.with_patch(so_far.patch)
    originals = {moved_finding(one, overlay, below): one for one in group.findings}
    means.progress("Asking the tool for its own fix")
    here = Group(tuple(originals), group.strategy)
    told = Told(here.findings, here.strategy, len(so_far.records) + 1, group_id, None)
    one = Try(here, told, SILENCE, means.rules.name, means)
    tried = one.checked(means.rules.patch(here.findings, below, means.cancellation), below)
    is_safe = tried.patch is None or all(hunk.certainty_milli == SURE for hunk in tried.patch.hunks)
    fixed = tuple(originals[one] for one in tried.fixed)
    unfixed = tuple(originals[one] for one in tried.unfixed)
    return replace(tried, fixed=fixed, unfixed=unfixed, is_safe=is_safe)


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
