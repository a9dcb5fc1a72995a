"""`python -m patchtrail.cli.gen`: write the contract's generated files, or with --check say which are not fresh."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from patchtrail.contract.schema import agent_table, contract_schema, settings_block

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "shared" / "schema" / "v1.json"
MANIFEST = ROOT / "package.json"
README = ROOT / "README.md"
AGENT_KEYS = "<!-- agent keys: written by `make gen` -->\n", "<!-- end of agent keys -->\n"


def main(arguments: list[str]) -> int:
    """Write, or check, the schema, the manifest's settings block and the README's table of `[agent]` keys."""
    stale = [path for path, content in _generated().items() if not path.exists() or path.read_text() != content]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not fresh: run `make gen`.", file=sys.stderr)
        return 1 if stale else 0
    for path, content in _generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return 0


def _generated() -> dict[Path, str]:
    manifest = json.loads(MANIFEST.read_text())
    manifest["contributes"]["configuration"] = settings_block()
    return {
        SCHEMA: _pretty(contract_schema()),
        MANIFEST: _pretty(manifest),
        README: _between(README.read_text(), *AGENT_KEYS, agent_table()),
    }


def _between(page: str, start: str, end: str, block: str) -> str:
    """Return a page with a block of its own between two marks."""
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}{block}{end}{after}"


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
