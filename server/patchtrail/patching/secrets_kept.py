"""What stood behind the placeholders of a prompt: a model answers with placeholders, the file holds the real text."""

from __future__ import annotations

import re

from patchtrail.redaction.placeholder import PLACEHOLDER

__all__ = ["KeptSecrets"]

MAX_LINE = 20_000


class KeptSecrets:
    """Learns from a text and its redacted form; redaction neither adds nor drops a line."""

    def __init__(self) -> None:
        self._behind: dict[str, str] = {}

    def learn(self, original: str, redacted: str) -> None:
        """Take what each placeholder of `redacted` stands for; a line that cannot be told apart teaches nothing."""
        for was, now in zip(original.split("\n"), redacted.split("\n"), strict=False):
            if was == now or len(now) > MAX_LINE:
                continue
            names = PLACEHOLDER.findall(now)
            pattern = "(.+?)".join(re.escape(piece) for piece in PLACEHOLDER.split(now))
            match = re.fullmatch(pattern, was)
            if match is not None:
                self._behind.update(zip(names, match.groups(), strict=True))

    def restored(self, text: str) -> str:
        """Return a text with every known placeholder replaced by what it stands for."""
        return PLACEHOLDER.sub(lambda found: self._behind.get(found[0], found[0]), text)
