"""Retrieval: which patterns answer a question, in which order, and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.learning import Example, Pattern, PatternState
from patchtrail.learning import Question, Retriever, Signature, signature_of
from patchtrail.learning.embedding import HashingEmbedder, cosine
from patchtrail.learning.signature import exception_of, masked, rule_of
from tests.learning.patterns import pattern_of

NUMPY = "numpy arrays and numbers are no JSON: call `.item()` or `.tolist()` before json.dumps"
TRACEBACK = """Traceback (most recent call last):
  File "/work/shop/report.py", line 12, in totals_as_json
    return json.dumps(totals)
  File "/usr/lib/python3.11/json/__init__.py", line 231, in dumps
    raise TypeError(message)
TypeError: Object of type int64 is not JSON serializable
"""


def active(pattern_id: str, **fields: object) -> Pattern:
    """Return an active pattern."""
    return pattern_of(pattern_id, **{"state": "active", **fields})


def ids(retriever: Retriever, question: Question, limit: int = 3) -> list[str]:
    """Return the ids of what is retrieved."""
    return [match.pattern.pattern_id for match in retriever.retrieve(question, limit)]


def is_shop(path: str) -> bool:
    """Return whether a frame is the repository's own."""
    return path.startswith("/work/shop/")


@pytest.mark.parametrize("state", ["draft", "shadow", "canary", "probation", "archived", "quarantined"])
def test_only_active_patterns_are_retrieved(state: PatternState) -> None:
    """A pattern in any other state is never retrieved, unless it is named as the one on trial."""
    patterns = [pattern_of("p", state=state, rule_ids=["F401"])]
    question = Question("x", Signature(rule="ruff:f401"))

    assert ids(Retriever(patterns), question) == []
    assert ids(Retriever(patterns, trying="p"), question) == ["p"]


def test_at_most_three() -> None:
    """Three patterns are retrieved at most, whatever is asked for."""
    words = list(islice(product(("red", "green", "blue"), ("cat", "dog", "hen")), 8))
    patterns = [active(f"p{place}", name=" ".join(two), rule_ids=["F401"]) for place, two in enumerate(words)]
    question = Question("something", Signature(rule="ruff:f401"))

    assert len(ids(Retriever(patterns), question, limit=10)) == 3
    assert len(ids(Retriever(patterns), question, limit=1)) == 1


def test_the_signature_says_why() -> None:
    """A failure is known again by rule, exception, message and file, and each is told in words."""
    pattern = active(
        "numpy",
        description=NUMPY,
        rule_ids=["TypeError"],
        positive=[
            Example(
                code="", message="Object of type float32 is not JSON serializable", file_path="/work/shop/report.py"
            )
        ],
    )
    failure = signature_of(
        tool="pytest", message="Object of type int64 is not JSON serializable", traceback=TRACEBACK, is_own=is_shop
    )
    other = active("other", description="Check that an index lies inside of the list", rule_ids=["IndexError"])
    found = Retriever([other, pattern]).retrieve(Question("totals", failure))

    assert failure.exception == "TypeError"
    assert failure.frame == "/work/shop/report.py:totals_as_json"
    assert [match.pattern.pattern_id for match in found] == ["numpy"]
    assert found[0].reason == "answers TypeError, was learned in this file"


def test_the_same_message_is_known_again() -> None:
    """Messages that differ in names, numbers, paths and addresses alone are the same message."""
    pattern = active("p", positive=[Example(code="", message="`os` imported but unused in /a/b.py at 0x7f12 line 3")])
    asked = signature_of(message="`sys` imported but unused in /c/d/e.py at 0xdead line 77", is_own=is_shop)

    assert asked.message == "<name> imported but unused in <path> at <hex> line <n>"
    assert "has this very message" in Retriever([pattern]).retrieve(Question("q", asked))[0].reason


def test_the_signature_comes_before_likeness() -> None:
    """A pattern for this very rule stands before one whose text is more alike."""
    alike = active("alike", name="unused import", description="Remove an import that is not used anywhere")
    exact = active("exact", name="reexport", description="Write names into __all__", rule_ids=["F401"])
    question = Question("remove an import that is not used anywhere", Signature(rule="ruff:f401"))

    assert ids(Retriever([alike, exact]), question) == ["exact", "alike"]


def test_a_lesson_of_another_rule_stays_out() -> None:
    """A finding of a rule is not answered by a lesson that names other rules, however alike, or named in its code."""
    family = [
        active(rule.lower(), name=rule, rule_ids=[rule], description=f"Missing docstring in public {what}")
        for rule, what in {"D102": "method", "D103": "function"}.items()
    ]
    unruled = active("unruled", description="Missing docstring in a public thing", name="docstrings")
    question = Question(
        "Missing docstring in public method\ndef area(self): ...  # noqa: D103", Signature(rule="ruff:d102")
    )

    assert ids(Retriever([*family, unruled]), question) == ["d102", "unruled"]


def test_the_rule_of_a_parser_is_its_message() -> None:
    """What cannot be read is known again by what was expected, and not by the one rule that says so of everything."""
    messages = ("Expected `:`, found newline", "Expected `)`, found newline", "unexpected EOF while parsing")
    patterns = [
        active(f"p{number}", rule_ids=[rule_of("invalid-syntax", one)], description=one, name=f"lesson {number}")
        for number, one in enumerate(messages)
    ]

    for number, one in enumerate(messages):
        asked = signature_of(tool="ruff", rule_id="invalid-syntax", message=one, is_own=is_shop)
        assert ids(Retriever(patterns), Question(one, asked)) == [f"p{number}"]
    assert rule_of("F401", messages[0]) == "F401"
    assert rule_of("invalid-syntax", "Expected `name`, found `x`") == "invalid-syntax-Expected-<name>-found-<name>"


