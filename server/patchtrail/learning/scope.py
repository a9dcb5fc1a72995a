"""Where a pattern holds, as its scope says it: in a repository, below a path, in a language, or everywhere."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["LANGUAGES", "scope_rank"]

LANGUAGES = {".py": "python", ".pyi": "python", ".ts": "typescript", ".js": "javascript", ".go": "go", ".rs": "rust"}
"""Languages by the ends of file names."""


def scope_rank(scope: str, *, repository: str, language: str, file_path: str) -> int:
    """Return 2 for a scope of this repository or path, 1 for this language, 0 for everywhere, -1 for elsewhere."""
    if not scope:
        return 0
    # A path without parts is the repository's own folder, and none that paths could be matched with.
    if scope == repository or not PurePosixPath(scope).parts or (file_path and PurePosixPath(file_path).match(scope)):
        return 2
    if file_path and file_path.startswith(scope.rstrip("/") + "/"):
        return 2
    return 1 if scope.lower() == language.lower() else -1
