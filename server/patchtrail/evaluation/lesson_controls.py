"""Sets of patterns that must not help: each is found as the learned ones are, and shows something else.

They keep names, rules and messages, so that whatever they bring is brought by their examples.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from patchtrail.contract.learning import Example, Pattern, Provenance
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.lesson_school import example_of
from patchtrail.learning.fix_example import FixExample
from patchtrail.learning.signature import rule_of

__all__ = ["CONTROLS", "irrelevant", "replaced", "shuffled", "wrong_lessons"]

OTHER_LESSONS = (
    ("json.dumps({'mean': np.mean(data)})", "json.dumps({'mean': float(np.mean(data))})"),
    ("def add(item, to=[]):\n    to.append(item)", "def add(item, to=None):\n    to = [] if to is None else to"),
    ("first = rows[0]", "first = rows[0] if rows else None"),
    ("file = open(path)\ntext = file.read()", "with open(path) as file:\n    text = file.read()"),
    ("port = config['port']", "port = config.get('port', 8080)"),
    ("time.sleep(60)\nassert done", "assert finished.wait(60)"),
)
MARK = "# seen"
SPOILED = "#"
OF_A_RULE = 3


def irrelevant(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Return the patterns with sound lessons about something else."""
    lessons = (OTHER_LESSONS[number % len(OTHER_LESSONS)] for number in range(len(patterns)))
    return [_showing(one, bad, good) for one, (bad, good) in zip(patterns, lessons, strict=True)]


def shuffled(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Return the patterns each with the good example of another beside its own bad one."""
    if len(patterns) < 2:
        return []
    others = [*patterns[1:], patterns[0]]
    return [_showing(one, one.bad_example, other.good_example) for one, other in zip(patterns, others, strict=True)]


def replaced(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Return the patterns with a good example that mends nothing: the bad one with a remark."""
    return [_showing(one, one.bad_example, f"{one.bad_example}\n{MARK}") for one in patterns]


CONTROLS: dict[str, Callable[[Sequence[Pattern]], list[Pattern]]] = {
    "irrelevant patterns": irrelevant,
    "shuffled examples": shuffled,
    "replaced good example": replaced,
}


def wrong_lessons(well: Iterable[PatchCase], taught: Iterable[Pattern]) -> list[Pattern]:
    """Return active patterns about what goes well without any, each with an example that shows a wrong change.

    Those about the most frequent come first; none is about what a tool mends by itself, which no pattern can spoil.
    """
    known = {rule.lower() for one in taught for rule in one.rule_ids}
    by_rule = defaultdict[str, list[Pattern]](list)
    for case in well:
        rule, fix = _rule(case), example_of(case)
        if not case.planted[0].is_ruff_fixable and rule.lower() not in known and fix is not None:
            by_rule[rule].append(_wrong_lesson(rule, case, fix))
    ordered = sorted(by_rule, key=lambda rule: (-len(by_rule[rule]), rule))
    return [one for rule in ordered for one in by_rule[rule][:OF_A_RULE]]


def _wrong_lesson(rule: str, case: PatchCase, fix: FixExample) -> Pattern:
    message = case.planted[0].finding.message
    return Pattern(
        pattern_id="planted-harmful",
        name="planted-harmful",
        description=message,
        bad_example=fix.before,
        good_example=_spoiled(fix.before, fix.after),
        test_coverage="",
        occurrence_frequency=1,
        last_occurrence=None,
        severity="medium",
        effectiveness_score=1.0,
        state="active",
        rule_ids=[rule],
        provenance=Provenance(source="by_hand"),
        positive=[Example(code=fix.before, message=message)],
    )


def _spoiled(before: str, after: str) -> str:
    """Return the text before a change with something wrong in the place of what was added."""
    at = next((place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    tail = min(len(before) - at, len(after) - at)
    kept = next((size for size in range(tail) if before[-1 - size] != after[-1 - size]), tail)
    added = after[at : len(after) - kept]
    return after[:at] + (re.sub(r"\S+", SPOILED, added) or SPOILED) + after[len(after) - kept :]


def _showing(pattern: Pattern, bad: str, good: str) -> Pattern:
    return pattern.model_copy(update={"bad_example": bad, "good_example": good})


def _rule(case: PatchCase) -> str:
    finding = case.planted[0].finding
    return rule_of(finding.rule_id, finding.message)
