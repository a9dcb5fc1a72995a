"""Wire the editor's quick fixes: a fixer for each open folder, with the model that the user chose."""

from __future__ import annotations

import logging
import os
import secrets
import time
from pathlib import Path

from platformdirs import user_data_path

from patchtrail.capture import Recorder
from patchtrail.cli.attempt_log import RecordedAttempts, StoredAttempts
from patchtrail.cli.fixing import Guarded, checkers_of, redaction_of, runner_of
from patchtrail.cli.learned import LearnedPatterns, embedder_of
from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.settings import Settings
from patchtrail.editor.fixing import Fixing, ModelChoice
from patchtrail.llm import Endpoint, Ledger, Model, SpanExporter, endpoint_of, model_of, prices_of
from patchtrail.patching import Finding, Fixer, FixParts
from patchtrail.patching.agent_file import read_agent_config
from patchtrail.patching.attempts import AttemptStore

__all__ = ["SidecarFixes"]

RULE_TOOLS = frozenset({"ruff"})
"""Whose own fixes work without a model."""

logger = logging.getLogger(__name__)


class SidecarFixes:
    """The fixers of one sidecar; they are made once per folder, and share the model."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._fixers = dict[Path, Fixer]()
        self._guarded: Guarded | None = None
        self._exporter: SpanExporter | None = None

    def fixing(self) -> Fixing:
        """Return what the editor's room needs."""
        return Fixing(self.fixer_of, self.can_fix, self.use)

    def fixer_of(self, root: Path) -> Fixer:
        """Return the fixer of a folder, which is trusted: nobody asks for one elsewhere."""
        if root not in self._fixers:
            self._fixers[root] = Fixer(self._parts(root))
        return self._fixers[root]

    def can_fix(self, root: Path, finding: Finding) -> bool:
        """Return whether a model is there, or the tool has fixes of its own."""
        return self._guarded is not None or (finding.tool in RULE_TOOLS and self.fixer_of(root).can_recheck(finding))

    def use(self, choice: ModelChoice) -> None:
        """Take another model from now on; one that cannot be asked is none."""
        before, self._exporter = self._exporter, _exporter(choice.settings)
        if before is not None:
            before.close()
        self._guarded = self._chosen(choice)

    def _chosen(self, choice: ModelChoice) -> Guarded | None:
        ledger = Ledger(user_data_path("patchtrail") / "spending")
        source = choice.settings.model_source
        if source == "editor" and choice.editor_model is not None:
            return Guarded(choice.editor_model, "editor", ledger, self._exporter)
        if source in ("auto", "endpoint"):
            try:
                endpoint = _endpoint(choice)
                if endpoint is not None:
                    model = model_of(endpoint, prices_of(os.environ))
                    return Guarded(model, endpoint.kind, ledger, self._exporter)
            except InvalidInput as error:
                logger.warning("no model: %s", error.message)
        return None

    def _parts(self, root: Path) -> FixParts:
        redact = redaction_of(root)
        return FixParts(
            model=self._model,
            checker=checkers_of(root, is_trusted=True),
            tests=runner_of(),
            patterns=LearnedPatterns(root, embedder_of(os.environ, redact, logger.warning), logger.warning),
            log=RecordedAttempts(StoredAttempts(AttemptStore(root, redact)), self._recorder, root, _now_ms),
            config=lambda workspace: read_agent_config(workspace.root),
            redact=redact,
            now_ms=_now_ms,
            draw_id=lambda: secrets.token_hex(8),
            trace_id=lambda: self._recorder.running_trace,
        )

    def _model(self, limits: AgentConfig) -> Model | None:
        return None if self._guarded is None else self._guarded.under(limits)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _endpoint(choice: ModelChoice) -> Endpoint | None:
    """Return the endpoint of the settings; what they leave out comes from the environment."""
    settings, told = choice.settings, dict(os.environ)
    if settings.model_url:
        told |= {"PATCHTRAIL_MODEL_URL": settings.model_url, "PATCHTRAIL_MODEL_KIND": settings.model_kind}
        told["PATCHTRAIL_MODEL"] = settings.model_name or told.get("PATCHTRAIL_MODEL", "")
    if choice.key:
        told["ANTHROPIC_API_KEY" if settings.model_kind == "anthropic" else "OPENAI_API_KEY"] = choice.key
    return endpoint_of(told)


def _exporter(settings: Settings) -> SpanExporter | None:
    try:
        return SpanExporter(settings.model_otlp_endpoint) if settings.model_otlp_endpoint else None
    except InvalidInput as error:
        logger.warning("no spans: %s", error.message)
        return None
