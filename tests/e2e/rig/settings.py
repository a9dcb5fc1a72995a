"""The user settings of every run: quiet, but telemetry and workspace trust are as a user has them."""

from __future__ import annotations

__all__ = ["SETTINGS"]

SETTINGS: dict[str, object] = {
    # An extension that asks for both must see them on; a test turns them off where that is its subject.
    "telemetry.telemetryLevel": "all",
    "security.workspace.trust.enabled": True,
    "security.workspace.trust.startupPrompt": "always",
    # A buffer restored from an earlier window would make every later save of that file a conflict.
    "files.hotExit": "off",
    "files.autoSave": "off",
    # Enter would accept a suggestion while a test types.
    "editor.acceptSuggestionOnEnter": "off",
    # Otherwise a chat view opens and puts entries of its own into menus.
    "chat.disableAIFeatures": True,
    "chat.commandCenter.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    # Nothing below appears, asks or looks something up by itself.
    "workbench.startupEditor": "none",
    "workbench.enableExperiments": False,
    "workbench.tips.enabled": False,
    "update.mode": "none",
    # The word, not `False`: the editor would rewrite the old value, and that write meets the test's own.
    "extensions.autoUpdate": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "git.autofetch": False,
    "git.enableSmartCommit": True,
    "editor.minimap.enabled": False,
    "terminal.integrated.gpuAcceleration": "off",
    "terminal.integrated.defaultProfile.linux": "bash",
}
