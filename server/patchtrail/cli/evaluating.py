"""Wire an evaluation: fixers that ask one model or none, keep no attempt, and a model that is started for the run."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from patchtrail.cli.fixing import NoPatterns, redaction_of
from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.lesson_bench import Lessons, TaughtFix
from patchtrail.evaluation.run import Fix, Fixed
from patchtrail.evaluation.run_store import RunHead
from patchtrail.llm import Cancellation, Model, endpoint_of, model_of, prices_of
from patchtrail.patching import Finding, Fixer, FixParts, FixRequest, Patch
from patchtrail.patching.checkers import ToolCheckers, ToolFinder, default_recipes
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.patching.ports import PatternLookup, TestRunner
from patchtrail.patching.prompt import TEMPLATE_VERSION

__all__ = [
    "environment_model",
    "evaluated_fix",
    "evaluated_fixer",
    "model_for",
    "run_head",
    "started_at",
    "started_model",
    "taught_fix",
]

ADDRESS = re.compile(r"https?://\S+")


class _NoLog:
    """Keeps nothing: the evaluation reads the attempts from the results."""

    def add(self, record: AttemptRecord, patch: Patch | None) -> None:
        """Keep nothing."""

    def outcome(self, attempt_id: str, outcome: Literal["accepted", "rejected", "undone"]) -> None:
        """Keep nothing."""


class _Chosen:
    """Shows the lessons that an evaluation chose beforehand, by the product's own lookup."""

    def __init__(self) -> None:
        self.lessons: Lessons = ()

    def patterns_for(self, findings: Sequence[Finding], code: str) -> Lessons:  # noqa: ARG002 -- the port's names
        """Return them."""
        return self.lessons


def evaluated_fixer(
    root: Path, model: Model | None, runner: TestRunner, cache_folder: Path, patterns: PatternLookup | None = None
) -> Fixer:
    """Return a fixer for one workspace; without a model it has the tools' own fixes alone."""
    finder = ToolFinder(may_run_project_tools=True)
    return Fixer(
        FixParts(
            model=lambda _: model,
            checker=ToolCheckers(root, default_recipes(cache_folder=cache_folder), finder),
            tests=runner,
            patterns=patterns or NoPatterns(),
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
        return _fixed(fixers[root], findings, root)

    return fix


def taught_fix(model: Model, runner: TestRunner, cache_folder: Path) -> TaughtFix:
    """Return what a learning loop asks for each case; not for several threads."""
    fixers, chosen = dict[Path, Fixer](), _Chosen()

    def fix(findings: tuple[Finding, ...], root: Path, lessons: Lessons) -> Fixed:
        if root not in fixers:
            fixers[root] = evaluated_fixer(root, model, runner, cache_folder, chosen)
        chosen.lessons = lessons
        return _fixed(fixers[root], findings, root)

    return fix


def _fixed(fixer: Fixer, findings: tuple[Finding, ...], root: Path) -> Fixed:
    result = fixer.fix(FixRequest(findings), DiskWorkspace(root), Cancellation(), lambda _: None)
    return Fixed(result.patch, result.fixed, result.attempts, result.message)


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


@contextlib.contextmanager
def model_for(given: Model | None, command: str, truths: Path) -> Iterator[Model | None]:
    """Yield the model that a command starts, or without a command the one that is given."""
    if not command:
        yield given
        return
    with started_model(command, truths) as (address, key):
        yield environment_model(address, key)


def run_head(suite: str, dataset_id: str, seed: int) -> RunHead:
    """Return what all runs that are made now on some data have in common; each arm puts in its own name."""
    return RunHead(started_at(), _commit(), suite, dataset_id, arm="", template_version=TEMPLATE_VERSION, seed=seed)


def started_at() -> str:
    """Return now, as runs tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str:
    """Return the commit that is checked out here; nothing outside of a repository."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def environment_model(url: str = "", key: str = "") -> Model:
    """Return the model of the environment, or the one at `url`; raises `InvalidInput` where there is none."""
    environment = dict(os.environ)
    if url:
        environment |= {"PATCHTRAIL_MODEL_URL": url, "PATCHTRAIL_MODEL_KIND": "openai"}
    endpoint = endpoint_of(environment)
    if endpoint is None:
        raise InvalidInput(
            "No model is named: set PATCHTRAIL_MODEL_URL; `eval run` also takes --model-url or --offline."
        )
    return model_of(replace(endpoint, api_key=key or endpoint.api_key), prices_of(environment))
