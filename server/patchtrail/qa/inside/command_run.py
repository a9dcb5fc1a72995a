"""Runs one command and tells how it ended and what reports it wrote; called by `watch.py` as the others are.

SPEC is JSON: `argv` and `reports`, which are paths by name; what lay there before is taken away.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from .teller import teller

__all__ = ["main"]

PIECE = 1 << 18
MAX_REPORT_BYTES = 16 << 20
NOT_FOUND = 127


def main() -> None:
    """Run, and tell."""
    tell = teller(int(sys.argv[2]), int(sys.argv[3]))
    spec = json.loads(Path(sys.argv[1]).read_text())
    reports = {name: Path(path) for name, path in spec["reports"].items()}
    for path in reports.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    try:
        code = subprocess.run(spec["argv"], check=False).returncode
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        code = NOT_FOUND
    tell({"ended": code if code >= 0 else 128 - code})
    for name, path in reports.items():
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()[:MAX_REPORT_BYTES]
            tell({"report": name})
            for at in range(0, len(content), PIECE):
                tell({"content": base64.b64encode(content[at : at + PIECE]).decode()})
    tell({"closed": 0})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
