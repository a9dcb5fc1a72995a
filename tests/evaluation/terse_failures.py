"""Failures as tools tell them: one sentence per kind, its names and types filled in, some with an ending."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["KINDS", "terse"]

NAMES = ("total", "price", "user", "item", "cart")
TYPES = ("int", "str", "float", "None", "list[int]", "dict[str, int]")
KINDS: dict[str, Callable[[random.Random], str]] = {
    "assignment": lambda draw: (
        f'Incompatible types in assignment (expression has type "{draw.choice(TYPES)}", '
        f'variable has type "{draw.choice(TYPES)}")'
    ),
    "return": lambda draw: (
        f'Incompatible return value type (got "{draw.choice(TYPES)}", expected "{draw.choice(TYPES)}")'
    ),
    "argument": lambda draw: (
        f'Argument {draw.randint(1, 4)} to "{draw.choice(NAMES)}" has incompatible type "{draw.choice(TYPES)}"; '
        f'expected "{draw.choice(TYPES)}"'
    ),
    "attribute": lambda draw: (
        f'"{draw.choice(NAMES)}" has no attribute "{draw.choice(NAMES)}"{draw.choice(["; maybe `x`?", ""])}'
    ),
    "unused import": lambda draw: (
        f"F401 `{draw.choice(NAMES)}` imported but unused{draw.choice(['; consider removing', '', ' in src/a.py'])}"
    ),
    "unused variable": lambda draw: f"F841 Local variable `{draw.choice(NAMES)}` is assigned to but never used",
    "refused": lambda draw: (
        f"could not connect to server: Connection refused, port {draw.randint(1, 9999)}"
        f"{draw.choice(['', ' after 3 retries', ' (host 10.0.0.7)'])}"
    ),
    "reset": lambda draw: (
        f"Connection reset by peer while reading response from {draw.choice(NAMES)}"
        f"{draw.choice(['', ' after 3 retries'])}"
    ),
}


def terse(count: int, seed: int) -> list[tuple[str, str]]:
    """Return so many failures' kinds and texts, the first kinds more often than the last."""
    draw = random.Random(seed)
    weights = [0.7**at for at in range(len(KINDS))]
    return [(kind, KINDS[kind](draw)) for kind in draw.choices(list(KINDS), weights, k=count)]
