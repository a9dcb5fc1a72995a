"""What a text speaks of: names, numbers and words that can be found again in code, outputs and other texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

__all__ = [
    "NOTHING",
    "Terms",
    "is_about",
    "joined_terms",
    "joined_values",
    "shared",
    "terms_of",
    "terms_of_path",
    "values_in",
]

MAX_CHARS = 20_000
"""Of one text; a longer one is a dump, and its start and end tell what it is about."""
NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+){0,20}(?![\w])")
VALUE = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
TELLS = re.compile(
    r"^E |^>|assert|[Ee]rror|[Ee]xpected|[Rr]eceived|[Aa]ctual|\bgot\b|FAIL|[!=]=|\bwant(?:ed)?\b|^\s*[-+] "
)
CALLED = re.compile(r"([A-Za-z_]\w*)\(")
QUOTED = re.compile(r"`([^`\n]{1,80})`")
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
FILE = re.compile(
    r"(?<![\w./\\-])[\w./\\-]{1,300}\.(?:py|pyi|js|jsx|ts|tsx|mjs|go|rs|java|rb|php|c|h|cc|cpp|cs|toml|json|ya?ml|ini|cfg|sql|sh)\b"
)
ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("ly", ""))
MIN_STEM = 3
MIN_SHARE = 0.2
"""Of a text's words that must be another's; what shares less met it by chance."""
STOP_WORDS = """
the and for but not nor are was were been being has have had having does did doing done will would shall should can
could may might must this that these those with without within into onto from over under after before then than when
where while which who whom whose what why how all any each every some such only same other another also just very
too more most much many few less least own its it's our your their his her him she they them you we us i'm let lets
here there now again once still yet ever never always about above below between both because since until during
against through out off down upon per via one two three first second third last next new old good bad right wrong
get gets got make makes made take takes took use uses used using try tries tried want wants need needs look looks
see sees saw seen say says said think thought know knows seem seems like thing things way ways lot bit etc yes no
test tests testing tested fail fails failing failed failure pass passes passing passed error errors exception bug
bugs fix fixes fixed fixing issue problem code line lines file files function functions method methods class classes
module modules variable variables value values return returns returned run runs running ran result results output
check checks checked expect expected expects actual change changes changed changing edit edits add adds added remove
removes removed set sets call calls called work works working worked commit commits debug debugging assert asserts
assertion true false none null self def import print int str float bool list dict len range item items name names
key keys type types data time case cases step steps start end part place point number numbers hypothesis hypotheses
observation plan decision note notes cause causes caused root green red suite session trace pytest python der die
das und ist nicht ein eine einen dem den des auf mit von für aber auch noch nur wie wird sich bei aus zum zur dann
wenn als oder es im in an
"""
STOP = frozenset(STOP_WORDS.split())
"""Words that are in every session's texts, and so relate none to another; common names of code among them."""

BUILT_INS = "print len str int list dict set range open sum min max any all test assert"
BUILT_IN = frozenset(BUILT_INS.split())
"""Functions that every program calls."""


@dataclass(frozen=True)
class Terms:
    """Names, numbers and places (`strong`), and ordinary words by their stems (`plain`); all in lower case."""

    strong: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()

    @cached_property
    def all(self) -> frozenset[str]:
        """Everything that the text speaks of."""
        return self.strong | self.plain

    def __or__(self, other: Terms) -> Terms:
        """Return what either speaks of."""
        return Terms(self.strong | other.strong, self.plain | other.plain)

    def __bool__(self) -> bool:
        """Whether it speaks of anything."""
        return bool(self.strong or self.plain)


NOTHING = Terms()


def terms_of(text: str) -> Terms:
    """Return the terms of a text: of code and of prose alike."""
    if len(text) > MAX_CHARS:
        text = f"{text[: MAX_CHARS // 2]}\n{text[-MAX_CHARS // 2 :]}"
    # What is encoded is read by nobody.
    text = ENCODED.sub(lambda found: found[0] if "_" in found[0] and "+" not in found[0] else " ", text)
    strong, plain = set[str](), set[str]()
    for found in FILE.finditer(text):
        path = found[0].replace("\\", "/")
        strong |= {path.lower(), path.rpartition("/")[2].lower()}
    for name in NAME.findall(text):
        _take_name(name, strong, plain)
    for name in [*CALLED.findall(text), *QUOTED.findall(text)]:
        if len(name) >= MIN_STEM and name.lower() not in BUILT_IN:
            strong.add(name.lower())
    strong |= {number for number in NUMBER.findall(text) if len(number.strip("-")) > 1 or number.startswith("-")}
    return Terms(frozenset(strong), frozenset(plain))


def terms_of_path(path: str) -> Terms:
    """Return the terms of a file's path; its folders say nothing of it."""
    if not path:
        return NOTHING
    name = path.rpartition("/")[2]
    return Terms(frozenset({path.lower(), name.lower()}), terms_of(name.rpartition(".")[0] or name).plain)


def joined_terms(several: Iterable[Terms]) -> Terms:
    """Return what any of several texts speaks of."""
    strong, plain = set[str](), set[str]()
    for one in several:
        strong |= one.strong
        plain |= one.plain
    return Terms(frozenset(strong), frozenset(plain))


def shared(said: Terms, of: Terms) -> Terms:
    """Return what one text says of another: its strong terms, and its plain ones, that the other has too."""
    known = of.all
    return Terms(said.strong & known, said.plain & known)


def values_in(text: str) -> frozenset[str]:
    """Return the numbers of a text, those of one digit too."""
    return frozenset(VALUE.findall(text))


def joined_values(outputs: Iterable[str]) -> frozenset[str]:
    """Return the numbers of the lines of outputs that tell of a failure."""
    lines = [line for output in outputs for line in output.split("\n") if TELLS.search(line)]
    return values_in("\n".join(lines))


def is_about(said: Terms, of: Terms) -> bool:
    """Return whether a text is about another: by a name of it, or by more of its words than chance would give."""
    common = shared(said, of)
    if any(not NUMBER.fullmatch(term) for term in common.strong):
        return True
    hits = len(common.plain | common.strong)
    words = len(said.plain | said.strong)
    return hits >= MIN_SHARE * words if hits > 1 else hits * 2 >= words and bool(hits)


def _take_name(name: str, strong: set[str], plain: set[str]) -> None:
    for part in name.split("."):
        pieces = PIECE.findall(part)
        if len(pieces) > 1 or (part.isupper() and len(part) > MIN_STEM and part.lower() not in STOP):
            strong.add(part.lower())
        plain.update(stem for piece in pieces if _is_telling(stem := _stem(piece.lower())))
    if "." in name:
        strong.add(name.lower())


def _is_telling(word: str) -> bool:
    return len(word) >= MIN_STEM and word not in STOP


def _stem(word: str) -> str:
    if word in STOP:
        return word
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return word.removesuffix(ending) + instead
    return word
