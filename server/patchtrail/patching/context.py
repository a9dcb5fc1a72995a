"""What a model is shown of the code, inside a budget: the part that matters most first.

The order is the order of worth: the code around each finding, the failing test and its traceback, imports, what learned
patterns say, related definitions. What does not fit is left out whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from patchtrail.llm.tokens import estimated_tokens
from patchtrail.patching.definitions import Block, enclosing, imports_of, module_definitions, names_in, parse
from patchtrail.patching.failing_tests import own_frames
from patchtrail.patching.finding import Finding
from patchtrail.patching.ports import LearnedPattern, Workspace
from patchtrail.patching.prompt import Part
from patchtrail.text.lines import split_lines

__all__ = ["context_parts", "lesson_part"]

SMALL_FILE_LINES = 120
MARGIN_LINES = 3
MAX_RELATED = 8
MAX_RELATED_LINES = 40
MAX_TRACEBACK = 6_000
MAX_FRAMES = 10


def context_parts(
    findings: Sequence[Finding], workspace: Workspace, patterns: Sequence[LearnedPattern], budget_tokens: int
) -> list[Part]:
    """Return the parts of a prompt about findings, within a budget; the code of the first one is always there."""
    chosen: list[Part] = []
    left = budget_tokens
    for part in _candidates(findings, workspace, patterns):
        cost = estimated_tokens(part.text)
        if chosen and cost > left:
            continue
        chosen.append(part)
        left -= cost
    return chosen


def lesson_part(pattern: LearnedPattern) -> Part:
    """Return the part of a prompt that shows a learned pattern."""
    return Part(
        f"a lesson from earlier: {pattern.name}",
        f"{pattern.description}\nInstead of:\n{pattern.bad_example}\nWrite:\n{pattern.good_example}",
        pattern_id=pattern.pattern_id,
    )


def _candidates(
    findings: Sequence[Finding], workspace: Workspace, patterns: Sequence[LearnedPattern]
) -> Iterator[Part]:
    for path in dict.fromkeys(one.file_path for one in findings):
        text = workspace.read(path)
        if text is not None:
            yield from _code(path, text, [one for one in findings if one.file_path == path])
    for one in findings:
        yield from _frames(one, workspace)
        if one.traceback:
            yield Part(f"traceback of {one.test_id or one.rule_id}", one.traceback[-MAX_TRACEBACK:])
    for pattern in patterns:
        yield lesson_part(pattern)
    for path in dict.fromkeys(one.file_path for one in findings if PurePosixPath(one.file_path).suffix == ".py"):
        yield from _related(path, [one for one in findings if one.file_path == path], workspace)


def _frames(finding: Finding, workspace: Workspace) -> Iterator[Part]:
    """Yield the workspace's own code that a traceback went through, the innermost first."""
    frames = own_frames(finding.traceback, (workspace.root,), workspace.read) if finding.traceback else iter(())
    shown = {finding.file_path}
    for path, line in islice(frames, MAX_FRAMES):
        text = workspace.read(path)
        if text is None or path in shown:
            continue
        shown.add(path)
        yield from _code(path, text, [replace(finding, file_path=path, line=line)])


def _code(path: str, text: str, findings: Sequence[Finding]) -> Iterator[Part]:
    """Yield the code of one file: all of a small one, else the blocks around its findings, and its imports."""
    lines = split_lines(text)
    if len(lines) <= SMALL_FILE_LINES:
        yield Part(f"{path}, the whole file", text, path)
        return
    tree = parse(text) if path.endswith(".py") else None
    blocks = [_widened(enclosing(text, one.line, tree), len(lines)) for one in findings]
    for block in _merged(blocks):
        yield Part(f"{path}, lines {block.first} to {block.last}", _cut(lines, block), path)
    if tree is not None:
        imports = [
            block for block in imports_of(tree)[0] if not any(one.first <= block.first <= one.last for one in blocks)
        ]
        if imports:
            yield Part(f"{path}, its imports", "".join(_cut(lines, block) for block in imports), path)


def _related(path: str, findings: Sequence[Finding], workspace: Workspace) -> Iterator[Part]:
    """Yield definitions that the code around the findings uses, of the same file and of modules beside it."""
    text = workspace.read(path)
    tree = None if text is None else parse(text)
    if text is None or tree is None:
        return
    blocks = [enclosing(text, one.line, tree) for one in findings]
    used = list(dict.fromkeys(name for block in blocks for name in names_in(tree, block)))
    own, lines = module_definitions(tree), split_lines(text)
    is_whole = len(lines) <= SMALL_FILE_LINES
    imported = {one.name: one for one in imports_of(tree)[1]}
    yielded = 0
    for name in used:
        if yielded >= MAX_RELATED:
            return
        block = own.get(name)
        if block is not None and not is_whole and not any(one.first <= block.first <= one.last for one in blocks):
            yield Part(f"{path}, {name}", _cut(lines, _shortened(block)), path)
            yielded += 1
        elif name in imported and imported[name].original:
            for part in _elsewhere(path, imported[name].module, imported[name].original, workspace):
                yield part
                yielded += 1


def _elsewhere(path: str, module: str, name: str, workspace: Workspace) -> Iterator[Part]:
    for candidate in _module_paths(path, module):
        text = workspace.read(candidate)
        tree = None if text is None else parse(text)
        block = None if tree is None else module_definitions(tree).get(name)
        if text is not None and block is not None:
            yield Part(f"{candidate}, {name}", _cut(split_lines(text), _shortened(block)), candidate)
            return


def _module_paths(path: str, module: str) -> Iterator[str]:
    """Yield where a module's file may be, relative to the root; most projects have it there or below `src`."""
    dots = len(module) - len(module.lstrip("."))
    inner = module.lstrip(".").replace(".", "/")
    folder = PurePosixPath(path).parent
    for _ in range(max(dots - 1, 0)):
        folder = folder.parent
    starts = [folder] if dots else [PurePosixPath(), PurePosixPath("src"), PurePosixPath(path).parent]
    for start in starts:
        stem = start / inner if inner else start
        yield f"{stem}.py"
        yield f"{stem}/__init__.py"


def _widened(block: Block, length: int) -> Block:
    return Block(max(1, block.first - MARGIN_LINES), min(length, block.last + MARGIN_LINES), block.name)


def _shortened(block: Block) -> Block:
    return Block(block.first, min(block.last, block.first + MAX_RELATED_LINES - 1), block.name)


def _merged(blocks: Sequence[Block]) -> list[Block]:
    merged: list[Block] = []
    for block in sorted(blocks, key=lambda one: one.first):
        if merged and block.first <= merged[-1].last + 1:
            merged[-1] = Block(merged[-1].first, max(merged[-1].last, block.last))
        else:
            merged.append(block)
    return merged


def _cut(lines: Sequence[str], block: Block) -> str:
    return "".join(lines[block.first - 1 : block.last])
