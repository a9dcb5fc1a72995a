"""What a client can do with a patch and with hints: standard capabilities, and our own requests that it answers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClientPowers", "HintPowers"]


@dataclass(frozen=True)
class ClientPowers:
    """Facts of one client; `abilities` are the methods of ours that it answers."""

    can_version: bool
    can_create: bool
    can_annotate: bool
    can_show_progress: bool
    abilities: frozenset[str]


@dataclass(frozen=True)
class HintPowers:
    """Whether a client asks for hints again when it is told to, and shows Markdown under the pointer."""

    can_refresh: bool
    shows_markdown: bool
