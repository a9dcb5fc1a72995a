"""Pages whose Python examples are run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

__all__ = ["run_examples"]

BLOCK = re.compile(r"^(`{3,})python\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def run_examples(page: Path) -> tuple[int, int]:
    """Run each block of a page after those before it; return how many there are, and how many chapters."""
    text, names = page.read_text(), dict[str, Any]()
    blocks = list(BLOCK.finditer(text))
    for block in blocks:
        lines_before = "\n" * text.count("\n", 0, block.start(2))
        exec(compile(lines_before + block[2], str(page), "exec"), names)
    return len(blocks), len(re.findall("^## ", BLOCK.sub("", text), re.MULTILINE))
