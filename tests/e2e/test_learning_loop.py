"""The learning loop, whole: failures of a model become patterns, and patterns help where nothing was learned."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.evaluation.learning_loop import LEARNED
from patchtrail.evaluation.lesson_controls import CONTROLS

MODEL = (
    f"{shlex.quote(sys.executable)} -m tests.model --truths {{truths}} --api-key {{key}}"
    " --render tests.model.damaging:learning --belief tests.model.lessons:believed"
)
pytestmark = pytest.mark.timeout(1200)
ROOT = Path(__file__).parents[2]
ARROWS = 3
"""From draft to active, and more than from active to archived."""


@dataclass(frozen=True)
class Loop:
    """What the command printed and wrote."""

    printed: str
    folder: Path

    def read(self, name: str) -> Any:
        """Return a file's value."""
        return json.loads((self.folder / name).read_text())

    @property
    def history(self) -> Path:
        """Where its runs are."""
        return self.folder / "runs.db"


def patchtrail(*arguments: object) -> str:
    """Return what the command prints; it must succeed."""
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """Run it once, with a model that answers damaged, and is always wrong about some kinds of changes."""
    folder = tmp_path_factory.mktemp("loop")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)  # The model is a module of the tests.
        kept = ("--out", folder, "--history", folder / "runs.db")
        printed = patchtrail("eval", "loop", "--findings", 300, *kept, "--model-command", MODEL)
    return Loop(printed, folder)


def test_learned_patterns_help_elsewhere(loop: Loop) -> None:
    """On 300 findings and more, of packages in which nothing was learned, more are mended with learned patterns."""
    told = loop.read("loop.json")
    arm, data = told["arms"][LEARNED], told["data"]
    packages = [set(one["packages"]) for one in data.values()]

    assert data["held out"]["findings"] >= 300
    assert len(set.union(*packages)) == sum(map(len, packages))
    assert arm["p_value"] < 0.01
    assert arm["lift_low"] > 0.05
    assert arm["sequential"] == "lift"
    assert len([one for one in told["patterns"] if one["states"][-1] == "active"]) >= 4
    assert not told["missed"]


@pytest.mark.parametrize("control", CONTROLS)
def test_nothing_else_helps(loop: Loop, control: str) -> None:
    """Other lessons under the same names, shown in the same prompts, bring nothing that chance would not."""
    arms = loop.read("loop.json")["arms"]
    arm = arms[control]

    assert arm["shown"] == arms[LEARNED]["shown"] > 30
    assert arm["p_value"] >= 0.05
    assert arm["lift_low"] <= 0 <= arm["lift_high"]
    assert abs(arm["lift"]) < 0.02
    assert arm["sequential"] == "no effect"


def test_a_harmful_pattern_is_put_away(loop: Loop) -> None:
    """A pattern that was active and shows a wrong change is archived by the gate, by what it did, without a person."""
    (planted,) = [one for one in loop.read("patterns.json")["patterns"] if one["name"] == "planted-harmful"]

    assert planted["state"] == "archived"
    assert [(one["before"], one["after"], one["decided_by"]) for one in planted["decisions"]] == [
        ("active", "probation", "gate"),
        ("probation", "archived", "gate"),
    ]
    assert planted["decisions"][0]["figures"]["harmful"] == planted["harmful"] > planted["helpful"]
    assert planted["decisions"][1]["reason"] == "paired runs: harm"


def test_the_hold_out_never_saw_a_pattern(loop: Loop) -> None:
    """The permanent hold-out is there, and no arm showed it anything."""
    told = loop.read("loop.json")["kept_blind"]

    assert told["cases"] > 5
    assert told["shown"] == 0


def test_the_files_lead_to_the_same_decisions(loop: Loop, tmp_path: Path) -> None:
    """`learn gate` decides from drafts and evidence what the loop decided, figure for figure; `learn trial` agrees."""
    library = tmp_path / "patterns.json"
    shutil.copy(loop.folder / "drafts.json", library)
    files = ("--patterns-file", library, "--evidence", loop.folder / "evidence.json")
    for _ in range(ARROWS):
        patchtrail("learn", "gate", *files)
    again = json.loads(library.read_text())["patterns"]
    wanted = loop.read("patterns.json")["patterns"]

    def told(patterns: list[dict[str, Any]]) -> list[Any]:
        return [
            (one["name"], one["state"], [(step["after"], step["reason"], step["figures"]) for step in one["decisions"]])
            for one in patterns
        ]

    assert told(again) == told(wanted)
    for one in wanted:
        verdict = {"active": "lift", "archived": "harm"}.get(one["state"])
        if verdict is not None:
            assert patchtrail("learn", "trial", one["name"], *files).splitlines()[0].endswith(f": {verdict}")


def test_runs_are_kept_and_compared(loop: Loop) -> None:
    """Each arm is a run, and `eval compare` names what broke between any two of them first."""
    arms = loop.read("loop.json")["arms"]

    fixed = patchtrail("eval", "compare", 1, 2, "--history", loop.history)
    broken = patchtrail("eval", "compare", 2, 1, "--history", loop.history)

    assert fixed.startswith("0 regressions\n")
    assert f"{arms[LEARNED]['only_on']} fixes" in fixed
    assert broken.startswith(f"{arms[LEARNED]['only_on']} regressions\n  - ")
