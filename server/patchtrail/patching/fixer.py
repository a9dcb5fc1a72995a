"""Find a patch for findings: ask, locate, check, tell what was wrong, ask again; at most as often as the limits allow.

Slow: whoever calls does so on a thread. Nothing here writes to the user's files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation, Model, ModelRequest
from patchtrail.patching.checks import Checks
from patchtrail.patching.context import context_parts
from patchtrail.patching.finding import Finding
from patchtrail.patching.group import try_group
from patchtrail.patching.overlay import Overlay, patch_between
from patchtrail.patching.patch import LocatedHunk, Patch
from patchtrail.patching.ports import AttemptLog, Checker, PatternLookup, TestRunner, Workspace
from patchtrail.patching.prompt import explain_messages
from patchtrail.patching.relocate import moved_finding, moved_patch
from patchtrail.patching.rule_door import RuleDoor
from patchtrail.patching.tries import Group, Means, Tried

__all__ = ["FixParts", "FixRequest", "FixResult", "Fixer", "Outcome"]

Outcome = Literal["accepted", "rejected", "undone"]
EXPLANATION_TOKENS = 600
STALE = "The file changed while the patch was made, so that it does not fit any more. Ask again."


@dataclass(frozen=True)
class FixRequest:
    """What is to be fixed; findings of several files are taken file by file."""

    findings: tuple[Finding, ...]
    strategy: Literal["auto", "batch", "single"] = "auto"


@dataclass(frozen=True)
class FixResult:
    """The patch that passed, or why there is none.

    `needs_preview`: it was not re-checked, or the tool that made it calls it unsafe.
    """

    patch: Patch | None
    is_rechecked: bool
    message: str
    attempts: tuple[AttemptRecord, ...]
    fixed: tuple[Finding, ...]
    unfixed: tuple[Finding, ...]
    needs_preview: bool = False


@dataclass(frozen=True)
class FixParts:
    """What a fixer works with; the composition root fills it."""

    model: Callable[[AgentConfig], Model | None]
    checker: Checker
    tests: TestRunner
    patterns: PatternLookup
    log: AttemptLog
    config: Callable[[Workspace], AgentConfig]
    redact: Callable[[str], str]
    now_ms: Callable[[], int]
    draw_id: Callable[[], str]
    trace_id: Callable[[], str | None]


class Fixer:
    """Answers requests for patches, one after the other or on several threads: it keeps nothing between them."""

    def __init__(self, parts: FixParts) -> None:
        self._parts = parts
        self._rules = RuleDoor(parts.checker)

    def can_recheck(self, finding: Finding) -> bool:
        """Return whether the reporting tool can be run here; answers at once."""
        return finding.is_test or self._parts.checker.can_check(finding.tool, finding.file_path)

    def fix(
        self, request: FixRequest, workspace: Workspace, cancellation: Cancellation, progress: Callable[[str], None]
    ) -> FixResult:
        """Return a patch that passed every check that can be run here, or none and why.

        Every try is recorded. Raises nothing of a model's or a tool's: what they did is told in the result.
        """
        config = self._parts.config(workspace)
        work = _Work(Overlay(workspace, {}), self._means(config, cancellation, progress))
        for group in _groups(request, config):
            tried = work.take(group)
            if group.strategy == "batch" and not tried.is_final:
                for finding in tried.unfixed:
                    work.take(Group((finding,), "single"))
        return _result(request, workspace, work.overlay, work.tried)

    def revalidate(self, result: FixResult, workspace: Workspace, cancellation: Cancellation) -> FixResult:
        """Return the result on the texts as they are now: found again there and checked again, or without a patch."""
        if result.patch is None:
            return result
        overlay = Overlay(workspace, {})
        found = moved_patch(result.patch, overlay)
        if found is None:
            return replace(result, patch=None, message=STALE)
        was = Overlay(workspace, {one.file_path: one.before for one in result.patch.files if one.before is not None})
        checks = Checks(self._parts.checker, self._parts.tests, run_tests=False, cancellation=cancellation)
        checked = checks.run(found, [moved_finding(one, was, overlay) for one in result.fixed], overlay)
        if checked.failures:
            return replace(result, patch=None, message=f"{STALE} {checked.failures[0].message}")
        return replace(result, patch=found, is_rechecked=checked.is_rechecked)

    def explain(self, finding: Finding, workspace: Workspace, cancellation: Cancellation) -> str:
        """Return what a finding means, in a model's words; without a model, in its tool's own."""
        config = self._parts.config(workspace)
        model = self._parts.model(config)
        own = f"{finding.tool} {finding.rule_id}: {finding.message}"
        if model is None:
            return f"{own}\n\nNo language model is configured, so there is no more to say here."
        parts = context_parts([finding], workspace, (), config.max_prompt_tokens)
        messages = explain_messages(finding, parts, self._parts.draw_id())
        shown = tuple(replace(one, content=self._parts.redact(one.content)) for one in messages)
        try:
            return model.ask(ModelRequest(shown, EXPLANATION_TOKENS, config.timeout_s), cancellation).text
        except ModelUnavailable as error:
            return f"{own}\n\n{error.message}"

    def outcome(self, attempt_id: str, outcome: Outcome) -> None:
        """Record what became of an offered patch."""
        self._parts.log.outcome(attempt_id, outcome)

    def _means(self, config: AgentConfig, cancellation: Cancellation, progress: Callable[[str], None]) -> Means:
        parts = self._parts
        return Means(
            model=parts.model(config),
            rules=self._rules,
            checks=Checks(parts.checker, parts.tests, run_tests=config.run_tests, cancellation=cancellation),
            patterns=parts.patterns,
            log=parts.log,
            config=config,
            redact=parts.redact,
            now_ms=parts.now_ms,
            draw_id=parts.draw_id,
            trace_id=parts.trace_id(),
            cancellation=cancellation,
            progress=progress,
        )


class _Work:
    """One request's groups, one after the other, each on top of what those before it came to."""

    def __init__(self, base: Overlay, means: Means) -> None:
        self._base = base
        self._means = means
        self.overlay = base
        self.tried: list[Tried] = []

    def take(self, group: Group) -> Tried:
        """Try a group; its findings are those of the untouched texts, and so are those of the answer."""
        if self._means.cancellation.is_cancelled:
            return self._kept(Tried(None, (), group.findings, (), "Cancelled.", is_final=True))
        originals = {moved_finding(one, self._base, self.overlay): one for one in group.findings}
        gone = self._means.checks.gone_already(tuple(originals), self.overlay)
        left = tuple(one for one in originals if one not in gone)
        tried = Tried(None, (), (), (), "", is_rechecked=True)
        if left:
            tried = try_group(Group(left, group.strategy), self.overlay, self._means)
        if tried.patch is not None:
            self.overlay = self.overlay.with_patch(tried.patch)
        fixed = tuple(originals[one] for one in (*gone, *tried.fixed))
        return self._kept(replace(tried, fixed=fixed, unfixed=tuple(originals[one] for one in tried.unfixed)))

    def _kept(self, tried: Tried) -> Tried:
        self.tried.append(tried)
        return tried


