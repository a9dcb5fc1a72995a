"""`.patchtrail.toml` sets strategy and limits; everything else in it is refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from patchtrail.contract.agent import AgentConfig
from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.agent_file import read_agent_config


def check(root: Path, content: str | bytes, *said: str) -> None:
    """A file of this content is refused, and the refusal says all of this."""
    (root / ".patchtrail.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InvalidInput) as caught:
        read_agent_config(root)

    assert [one for one in said if one not in caught.value.message] == [], caught.value.message
    assert caught.value.code == "bad_agent_file"


def test_defaults(tmp_path: Path) -> None:
    """Without a file, or with an empty one, the defaults hold."""
    assert read_agent_config(tmp_path) == AgentConfig()
    (tmp_path / ".patchtrail.toml").write_text("# nothing\n")

    assert read_agent_config(tmp_path) == AgentConfig()


def test_what_may_be_set(tmp_path: Path) -> None:
    """Strategy and limits are taken as they are; a whole number will do for dollars."""
    (tmp_path / ".patchtrail.toml").write_text('[agent]\nstrategy = "single"\nmax_attempts = 1\ndaily_usd = 2\n')

    assert read_agent_config(tmp_path) == AgentConfig(strategy="single", max_attempts=1, daily_usd=2.0)


@pytest.mark.parametrize(
    "name",
    ["base_url", "api_key", "interpreter", "command", "python_path", "run_command", "endpoint", "API_KEY", "token"],
)
def test_what_only_the_user_may_set(tmp_path: Path, name: str) -> None:
    """Addresses, keys, interpreters and commands are refused with the reason, by name and line."""
    check(tmp_path, f'[agent]\n\n{name} = "x"\n', "line 3", f"agent.{name}", "may not be set by a repository")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[agent]\nstrateg = 1\n", ["line 2", "agent.strateg is not known", "strategy, max_attempts"]),
        ("[agent]\nmax_attempts = 9\n", ["line 2", "agent.max_attempts", "less than or equal to 3"]),
        ("[agent]\nmax_attempts = '3'\n", ["line 2", "agent.max_attempts", "valid integer"]),
        ("[agent]\nmax_attempts = true\n", ["agent.max_attempts", "valid integer"]),
        ("[agent]\nrun_tests = 1\n", ["agent.run_tests", "valid boolean"]),
        ("[agent]\nstrategy = 'both'\n", ["agent.strategy", "'auto'"]),
        ("[agent]\ndaily_usd = inf\n", ["line 2", "agent.daily_usd", "finite"]),
        ("[agent]\ndaily_usd = -1\n", ["agent.daily_usd", "greater than or equal to 0"]),
        ("[agent]\n[agent.model]\nurl = 'x'\n", ["line 2", "agent.model is not known"]),
        ("[tool]\nx = 1\n[agent]\n", ["line 1", "`tool`", "only the table [agent]"]),
        ("model = 'x'\n", ["line 1", "`model`"]),
        ("agent = 3\n", ["line 1", "must be a table"]),
        ("[[agent]]\nstrategy = 'auto'\n", ["line 1", "must be a table"]),
        ("agent.base_url = 'x'\n", ["line 1", "agent.base_url"]),
        ("agent = { key = 'x' }\n", ["agent.key may not be set"]),
        ("[agent\n", ["not TOML", "line 1"]),
        (b"\xff\xfe", ["not UTF-8"]),
        ("#" * 70_000, ["larger than"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: str | bytes, said: list[str]) -> None:
    """Unknown keys and tables, wrong types and values are named, with the line where it is known."""
    check(tmp_path, content, ".patchtrail.toml", *said)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_a_plain_file_is_read(tmp_path: Path, kind: str) -> None:
    """A link could lead to a file of the user's, a pipe would never end."""
    path = tmp_path / ".patchtrail.toml"
    secret = tmp_path / "secret"
    secret.write_text("password = 1\n")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(secret)
    else:
        path.mkdir()
    with pytest.raises(InvalidInput, match="plain file") as caught:
        read_agent_config(tmp_path)

    assert "password" not in caught.value.message
