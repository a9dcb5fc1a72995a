"""Quick fixes in the real editor: diagnostics of other tools, failing tests, a model server, the editor's own model."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector import Collector
from patchtrail.contract.learning import PatternFile
from tests.e2e.conftest import git
from tests.e2e.desk import at_desk, make_shop
from tests.e2e.participant import Participant
from tests.e2e.rig import until
from tests.learning.patterns import pattern_of
from tests.model.reply import Asked, Reply
from tests.model.server import ModelServer
from tests.model.truths import Truth, truthful

FINDINGS = Path(__file__).with_name("rig") / "findings"
PRICES = "import os\n\n\ndef total(items):\n    return sum(price for _, price in items) + 1\n"
PRINTED = "def shown(total: int) -> str:\n    return total\n"
UNUSED = {"file": "prices.py", "source": "Ruff", "code": "F401", "message": "`os` imported but unused", "text": "os"}
TYPED = {
    "file": "printed.py",
    "source": "Pyright",
    "code": "reportReturnType",
    "message": 'Type "int" is not assignable to return type "str"',
    "text": "return total",
}
# Ruff is installed beside this interpreter.
HERE: dict[str, object] = {"patchtrail.interpreter": sys.executable}
FIXED = PRINTED.replace("return total", "return str(total)")


def make_found_shop(folder: Path) -> tuple[Path, dict[str, str]]:
    """Make a repository with findings, and the environment that tells an editor of them."""
    shop = make_shop(folder / "shop")
    (shop / "prices.py").write_text(PRICES)
    (shop / "printed.py").write_text(PRINTED)
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "Findings")
    (folder / "findings.json").write_text(json.dumps([UNUSED, TYPED]))
    return shop, {"RIG_FINDINGS": str(folder / "findings.json"), "RIG_FIXER": str(folder / "answer.txt")}


def attempts(shop: Path) -> list[dict[str, Any]]:
    """Return what is kept of every attempt, in the order of their making."""
    found = [json.loads(path.read_text()) for path in (shop / ".patchtrail/traces").glob("*.json")]
    return sorted(found, key=lambda one: one["timestamp"])


def statuses(shop: Path) -> list[str]:
    """Return what became of every attempt."""
    return [one["status"] for one in attempts(shop)]


def fix(person: Participant, name: str, line: int, title: str, column: int = 8) -> None:
    """Choose a fix from the menu of a line."""
    person.workbench.open_file(name)
    person.workbench.goto_position(line, column)
    person.workbench.quick_fix(title)


def says(person: Participant, text: str) -> None:
    """Wait until the active editor holds a text."""
    until(f"the editor says {text!r}", lambda: text in person.workbench.editor_text(), 30)


def says_not(person: Participant, text: str) -> None:
    """Wait until the active editor does not hold a text any more."""
    until(f"the editor does not say {text!r}", lambda: text not in person.workbench.editor_text(), 30)


def changes_told(person: Participant) -> int:
    """Return how many changes of documents the client has sent, by its own log: the screen shows them earlier."""
    return sum(path.read_text(errors="replace").count("'textDocument/didChange'") for path in person.server.logs())


def shown_and_applied(person: Participant) -> str:
    """Wait for the preview, apply it, and return what its right side showed."""
    right = person.page.locator(".monaco-diff-editor .editor.modified .view-lines")
    right.wait_for()
    person.workbench.toast("Apply this patch?")
    until("the preview is drawn", lambda: "def " in right.inner_text().replace("\u00a0", " "))
    shown = right.inner_text().replace("\u00a0", " ")
    person.workbench.press_toast_button("Apply this patch?", "Apply")
    right.wait_for(state="detached")
    return shown


def teach(shop: Path) -> None:
    """Write the folder's one pattern, and a file that it matches."""
    bad, good = (f"import yaml\n\nconfig = yaml.{name}(text)\n" for name in ("load", "safe_load"))
    told = {"description": "A loader that runs *code*.", "negative": []}
    pattern = pattern_of("unsafe_loader", state="active", bad_example=bad, good_example=good, **told)
    (shop / "patterns.json").write_text(PatternFile(patterns=[pattern]).model_dump_json())
    (shop / "loading.py").write_text(bad.replace("config", "settings"))


