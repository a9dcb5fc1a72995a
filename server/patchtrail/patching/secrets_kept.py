"""What stood behind the placeholders of a prompt: a model answers with placeholders, the file holds the real text."""

from __future__ import annotations

import re

from patchtrail.redaction.placeholder import PLACEHOLDER

__all__ = ["KeptSecrets"]

MAX_LINE = 20_000
MAX_SECRETS = 8
"""In one line; beyond it the search for what stands behind them could take long."""


class KeptSecrets:
    """Learns from a text and its redacted form; redaction neither adds nor drops a line."""

    def __init__(self) -> None:
        self._behind: dict[str, str] = {}

    def learn(self, original: str, redacted: str) -> None:
        """Take what each placeholder of `redacted` stands for; a line that can be told in two ways teaches nothing."""
        for was, now in zip(original.split("\n"), redacted.split("\n"), strict=False):
            if was == now or max(len(was), len(now)) > MAX_LINE:
                continue
            shortest, longest = _behind(was, now, ".+?"), _behind(was, now, ".+")
            if shortest == longest:
                self._behind.update(shortest)

    def restored(self, text: str) -> str:
        """Return a text with every known placeholder replaced by what it stands for."""
        return PLACEHOLDER.sub(lambda found: self._behind.get(found[0], found[0]), text)


def _behind(was: str, now: str, some: str) -> dict[str, str]:
    """Return what stands behind the placeholders of a line, each as short or as long as the rest of it allows."""
    pieces, names = PLACEHOLDER.split(now), PLACEHOLDER.findall(now)
    pattern, groups = re.escape(pieces[0]), dict[str, str]()
    for name, piece in zip(names, pieces[1:], strict=True):
        group = groups.get(name)
        groups.setdefault(name, f"s{len(groups)}")
        # The same placeholder is the same secret.
        pattern += (f"(?P={group})" if group else f"(?P<{groups[name]}>{some})") + re.escape(piece)
    match = re.fullmatch(pattern, was) if len(groups) <= MAX_SECRETS else None
    return {} if match is None else {name: match[group] for name, group in groups.items()}
