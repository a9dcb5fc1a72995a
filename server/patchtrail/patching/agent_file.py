"""`.patchtrail.toml` of a repository: strategy and limits of its patches, never where or as whom a model is asked.

The file comes with the repository and is not trusted: whatever it sets beyond `[agent]` is refused by name.
"""

from __future__ import annotations

import math
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.errors import InvalidInput

__all__ = ["AGENT_FILE", "read_agent_config"]

AGENT_FILE = ".patchtrail.toml"
MAX_BYTES = 64 * 1024
OURS_ALONE = re.compile(
    r"url|host|endpoint|address|proxy|key|token|secret|interpreter|python|path|command|exec|shell|run_"
)
KEYS = tuple(AgentConfig.model_fields)


def read_agent_config(root: Path) -> AgentConfig:
    """Return what a repository sets; the defaults where it sets nothing.

    Raises `InvalidInput` naming the key, and its line where that is known.
    """
    text = _text(root / AGENT_FILE)
    if text is None:
        return AgentConfig()
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(f"{AGENT_FILE} is not TOML: {error}.") from error
    for name in document:
        if name != "agent":
            raise _bad(f"{_at(text, name)}: `{name}` is not known here; only the table [agent] is read.")
    table = document.get("agent", {})
    if not isinstance(table, dict):
        raise _bad(f"{_at(text, 'agent')}: `agent` must be a table: [agent].")
    for name, value in table.items():
        _check(text, name, value)
    return _config(text, table)


def _check(text: str, name: str, value: object) -> None:
    if name in KEYS:
        if isinstance(value, float) and not math.isfinite(value):
            raise _bad(f"{_at(text, name)}: agent.{name} must be a finite number.")
        return
    known = f"Known are: {', '.join(KEYS)}."
    if OURS_ALONE.search(name.lower()):
        raise _bad(
            f"{_at(text, name)}: agent.{name} may not be set by a repository: addresses, keys, interpreters and "
            f"commands are the user's own settings. {known}"
        )
    raise _bad(f"{_at(text, name)}: agent.{name} is not known. {known}")


def _config(text: str, table: dict[str, Any]) -> AgentConfig:
    try:
        return AgentConfig.model_validate(table)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = str(fault["loc"][0]) if fault["loc"] else "agent"
        raise _bad(f"{_at(text, name)}: agent.{name}: {fault['msg']}.") from None


def _text(path: Path) -> str | None:
    """Return the file's text; None when there is none. A link could lead to a file of the user's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _bad(f"{AGENT_FILE} must be a plain file: {error.strerror}.") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _bad(f"{AGENT_FILE} must be a plain file.")
        content = os.read(descriptor, MAX_BYTES + 1)
    except OSError as error:
        raise _bad(f"{AGENT_FILE} cannot be read: {error.strerror}.") from error
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise _bad(f"{AGENT_FILE} is larger than {MAX_BYTES} bytes.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _bad(f"{AGENT_FILE} is not UTF-8: {error.reason} at byte {error.start}.") from error


def _at(text: str, name: str) -> str:
    """Return where a key, or a table, is set; without the line where it is spelled in another way."""
    spelled = re.compile(rf"""^\s*(?:\[+\s*)?(?:agent\s*\.\s*)?["']?{re.escape(name)}["']?\s*(?:[=.\]]|$)""")
    for number, line in enumerate(text.split("\n"), start=1):
        if spelled.match(line):
            return f"{AGENT_FILE} line {number}"
    return AGENT_FILE


def _bad(message: str) -> InvalidInput:
    return InvalidInput(message, code="bad_agent_file")
