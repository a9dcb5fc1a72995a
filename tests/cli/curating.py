"""A project with attempts that a person judged, and the verbs that curate them."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from patchtrail.cli.eval import app
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.patching.attempts import AttemptStore
from tests.evaluation.attempt_records import TRACES, attempt

__all__ = ["RECORDS", "TERMS", "export", "keep", "project", "run"]

RUNNER = CliRunner()
TERMS = ("--licence", "CC-BY-4.0", "--consent", "Everybody agreed in writing.")
RECORDS = (
    attempt(1, "one", 1),
    attempt(2, "one", 2),
    attempt(3, "two", 1, trace_id=TRACES[0]),
    attempt(4, "two", 2, trace_id=TRACES[0]),
    attempt(5, "three", 1, rule="I001", trace_id=TRACES[1]),
    attempt(6, "four", 1),
)
VERDICTS = {"a001": "bad", "a002": "fine-tune", "a003": "bad", "a004": "good", "a005": "good"}


def project(folder: Path) -> Path:
    """Keep six attempts, five of them with a verdict; return the root."""
    root = folder / "project"
    root.mkdir()
    keep(root, RECORDS)
    for attempt_id, verdict in VERDICTS.items():
        assert run(root, "curate", "mark", attempt_id, verdict, "--reason", "as seen")[0] == 0
    return root


def keep(root: Path, records: tuple[AttemptRecord, ...]) -> None:
    """Keep attempts as the fixer does."""
    store = AttemptStore(root, redact=str)
    for one in records:
        store.add(one)


def run(root: Path, *words: str, env: dict[str, str] | None = None, typed: str = "") -> tuple[int, str]:
    """Return exit code and output of a verb below a root."""
    result = RUNNER.invoke(app, [*words, "--root", str(root)], env=env, input=typed)
    return result.exit_code, result.output


def export(root: Path, *words: str) -> Path:
    """Export, and return the folder."""
    folder = root.parent / "export"
    code, told = run(root, "curate", "export", "--output", str(folder), *TERMS, *words)
    assert code == 0, told
    return folder
