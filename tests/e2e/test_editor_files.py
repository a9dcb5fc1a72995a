"""Files beside saves in the real editor: changed and renamed in the terminal, a notebook, no file at all."""

from __future__ import annotations

import json
from pathlib import Path

from collector import Collector
from tests.e2e.conftest import git
from tests.e2e.desk import at_desk, make_shop
from tests.e2e.rig import until

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "first",
            "metadata": {},
            "source": ["x = 1"],
            "outputs": [],
            "execution_count": None,
        }
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def test_files_beside_saves(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """What no save tells is recorded: changed and renamed in the terminal, a notebook by cell, typing in no file."""
    shop = make_shop(tmp_path / "shop")
    (shop / "n.ipynb").write_text(json.dumps(NOTEBOOK))
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "A notebook")
    with at_desk(tmp_path, vsix, shop) as person:
        workbench = person.workbench
        workbench.trust()
        person.connect(collector, collector.invite())
        person.consent()
        person.start("BUG-7: totals are one too large")
        person.terminal()
        person.terminal_line("sed -i 's/ + 1//' prices.py")
        (edit,) = person.wait_for("file_edit")
        person.terminal_line("git mv test_shop.py test_prices.py")
        (rename,) = person.wait_for("file_rename")
        workbench.command("File: New Untitled Text File")
        workbench.page.locator(".tabs-container .tab.active", has_text="Untitled").wait_for()
        workbench.type("private thought")
        gaps = until("the gap", lambda: [one for one in person.events("gap") if one["data"]["reason"] == "not_a_file"])
        workbench.command("Patchtrail: Focus on Session View")
        workbench._choose("Control+P", "n.ipynb", workbench.rows.filter(has_text="n.ipynb").first)
        cell = workbench.page.locator(".notebookOverlay .cell .monaco-editor").first
        cell.click()
        workbench.keyboard("Control+End")
        workbench.type("2")
        workbench.keyboard("Control+S")
        edits = person.wait_for("file_edit", 2)
        person.end()

    assert (edit["data"]["file_path"], edit["data"]["evidence"]) == ("prices.py", "external")
    assert (rename["data"]["file_path"], rename["data"]["new_path"]) == ("test_shop.py", "test_prices.py")
    assert [one["data"]["detail"] for one in gaps] == ["untitled"]
    assert (edits[1]["data"]["file_path"], edits[1]["data"]["cell"]["cell_id"]) == ("n.ipynb", "first")
    assert edits[1]["data"]["diff_unified"].endswith("+x = 12\n\\ No newline at end of file\n")