def test_the_own_repository_comes_first() -> None:
    """Own repository, then language, then everywhere; a pattern of another repository or language is not retrieved."""
    scopes = {
        "all": "",
        "go": "go",
        "other": "shop/other",
        "mine": "shop/cart",
        "python": "python",
        "path": "src/billing",
    }
    patterns = [
        active(one, scope=scope, rule_ids=["F401"], description=f"{one} {one[::-1]} thing")
        for one, scope in scopes.items()
    ]
    question = Question(
        "q", Signature(rule="f401"), repository="shop/cart", language="Python", file_path="src/cart/a.py"
    )
    found = Retriever(patterns).retrieve(question)

    assert [match.pattern.pattern_id for match in found] == ["mine", "python", "all"]
    assert found[0].reason.startswith("of this repository; answers F401")
    assert found[1].reason.startswith("of this language; ")
    inside = Question("q", Signature(rule="f401"), file_path="src/billing/a.py")
    assert ids(Retriever(patterns), inside) == ["path", "all"]


def test_three_different_lessons() -> None:
    """Of patterns that say the same thing one is retrieved, and the next one is different."""
    copies = [active(f"copy{number}", name="json", description=NUMPY, rule_ids=["TypeError"]) for number in range(5)]
    other = active(
        "other", name="dates", description="Dates are no JSON either: call isoformat()", rule_ids=["TypeError"]
    )
    question = Question("json numpy", signature_of(message="TypeError: no", is_own=is_shop))

    assert ids(Retriever([*copies, other]), question) == ["copy0", "other"]


def test_what_is_named_is_found() -> None:
    """A pattern whose name's words all stand in a prompt is retrieved, and that is told."""
    patterns = [active("b", name="bounds_checking"), active("i", name="input_validation"), active("c", name="caching")]
    found = Retriever(patterns).retrieve(Question("write an upload endpoint with input validation"))

    assert [match.pattern.pattern_id for match in found] == ["i"]
    assert "input_validation is named" in found[0].reason


def test_words_of_one_family_are_alike() -> None:
    """`serialize` finds `serialization`, by likeness, without a common name or rule."""
    patterns = [
        active("s", name="np", description="numpy serialization for json"),
        active("u", name="up", description="uploads of large files in chunks"),
    ]

    assert ids(Retriever(patterns), Question("serialize numpy as json")) == ["s"]


def test_what_has_nothing_in_common_is_left_out() -> None:
    """A question about something else retrieves nothing, though it shares a word or two with many patterns."""
    patterns = [active("p", name="pagination", description="Return the next page token until the list is empty")]

    assert ids(Retriever(patterns), Question("the list of colours is wrong in the chart legend of this report")) == []
    assert ids(Retriever([]), Question("anything")) == []


HOSTILE = [
    '"',
    "*",
    'a" OR name:*',
    "NEAR(a b)",
    "ver1.1",
    "-x",
    "^a",
    "{a b}: c",
    "\0",
    "🐍 " * 50,
    "a " * 5000,
    "",
    "AND",
    ")",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_questions_are_no_query_language(text: str) -> None:
    """Whatever stands in a question, retrieval answers, and finds by signature as before."""
    retriever = Retriever([active("p", rule_ids=["F401"], name="ver1.1")])

    assert ids(retriever, Question(text, Signature(rule="f401"))) == ["p"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_asked_and_learned(asked: str, learned: str) -> None:
    """Any text can be a pattern's and a question's; a pattern is found by its rule; likeness is bounded."""
    pattern = active("p", name=learned, description=learned, bad_example=learned, rule_ids=["F401"])
    one, other = HashingEmbedder().embed([asked, learned])

    assert ids(Retriever([pattern]), Question(asked, Signature(rule="f401"))) == ["p"]
    assert -1e-9 <= cosine(one, other) <= 1 + 1e-9
    assert cosine(one, one) == pytest.approx(1 if one else 0)


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    """A masked message masks to itself."""
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TRACEBACK, "TypeError"),
        ("E   requests.exceptions.ConnectionError: refused", "ConnectionError"),
        ("KeyError: 'a'\n\nDuring handling of the above exception:\n\nValueError: b", "ValueError"),
        ("all is well", ""),
        ("An Error occurred", ""),
    ],
)
def test_the_exception_is_the_last_one(text: str, name: str) -> None:
    """Of a traceback the last exception counts, without its module."""
    assert exception_of(text) == name


def test_retrieval_is_the_same_everywhere() -> None:
    """Two processes with different hash seeds retrieve the same patterns with the same scores."""
    program = (
        "import json\n"
        "from patchtrail.learning import Question, Retriever\n"
        "from tests.learning.patterns import pattern_of\n"
        "words = 'json numpy file upload page index list date chart colour'.split()\n"
        "told = [(words[n % 10], ' '.join(words[n % 7 :])) for n in range(50)]\n"
        "made = [pattern_of(f'p{one} {two}', state='active', name=one, description=two) for one, two in told]\n"
        "found = Retriever(made).retrieve(Question('upload a json file with a date index'))\n"
        "print(json.dumps([[one.pattern.pattern_id, one.score, one.reason] for one in found]))\n"
    )

    def run(seed: str) -> list[object]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
        return list(json.loads(done.stdout))

    assert len(run("1")) == 3
    assert run("1") == run("2")
