"""Whether a patch did its work: the findings that it was for are gone, and none is there that was not before.

Findings are the same when rule, message and the content of their line are; a line's number says nothing, because a
patch moves what stands below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from patchtrail.patching.finding import Finding
from patchtrail.text import split_lines

__all__ = ["Verdict", "judge", "moved"]

NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
"""Numbers that stand alone in a message: lengths, counts, and the lines of other places."""
HIDES_OTHERS = frozenset({"invalid-syntax", "syntax", "E999", "E9"})
MAX_COMPARED = 1_000
"""Changed lines between which the exact comparison is still quick."""
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Verdict:
    """What became of the findings.

    `remaining` and `unseen` are of those that the patch was for: unseen is what the tools do not report even without
    the patch, so that its absence afterwards says nothing. `uncovered` was hidden by a syntax error that is gone.
    """

    remaining: tuple[Finding, ...]
    new: tuple[Finding, ...]
    unseen: tuple[Finding, ...] = ()
    uncovered: tuple[Finding, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether all that the patch was for was seen before and is gone."""
        return not self.remaining and not self.unseen

    @property
    def is_clean(self) -> bool:
        """Whether nothing is there that was not before."""
        return not self.new


@dataclass(frozen=True)
class _Lines:
    """Both texts of one file, and where each line of the first that was kept stands in the second."""

    before: list[str]
    after: list[str]
    kept: dict[int, int] = field(default_factory=dict)
    landed: frozenset[int] = frozenset()


def judge(
    before: Sequence[Finding],
    after: Sequence[Finding],
    targets: Sequence[Finding],
    *,
    texts_before: Mapping[str, str],
    texts_after: Mapping[str, str],
) -> Verdict:
    """Compare what the tools say of both states of the patched files; `targets` are what the patch is for."""
    files = set(texts_before) | set(texts_after)
    lines = {path: _lines_of(texts_before.get(path, ""), texts_after.get(path, "")) for path in files}
    wanted, unseen = _reported(targets, before)
    matched, new = _matched(before, after, wanted, lines)
    hidden = {(one.tool, one.file_path) for one in before if one.rule_id in HIDES_OTHERS}
    still_hidden = {(one.tool, one.file_path) for one in after if one.rule_id in HIDES_OTHERS}
    uncovered = [one for one in new if (one.tool, one.file_path) in hidden - still_hidden]
    return Verdict(
        remaining=tuple(target for target, index in wanted if index in matched),
        new=tuple(one for one in new if one not in uncovered),
        unseen=unseen,
        uncovered=tuple(uncovered),
    )


def moved(finding: Finding, before: str, after: str) -> Finding:
    """Return a finding of `before` where it stands in `after`; a line that was changed moves with its neighbour."""
    kept = _lines_of(before, after).kept
    line = finding.line - 1
    anchor = next((one for one in range(line, -1, -1) if one in kept), None)
    shift = 0 if anchor is None else kept[anchor] - anchor
    end_line = max(1, finding.end_line + shift) if finding.end_line else 0
    return replace(finding, line=max(1, finding.line + shift), end_line=end_line)


def _reported(
    targets: Sequence[Finding], before: Sequence[Finding]
) -> tuple[list[tuple[Finding, int]], tuple[Finding, ...]]:
    """Find each target among what the tools report; an editor's words for it may differ from the command line's."""
    taken: set[int] = set()
    wanted: list[tuple[Finding, int]] = []
    unseen: list[Finding] = []
    for target in targets:
        alike = [
            index
            for index, one in enumerate(before)
            if index not in taken
            and (one.tool, one.file_path, one.rule_id) == (target.tool, target.file_path, target.rule_id)
            and one.line <= (target.end_line or target.line)
            and target.line <= (one.end_line or one.line)
        ]
        if not alike:
            unseen.append(target)
            continue
        best = min(alike, key=lambda index: _distance(before[index], target))
        taken.add(best)
        wanted.append((target, best))
    return wanted, tuple(unseen)


def _distance(one: Finding, target: Finding) -> tuple[bool, int, int]:
    is_other = one.message != target.message
    return is_other, abs(one.line - target.line), abs(one.character - target.character)


def _matched(
    before: Sequence[Finding],
    after: Sequence[Finding],
    wanted: list[tuple[Finding, int]],
    lines: Mapping[str, _Lines],
) -> tuple[set[int], list[Finding]]:
    """Pair what is the same; return which of `before` are still there, and which of `after` are new."""
    aims = {index for _, index in wanted}
    # Where there are fewer of a kind than before, what the patch was for is what went.
    order = sorted(range(len(before)), key=lambda index: (index in aims, index))
    groups: dict[Key, list[Finding]] = {}
    for finding in after:
        groups.setdefault(_key(finding), []).append(finding)
    matched: set[int] = set()
    for is_same in (_is_on_its_line, _is_on_an_equal_line, _is_about_the_same_lines, _is_on_a_changed_line):
        for index in order:
            rest = groups.get(_key(before[index]), [])
            if index in matched or not rest:
                continue
            partner = _partner(before[index], rest, lines, is_same)
            if partner is not None:
                rest.remove(partner)
                matched.add(index)
    left = {id(one) for rest in groups.values() for one in rest}
    return matched, [one for one in after if id(one) in left]


def _partner(
    finding: Finding,
    rest: list[Finding],
    lines: Mapping[str, _Lines],
    is_same: Callable[[Finding, Finding, _Lines], bool],
) -> Finding | None:
    texts = lines.get(finding.file_path, _Lines([], []))
    alike = [one for one in rest if is_same(finding, one, texts)]
    return min(alike, key=lambda one: abs(one.character - finding.character), default=None)


def _key(finding: Finding) -> Key:
    return finding.tool, finding.file_path, finding.rule_id, NUMBER.sub("0", finding.message)


def _is_on_its_line(old: Finding, new: Finding, texts: _Lines) -> bool:
    return texts.kept.get(old.line - 1, None if texts.before else old.line - 1) == new.line - 1


def _is_on_an_equal_line(old: Finding, new: Finding, texts: _Lines) -> bool:
    content = _content(texts.before, old.line)
    return bool(content) and content == _content(texts.after, new.line)


def _is_about_the_same_lines(old: Finding, new: Finding, texts: _Lines) -> bool:
    """An import block begins earlier when a line is put above it; what is said of a whole file stands in line 1."""
    lines = range(old.line - 1, max(old.end_line, old.line))
    held = [texts.kept[line] for line in lines if line in texts.kept]
    is_overlap = bool(held) and min(held) < max(new.end_line, new.line) and new.line - 1 <= max(held)
    return is_overlap or old.line == new.line == 1


def _is_on_a_changed_line(old: Finding, new: Finding, texts: _Lines) -> bool:
    """Both lines are the patch's own, so that this is the old finding, still there in other words."""
    return old.line - 1 not in texts.kept and new.line - 1 not in texts.landed


def _content(lines: list[str], line: int) -> str:
    return lines[line - 1].strip() if 1 <= line <= len(lines) else ""


def _lines_of(before: str, after: str) -> _Lines:
    old, new = split_lines(before), split_lines(after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    kept = {line: line for line in range(start)}
    kept |= {len(old) - 1 - line: len(new) - 1 - line for line in range(end)}
    middle, other = old[start : len(old) - end], new[start : len(new) - end]
    matcher = SequenceMatcher(None, middle, other, autojunk=len(middle) + len(other) > MAX_COMPARED)
    for at, to, size in matcher.get_matching_blocks():
        kept |= {start + at + step: start + to + step for step in range(size)}
    return _Lines(old, new, kept, frozenset(kept.values()))
