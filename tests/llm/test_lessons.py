"""The model with blind spots: an example that shows the very change opens its eyes, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patchtrail.patching import Finding
from patchtrail.patching.context import lesson_part
from patchtrail.patching.ports import LearnedPattern
from patchtrail.patching.prompt import Part, first_messages
from tests.model import Asked, Said, Truth
from tests.model.lessons import believed

DOCSTRING = Truth("a.py", "def area(r):\n    return r * r\n", 'def area(r):\n    """Return it."""\n    return r * r\n')
COLON = Truth("a.py", "while is_open(door)\n    wait()\n", "while is_open(door):\n    wait()\n")
LONG_LINE = Truth(
    "a.py", '"""One.\n\nMany words here\nand more.\n"""\n', '"""One.\n\nMany words\nhere\nand more.\n"""\n'
)
BLANK_LINE = Truth("a.py", '"""One.\nMore.\n"""\n', '"""One.\n\nMore.\n"""\n')
LESSONS = {
    "docstring": ("class Shop:\n    items = []", 'class Shop:\n    """Sells `items`, all of them."""\n    items = []'),
    "colon": ("def f(a, b)\n    return a", "def f(a, b):\n    return a"),
    "long line": ("    Other words than\n    those", "    Other words\n    than\n    those"),
    "blank line": ('    """Add.\n    It adds.', '    """Add.\n\n    It adds.'),
}
TAUGHT = {"docstring": DOCSTRING, "colon": COLON, "long line": LONG_LINE, "blank line": BLANK_LINE}
SOUND = Truth("a.py", "if area == None:\n    pass\n", "if area is None:\n    pass\n")


def lesson(bad: str, good: str) -> LearnedPattern:
    """Return a lesson with these examples."""
    return LearnedPattern("p1", "p1", "What went wrong.", bad, good)


def belief(truth: Truth, *lessons: LearnedPattern, shown: str | None = None) -> str:
    """Return what the model makes of a truth's file, asked as the product asks."""
    assert truth.before is not None
    parts = [Part("a.py", shown or truth.before, "a.py"), *map(lesson_part, lessons)]
    messages = first_messages([Finding("ruff", "X1", "Wrong.", "a.py", 1)], parts, "00ff")
    said = tuple(Said(one.role, one.content) for one in messages)
    return believed(Asked(said, "m", "openai", False, {}), truth).after


@pytest.mark.parametrize("name", TAUGHT)
def test_a_blind_spot_is_there_until_it_is_shown(name: str) -> None:
    """Without a lesson, or with that of any other change, it is wrong; with an example of the change it is right."""
    truth = TAUGHT[name]

    assert belief(truth, lesson(*LESSONS[name])) == truth.after
    for others in ([], [lesson(*one) for other, one in LESSONS.items() if other != name]):
        assert belief(truth, *others) not in (truth.after, truth.before)


@pytest.mark.parametrize("name", TAUGHT)
def test_names_say_nothing(name: str) -> None:
    """Under another id, name and description a lesson has the same effect; with another good example it has none."""
    taught, truth = lesson(*LESSONS[name]), TAUGHT[name]
    renamed = replace(taught, pattern_id="zz", name="unrelated", description="About something else.")
    same_name = replace(taught, good_example=f"{taught.bad_example}\npass")

    assert belief(truth, renamed) == truth.after
    assert belief(truth, same_name) != truth.after


def test_a_wrong_example_is_followed() -> None:
    """Where it was right, an example that goes on otherwise from the same start makes it wrong in the example's way."""
    wrong = lesson("if found == None:\n    stop()", "if found != None:\n    stop()")

    assert belief(SOUND) == SOUND.after
    assert belief(SOUND, wrong) == "if area != None:\n    pass\n"
    assert belief(SOUND, lesson(*LESSONS["colon"])) == SOUND.after


def test_what_is_right_is_left_alone() -> None:
    """Asked about code that is as it should be already, it changes nothing, whatever it was taught."""
    assert belief(COLON, lesson(*LESSONS["colon"]), shown=COLON.after) == COLON.before
