"""Small repositories, each in one file: `-- path --` starts a file of it, and what comes before is said of all."""

from __future__ import annotations

import re
from pathlib import Path

from patchtrail.trace.file_tree import FileTree

HERE = Path(__file__).parent
START = re.compile(r"^-- (\S+) --\n", re.MULTILINE)


def repository(name: str) -> FileTree:
    """Return a repository of repositories/."""
    return FileTree(_read(HERE / "repositories" / f"{name}.txt")[1])


def laid_over(tree: FileTree, cheat: Path) -> tuple[str, FileTree]:
    """Return what is said of a cheat, and the tree with its files laid over."""
    said, files = _read(cheat)
    return said, with_files(tree, files)


def with_files(tree: FileTree, files: dict[str, bytes]) -> FileTree:
    """Return a tree with files added or replaced."""
    return FileTree({**tree.files, **files}, tree.executable)


def folder_tree(folder: Path) -> FileTree:
    """Return the files of a folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return FileTree(
        {name: path.read_bytes() for name, path in named.items()},
        frozenset(name for name, path in named.items() if path.stat().st_mode & 0o100),
    )


def _read(path: Path) -> tuple[str, dict[str, bytes]]:
    said, *parts = START.split(path.read_text())
    return said.strip(), {name: text.encode() for name, text in zip(parts[::2], parts[1::2], strict=True)}
