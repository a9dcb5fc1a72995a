"""The packaged extension under each Python of this machine, with an empty home and no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from collector import Collector
from tests.conftest import Tell
from tests.e2e.conftest import PATCHTRAIL
from tests.e2e.desk import make_shop
from tests.e2e.participant import Participant
from tests.e2e.rig import CodeServer, Workbench, until
from tests.e2e.test_editor_kills import sidecars
from tests.e2e.test_vsix import SERVED
from tests.extension.interpreters import Interpreter


def test_it_activates_under_every_python(tmp_path: Path, vsix: Path, tell: Tell) -> None:
    """Connected once, the sidecar starts under every CPython found here; nothing is reachable but this machine.

    An interpreter that is missing ends in the one status bar item.
    """
    shop = make_shop(tmp_path / "shop")
    settings = {"patchtrail.interpreter": str(SERVED[0].path)}
    server = CodeServer(tmp_path / "run", extensions=[vsix], settings=settings, no_network=True)
    (server.home / ".gitconfig").unlink()
    with server, Workbench(server, shop) as workbench:
        person = Participant(server, workbench, shop)
        workbench.trust()
        collector = CollectorInside(server, tmp_path / "collector")
        person.connect(collector, collector.invite())
        person.consent()
        collector.stop()
        for interpreter in SERVED:
            person.settings(**{"patchtrail.interpreter": str(interpreter.path)})
            # For the editor the server is a remote machine, whose own settings alone change in a running window.
            workbench.reload()
            until(f"a sidecar runs under {interpreter}", lambda: runs_under(person, interpreter), 40)  # noqa: B023 -- called at once
            until("it answers", lambda: person.status == "Patchtrail", 40)
            tell(f"{interpreter}: runs in the editor, offline")
        person.settings(**{"patchtrail.interpreter": "/nowhere/python"})
        workbench.reload()
        person.says("not running")
        written = {path.name for path in server.home.iterdir()}

    # The editor's own folders, and the sidecar's.
    assert written <= {".local", ".config", ".cache", ".npm", ".bash_history"}
    assert {path.name for path in (server.home / ".local/share").iterdir()} <= {"patchtrail", "code-server"}


class CollectorInside(Collector):
    """A collector in the network of an editor that has none."""

    def __init__(self, server: CodeServer, data_dir: Path) -> None:
        self._inside = server.inside()
        super().__init__([*self._inside, *PATCHTRAIL], data_dir)

    def _wait_until_ready(self) -> str:
        running = self.data_dir / "running.json"
        url = str(json.loads(until("the collector runs", lambda: running.exists() and running.read_text()))["url"])
        asked = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + '/readyz')"
        ask = [*self._inside, sys.executable, "-c", asked, url]
        until("the collector answers", lambda: subprocess.run(ask, stderr=subprocess.DEVNULL).returncode == 0)
        return url


def runs_under(person: Participant, interpreter: Interpreter) -> bool:
    """Return whether a sidecar of this editor runs under an interpreter."""
    wanted = Path(interpreter.path).resolve()
    return any(wanted == Path(one.info["exe"] or "") for one in sidecars(person))
