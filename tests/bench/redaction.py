"""Redaction in MB/s: ordinary code, and text in which every line holds a secret."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from patchtrail.redaction import Redactor, from_environment, from_machine
from tests.bench.table import Goal, Row, Section
from tests.bench.texts import source_texts

__all__ = ["measure"]

GOAL = Goal(">= 2")
PASSES = 15
DENSE_BYTES = {16_000: PASSES, 64_000: PASSES, 256_000: PASSES, 1_000_000: 3}
"""Sizes, and how often each is measured: the speed must not fall with the length."""
MIN_FILE_CHARS = 10_000
TOKEN_CHARS = string.ascii_letters + string.digits
KNOWN_SECRETS = 12

Line = Callable[[str, int], str]
DENSE_LINES: tuple[Line, ...] = (
    lambda token, n: f'API_TOKEN_{n} = "{token}"\n',
    lambda token, n: f'headers = {{"Authorization": "Bearer {token}", "X-Request": "{n}"}}\n',
    lambda token, n: f'url = "postgres://user{n}:{token}@db.example.org/shop"\n',
    lambda token, n: f"export DB_PASSWORD_{n}={token}\n",
    lambda token, n: f"  secret_key_{n}: {token}\n",
)


def measure(_folder: Path) -> Iterator[Section]:
    """Yield the speed on both kinds of text."""
    redactor = _redactor()
    texts = source_texts()
    whole = [_rate(redactor, texts) for _ in range(PASSES)]
    files = [_rate(redactor, [text]) for text in texts if len(text) >= MIN_FILE_CHARS]
    size = sum(len(text.encode()) for text in texts) / 1e6
    rows = [
        Row(f"ordinary code, {size:.1f} MB in one go", "MB/s", whole, goal=GOAL, is_rate=True),
        Row("ordinary code, file by file", "MB/s", files, goal=GOAL, is_rate=True),
        *(_dense_row(redactor, size, passes) for size, passes in DENSE_BYTES.items()),
    ]
    notes = [f"The standard library's sources, {len(texts)} files; {KNOWN_SECRETS + 3} literals are known."]
    yield Section("3. Redaction; ordinary and secret-dense text", rows, notes)


def _dense_row(redactor: Redactor, size: int, passes: int) -> Row:
    rates = [_rate(redactor, [_dense(size, seed)]) for seed in range(passes)]
    return Row(f"a secret in each line, {size // 1000} KB", "MB/s", rates, goal=GOAL, is_rate=True)


def _redactor() -> Redactor:
    """Return the rules of a session on a machine with some secrets in its environment."""
    drawn = random.Random(1)
    environment = {f"SERVICE_{n}_TOKEN": _token(drawn) for n in range(KNOWN_SECRETS)}
    machine = from_machine(homes=["/home/alexandra"], users=["alexandra"], hosts=["kestrel-7"])
    return Redactor(bytes(32), [*from_environment(environment), *machine])


def _dense(size: int, seed: int) -> str:
    """Return text of about `size` bytes, each line with another secret in it."""
    drawn, lines, length = random.Random(seed), list[str](), 0
    while length < size:
        line = DENSE_LINES[len(lines) % len(DENSE_LINES)](_token(drawn), len(lines))
        lines.append(line)
        length += len(line)
    return "".join(lines)


def _token(drawn: random.Random) -> str:
    return "".join(drawn.choices(TOKEN_CHARS, k=40))


def _rate(redactor: Redactor, texts: Sequence[str]) -> float:
    size, begun = sum(len(text.encode()) for text in texts), time.perf_counter()
    for text in texts:
        redactor.text(text)
    return size / 1e6 / (time.perf_counter() - begun)
