"""Experiment design: is the testing strategy sound?"""

from __future__ import annotations

import re

from patchtrail.qa.judge.answer import HALF, MET, UNMET, Answer, share_met
from patchtrail.qa.judge.bursts import GUIDING, Burst, bursts_of
from patchtrail.qa.judge.moves import Edit, Move, Run
from patchtrail.qa.judge.story import Story
from patchtrail.qa.judge.words import joined_terms, shared

__all__ = ["experiments", "is_single"]

SINGLE = re.compile(
    r"::|(?:^|\s)(?:-k|-t|-run|--filter|--grep|-g|--testNamePattern|--lf|--last-failed)(?:[\s=]|$)|\bpytest\b.*\s-m[\s=]|\.test_\w+"
)
ONE_FILE = re.compile(r"(?:^|\s)[\w./-]*(?:test_\w+\.py|\w+[._-](?:test|spec)\.\w+)(?:\s|$)")
SNIPPET = re.compile(
    r"\b(?:python[\d.]*|node|ruby|php|perl|deno)\b(?:\s+-\w+)*?\s+(?:-c|-e|-r|eval)\b|<<|\bpdb\b|\bdebugpy\b"
    r"|\bcurl\b|\bhttpie?\b"
    r"|\bgit bisect\b|\bpsql\b|\bsqlite3\b|\bstrace\b|\btime\b"
)
SCRIPT = re.compile(r"\b(?:python[\d.]*|node|ruby|php|bash|sh|go run|deno run)\s+(?!-m\b)[\w./-]+\.\w+|\bgo run\b")
TEST_DEFINED = re.compile(
    r"\s*(?:async )?def test\w*\(|\s*(?:it|test)(?:\.\w+)?\(|\s*func Test\w+\(|\s*#\[test\]|\s*@Test\b"
)
MOST = 0.6
MAX_PLACES = 3
"""Hunks of one file that can still be one idea."""


def experiments(story: Story) -> list[Answer]:
    """Answer the dimension's checks."""
    bursts = bursts_of(story)
    return [_baseline(story), _runs_after(bursts), _targeted(story), _one_change(story, bursts), _guards(story)]


def is_single(run: Run) -> bool:
    """Return whether a test run was narrowed down to what was in question."""
    return SINGLE.search(run.command) is not None


def _baseline(story: Story) -> Answer:
    before = [run for run in story.runs if story.first_edit is None or run.seq < story.first_edit]
    red = [run for run in before if run.shows_failure]
    if red:
        return Answer("baseline", MET, "A run shows the failure before the first edit.", (red[0].seq,))
    script = [run for run in before if not run.is_test]
    if script:
        return Answer("baseline", HALF, "A command ran before the first edit, but did not fail.", (script[0].seq,))
    return Answer("baseline", UNMET, "No run shows the failure before the first edit.")


def _runs_after(bursts: tuple[Burst, ...]) -> Answer:
    if not bursts:
        return Answer("runs_after_edits", UNMET, "Nothing was edited.")
    followed, wanted = 0, 0
    for at, burst in enumerate(bursts):
        following = bursts[at + 1] if at + 1 < len(bursts) else None
        goes_on = following is not None and bool(burst.files & following.files) and following.run is not None
        followed += burst.run is not None or goes_on
        wanted += 1 if _is_joined(burst) else len(burst.files)
    text = f"{followed} of {wanted} bursts of edits were followed by a run."
    seqs = tuple(burst.run.seq for burst in bursts if burst.run is not None)
    return Answer("runs_after_edits", share_met(followed / wanted), text, seqs)


def _targeted(story: Story) -> Answer:
    chosen: list[Move] = [*story.looks, *(run for run in story.runs if _is_chosen(run))]
    chosen += [edit for edit in story.edits if edit.is_probe and edit.added and _is_looked_at(edit, story)]
    if chosen:
        return Answer("targeted", MET, "An experiment was chosen to tell.", (chosen[0].seq,))
    one_file = [run for run in story.runs if run.is_test and ONE_FILE.search(run.command)]
    if one_file:
        return Answer("targeted", HALF, "Tests were narrowed to a file.", (one_file[0].seq,))
    return Answer("targeted", UNMET, "No experiment was chosen to tell one thing from another.")


def _is_looked_at(probe: Edit, story: Story) -> bool:
    """Return whether something ran after debug output was put in, and was spoken of."""
    run = next((run for run in story.runs if run.seq > probe.seq), None)
    if run is None:
        return False
    stop = next((edit.seq for edit in story.edits if edit.seq > run.seq), None)
    return any(run.seq < saying.seq and (stop is None or saying.seq < stop) for saying in story.sayings)


def _is_chosen(run: Run) -> bool:
    if run.is_test:
        return is_single(run)
    return bool(SNIPPET.search(run.command) or SCRIPT.search(run.command))


def _one_change(story: Story, bursts: tuple[Burst, ...]) -> Answer:
    if not bursts or not story.runs:
        return Answer("one_change", UNMET, "Nothing was edited, or nothing was run between edits.")
    single = [burst for burst in bursts if _is_one_idea(burst)]
    text = f"{len(single)} of {len(bursts)} bursts change one thing."
    wide = tuple(seq for burst in bursts if burst not in single for seq in burst.seqs)
    share = len(single) / len(bursts)
    is_reasoned = any(saying.kind in GUIDING for saying in story.sayings)
    return Answer("one_change", MET if share == 1 else HALF if share >= MOST and is_reasoned else UNMET, text, wide)


def _is_one_idea(burst: Burst) -> bool:
    """Return whether a burst is about one place, or about several that one name joins."""
    if burst.is_mixed:
        return False
    by_file: dict[str, list[Edit]] = {}
    for edit in burst.edits:
        by_file.setdefault(edit.path, []).append(edit)
    if any(sum(edit.hunks for edit in edits) > MAX_PLACES + len(edits) for edits in by_file.values()):
        return False
    return _is_joined(burst)


def _is_joined(burst: Burst) -> bool:
    """Return whether one name joins the files of a burst."""
    parts = [joined_terms(edit.changed for edit in burst.edits if edit.path == path) for path in sorted(burst.files)]
    common = parts[0]
    for part in parts[1:]:
        common = shared(common, part)
    return len(parts) == 1 or bool(common)


def _guards(story: Story) -> Answer:
    last = story.last_edit
    added = [
        edit for edit in story.edits if edit.role == "test" and any(TEST_DEFINED.match(line) for line in edit.added)
    ]
    wide = [run for run in story.runs if run.is_test and (last is None or run.seq > last) and _is_wide(run)]
    if last is not None and (added or wide):
        seqs = tuple(move.seq for move in [*added[:1], *wide[-1:]])
        return Answer(
            "guards_against_regression", MET, "More than the red test ran at the end, or one was added.", seqs
        )
    return Answer("guards_against_regression", UNMET, "After the last edit no more than the red test ran.")


def _is_wide(run: Run) -> bool:
    return not is_single(run) and (run.total is None or run.total > 1)
