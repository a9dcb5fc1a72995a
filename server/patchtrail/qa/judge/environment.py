"""Which judge an environment asks for: a key turns the model on, and what is logged of it never holds the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from patchtrail.contract.errors import InvalidInput
from patchtrail.llm import Endpoint, model_of, prices_of
from patchtrail.llm.endpoint import DEFAULT_URLS
from patchtrail.qa.judge.config import JudgeConfig
from patchtrail.qa.judge.front import Judge
from patchtrail.qa.judge.model import ModelJudge

__all__ = ["JudgeSetup", "judge_of_environment"]

KEY, KEY_FILE, URL = "OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL"
HEURISTIC_ONLY = "LLM Judge is off: heuristic only"
MAX_KEY_BYTES = 10_000


@dataclass(frozen=True)
class JudgeSetup:
    """A judge, and the line that start-up logs of it."""

    judge: Judge
    startup_line: str


def judge_of_environment(environment: Mapping[str, str], folder: Path, config: JudgeConfig | None = None) -> JudgeSetup:
    """Return the judge for an environment, completed by a `.env` file in `folder`, over which it wins.

    Raises `InvalidInput` for a key's file that cannot be read, and for an address or a price that is none.
    """
    told = {name: value for name, value in _dotenv(folder).items() if value}
    told |= {name: value.strip() for name, value in environment.items() if value.strip()}
    key = _key(told, folder)
    if not key:
        return JudgeSetup(Judge(), HEURISTIC_ONLY)
    config = config or JudgeConfig()
    url = (told.get(URL) or DEFAULT_URLS["openai"]).rstrip("/")
    prices = prices_of(told)
    models = [model_of(Endpoint("openai", url, name, key), prices) for name in config.models]
    line = f"Initializing LLM Judge with model: {', '.join(config.models)}"
    return JudgeSetup(Judge(ModelJudge(models, config)), line)


def _dotenv(folder: Path) -> dict[str, str | None]:
    path = folder / ".env"
    try:
        return dict(dotenv_values(path, interpolate=False)) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.") from error


def _key(told: Mapping[str, str], folder: Path) -> str:
    if told.get(KEY):
        return told[KEY]
    if not told.get(KEY_FILE):
        return ""
    path = folder / told[KEY_FILE]
    try:
        with path.open("rb") as file:
            key = file.read(MAX_KEY_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no key"
        raise InvalidInput(f"{KEY_FILE} names {path}, which cannot be read: {reason}.") from None
    if not key:
        raise InvalidInput(f"{KEY_FILE} names {path}, which is empty.")
    return key
