"""What models do to a change while they write it down. Each function damages a draft, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.damage.draft import Draft, DraftHunk

__all__ = ["DRAFT_DEFECTS"]


def wrong_counts(draft: Draft, rng: Random) -> bool:
    """The numbers of lines in a header are off."""
    for hunk in draft.hunks:
        off = rng.choice([-3, -2, -1, 1, 2, 3])
        hunk.counts = (max(0, hunk.old_count() + off), max(0, hunk.new_count() + off + rng.choice([0, 0, 1])))
    return True


def wrong_start(draft: Draft, rng: Random) -> bool:
    """A hunk is stated some lines away from where it belongs."""
    for hunk in draft.hunks:
        hunk.start = max(1, hunk.start + rng.choice([-40, -12, -5, -2, -1, 1, 2, 6, 15, 60]))
    return True


def skipped_lines(draft: Draft, rng: Random) -> bool:
    """Context reaches farther than usual, and lines between are left out."""
    hunk = rng.choice(draft.hunks)
    first, last = hunk.change_span()
    above = hunk.start - 1
    reach = rng.randint(3, 9)
    more = draft.old[max(0, above - reach) : above]
    head = [(" ", line) for line in more] + hunk.lines[:first]
    if len(head) < 4:
        return False
    kept = [head[i] for i in range(len(head)) if i == 0 or i == len(head) - 1 or rng.random() < 0.4]
    if len(kept) == len(head):
        del kept[1]
    tail = hunk.lines[last:]
    if len(tail) > 2 and rng.random() < 0.5:
        del tail[1]
    hunk.start = max(1, above - len(more) + 1)
    hunk.lines = [*kept, *hunk.lines[first:last], *tail]
    return True


def context_absent(draft: Draft, rng: Random) -> bool:
    """A context line that is not in the file, or not like this."""
    hunk = rng.choice(draft.hunks)
    first, last = hunk.change_span()
    places = [i for i, (sign, text) in enumerate(hunk.lines) if sign == " " and text.strip() and not first <= i < last]
    outer = [i for i in places if i not in (first - 1, last)]
    if not outer:
        return False
    at = rng.choice(outer)
    sign, text = hunk.lines[at]
    indent = text[: len(text) - len(text.lstrip())]
    hunk.lines[at] = (
        sign,
        rng.choice([text + "  # as before", indent + "something_else = that_was_never_here()", text[:-1]]),
    )
    return True


def removed_absent(draft: Draft, rng: Random) -> bool:
    """A line to remove is quoted not quite as it is in the file."""
    hunk = rng.choice(draft.hunks)
    places = [i for i, (sign, text) in enumerate(hunk.lines) if sign == "-" and len(text.strip()) > 12]
    if not places:
        return False
    at = rng.choice(places)
    text = hunk.lines[at][1]
    middle = len(text) - len(text.strip()) // 2
    hunk.lines[at] = (
        "-",
        rng.choice([text[:middle] + "_" + text[middle:], text + "  # old", text[: -len(text.strip()) // 2]]),
    )
    return True


def no_op_hunk(draft: Draft, rng: Random) -> bool:
    """One more hunk that removes and adds the same lines."""
    at = rng.randrange(max(1, len(draft.old) - 4))
    lines = draft.old[at : at + 3]
    first, last = draft.hunks[0].start, draft.hunks[-1].start + draft.hunks[-1].old_count()
    if not lines or first - 6 <= at <= last + 6:
        return False
    kind = rng.choice(["context", "same", "absent"])
    body = [(" ", lines[0]), *(("-", one) for one in lines[1:]), *(("+", one) for one in lines[1:])]
    if kind == "context":
        body = [(" ", one) for one in lines]
    elif kind == "absent":
        body = [("-", "nothing_like_this_here = 1"), ("+", "nothing_like_this_here = 1")]
    extra = DraftHunk(at + 1, at + 1, body)
    draft.hunks = sorted([*draft.hunks, extra], key=lambda one: one.start)
    return True


def no_leading_space(draft: Draft, rng: Random) -> bool:
    """Context lines stand without the blank in front; where that is ambiguous, the whole hunk's do."""
    for hunk in draft.hunks:
        places = [
            i for i, (sign, text) in enumerate(hunk.lines) if sign == " " and text[:1] not in ("+", "-", "@", "\\")
        ]
        hunk.bare |= set(places if rng.random() < 0.5 else rng.sample(places, len(places) // 2))
    return any(hunk.bare for hunk in draft.hunks)


def blank_without_space(draft: Draft, rng: Random) -> bool:
    """Blank context lines are entirely empty."""
    for hunk in draft.hunks:
        hunk.bare |= {i for i, (sign, text) in enumerate(hunk.lines) if sign == " " and not text}
    return any(hunk.bare for hunk in draft.hunks)


def words_in_header(draft: Draft, rng: Random) -> bool:
    """An `@@` line has words instead of numbers."""
    for hunk in draft.hunks:
        hunk.header = rng.choice(
            ["@@ ... @@", "@@", "@@ ... @@", "@@ at the end of the function @@", f"@@ line {hunk.start} @@"]
        )
    return True


def no_hunk_header(draft: Draft, rng: Random) -> bool:
    """There is no `@@` line at all."""
    if len(draft.hunks) != 1:
        return False
    draft.hunks[0].header = ""
    return True


def mangled_header(draft: Draft, rng: Random) -> bool:
    """The two lines with the file's name are not as they should be, or one is missing."""
    path = draft.path
    old, new = rng.choice(
        [
            (f"-- b/{path}", ""),
            (f"---> {path}", ""),
            (f"*** a/{path}", f"--- b/{path}"),
            (f"diff --git a/{path} b/{path}", ""),
            (f"--- {path}", f"+++ {path}"),
            (f"--- a/{path}", ""),
            ("", f"+++ b/{path}"),
            (f"--- a/{path} (original)", f"+++ b/{path} (modified)"),
        ]
    )
    draft.old_name, draft.new_name = "\0" + old, "\0" + new
    return True


def doubled_repository(draft: Draft, rng: Random) -> bool:
    """The repository's name stands in front of the path."""
    draft.path = f"project/{draft.path}"
    draft.old_name, draft.new_name = f"a/{draft.path}", f"b/{draft.path}"
    return True


def wrong_path(draft: Draft, rng: Random) -> bool:
    """Only the base name, or other folders, lead to the file."""
    name = draft.path.rsplit("/", 1)[-1]
    draft.path = rng.choice([name, f"path/to/{name}", f"./{draft.path}"])
    draft.old_name, draft.new_name = f"a/{draft.path}", f"b/{draft.path}"
    return True


def whitespace(draft: Draft, rng: Random) -> bool:
    """Blanks at the ends of quoted lines come or go."""
    for hunk in draft.hunks:
        hunk.lines = [
            (sign, text + "  " if sign != "+" and text.strip() and rng.random() < 0.4 else text)
            for sign, text in hunk.lines
        ]
    return True


def shifted_indentation(draft: Draft, rng: Random) -> bool:
    """A whole hunk is written farther left, or with blanks for tabs."""
    changed = False
    for hunk in draft.hunks:
        texts = [text for _, text in hunk.lines if text.strip()]
        if any(text.startswith("\t") for text in texts):
            hunk.lines = [(sign, text.replace("\t", "    ")) for sign, text in hunk.lines]
            changed = True
        elif all(text.startswith("    ") for text in texts):
            hunk.lines = [(sign, text[4:]) for sign, text in hunk.lines]
            changed = True
    return changed


def typography(draft: Draft, rng: Random) -> bool:
    """Quotes and dashes in quoted lines are the printer's."""
    changed = False
    for hunk in draft.hunks:
        lines = list[tuple[str, str]]()
        for sign, text in hunk.lines:
            other = text if sign == "+" else text.replace('"', "\u201d").replace("'", "\u2019")
            changed = changed or other != text
            lines.append((sign, other))
        hunk.lines = lines
    return changed


def elision(draft: Draft, rng: Random) -> bool:
    """A mark stands for lines between the context and the change."""
    hunk = rng.choice(draft.hunks)
    first, _last = hunk.change_span()
    above = hunk.start - 1
    if above < 6 or first < 1:
        return False
    far = above - rng.randint(3, 6)
    mark = rng.choice(["...", "\u2026", "# ... existing code ...", "// ... rest of the code ..."])
    hunk.lines = [(" ", draft.old[far]), (" ", mark), *hunk.lines[first - 1 :]]
    hunk.start = far + 1
    return True


def overlapping_hunks(draft: Draft, rng: Random) -> bool:
    """A hunk comes a second time, with more context."""
    hunk = draft.hunks[0]
    above = draft.old[max(0, hunk.start - 3) : hunk.start - 1]
    lines = [*((" ", one) for one in above), *hunk.lines]
    draft.hunks.insert(1, DraftHunk(hunk.start - len(above), hunk.new_start - len(above), lines))
    return bool(above)


def fix_as_context(draft: Draft, rng: Random) -> bool:
    """The repaired line is shown as if it had always been there."""
    for hunk in draft.hunks:
        hunk.lines = [(" ", text) for sign, text in hunk.lines if sign != "-"]
    return True


DRAFT_DEFECTS: dict[str, Callable[[Draft, Random], bool]] = {
    one.__name__: one
    for one in (
        skipped_lines,
        elision,
        context_absent,
        removed_absent,
        overlapping_hunks,
        no_op_hunk,
        whitespace,
        typography,
        shifted_indentation,
        fix_as_context,
        wrong_start,
        wrong_counts,
        no_leading_space,
        blank_without_space,
        words_in_header,
        no_hunk_header,
        wrong_path,
        doubled_repository,
        mangled_header,
    )
}
"""By name, in the order in which they work best together."""
