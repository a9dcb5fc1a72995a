"""Wire an evaluation: fixers that ask one model or none, keep no attempt, and a model that is started for the run."""

from __future__ import annotations

import contextlib
import re
import secrets
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from patchtrail.cli.fixing import NoPatterns, redaction_of
from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.run import Fix, Fixed
from patchtrail.llm import Cancellation, Model
from patchtrail.patching import Finding, Fixer, FixParts, FixRequest, Patch
from patchtrail.patching.checkers import ToolCheckers, ToolFinder, default_recipes
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.patching.ports import TestRunner

__all__ = ["evaluated_fix", "evaluated_fixer", "started_model"]

ADDRESS = re.compile(r"https?://\S+")


class _NoLog:
    """Keeps nothing: the evaluation reads the attempts from the results."""

    def add(self, record: AttemptRecord, patch: Patch | None) -> None:
        """Keep nothing."""

    def outcome(self, attempt_id: str, outcome: Literal["accepted", "rejected", "undone"]) -> None:
        """Keep nothing."""


def evaluated_fixer(root: Path, model: Model | None, runner: TestRunner, cache_folder: Path) -> Fixer:
    """Return a fixer for one workspace; without a model it has the tools' own fixes alone."""
    finder = ToolFinder(may_run_project_tools=True)
    return Fixer(
        FixParts(
            model=lambda _: model,
            checker=ToolCheckers(root, default_recipes(cache_folder=cache_folder), finder),
            tests=runner,
            patterns=NoPatterns(),
            log=_NoLog(),
            config=lambda _: AgentConfig(),
            redact=redaction_of(root),
            now_ms=lambda: time.time_ns() // 1_000_000,
            draw_id=lambda: secrets.token_hex(8),
            trace_id=lambda: None,
        )
    )


def evaluated_fix(model: Model | None, runner: TestRunner, cache_folder: Path) -> Fix:
    """Return what the suite asks for each case; a workspace's fixer is made once."""
    fixers = dict[Path, Fixer]()

    def fix(findings: tuple[Finding, ...], root: Path) -> Fixed:
        if root not in fixers:
            fixers[root] = evaluated_fixer(root, model, runner, cache_folder)
        result = fixers[root].fix(FixRequest(findings), DiskWorkspace(root), Cancellation(), lambda _: None)
        return Fixed(result.patch, result.fixed, result.attempts, result.message)

    return fix


@contextlib.contextmanager
def started_model(command: str, truths: Path) -> Iterator[tuple[str, str]]:
    """Start a model server for the run; yield its address, which it must print, and the key it was given.

    In the command `{truths}` and `{key}` stand for the file of truths and for a key that is drawn for this run.
    """
    key = secrets.token_hex(16)
    words = [one.replace("{truths}", str(truths)).replace("{key}", key) for one in shlex.split(command)]
    if not words:
        raise InvalidInput("--model-command is empty: name the program that serves the model.")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            found = ADDRESS.search(server.stdout.readline())
            if found is None:
                raise InvalidInput("The program of --model-command did not print an address in its first line.")
            yield found[0], key
        finally:
            server.terminate()
