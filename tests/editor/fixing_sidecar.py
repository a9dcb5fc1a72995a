"""A sidecar with an engine of the tests' own: it makes GOOD of BAD in the line of a finding, and tells what it did.

`python -m tests.editor.fixing_sidecar SPOOL LOG`. While `LOG.hold` exists, it thinks.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from patchtrail.cli.sidecar import build_sidecar
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import ModelUnavailable
from patchtrail.editor import build_server
from patchtrail.editor.connection import connect
from patchtrail.editor.fixing import Fixing, ModelChoice
from patchtrail.llm import Cancellation, Message, ModelRequest
from patchtrail.patching import FilePatch, Finding, Patch
from patchtrail.patching.fixer import FixRequest, FixResult, Outcome
from patchtrail.patching.ports import Workspace


class WordFixes:
    """Fixes what holds the word BAD; `NONE` has no answer, `NEW` adds a file, `MODEL` asks the editor's model."""

    def __init__(self, log: Path) -> None:
        self.log, self.choice = log, ModelChoice.__new__(ModelChoice)
        self.count = 0

    def use(self, choice: ModelChoice) -> None:
        """Take a model."""
        self.choice = choice
        self.say("use", source=choice.settings.model_source, key=choice.key, has_model=choice.editor_model is not None)

    def can_recheck(self, finding: Finding) -> bool:
        """Ruff and tests can be run here, it says."""
        return finding.tool in ("ruff", "test")

    def fix(
        self, request: FixRequest, workspace: Workspace, cancellation: Cancellation, progress: Callable[[str], None]
    ) -> FixResult:
        """Fix, once it may."""
        first = request.findings[0]
        self.say("fix", rules=[one.rule_id for one in request.findings], traceback=first.traceback)
        progress("thinking")
        while self.log.with_suffix(".hold").exists() and not cancellation.is_cancelled:
            time.sleep(0.01)
        texts = {one.file_path: workspace.read(one.file_path) or "" for one in request.findings}
        files = [FilePatch(path, text, self.fixed(text, request, path)) for path, text in texts.items()]
        if first.rule_id == "NEW":
            files = [FilePatch("fresh.py", None, "GOOD = 1\n")]
        if first.rule_id == "NONE":
            return FixResult(None, False, "The answer held no change at all.", (), (), request.findings)
        if first.rule_id == "MODEL":
            return self.by_model(request, texts[first.file_path] or "", cancellation)
        self.count += 1
        record = attempt(f"attempt-{self.count}", request)
        is_rechecked = all(self.can_recheck(one) for one in request.findings)
        return FixResult(Patch(tuple(files), ()), is_rechecked, "", (record,), request.findings, ())

    def fixed(self, text: str, request: FixRequest, path: str) -> str:
        """Make GOOD of BAD in the lines of the findings."""
        lines = text.split("\n")
        for one in request.findings:
            if one.file_path == path:
                lines[one.line - 1] = lines[one.line - 1].replace("BAD", "GOOD")
        return "\n".join(lines)

    def by_model(self, request: FixRequest, text: str, cancellation: Cancellation) -> FixResult:
        """Put the editor's model's answer in place of BAD."""
        model = self.choice.editor_model
        assert model is not None
        try:
            answer = model.ask(ModelRequest((Message("user", "Fix it."),), 100, 30), cancellation)
        except ModelUnavailable as error:
            return FixResult(None, False, f"{error.code}: {error.message}", (), (), request.findings)
        path = request.findings[0].file_path
        patch = Patch((FilePatch(path, text, text.replace("BAD", answer.text)),), ())
        return FixResult(patch, True, "", (attempt("attempt-m", request),), request.findings, ())

    def revalidate(self, result: FixResult, workspace: Workspace, cancellation: Cancellation) -> FixResult:  # noqa: ARG002 -- the port's names
        """Look for BAD in the text as it is."""
        assert result.patch is not None
        text = workspace.read(result.patch.files[0].file_path) or ""
        self.say("revalidate", text=text)
        if "BAD" not in text:
            return replace(result, patch=None, message="The file changed while the patch was made. Ask again.")
        after = text.replace("BAD", "GOOD", 1)
        return replace(result, patch=Patch((FilePatch(result.patch.files[0].file_path, text, after),), ()))

    def explain(self, finding: Finding, workspace: Workspace, cancellation: Cancellation) -> str:  # noqa: ARG002 -- the port's names
        """Say the message again."""
        return f"{finding.rule_id} means: {finding.message}"

    def outcome(self, attempt_id: str, outcome: Outcome) -> None:
        """Write down what became of it."""
        self.say("outcome", attempt_id=attempt_id, outcome=outcome)

    def say(self, event: str, **values: object) -> None:
        """Write down what happened."""
        with self.log.open("a") as file:
            file.write(json.dumps({"event": event, **values}) + "\n")


def attempt(attempt_id: str, request: FixRequest) -> AttemptRecord:
    """Return a record of one try."""
    first = request.findings[0].record()
    return AttemptRecord(
        attempt_id=attempt_id,
        trace_id=None,
        timestamp="2026-01-01T00:00:00Z",
        finding=first,
        prompt="",
        llm_response="",
        patch_generated=None,
        validation_result=True,
        validation_errors=[],
        retry_attempt=1,
        strategy="single",
        tokens_used=0,
        latency_ms=0,
        cost_usd=0.0,
        file_type=".py",
        finding_complexity="simple",
        rule_category="other",
        rule_id=first.rule_id,
        file=first.file_path,
        line=first.line,
        status="offered",
    )


def main(spool: str, log: str) -> None:
    """Serve until the client is gone."""
    fixes = WordFixes(Path(log))
    sidecar = replace(
        build_sidecar(Path(spool), None),
        fixing=Fixing(lambda _root: fixes, lambda _root, one: one.rule_id != "NEVER", fixes.use),
    )

    def start(server: object, params: object) -> Callable[[], None]:
        connect(server, sidecar, params)  # type: ignore[arg-type]  # a stand-in
        return sidecar.close

    build_server(start).start_io()


if __name__ == "__main__":
    main(*sys.argv[1:])
