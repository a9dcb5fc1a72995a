"""Which model makes patches: settings, the key that the client keeps, and the editor's own model."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from patchtrail.contract.lsp_fixes import ModelKey
from patchtrail.contract.settings import Settings
from patchtrail.editor.fixing import ModelChoice
from patchtrail.llm import AskEditor, EditorDoor

__all__ = ["ChosenModel"]


class ChosenModel:
    """Joins what comes at different times, and hands on each change."""

    def __init__(self, use: Callable[[ModelChoice], None], asker: Callable[[str], AskEditor] | None) -> None:
        self._use, self._asker = use, asker
        self._settings = Settings()
        self._keys = dict[str, str]()

    def configure(self, settings: Settings) -> None:
        """Take changed settings."""
        self._settings = settings
        self._hand_on()

    def take_key(self, key: ModelKey) -> bool:
        """Keep a key for the one origin that it is for; return whether that is the one in use."""
        origin = _origin(key.url)
        self._keys.pop(origin, None)
        if key.key:
            self._keys[origin] = key.key
        self._hand_on()
        return origin == _origin(self._settings.model_url)

    def _hand_on(self) -> None:
        url, name = self._settings.model_url, self._settings.model_name
        # A key is never sent to another server than the one that it was given for.
        key = self._keys.get(_origin(url), "") if url else ""
        editor_model = EditorDoor(self._asker(name), name=name or "editor") if self._asker else None
        self._use(ModelChoice(self._settings, key, editor_model))


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{(parts.hostname or '').lower()}:{parts.port or ''}"
    except ValueError:
        return ""
