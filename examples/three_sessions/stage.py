"""A real git repository in which commands really run: what is told of a session is what came out here.

Author, dates and settings of git are fixed, so that the same files are the same commits on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

AUTHOR = {"NAME": "Example", "EMAIL": "example@example.org"}
RUN_TIMEOUT_S = 60


@dataclass(frozen=True)
class Ran:
    """What came of one command; `report` is the JUnit report that its tests left, where it ran any."""

    exit_code: int
    output: str
    duration_s: float
    report: Path | None


class Stage:
    """A copy of a repository below `work`, committed as it is at `started_s`."""

    def __init__(self, files: Path, work: Path, *, started_s: int) -> None:
        self.root = work / "repository"
        self._home = work / "home"
        self._home.mkdir()
        shutil.copytree(files, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        for arguments in ("init --initial-branch=main", "add --all", "commit --message 'Start of the session'"):
            self.run(f"git {arguments}", at_s=started_s)
        self.start_commit = self.git("rev-parse", "HEAD").strip()

    def run(self, command_line: str, *, at_s: float) -> Ran:
        """Run a command line as a shell does, at an instant of Unix time."""
        report = self._home / "report.xml"
        report.unlink(missing_ok=True)
        started = time.monotonic()
        done = subprocess.run(
            ["sh", "-c", command_line],
            cwd=self.root,
            env=self._environment(at_s, report),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=RUN_TIMEOUT_S,
        )
        duration_s = round(time.monotonic() - started, 3)
        return Ran(done.returncode, done.stdout.decode(), duration_s, report if report.exists() else None)

    def git(self, *arguments: str) -> str:
        """Ask git."""
        environment = self._environment(0, self._home / "none.xml")
        done = subprocess.run(["git", *arguments], cwd=self.root, env=environment, check=True, capture_output=True)
        return done.stdout.decode()

    def _environment(self, at_s: float, report: Path) -> dict[str, str]:
        """Return an environment that owes nothing to whoever plays: no settings, plugins or language of theirs."""
        date = f"{int(at_s)} +0000"
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self._home),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "120",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": f"-p no:cacheprovider -o junit_family=xunit1 --junitxml={report}",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in AUTHOR.items()},
        }
