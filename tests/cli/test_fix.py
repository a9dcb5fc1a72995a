"""`patchtrail fix`, and the shell steps of the workflow that runs it on a pull request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from patchtrail.cli.app import app
from tests.model import ModelServer, Reply

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github/workflows/patchtrail.yml"
RUFF = '[tool.ruff.lint]\nselect = ["E", "F", "I", "D1"]\n'
OLD = '"""A shop."""\n\nimport os\n\n\ndef total(items):\n    """Return the total."""\n    return sum(items)\n'
NEW = OLD + '\n\ndef empty(items):\n    """Say whether there is nothing."""\n    return items == None\n'


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    identity = ["-c", "user.name=T", "-c", "user.email=t@localhost"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository whose branch adds a finding to one that was there; nobody's model is configured."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "PATCHTRAIL_MODEL_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(RUFF)
    (folder / "shop.py").write_text(OLD)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "checkout", "--quiet", "-b", "work")
    (folder / "shop.py").write_text(NEW)
    git(folder, "commit", "--quiet", "--all", "--message", "second")
    return folder


def run(folder: Path, *arguments: str) -> Result:
    """Run `patchtrail fix` in a folder."""
    return CliRunner().invoke(app, ["fix", "--root", str(folder), *arguments])


def check(result: Result, exit_code: int, *said: str) -> None:
    """Compare exit code and what is said."""
    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == []
    assert "Traceback" not in result.output


def test_patches_are_shown_and_nothing_is_written(repository: Path) -> None:
    """The patch of all findings is printed, and `git apply` takes it; files are left alone."""
    result = run(repository, "shop.py")
    patch = run(repository, "shop.py", "--format", "patch")
    done = subprocess.run(["git", "apply", "--check", "-"], cwd=repository, input=patch.stdout, text=True)

    check(result, 0, "2 of 2 findings have a patch", "-import os", "+    return items is None")
    assert done.returncode == 0
    assert (repository / "shop.py").read_text() == NEW


def test_patches_are_written_when_asked(repository: Path) -> None:
    """`--write` applies what was re-checked; a second run finds nothing."""
    check(run(repository, "--write"), 0)
    check(run(repository), 0, "No findings.")
    assert "import os" not in (repository / "shop.py").read_text()


def test_a_broken_pattern_file_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps learned patterns out of prompts is said once, on standard error; patches are still found."""
    (repository / "patterns.json").write_text('{"patterns": [{"name": 3}]}')
    with ModelServer(lambda _: Reply("No change.")) as server:
        monkeypatch.setenv("PATCHTRAIL_MODEL_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        result = run(repository, "shop.py", "--strategy", "single")

    check(result, 0, "2 of 2 findings have a patch")
    assert result.stderr.count("patterns.json is no pattern library: ") == 1
    assert "patterns.0." in result.stderr


def test_a_pull_request_is_about_its_changed_lines(repository: Path, tmp_path: Path) -> None:
    """With `--diff` only what the branch brought is found; patch, SARIF and review are written for it."""
    out = tmp_path / "out"
    check(run(repository, "--diff", "..HEAD", "--output-dir", str(out)), 0, "1 of 1 findings have a patch")
    sarif = json.loads((out / "findings.sarif").read_text())
    review = json.loads((out / "review.json").read_text())
    (one,) = sarif["runs"][0]["results"]

    assert (one["ruleId"], len(one["fixes"])) == ("E711", 1)
    assert "import os" not in (out / "patches.diff").read_text()
    assert [(note["path"], note["line"], note["side"]) for note in review["comments"]] == [("shop.py", 13, "RIGHT")]
    assert "```suggestion\n    return items is None\n```" in review["comments"][0]["body"]


def test_what_is_left_is_told(repository: Path) -> None:
    """A finding without a patch is named with the reason, and the exit code says so."""
    (repository / "shop.py").write_text(NEW.replace('    """Return the total."""\n', ""))

    check(run(repository, "--select", "D103"), 1, "left: shop.py:6 ruff D103", "No language model is configured")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.py",), "does not exist"),
        (("--tool", "spellcheck"), "--tool spellcheck is not known"),
        (("--diff", "main"), "Write BASE..HEAD"),
        (("--diff", "nowhere..HEAD"), "nothing in common with nowhere"),
        (("--sarif", "shop.py"), "SARIF"),
        (("--junit", "shop.py"), "JUnit"),
    ],
)
def test_bad_input_is_named(
    repository: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str], said: str
) -> None:
    """Each bad argument ends with exit code 2 and words that name it."""
    monkeypatch.chdir(repository)

    check(run(repository, *arguments), 2, said)


def test_a_repository_may_not_choose_where_code_is_sent(repository: Path) -> None:
    """A `.patchtrail.toml` with an address, a key or a command is refused before anything is asked."""
    (repository / ".patchtrail.toml").write_text('[agent]\nmodel_url = "http://evil.example"\n')

    check(run(repository), 2, "model_url")


def steps() -> dict[str, dict[str, object]]:
    """Return the workflow's shell steps by name."""
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return {step["name"]: step for step in jobs["patches"]["steps"] if "run" in step}


@pytest.mark.parametrize("base", ["main", ""])
def test_the_workflow_finds_patches(repository: Path, tmp_path: Path, base: str) -> None:
    """The workflow's own shell steps, run as GitHub runs them, leave patch, SARIF, review and traces behind."""
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "patchtrail").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m patchtrail "$@"\n')
    (commands / "gh").write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> "$GH_CALLS"\n')
    for command in commands.iterdir():
        command.chmod(0o755)
    summary, calls = tmp_path / "summary", tmp_path / "calls"
    told = {
        "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BASE": base,
        "PULL": "7",
        "GITHUB_REPOSITORY": "owner/shop",
        "GITHUB_STEP_SUMMARY": str(summary),
        "GH_CALLS": str(calls),
    }
    for name in ("Find patches", "Summary", "Review"):
        script = str(steps()[name]["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=repository,
            env=os.environ | told,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    assert {path.name for path in (repository / "patchtrail-out").iterdir()} == {
        *("patches.diff", "findings.sarif", "review.json"),
    }
    assert list((repository / ".patchtrail/traces").glob("E711_shop.py_13_*.json"))
    assert "mean cost per patch" in summary.read_text()
    assert "repos/owner/shop/pulls/7/reviews" in calls.read_text()


def test_the_workflow_uploads_the_hidden_traces() -> None:
    """The upload says that hidden files are meant, and names the folder of the traces."""
    jobs = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    (upload,) = [one["with"] for one in jobs["patches"]["steps"] if "upload-artifact" in one.get("uses", "")]

    assert upload["include-hidden-files"] is True
    assert ".patchtrail/traces/" in upload["path"]
