"""Wire what finds patches: model, checkers, test runner, limits and attempts; for verbs and for the sidecar."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from patchtrail.capture import Machine
from patchtrail.cli.attempt_log import StoredAttempts
from patchtrail.cli.learned import LearnedPatterns, embedder_of
from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.decimals import microusd_from_usd
from patchtrail.llm import Capped, Ledger, Model, SpanExporter, Traced, endpoint_of, exporter_of, model_of, prices_of
from patchtrail.patching import Finding, Fixer, FixParts
from patchtrail.patching.agent_file import read_agent_config
from patchtrail.patching.attempts import AttemptStore
from patchtrail.patching.checkers import ToolCheckers, ToolFinder, default_recipes
from patchtrail.patching.ports import Checker, LearnedPattern, Workspace
from patchtrail.qa import PytestRunner
from patchtrail.redaction import Redactor
from patchtrail.sandbox.bubblewrap import Bubblewrap

__all__ = ["Fixing", "Guarded", "NoPatterns", "checkers_of", "fixing_of", "redaction_of", "runner_of"]

KEY_BYTES = 32


class NoPatterns:
    """Stands where learned patterns are looked up, for what is measured without them."""

    def patterns_for(self, findings: Sequence[Finding], code: str) -> tuple[LearnedPattern, ...]:  # noqa: ARG002 -- the port's names
        """Return none."""
        return ()


@dataclass(frozen=True)
class Guarded:
    """A model as it may be asked: its spans go where the user wants them, and its cost stands under the day's cap."""

    model: Model
    provider: str
    ledger: Ledger
    exporter: SpanExporter | None

    def under(self, config: AgentConfig) -> Model:
        """Return the model under a repository's limits."""
        traced = self.model if self.exporter is None else Traced(self.model, self.exporter, provider=self.provider)
        return Capped(traced, self.ledger, microusd_from_usd(config.daily_usd))


def guarded_of(environment: Mapping[str, str]) -> Guarded | None:
    """Return the model that an environment names, guarded; None where it names none."""
    endpoint = endpoint_of(environment)
    if endpoint is None:
        return None
    ledger = Ledger(user_data_path("patchtrail") / "spending")
    return Guarded(model_of(endpoint, prices_of(environment)), endpoint.kind, ledger, exporter_of(environment))


def checkers_of(root: Path, *, is_trusted: bool) -> ToolCheckers:
    """Return the checkers for a root; a project's own tools are run only where its folder is trusted."""
    recipes = default_recipes(cache_folder=user_cache_path("patchtrail") / "mypy")
    return ToolCheckers(root, recipes, ToolFinder(may_run_project_tools=is_trusted))


def runner_of() -> PytestRunner:
    """Return the test runner; without a usable sandbox it runs nothing."""
    return PytestRunner(Bubblewrap(), python=Path(sys.executable))


def redaction_of(root: Path) -> Callable[[str], str]:
    """Return the rules for texts that leave for a model or are kept: this machine's secrets, and the root's."""
    return Redactor(secrets.token_bytes(KEY_BYTES), Machine.this().literals(root)).text


@dataclass(frozen=True)
class Fixing:
    """A fixer for one root, its checkers, and how to end: what is still to be told elsewhere is told then."""

    fixer: Fixer
    checker: Checker
    close: Callable[[], None]


def fixing_of(
    workspace: Workspace, environment: Mapping[str, str], *, is_offline: bool, warn: Callable[[str], None]
) -> Fixing:
    """Return what finds patches in one root, outside of an editor; `warn` is told what it has to do without.

    Raises `InvalidInput` where `.patchtrail.toml` or the environment sets something that it may not.
    """
    config = read_agent_config(workspace.root)
    guarded = None if is_offline else guarded_of(environment)
    checker = checkers_of(workspace.root, is_trusted=True)
    redact = redaction_of(workspace.root)
    parts = FixParts(
        model=lambda limits: None if guarded is None else guarded.under(limits),
        checker=checker,
        tests=runner_of(),
        patterns=LearnedPatterns(workspace.root, None if is_offline else embedder_of(environment, redact, warn), warn),
        log=StoredAttempts(AttemptStore(workspace.root, redact)),
        config=lambda _: config,
        redact=redact,
        now_ms=lambda: time.time_ns() // 1_000_000,
        draw_id=lambda: secrets.token_hex(8),
        trace_id=lambda: None,
    )
    exporter = None if guarded is None else guarded.exporter
    return Fixing(Fixer(parts), checker, (lambda: None) if exporter is None else exporter.close)