def hinted(person: Participant) -> str:
    """Wait for the hint of the pattern, and return what the pointer shows of it."""
    person.workbench.open_file("loading.py")
    says(person, "⚑ unsafe_loader")
    person.workbench.goto_position(3, 17)
    person.workbench.keyboard("Control+k", "Control+i")
    card = person.page.locator(".monaco-hover", has_text="Shown because").first
    card.wait_for()
    return card.inner_text().replace("\u00a0", " ")


def test_ruffs_own_fixes_without_a_model(tmp_path: Path, vsix: Path) -> None:
    """Connected to nothing, with no model and no key, Ruff's own fix is applied at once; undo is noticed.

    What Ruff cannot fix is not offered. A learned pattern is a hint where code matches, until the good form is typed.
    """
    shop, env = make_found_shop(tmp_path)
    teach(shop)
    with at_desk(tmp_path, vsix, shop, beside=(FINDINGS,), env=env, **HERE) as person:
        person.workbench.trust()
        fix(person, "prices.py", 1, "Fix: `os` imported but unused")
        says_not(person, "import os")
        until("it is recorded", lambda: statuses(shop) == ["accepted"])
        person.workbench.keyboard("Control+z")
        says(person, "import os")
        until("the undoing is recorded", lambda: statuses(shop) == ["undone"])
        card = hinted(person)
        person.workbench.keyboard("Escape")
        person.workbench.type("safe_")
        says_not(person, "⚑ unsafe_loader")
        typed = person.workbench.editor_text()
        person.workbench.open_file("printed.py")
        person.workbench.goto_position(2, 8)
        person.workbench.keyboard("Control+.")
        menu = person.page.locator(".action-widget", has_text="Explain").first
        menu.wait_for()
        offered = menu.inner_text()

    assert "Fix: Type" not in offered
    assert "A loader that runs *code*." in card
    assert "config = yaml.safe_load(text)" in card
    assert "settings = yaml.safe_load(text)" in typed
    assert (shop / "prices.py").read_text() == PRICES
    assert attempts(shop)[0]["llm_response"] == "" or attempts(shop)[0]["cost_usd"] == 0


class Thinking:
    """A model that knows the right changes, and thinks for as long as it is told to."""

    def __init__(self) -> None:
        table = {
            ("printed.py", "reportReturnType", 2): Truth("printed.py", PRINTED, FIXED),
            ("prices.py", "F401", 1): Truth("prices.py", PRICES, PRICES.replace("import os\n", "", 1).lstrip("\n")),
            ("prices.py", "failing-test", 5): Truth("prices.py", PRICES, PRICES.replace(" + 1", "")),
            ("test_shop.py", "failing-test", 5): Truth("prices.py", PRICES, PRICES.replace(" + 1", "")),
            ("test_shop.py", "failing-test", 9): Truth("prices.py", PRICES, PRICES.replace(" + 1", "")),
        }
        self._answer: Callable[[Asked], Reply] = truthful(table)
        self.hold: threading.Event | None = None
        self.reached = threading.Event()

    def __call__(self, asked: Asked) -> Reply:
        """Answer, once it may."""
        return replace(self._answer(asked), hold=self.hold, reached=self.reached)


