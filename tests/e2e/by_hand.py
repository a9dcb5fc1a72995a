"""`make editor`: a real VS Code in the browser, with the extension, a collector and a sample repository."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from pathlib import Path

from tests.e2e.conftest import PATCHTRAIL, ROOT, TARGET
from tests.e2e.desk import Collector, fingerprint, make_shop
from tests.e2e.participant import commands_on_path
from tests.e2e.rig import CodeServer

__all__ = ["main"]

FOLDER = ROOT / ".demo" / "editor"
SAID = """
Open          {url}
Connect with  Patchtrail: Connect to a Collector
  address     {collector}
  fingerprint {fingerprint}
  code        {code}
The tests of the sample repository fail: run `pytest -q` in a terminal.
Read it back  PATCHTRAIL_TOKEN={token} {patchtrail} trace list --collector {collector}
Everything runs until you press Ctrl+C.
"""


def main() -> int:
    """Start everything, say where it is, and wait."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shop = make_shop(FOLDER / "shop")
    collector = Collector(PATCHTRAIL, FOLDER / "collector")
    try:
        (vsix,) = (ROOT / "dist").glob(f"patchtrail-{TARGET}-*.vsix")
        with CodeServer(FOLDER / "run", extensions=[vsix]) as server:
            (server.home / ".bashrc").write_text(f"PATH='{commands_on_path(FOLDER / 'bin')}'\n")
            print(told(server, shop, collector), flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    finally:
        collector.stop()
    return 0


def told(server: CodeServer, shop: Path, collector: Collector) -> str:
    """Return what a person needs to know."""
    return SAID.format(
        url=server.url_of(shop),
        collector=collector.url,
        fingerprint=fingerprint(collector),
        code=collector.invite(),
        token=collector.token,
        patchtrail=Path(sys.executable).parent / "patchtrail",
    )


if __name__ == "__main__":
    sys.exit(main())
