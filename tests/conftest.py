"""Tiers, skips and flags of the whole suite."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from xdist.remote import Producer

from tests.lanes import EDITOR, Lanes, lane_of

HERE = Path(__file__).parent
PURE = ("contract", "integrity", "text", "redaction", "trace", "study")
ALLOWED_SKIPS = HERE / "allowed_skips.txt"
TOLD = "told"
OF_PAID_MODELS = ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY")

Tell = Callable[[str], None]


def pytest_configure() -> None:
    """Forget the keys of paid models, so that no test can ask one."""
    for name in OF_PAID_MODELS:
        os.environ.pop(name, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that refreshes golden files and writes missing vectors."""
    parser.addoption("--update", action="store_true", help="refresh golden files; write vectors that are missing")


def tier_of(path: Path) -> str:
    """Return the tier that a test file belongs to, by its folder."""
    folder = path.relative_to(HERE).parts[0]
    if folder in PURE:
        return "pure"
    return folder if folder in ("e2e", "tidy") else "adapters"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """Lay the tests out over workers by what they share."""
    return Lanes(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the end-to-end tests and let them run last; workers begin with the longest lane, so as to end together."""
    for item in items:
        if tier_of(item.path) == "e2e":
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: tier_of(item.path) == "e2e")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: lane_of(item.nodeid) != EDITOR)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Say a fact about this machine at the end of the run, whichever worker found it."""
    return lambda fact: record_property(TOLD, fact)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with what tests told, counts per tier, and the name of each skip that nobody allowed."""
    for report in terminalreporter.stats.get("passed", []):
        for fact in (value for name, value in report.user_properties if name == TOLD):
            terminalreporter.write_line(f"{report.nodeid}: {fact}")
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            counts[f"{tier_of(HERE.parent / report.fspath)} {outcome}"] += 1
    if counts:
        terminalreporter.section("tiers")
        for tier in ("tidy", "pure", "adapters", "e2e"):
            told = [f"{counts[f'{tier} {outcome}']} {outcome}" for outcome in ("passed", "failed", "error", "skipped")]
            terminalreporter.write_line(f"{tier:9} {', '.join(told)}")
    for nodeid in _forbidden_skips(terminalreporter):
        terminalreporter.write_line(f"not allowed to skip (tests/allowed_skips.txt): {nodeid}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a test was skipped that is not named, with its reason, in allowed_skips.txt."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _forbidden_skips(reporter) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _forbidden_skips(reporter: pytest.TerminalReporter) -> list[str]:
    lines = [line for line in ALLOWED_SKIPS.read_text().splitlines() if line and not line.startswith("#")]
    allowed = set() if os.environ.get("CI") == "true" else {line.split("  ", 1)[0] for line in lines}
    return [report.nodeid for report in reporter.stats.get("skipped", []) if report.nodeid not in allowed]
