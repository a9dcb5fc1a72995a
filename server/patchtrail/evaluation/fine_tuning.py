"""What would be sent to be learned from: an export's chat lines, unchanged since, with nothing that was withdrawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.errors import InvalidInput, NotAllowed
from patchtrail.evaluation.export_manifest import read_export
from patchtrail.evaluation.exports import CHAT
from patchtrail.llm.tokens import estimated_tokens

__all__ = ["FineTuning", "prepared"]

MIN_LINES = 10
"""What OpenAI's API asks for at least."""


@dataclass(frozen=True)
class FineTuning:
    """What is sent, and how much it is; tokens are estimated, for one pass."""

    content: bytes
    sha256: str
    lines: int
    tokens: int
    licence: str
    consent: str


def prepared(dataset: Path, withdrawn: Collection[str]) -> FineTuning:
    """Return what would be sent of an export: its folder, or the file of chat lines in it.

    Raises `InvalidInput` where it is no whole export or holds too few lines, and `NotAllowed` where something in it was
    withdrawn since.
    """
    folder = dataset if dataset.is_dir() else dataset.parent
    if not dataset.is_dir() and dataset.name != CHAT:
        raise InvalidInput(f"{dataset}: name an export's folder, or {CHAT} in it.")
    manifest = read_export(folder)
    file = next((one for one in manifest.files if one.path == CHAT), None)
    if file is None:
        raise InvalidInput(f"{folder} holds no {CHAT}: export it with --format chat.")
    gone = manifest.withdrawn_among(withdrawn)
    if gone:
        raise NotAllowed(f"{len(gone)} attempts in {folder} were withdrawn since: export it anew.", code="withdrawn")
    content = (folder / CHAT).read_bytes()
    lines = content.count(b"\n")
    if lines < MIN_LINES:
        raise InvalidInput(f"{folder / CHAT} holds {lines} lines; at least {MIN_LINES} are needed.")
    tokens = estimated_tokens(content.decode())
    return FineTuning(content, file.sha256, lines, tokens, manifest.licence, manifest.consent.statement)
