"""Which judge an environment asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.judge import JudgeConfig, judge_of_environment
from tests.model import ModelServer
from tests.model.judging import honest
from tests.qa.judge.asking import GOOD, heuristic_of

KEY = "sk-test-key-that-nobody-may-read"
HEURISTIC = heuristic_of(GOOD)


def test_without_a_key_the_judge_is_heuristic(tmp_path: Path) -> None:
    """No key, or an empty one, means that no model is asked, and start-up says so."""
    for environment in ({}, {"OPENAI_API_KEY": " "}, {"OPENAI_BASE_URL": "https://model.example/v1"}):
        setup = judge_of_environment(environment, tmp_path)

        assert "heuristic only" in setup.startup_line
        assert setup.judge.judge(GOOD.case, GOOD.validation) == HEURISTIC


def by_environment(folder: Path) -> dict[str, str]:
    """Set the key itself."""
    return {"OPENAI_API_KEY": KEY}


def by_dotenv(folder: Path) -> dict[str, str]:
    """Set it in a `.env` file."""
    (folder / ".env").write_text(f'# keys\nexport OPENAI_API_KEY="{KEY}"\n')
    return {}


def by_secret_file(folder: Path) -> dict[str, str]:
    """Name a file that holds it."""
    (folder / "key").write_text(f"{KEY}\n")
    return {"OPENAI_API_KEY_FILE": str(folder / "key")}


def by_secret_file_in_dotenv(folder: Path) -> dict[str, str]:
    """Name that file in a `.env` file."""
    (folder / "key").write_text(KEY)
    (folder / ".env").write_text("OPENAI_API_KEY_FILE=key\n")
    return {}


@pytest.mark.parametrize("place", [by_environment, by_dotenv, by_secret_file, by_secret_file_in_dotenv])
def test_a_key_turns_the_model_on(tmp_path: Path, place: object) -> None:
    """A key in the environment, a `.env` file or a secret file is used at the address that is set, and never shown."""
    with ModelServer(honest(HEURISTIC.reasons), api_key=KEY) as server:
        setup = judge_of_environment({"OPENAI_BASE_URL": server.url, **place(tmp_path)}, tmp_path)
        result = setup.judge.judge(GOOD.case, GOOD.validation)

    assert setup.startup_line == "Initializing LLM Judge with model: gpt-4o-mini"
    assert (result.kind, result.models, result.fallback) == ("model", ["gpt-4o-mini"], "")
    assert KEY not in setup.startup_line + result.model_dump_json() + repr(setup)


def test_several_models_are_named(tmp_path: Path) -> None:
    """The models of an ensemble stand in the line that is logged, and each is asked."""
    with ModelServer(honest(HEURISTIC.reasons), api_key=KEY) as server:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        setup = judge_of_environment(environment, tmp_path, JudgeConfig(models=("one", "another")))
        result = setup.judge.judge(GOOD.case, GOOD.validation)

        assert setup.startup_line == "Initializing LLM Judge with model: one, another"
        assert {ask.model for ask in server.asked} == {"one", "another"} == set(result.models)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """What is set twice counts as the environment says it."""
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\n")
    with ModelServer(honest(HEURISTIC.reasons), api_key=KEY) as server:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        result = judge_of_environment(environment, tmp_path).judge.judge(GOOD.case, GOOD.validation)

    assert result.kind == "model"


def test_a_model_that_cannot_be_reached_leaves_the_heuristic(tmp_path: Path) -> None:
    """An address where nothing listens leaves the heuristic's result, with the reason and without the key."""
    with ModelServer(honest(HEURISTIC.reasons)) as server:
        url = server.url
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url}
    result = judge_of_environment(environment, tmp_path, JudgeConfig(tries=1)).judge.judge(GOOD.case, GOOD.validation)

    assert (result.kind, result.scores) == ("heuristic", HEURISTIC.scores)
    assert "No server can be reached" in result.fallback
    assert KEY not in result.model_dump_json()


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"OPENAI_API_KEY_FILE": "missing"}, "OPENAI_API_KEY_FILE names"),
        ({"OPENAI_API_KEY_FILE": "empty"}, "which is empty"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://models.example/v1"}, "https://"),
        ({"OPENAI_API_KEY": f"{KEY} two"}, "characters that no key has"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, environment: dict[str, str], why: str) -> None:
    """A key's file that is missing or empty, and an address that would carry the key in the open, stop the start."""
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InvalidInput) as refused:
        judge_of_environment(environment, tmp_path)

    assert why in refused.value.message
    assert KEY not in refused.value.message
