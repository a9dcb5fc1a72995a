"""One workspace with all cases in it, what the real tools say of them, a damaging test model, and the fixer."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from patchtrail.cli.evaluating import evaluated_fixer
from patchtrail.evaluation.tools import configure, findings_of, surplus
from patchtrail.llm import Cancellation, Endpoint, model_of
from patchtrail.patching import Finding, Fixer, FixRequest, FixResult
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.evals.eval_case import EvalCase, read_cases
from tests.model.damaging import learning
from tests.model.reply import Asked
from tests.model.server import ModelServer
from tests.model.truths import Truth, truthful

SEED = 11


@dataclass(frozen=True)
class Bench:
    """What every eval is run on."""

    root: Path
    fixer: Fixer
    findings: dict[str, Finding]
    """The finding of each case, by its file."""

    def fix(self, case: EvalCase) -> FixResult:
        """Ask for a patch of the case's finding."""
        request = FixRequest((self.findings[case.file_path],))
        return self.fixer.fix(request, DiskWorkspace(self.root), Cancellation(), lambda _: None)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Write all cases, let Ruff and mypy find what is wrong, and serve the truth, damaged, by HTTP."""
    cases, root = read_cases(), tmp_path_factory.mktemp("evals").resolve()
    findings = _findings(cases, root)
    table = {
        (one.file_path, finding.rule_id, finding.line): Truth(one.file_path, one.before, one.after)
        for one in cases
        if (finding := findings.get(one.file_path)) is not None
    }
    asked = Counter[str]()

    def times(ask: Asked) -> int:
        """Count the earlier requests for the same findings; a conversation shows only its last answer."""
        about = ask.messages[1].content.partition("\n")[0]
        asked[about] += 1
        return asked[about] - 1

    with ModelServer(truthful(table, learning, seed=SEED, retry_of=times)) as server:
        model = model_of(Endpoint("openai", server.url, "test-model", server.api_key))
        runner = PytestRunner(Bubblewrap(), python=Path(sys.executable))
        yield Bench(root, evaluated_fixer(root, model, runner, root.with_name("mypy-cache")), findings)


def _findings(cases: list[EvalCase], root: Path) -> dict[str, Finding]:
    """Return by file what a case's tool says of the broken code and not of the right code."""
    configure(root, {one.rule_id for one in cases if one.tool == "ruff"})
    told = []
    for texts in ({one.file_path: one.after for one in cases}, {one.file_path: one.before for one in cases}):
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        by_tool = {tool: [one.file_path for one in cases if one.tool == tool] for tool in ("ruff", "mypy")}
        told.append({tool: findings_of(tool, root, paths) for tool, paths in by_tool.items()})
    found = dict[str, Finding]()
    for one in cases:
        right, wrong = (each[one.tool].get(one.file_path, []) for each in told)
        more = [each.finding for each in surplus(wrong, right) if each.finding.rule_id == one.rule_id]
        if more:
            found[one.file_path] = more[0]
    return found