def test_fixes_by_a_model(tmp_path: Path, vsix: Path) -> None:
    """A finding of Ruff's is fixed by a model; one of a tool that is not run here is shown first; undo restores.

    A file that changed while the model thought is left alone, and that is said.
    """
    shop, env = make_found_shop(tmp_path)
    thinking = Thinking()
    with ModelServer(thinking) as server:
        settings = {**HERE, "patchtrail.model.url": server.url, "patchtrail.model.name": "test-model"}
        with at_desk(tmp_path, vsix, shop, beside=(FINDINGS,), env=env, **settings) as person:
            person.workbench.trust()
            person.workbench.command("Patchtrail: Set Model Key…")
            person.answer("Set Model Key", "test-key")
            fix(person, "prices.py", 1, "Fix: `os` imported but unused")
            says_not(person, "import os")
            until("it is recorded", lambda: statuses(shop) == ["accepted"])
            fix(person, "printed.py", 2, "Fix: Type")
            shown = shown_and_applied(person)
            says(person, "str(total)")
            until("it is recorded", lambda: statuses(shop) == ["accepted", "accepted"])
            person.workbench.keyboard("Control+z")
            says_not(person, "str(total)")
            until("the undoing is recorded", lambda: sorted(statuses(shop)) == ["accepted", "undone"])
            thinking.hold = threading.Event()
            fix(person, "printed.py", 2, "Fix: Type")
            until("the model is asked", thinking.reached.is_set)
            person.workbench.goto_position(2, 12)
            before = changes_told(person)
            person.workbench.type("sum([1]) + ")
            until("the sidecar is told of the change", lambda: changes_told(person) > before)
            thinking.hold.set()
            told = person.workbench.toast("The file changed").inner_text()
            left = person.workbench.editor_text()

    assert {one["model"] for one in attempts(shop)} == {"test-model"}
    assert "str(total)" in shown
    assert "changed while the patch was made" in told
    assert "sum([1]) + total" in left
    assert "str(" not in left


def test_a_failing_test_is_fixed(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """While a session is recorded, a failing test is a diagnostic at the line that failed, until a run is green."""
    shop, env = make_found_shop(tmp_path)
    with ModelServer(Thinking()) as server:
        settings = {**HERE, "patchtrail.model.url": server.url, "patchtrail.model.name": "test-model"}
        settings["patchtrail.fixes.preview"] = "always"
        env |= {"OPENAI_API_KEY": "test-key"}
        with at_desk(tmp_path, vsix, shop, beside=(FINDINGS,), env=env, **settings) as person:
            person.workbench.trust()
            person.connect(collector, collector.invite())
            person.consent()
            person.start("BUG-9: totals are one too large")
            person.terminal()
            person.terminal_line("pytest -q")
            person.wait_for("test_run")
            fix(person, "test_shop.py", 5, "Fix failing test")
            shown_and_applied(person)
            until("it is recorded", lambda: "accepted" in statuses(shop))
            person.workbench.open_file("prices.py")
            says_not(person, "+ 1")
            person.workbench.save()
            person.wait_for("file_edit")
            person.workbench.open_file("test_shop.py")
            person.page.locator(".squiggly-error").first.wait_for()
            person.terminal_line("pytest -q")
            person.wait_for("test_run", 2)
            person.page.locator(".squiggly-error").first.wait_for(state="detached")
            edit = person.events("file_edit")[-1]["data"]
            (attempt,) = [one["data"] for one in person.wait_for("patch_attempt")]
            (outcome,) = [one["data"] for one in person.wait_for("patch_outcome")]

    assert (attempt["status"], attempt["model"], attempt["is_rechecked"]) == ("offered", "test-model", True)
    assert (outcome["outcome"], outcome["attempt_id"]) == ("accepted", attempt["attempt_id"])
    assert attempts(shop)[0]["trace_id"] is not None
    assert attempts(shop)[0]["is_rechecked"]
    assert [one["source"] for one in edit["authorship"]] == ["patch"]


def test_the_editors_own_model_fixes(tmp_path: Path, vsix: Path) -> None:
    """A model that another extension brought is asked on a click alone, without a key, and its patch is applied."""
    shop, env = make_found_shop(tmp_path)
    answer = "```diff\n--- a/printed.py\n+++ b/printed.py\n@@ -1,2 +1,2 @@\n def shown(total: int) -> str:\n"
    Path(env["RIG_FIXER"]).write_text(f"{answer}-    return total\n+    return str(total)\n```\n")
    settings = {**HERE, "patchtrail.model.source": "editor", "chat.disableAIFeatures": False}
    with at_desk(tmp_path, vsix, shop, beside=(FINDINGS,), env=env, **settings) as person:
        person.workbench.trust()
        fix(person, "printed.py", 2, "Fix: Type")
        shown_and_applied(person)
        says(person, "str(total)")
        until("it is recorded", lambda: statuses(shop) == ["accepted"])

    assert "reportReturnType" in Path(f"{env['RIG_FIXER']}.asked").read_text()
