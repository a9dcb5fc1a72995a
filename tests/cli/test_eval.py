"""`patchtrail eval run`: bad input is refused before anything is planted, and a model is started and stopped."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from patchtrail.cli.eval import app
from patchtrail.cli.evaluating import started_model
from patchtrail.contract.errors import InvalidInput


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "No model is named"),
        (["--model-url", "http://127.0.0.1:9/v1", "--model-command", "true"], "exclude each other"),
        (["--model-url", "http://example.org/v1"], "http"),
    ],
)
def test_bad_input_is_refused_at_once(options: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model, with two, or with one that may not be asked, the exit code is 2 and the reason is told."""
    for name in ("PATCHTRAIL_MODEL_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    result = CliRunner().invoke(app, ["run", *options])

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_model_is_started_with_the_truths(tmp_path: Path) -> None:
    """The command gets the file and a key of its own, its printed address is used, and it ends with the run."""
    truths = tmp_path / "truths.json"
    truths.write_text("[]")
    command = f"{shlex.quote(sys.executable)} -m tests.model --truths {{truths}} --api-key {{key}}"

    with started_model(command, truths) as (url, key):
        models = httpx.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=60).json()

    assert models["data"][0]["id"] == "test-model"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/models", timeout=60)


@pytest.mark.parametrize("command", ["", f"{shlex.quote(sys.executable)} -c pass"])
def test_a_command_that_serves_nothing_is_told(command: str, tmp_path: Path) -> None:
    """A command that names no program, or prints no address, is bad input."""
    with pytest.raises(InvalidInput, match="--model-command"), started_model(command, tmp_path / "truths.json"):
        pass
