"""Builds a project by its own back end (PEP 517, PEP 660) and tells the wheel; called by `watch.py` as the others are.

SPEC is JSON: `backend`, `backend_path`, `kind` ("wheel" or "editable"), `root`, and `has_all`: without it nothing is
built while the back end names further requirements, which are told instead.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .teller import teller

__all__ = ["main"]

PIECE = 1 << 18
LEFT_OUT = frozenset({"build", "dist", "__pycache__", ".eggs"})
MAX_MADE_BYTES = 16 << 20
Tell = Callable[[dict[str, object]], None]


def main() -> None:
    """Ask for what is needed, or build."""
    tell = teller(int(sys.argv[2]), int(sys.argv[3]))
    spec = json.loads(Path(sys.argv[1]).read_text())
    root = Path(spec["root"])
    os.chdir(root)
    sys.argv[:] = ["build"]
    backend = _backend(spec, root)
    kind = spec["kind"] if hasattr(backend, f"build_{spec['kind']}") else "wheel"
    requires: list[object] = getattr(backend, f"get_requires_for_build_{kind}", list)()
    if requires and not spec["has_all"]:
        tell({"requires": [str(one) for one in requires]})
    else:
        before = dict(_files(root))
        with tempfile.TemporaryDirectory() as made:
            name = getattr(backend, f"build_{kind}")(made)
            tell({"wheel": name, "kind": kind})
            _tell_content(tell, (Path(made) / name).read_bytes())
        _tell_made(tell, root, before)
    tell({"closed": 0})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _backend(spec: dict[str, Any], root: Path) -> Any:  # noqa: ANN401 -- a module of the project's
    sys.path[:0] = [str(root / one) for one in spec["backend_path"]]
    module, _, attributes = spec["backend"].partition(":")
    found: Any = importlib.import_module(module)
    for one in filter(None, attributes.split(".")):
        found = getattr(found, one)
    return found


def _tell_content(tell: Tell, content: bytes) -> None:
    for at in range(0, len(content), PIECE):
        tell({"content": base64.b64encode(content[at : at + PIECE]).decode()})


def _tell_made(tell: Tell, root: Path, before: dict[str, tuple[int, int]]) -> None:
    """Tell the files that building wrote among the sources, as extension modules and versions are."""
    left = MAX_MADE_BYTES
    for path, stamp in _files(root):
        size = stamp[1]
        if before.get(path) != stamp and size <= left:
            left -= size
            tell({"made": path})
            _tell_content(tell, (root / path).read_bytes())


def _files(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for at, folders, files in os.walk(root):
        folders[:] = [one for one in folders if one not in LEFT_OUT and not one.endswith(".egg-info")]
        for name in files:
            path = Path(at) / name
            if not path.is_symlink():
                found = path.stat()
                yield path.relative_to(root).as_posix(), (found.st_mtime_ns, found.st_size)
