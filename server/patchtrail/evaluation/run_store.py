"""Runs and their results in one SQLite file, under the published names, with what else is known in columns beside.

Source of the names: the published test history, `test_runs` and `test_results`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.learning.wilson import Proportion

__all__ = ["RunHead", "RunStore", "StoredRun", "TestResult"]

BUSY_TIMEOUT_S = 10.0
HOME = ".patchtrail"
TABLES = """
CREATE TABLE IF NOT EXISTS test_runs (
    id INTEGER PRIMARY KEY, timestamp TEXT NOT NULL, git_commit TEXT NOT NULL, total_tests INTEGER NOT NULL,
    passed INTEGER NOT NULL, failed INTEGER NOT NULL, pass_rate REAL NOT NULL, avg_tokens REAL NOT NULL,
    avg_cost_usd REAL NOT NULL, suite TEXT NOT NULL, dataset_id TEXT NOT NULL, arm TEXT NOT NULL, model TEXT NOT NULL,
    template_version TEXT NOT NULL, seed INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS test_results (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES test_runs (id), test_name TEXT NOT NULL,
    passed INTEGER NOT NULL, error_message TEXT, tokens_used INTEGER NOT NULL, latency_ms INTEGER NOT NULL,
    label TEXT NOT NULL, is_offered INTEGER NOT NULL, cost_usd REAL NOT NULL, patch TEXT,
    UNIQUE (run_id, test_name)
);
"""
RUN_COLUMNS = (
    "id, timestamp, git_commit, total_tests, passed, avg_tokens, avg_cost_usd, suite, dataset_id, arm, model,"
    " template_version, seed"
)
RESULT_COLUMNS = "test_name, passed, error_message, tokens_used, latency_ms, label, is_offered, cost_usd, patch"


@dataclass(frozen=True)
class RunHead:
    """What was run: an arm on a data set.

    `timestamp` is ISO 8601, UTC; `git_commit` is empty outside of a repository.
    """

    timestamp: str
    git_commit: str
    suite: str
    dataset_id: str
    arm: str
    model: str = ""
    template_version: str = ""
    seed: int = 0

    @property
    def series(self) -> tuple[str, ...]:
        """What repeats of one run have in common."""
        return self.git_commit, self.suite, self.dataset_id, self.arm, self.model, self.template_version


@dataclass(frozen=True)
class TestResult:
    """What came of one test; its name follows from its content, so that runs on other data sets can be paired too.

    `patch` is the unified diff of the test's file; empty where nothing changed, None where nothing was applied.
    """

    __test__ = False

    test_name: str
    label: str
    passed: bool
    is_offered: bool = True
    error_message: str | None = None
    tokens_used: int = 0
    latency_ms: int = 0
    cost_usd: float = 0.0
    patch: str | None = None


@dataclass(frozen=True)
class StoredRun:
    """A run as it is listed."""

    run_id: int
    head: RunHead
    passed: Proportion
    avg_tokens: float
    avg_cost_usd: float


class RunStore:
    """The file at one path. Every method opens and closes it, so that several processes can.

    Every method raises `InvalidInput` where the file is no database of runs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, head: RunHead, results: Sequence[TestResult]) -> int:
        """Keep a run with its results; return its number. Raises `InvalidInput` for no result, or a name twice."""
        if not results or len({one.test_name for one in results}) < len(results):
            raise InvalidInput("A run needs results, each with a name of its own.")
        passed = Proportion(sum(one.passed for one in results), len(results))
        run = {
            "timestamp": head.timestamp,
            "git_commit": head.git_commit,
            "total_tests": passed.of,
            "passed": passed.hits,
            "failed": passed.of - passed.hits,
            "pass_rate": passed.share,
            "avg_tokens": fmean(one.tokens_used for one in results),
            "avg_cost_usd": fmean(one.cost_usd for one in results),
            "suite": head.suite,
            "dataset_id": head.dataset_id,
            "arm": head.arm,
            "model": head.model,
            "template_version": head.template_version,
            "seed": head.seed,
        }
        with self._opened(is_made=True) as connection, connection:
            marks = ", ".join(f":{name}" for name in run)
            run_id = connection.execute(f"INSERT INTO test_runs ({', '.join(run)}) VALUES ({marks})", run).lastrowid
            assert run_id is not None
            connection.executemany(
                f"INSERT INTO test_results (run_id, {RESULT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(run_id, *_row(one)) for one in results],
            )
        return run_id

    def runs(self) -> list[StoredRun]:
        """Return every run, the newest first."""
        if not self.path.exists():
            return []
        with self._opened() as connection:
            return [_run(row) for row in connection.execute(f"SELECT {RUN_COLUMNS} FROM test_runs ORDER BY id DESC")]

    def run(self, run_id: int) -> StoredRun:
        """Return one run; raises `NotFound`."""
        found = next((one for one in self.runs() if one.run_id == run_id), None)
        if found is None:
            raise NotFound(f"There is no run {run_id} in {self.path}: `patchtrail eval history` lists them.")
        return found

    def results(self, run_id: int) -> list[TestResult]:
        """Return what came of a run's tests, in the order in which they were kept; raises `NotFound`."""
        self.run(run_id)
        with self._opened() as connection:
            query = f"SELECT {RESULT_COLUMNS} FROM test_results WHERE run_id = ? ORDER BY id"
            return [_result(row) for row in connection.execute(query, (run_id,))]

    @contextmanager
    def _opened(self, *, is_made: bool = False) -> Iterator[sqlite3.Connection]:
        if is_made:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _ignored(self.path.parent)
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)) as connection:
                connection.executescript(TABLES)
                yield connection
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"{self.path} cannot be used as a database of runs: {error}.") from error


def _ignored(folder: Path) -> None:
    """Let the product's own folder ignore itself in git."""
    ignore = folder / ".gitignore"
    if folder.name == HOME and not ignore.exists() and not ignore.is_symlink():
        ignore.write_text("*\n", encoding="utf-8")


def _row(one: TestResult) -> tuple[object, ...]:
    texts = one.test_name, one.passed, one.error_message, one.tokens_used
    return *texts, one.latency_ms, one.label, one.is_offered, one.cost_usd, one.patch


def _result(row: tuple[str, int, str | None, int, int, str, int, float, str | None]) -> TestResult:
    name, passed, message, tokens, latency, label, is_offered, cost, patch = row
    return TestResult(name, label, bool(passed), bool(is_offered), message, tokens, latency, cost, patch)


def _run(row: tuple[int, str, str, int, int, float, float, str, str, str, str, str, int]) -> StoredRun:
    run_id, timestamp, commit, total, passed, tokens, cost, suite, dataset_id, arm, model, template, seed = row
    head = RunHead(timestamp, commit, suite, dataset_id, arm, model, template, seed)
    return StoredRun(run_id, head, Proportion(passed, total), tokens, cost)
