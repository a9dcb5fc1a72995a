"""One workspace with all cases in it, what the real tools say of them, a damaging test model, and the fixer."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from patchtrail.cli.evaluating import evaluated_fixer
from patchtrail.evaluation.tools import configure
from patchtrail.evaluation.unit_case import as_patch_cases
from patchtrail.llm import Cancellation, Endpoint, model_of
from patchtrail.patching import Finding, Fixer, FixRequest, FixResult
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.evals.eval_case import UnitCase, read_cases
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

    def fix(self, case: UnitCase) -> FixResult:
        """Ask for a patch of the case's finding."""
        request = FixRequest((self.findings[case.file_path],))
        return self.fixer.fix(request, DiskWorkspace(self.root), Cancellation(), lambda _: None)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Write all cases, let Ruff and mypy find what is wrong, and serve the truth, damaged, by HTTP."""
    cases, root = read_cases(), tmp_path_factory.mktemp("evals").resolve()
    findings = {one.file_path: one.planted[0].finding for one in as_patch_cases(cases)}
    configure(root, {one.rule_id for one in cases if one.tool == "ruff"})
    for one in cases:
        (root / one.file_path).parent.mkdir(parents=True, exist_ok=True)
        (root / one.file_path).write_text(one.before, encoding="utf-8")
    table = {
        (one.file_path, one.rule_id, findings[one.file_path].line): Truth(one.file_path, one.before, one.after)
        for one in cases
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