def _groups(request: FixRequest, config: AgentConfig) -> list[Group]:
    """Return what is asked together: findings of one file in a batch, failing tests always alone."""
    strategy = config.strategy if request.strategy == "auto" else request.strategy
    groups: list[Group] = []
    for path in dict.fromkeys(one.file_path for one in request.findings):
        here = [one for one in request.findings if one.file_path == path and not one.is_test]
        size = 1 if strategy == "single" else config.max_batch
        for start in range(0, len(here), size):
            some = tuple(here[start : start + size])
            groups.append(Group(some, "batch" if len(some) > 1 else "single"))
        groups += [Group((one,), "single") for one in request.findings if one.file_path == path and one.is_test]
    return groups


def _result(request: FixRequest, workspace: Workspace, overlay: Overlay, tried: Sequence[Tried]) -> FixResult:
    fixed = tuple(one for part in tried for one in part.fixed)
    hunks: tuple[LocatedHunk, ...] = tuple(
        hunk for part in tried if part.patch is not None for hunk in part.patch.hunks
    )
    patch = patch_between(workspace, overlay, hunks)
    offered = [part for part in tried if part.patch is not None]
    is_rechecked = bool(offered) and all(part.is_rechecked for part in offered)
    unfixed = tuple(one for one in request.findings if one not in fixed)
    message = _message(request, tried, fixed) if patch is None or unfixed else ""
    return FixResult(
        patch,
        is_rechecked,
        message,
        tuple(record for part in tried for record in part.records),
        fixed,
        unfixed,
        needs_preview=not is_rechecked or any(not part.is_safe for part in offered),
    )


def _message(request: FixRequest, tried: Sequence[Tried], fixed: Sequence[Finding]) -> str:
    reasons = list(dict.fromkeys(part.message for part in tried if part.message))
    told = " ".join(reasons[:3]) or "Nothing was found that would fix it."
    if not fixed:
        return told
    return f"{len(fixed)} of {len(request.findings)} findings are fixed. {told}"
