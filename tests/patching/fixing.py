"""A repository, the test model over real HTTP, and the fixer as the command line wires it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from patchtrail.cli.fixing import Fixing, fixing_of
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.llm import Cancellation
from patchtrail.patching import Finding, FixRequest, FixResult
from patchtrail.patching.disk_workspace import DiskWorkspace
from tests.model.reply import Asked, Reply
from tests.model.server import ModelServer

__all__ = ["Bench", "answers", "at_bench"]

RUFF = '[tool.ruff.lint]\nselect = ["E", "F", "I", "D1"]\n'


@dataclass
class Bench:
    """One repository and what finds patches in it."""

    workspace: DiskWorkspace
    fixing: Fixing
    model: ModelServer | None
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def findings(self, path: str, *rules: str, tool: str = "ruff") -> list[Finding]:
        """Return what a tool really reports, the named rules alone."""
        text = self.workspace.read(path)
        assert text is not None
        checked = self.fixing.checker.check(self.workspace, {path: text}, [tool], Cancellation())
        assert checked.not_run == ()
        return [one for one in checked.findings if not rules or one.rule_id in rules]

    def fix(self, *findings: Finding, strategy: str = "auto", cancellation: Cancellation | None = None) -> FixResult:
        """Ask for a patch; what is kept of the tries is what the result tells."""
        request = FixRequest(findings, strategy)  # type: ignore[arg-type]  # tests name it as a text
        return self.fixing.fixer.fix(request, self.workspace, cancellation or Cancellation(), self.said.append)

    def kept(self) -> list[AttemptRecord]:
        """Return the attempts as they lie on disk."""
        files = sorted((self.workspace.root / ".patchtrail/traces").glob("*.json"))
        records = [AttemptRecord.model_validate_json(path.read_bytes()) for path in files]
        return sorted(records, key=lambda one: (one.timestamp, one.retry_attempt))

    @property
    def prompts(self) -> list[str]:
        """What the model was asked."""
        assert self.model is not None
        return [one.prompt for one in self.model.asked]


def answers(*texts: str | Reply) -> Callable[[Asked], Reply]:
    """Return what gives these answers one after the other, and the last one for ever."""
    left = list(texts)

    def answer(_asked: Asked) -> Reply:
        one = left.pop(0) if len(left) > 1 else left[0]
        return one if isinstance(one, Reply) else Reply(one)

    return answer


@contextmanager
def at_bench(
    root: Path, files: dict[str, str], answerer: Callable[[Asked], Reply] | None, **environment: str
) -> Iterator[Bench]:
    """Write a repository's files, start the model that answers, and wire the fixer."""
    for path, text in {"pyproject.toml": RUFF, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    workspace, warned = DiskWorkspace(root), list[str]()
    if answerer is None:
        fixing = fixing_of(workspace, environment, is_offline=False, warn=warned.append)
        yield Bench(workspace, fixing, None, warned=warned)
        fixing.close()
        return
    with ModelServer(answerer) as model:
        named = {"PATCHTRAIL_MODEL_URL": model.url, "OPENAI_API_KEY": "test-key", "PATCHTRAIL_MODEL": "test-model"}
        fixing = fixing_of(workspace, named | environment, is_offline=False, warn=warned.append)
        yield Bench(workspace, fixing, model, warned=warned)
        fixing.close()
