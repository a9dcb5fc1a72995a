"""What is known about this machine: the literals that must not be recorded, and the facts of `session_start`."""

from __future__ import annotations

import getpass
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from patchtrail.redaction import Literal, from_dotenv, from_environment, from_machine

__all__ = ["TOOL_FOLDERS", "Machine", "dotenv_files", "is_dotenv"]

MAX_DOTENV_BYTES = 1024 * 1024
MAX_DOTENV_FILES = 20
MAX_DOTENV_DEPTH = 3
TOOL_FOLDERS = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", "site-packages"})


@dataclass(frozen=True)
class Machine:
    """The process environment, and names of the person and the host."""

    environment: Mapping[str, str]
    homes: tuple[str, ...]
    users: tuple[str, ...]
    hosts: tuple[str, ...]

    @classmethod
    def this(cls) -> Machine:
        """Return the machine that this process runs on."""
        environment = dict(os.environ)
        homes = {environment.get("HOME", ""), environment.get("USERPROFILE", ""), str(Path.home())}
        users = {environment.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")}
        hosts = {environment.get(name, "") for name in ("HOSTNAME", "HOST", "COMPUTERNAME")} | {socket.gethostname()}
        homes |= {str(Path(home).resolve()) for home in homes if home}
        return cls(environment, _known(homes), _known(users | {_login()}), _known(hosts))

    def literals(self, folder: Path) -> Iterator[Literal]:
        """Yield every known literal for a session in `folder`, its `.env` files included."""
        yield from from_environment(self.environment)
        yield from from_machine(homes=self.homes, users=self.users, hosts=self.hosts)
        for path in dotenv_files(folder):
            yield from from_dotenv(_read(path))

    @property
    def os_name(self) -> str:
        """The operating system and its version."""
        return f"{platform.system()} {platform.release()}"

    @property
    def python_version(self) -> str:
        """The version of the interpreter that runs the sidecar."""
        return platform.python_version()


def dotenv_files(folder: Path) -> list[Path]:
    """Return the `.env` files at most three folders deep, outside folders that tools fill."""
    found: list[Path] = []
    for at, folders, files in os.walk(folder):
        depth = len(Path(at).relative_to(folder).parts)
        folders[:] = [one for one in sorted(folders) if one not in TOOL_FOLDERS and depth < MAX_DOTENV_DEPTH]
        found += [Path(at, one) for one in sorted(files) if is_dotenv(one)]
    return found[:MAX_DOTENV_FILES]


def is_dotenv(name: str) -> bool:
    """Return whether a file of this name holds values to learn."""
    return name.startswith(".env") or name.endswith(".env")


def _known(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(value for value in values if value))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > MAX_DOTENV_BYTES:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
