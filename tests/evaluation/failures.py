"""A corpus of failures of seven known modes, and noise: what a clusterer must find again without being told.

No mode has one wording: sentences are chosen, ordered and filled anew for each failure. Noise is made of words of
software at large, and of fragments of the modes' own sentences.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from patchtrail.evaluation.failure import Failure

__all__ = ["NOISE", "TOP_FIVE", "Planted", "corpus"]

NOISE = "noise"
NOISE_SHARE = 0.1
NEWEST = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = Path(__file__).with_name("failure_words.txt").read_text().split()
NAMES = [
    "total",
    "price",
    "item",
    "user",
    "basket",
    "invoice",
    "rate",
    "amount",
    "region",
    "label",
    "weight",
    "height",
    "status",
    "owner",
]
FOLDERS = ["cart", "api", "jobs", "core", "views", "tasks", "billing", "search", "mail", "sync", "reports"]


@dataclass(frozen=True)
class Planted:
    """A failure and the mode that it was planted for."""

    failure: Failure
    mode: str


@dataclass(frozen=True)
class _Mode:
    name: str
    weight: int
    severity: str
    age_days: int
    make: Callable[[random.Random], tuple[str, str, str]]


def _path(draw: random.Random) -> str:
    return f"src/{draw.choice(FOLDERS)}/{draw.choice(NAMES)}_{draw.randint(1, 400)}.py"


def _id(draw: random.Random) -> str:
    return f"{draw.getrandbits(64):016x}"


def _some(draw: random.Random, *parts: str) -> str:
    """Join some of the parts, at least one, in any order."""
    return ". ".join(draw.sample(parts, draw.randint(1, len(parts))))


def _missing_key(draw: random.Random) -> tuple[str, str, str]:
    key = f"{draw.choice(NAMES)}_{draw.randint(1, 90)}"
    lines = [
        "Traceback (most recent call last):",
        f'  File "{_path(draw)}", line {draw.randint(5, 300)}, in test_{draw.choice(NAMES)}',
        f'  File "src/cart/pricing.py", line {draw.randint(40, 60)}, in total',
        f"KeyError: '{key}'",
    ]
    return "test", "", "\n".join(lines)


def _timeout(draw: random.Random) -> tuple[str, str, str]:
    seconds = draw.choice([30, 60, 300])
    said = _some(draw, f"stopped after {seconds} s", f"{_path(draw)} did not finish", "the limit of time was reached")
    return "test", "timeout", said


def _not_located(draw: random.Random) -> tuple[str, str, str]:
    said = _some(draw, f"hunk {draw.randint(1, 9)} fits nowhere in {_path(draw)}", "the old lines are not in the file")
    return "apply", "not_located", said


def _not_serializable(draw: random.Random) -> tuple[str, str, str]:
    kind = draw.choice(["int64", "float32", "ndarray", "bool_"])
    path = _path(draw)
    core = f"TypeError: Object of type {kind} is not JSON serializable"
    lines = [
        draw.choice(["Traceback (most recent call last):", f"while dumping response {_id(draw)}", ""]),
        f'  File "{path}", line {draw.randint(5, 300)}, in {draw.choice(NAMES)}_to_json',
        draw.choice(['  File "/usr/lib/python3.11/json/encoder.py", line 180, in default', "", ""]),
        draw.choice([core, f"{core} (key '{draw.choice(NAMES)}')", f"{core}: json.dumps of a numpy value"]),
    ]
    return "test", "", "\n".join(line for line in lines if line)


def _off_by_one(draw: random.Random) -> tuple[str, str, str]:
    size = draw.randint(2, 500)
    first = draw.choice(
        [
            f"AssertionError: expected {size} items but got {size + 1}",
            f"AssertionError: assert len({draw.choice(NAMES)}s) == {size} items, got {size - 1} items",
            f"expected {size} items in the page but got {size + 1} items",
        ]
    )
    more = _some(draw, f"page {draw.randint(1, 9)} of items", "the last item appears twice", f"in {_path(draw)}")
    frame = f'Traceback (most recent call last):\n  File "{_path(draw)}", line {draw.randint(5, 90)}, in check\n'
    return "test", "", f"{draw.choice([frame, ''])}{first}. {more}"


def _refused(draw: random.Random) -> tuple[str, str, str]:
    host = f"10.{draw.randint(0, 255)}.{draw.randint(0, 255)}.7"
    first = draw.choice(
        ["could not connect to server: Connection refused", "connection to server failed: Connection refused"]
    )
    more = _some(
        draw,
        f'Is the server running on host "{host}" and accepting TCP/IP connections on port {draw.randint(5000, 6000)}?',
        f"database pool {_id(draw)} has no connection left",
        f"retried {draw.randint(2, 9)} times to connect to the database server",
    )
    return "run", "", f"{first}. {more}"


def _no_docstring(draw: random.Random) -> tuple[str, str, str]:
    rule, kind = draw.choice([("D103", "function"), ("D102", "method"), ("D101", "class")])
    first = f"{rule} Missing docstring in public {kind} `{draw.choice(NAMES)}_{draw.randint(1, 99)}`"
    more = _some(
        draw,
        "the finding is still reported after the patch",
        f"ruff still reports {rule}",
        f"at {_path(draw)}:{draw.randint(1, 900)}",
    )
    return "check", "finding_remains", f"{first}. {more}"


MODES = (
    _Mode("missing key", 20, "high", 2, _missing_key),
    _Mode("not serializable", 18, "high", 3, _not_serializable),
    _Mode("no docstring", 25, "medium", 4, _no_docstring),
    _Mode("refused", 9, "critical", 2, _refused),
    _Mode("timeout", 14, "medium", 3, _timeout),
    _Mode("off by one", 7, "medium", 20, _off_by_one),
    _Mode("not located", 7, "low", 10, _not_located),
)
TOP_FIVE = ("missing key", "not serializable", "no docstring", "refused", "timeout")
"""The modes by share, severity and recency, as `MODES` has them; the fifth is more than twice the sixth."""


def corpus(count: int, seed: int) -> list[Planted]:
    """Return so many failures, in an order that is drawn."""
    draw = random.Random(seed)
    noise = round(NOISE_SHARE * count)
    modes = draw.choices(MODES, [mode.weight for mode in MODES], k=count - noise)
    made = [_planted(draw, mode) for mode in modes] + [_noise(draw) for _ in range(noise)]
    draw.shuffle(made)
    return [
        Planted(Failure(f"f{at}", text, when, severity=severity, stage=stage, code=code), mode)
        for at, (mode, severity, when, stage, code, text) in enumerate(made)
    ]


def _planted(draw: random.Random, mode: _Mode) -> tuple:
    when = NEWEST - timedelta(days=draw.uniform(0, 2 * mode.age_days))
    return mode.name, mode.severity, when, *mode.make(draw)


def _noise(draw: random.Random) -> tuple:
    when = NEWEST - timedelta(days=draw.uniform(0, 30))
    words = draw.choices(WORDS, k=draw.randint(8, 18))
    if draw.random() < 0.3:
        stolen = draw.choice(MODES).make(draw)[2].split()
        start = draw.randrange(len(stolen))
        words[draw.randrange(len(words)) :] = stolen[start : start + 2]
    return (
        NOISE,
        draw.choice(["low", "medium", "high"]),
        when,
        draw.choice(["test", "check", "run"]),
        "",
        " ".join(words),
    )
