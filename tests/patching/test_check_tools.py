"""The tools that report findings run on texts that are not on disk: their answers, and every way not to get one."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.patching import ports
from patchtrail.patching.checkers import ToolCheckers, ToolFinder, UserCommand, default_recipes

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv" / "bin"


@dataclass
class Folder:
    """A workspace on disk, with open documents."""

    root: Path
    documents: dict[str, str] = field(default_factory=dict)

    def read(self, file_path: str) -> str | None:
        """Read an open document, or a file."""
        path = self.root / file_path
        return self.documents.get(file_path) or (path.read_text() if path.is_file() else None)

    def open_texts(self) -> dict[str, str]:
        """Return the open documents."""
        return dict(self.documents)

    def write(self, file_path: str, text: str, *, is_program: bool = False) -> Path:
        """Write a file."""
        path = self.root / file_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode | (stat.S_IXUSR if is_program else 0))
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty workspace."""
    (tmp_path / "work").mkdir()
    return Folder(tmp_path / "work")


def checkers(folder: Folder, *commands: UserCommand, trusted: bool = True, timeout_s: float = 60) -> ToolCheckers:
    """Return the checkers of a workspace, with the tools of this repository's environment."""
    finder = ToolFinder(may_run_project_tools=trusted, beside=TOOLS, search_path="/usr/bin:/bin")
    return ToolCheckers(folder.root, (*default_recipes(), *commands), finder, timeout_s=timeout_s)


def check(
    folder: Folder, texts: dict[str, str], tools: Sequence[str], *commands: UserCommand, trusted: bool = True
) -> ports.Checked:
    """Run tools on texts."""
    return checkers(folder, *commands, trusted=trusted).check(folder, texts, tools, Cancellation())


def rules(checked: ports.Checked) -> list[tuple[str, str, int]]:
    """Return tool, rule and line of each finding."""
    return [(one.tool, one.rule_id, one.line) for one in checked.findings]


def test_ruff_reads_the_text_and_the_projects_configuration(folder: Folder) -> None:
    """Ruff judges the text that it is given, by the project's own rules, even where those ask it to fix."""
    folder.write("pyproject.toml", '[tool.ruff]\nfix = true\n[tool.ruff.lint]\nselect = ["E711", "F401"]\n')
    folder.write("src/a.py", "x = 1\n")
    checked = check(folder, {"src/a.py": "import os\nx == None\nundefined\n"}, ["ruff"])

    assert rules(checked) == [("ruff", "F401", 1), ("ruff", "E711", 2)]
    assert (checked.tools_run, checked.not_run) == (("ruff",), ())
    assert [one.file_path for one in checked.findings] == ["src/a.py"] * 2
    assert (folder.root / "src/a.py").read_text() == "x = 1\n"


def test_ruff_runs_where_nothing_is_trusted(folder: Folder) -> None:
    """Ruff executes nothing of a project, so that it runs in a folder that is not trusted."""
    checked = check(folder, {"a.py": "import os\n"}, ["ruff"], trusted=False)

    assert rules(checked) == [("ruff", "F401", 1)]


def test_python_reads_syntax(folder: Folder) -> None:
    """Python's own parser says where a file is no Python; what it only warns of is no error."""
    checked = check(folder, {"a.py": "x = '\\d'\n", "b.py": "def f(:\n", "c.py": "x = '\0'\n"}, ["python"])

    assert [(one.file_path, one.line) for one in checked.findings] == [("b.py", 1), ("c.py", 1)]


def test_mypy_sees_overlays_and_open_documents(folder: Folder) -> None:
    """Mypy checks the texts as if they were on disk, against the open documents beside them."""
    folder.write("mypy.ini", "[mypy]\nstrict = True\n")
    folder.write("shop.py", "def price() -> int:\n    return 1\n")
    folder.write("till.py", "from shop import price\n")
    folder.documents["shop.py"] = "def price() -> str:\n    return ''\n"
    text = "from shop import price\n\ntotal: int = price()\n\n\ndef f(x):\n    return x\n"
    checked = check(folder, {"till.py": text}, ["mypy"])

    assert checked.not_run == ()
    assert rules(checked) == [("mypy", "assignment", 3), ("mypy", "no-untyped-def", 6)]


def test_mypy_is_not_fooled_by_its_cache(folder: Folder, tmp_path: Path) -> None:
    """A change that leaves the size as it is, within one second, is seen, whatever mypy remembers of other texts."""
    good, bad, worse = (f"def is_open() -> bool:\n    return {value}\n" for value in ("True", '"no"', "1.25"))
    folder.write("door.py", bad)
    recipes, finder = (
        default_recipes(cache_folder=tmp_path / "cache"),
        ToolFinder(may_run_project_tools=True, beside=TOOLS),
    )
    kept = ToolCheckers(folder.root, recipes, finder)
    told = [kept.check(folder, {"door.py": text}, ["mypy"], Cancellation()) for text in (bad, good, worse, good, bad)]

    assert [len(rules(one)) for one in told] == [1, 0, 1, 0, 1]


def test_tsc_checks_a_mirror(folder: Folder) -> None:
    """Tsc checks the project with the texts in place, its installed packages there and nothing on disk changed."""
    folder.write("web/tsconfig.json", '{"compilerOptions": {"strict": true, "types": []}, "include": ["."]}')
    folder.write("web/a.ts", "export const total: number = 1;\n")
    folder.write("web/b.ts", 'import { total } from "./a";\nexport const text: string = String(total);\n')
    (folder.root / "node_modules").symlink_to(ROOT / "node_modules")
    texts = {"web/b.ts": 'import { total } from "./a";\nexport const text: string = total;\n'}
    checked = check(folder, texts, ["tsc"])

    assert checked.not_run == ()
    assert [(one.rule_id, one.file_path, one.line, one.character) for one in checked.findings] == [
        ("TS2322", "web/b.ts", 2, 13)
    ]


def test_a_wrong_configuration_is_no_clean_result(folder: Folder) -> None:
    """A project that tsc cannot read is not run, with tsc's own words."""
    folder.write("tsconfig.json", '{"extends": "./absent.json"}')
    (folder.root / "node_modules").symlink_to(ROOT / "node_modules")
    checked = check(folder, {"a.ts": "export {};\n"}, ["tsc"])

    assert checked.tools_run == ()
    assert "absent.json" in checked.not_run[0]


@pytest.mark.parametrize("tool", ["mypy", "pyright", "eslint"])
def test_what_runs_project_code_needs_trust(folder: Folder, tool: str) -> None:
    """A tool whose configuration is the project's code is not run in a folder that is not trusted."""
    path = "a.js" if tool == "eslint" else "a.py"
    folder.write(path, "")
    checked = check(folder, {path: ""}, [tool], trusted=False)

    assert not checkers(folder, trusted=False).can_check(tool, path)
    assert checked.tools_run == ()
    assert "not trusted" in checked.not_run[0]


def test_a_repositorys_own_tool_needs_trust(folder: Folder) -> None:
    """An executable in the repository's folder is run only where the folder is trusted, however it would be found."""
    ran = folder.root / "ran"
    own = folder.write(".venv/bin/ruff", f"#!/bin/sh\ntouch {ran}\necho '[]'\n", is_program=True)
    finder = ToolFinder(beside=own.parent, search_path=str(own.parent))
    told = ToolCheckers(folder.root, default_recipes(), finder)
    checked = told.check(folder, {"a.py": "import os\n"}, ["ruff"], Cancellation())

    assert not told.can_check("ruff", "a.py")
    assert checked.tools_run == ()
    assert not ran.exists()

    assert check(folder, {"a.py": "import os\n"}, ["ruff"]).tools_run == ("ruff",)
    assert ran.exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo Segmentation fault; exit 139", "ended with 139"),
        ("kill -SEGV $$", "ended with 139"),
        ("echo nonsense", "Not"),
        ("exec sleep 600", "did not end"),
        ("sleep 600 & exec sleep 600", "did not end"),
        ("exit 0", "Not"),
    ],
)
def test_a_tool_without_an_answer_is_not_run(folder: Folder, script: str, reason: str) -> None:
    """A tool that crashes, hangs or prints nonsense is named with the reason, and the others' answers stand."""
    folder.write(".venv/bin/ruff", f"#!/bin/sh\n{script}\n", is_program=True)
    told = checkers(folder, timeout_s=1 if "sleep" in script else 60)
    checked = told.check(folder, {"a.py": "def f(:\n"}, ["ruff", "python"], Cancellation())

    assert checked.tools_run == ("python",)
    assert len(checked.findings) == 1
    assert checked.not_run[0].startswith("ruff: ")
    assert reason in checked.not_run[0]


def test_a_cancelled_check_ends(folder: Folder) -> None:
    """Who cancels while a tool runs gets an answer, and the tool is gone."""
    started = folder.root / "started"
    os.mkfifo(started)
    folder.write(".venv/bin/ruff", f"#!/bin/sh\necho $$ > {started}\nexec sleep 600\n", is_program=True)
    cancellation = Cancellation()
    pids: list[int] = []

    def cancel_once_it_runs() -> None:
        pids.append(int(started.read_text()))
        cancellation.cancel()

    canceller = threading.Thread(target=cancel_once_it_runs)
    canceller.start()
    checked = checkers(folder).check(folder, {"a.py": ""}, ["ruff"], cancellation)
    canceller.join()
    late = checkers(folder).check(folder, {"a.py": ""}, ["ruff"], cancellation)

    assert checked.not_run == late.not_run == ("ruff: it was cancelled",)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.parametrize(
    ("tool", "path", "can"),
    [("ruff", "a.py", True), ("ruff", "a.ts", False), ("tsc", "a.py", False), ("gopls", "a.go", False),
     ("python", "a.py", True)],
)  # fmt: skip
def test_what_can_be_checked_is_known_at_once(folder: Folder, tool: str, path: str, can: bool) -> None:
    """Whether a tool can be run on a file is answered without a process."""
    assert checkers(folder).can_check(tool, path) is can


def test_a_finder_looks_again_after_a_while(folder: Folder) -> None:
    """A tool that is installed later is found later; until then the last answer stands."""
    clock = [0.0]
    empty = folder.root / "bin"
    empty.mkdir()
    finder = ToolFinder(beside=empty, search_path="", may_run_project_tools=True, now=lambda: clock[0])
    before = finder.find(folder.root, "linter")
    linter = folder.write("bin/linter", "#!/bin/sh\n", is_program=True)
    soon = finder.find(folder.root, "linter")
    clock[0] = 60.0

    assert (before, soon, finder.find(folder.root, "linter")) == (None, None, linter)


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("json", '[{"file": "a.py", "line": 2, "column": 3, "rule": "X1", "message": "bad"}]'),
        ("mypy", "a.py:2:3: error: bad  [X1]".replace("X1", "x-1")),
        ("sarif", '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "other"}}, "results": [{"ruleId": "X1", '
         '"message": {"text": "bad"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, '
         '"region": {"startLine": 2, "startColumn": 3}}}]}]}]}'),
    ],
)  # fmt: skip
def test_a_command_of_the_user_runs_in_a_mirror(folder: Folder, form: str, printed: str) -> None:
    """A user's command sees the text in place of the file, and its findings carry the name that the user gave it."""
    folder.write("a.py", "old\n")
    seen = folder.root / "seen"
    program = f"import pathlib, sys; pathlib.Path({str(seen)!r}).write_text(pathlib.Path(sys.argv[1]).read_text())"
    program += f"; print({printed!r}); sys.exit(3)"
    command = UserCommand("mine", (sys.executable, "-c", program, "{file}"), form)
    checked = check(folder, {"a.py": "new\nxx bad\n"}, ["mine"], command)

    assert checked.not_run == ()
    assert seen.read_text() == "new\nxx bad\n"
    assert [(one.tool, one.line, one.character, one.message) for one in checked.findings] == [("mine", 2, 2, "bad")]


@pytest.mark.parametrize("printed", ["", "oops", '[{"file": "a.py"}]', "{}"])
def test_a_command_that_prints_nonsense_is_not_run(folder: Folder, printed: str) -> None:
    """A user's command whose output cannot be read gave no answer, which is not the same as no finding."""
    folder.write("a.py", "")
    command = UserCommand("mine", (sys.executable, "-c", f"print({printed!r})"), "json")
    checked = check(folder, {"a.py": "x\n"}, ["mine"], command)

    assert checked.tools_run == ()
    assert checked.not_run[0].startswith("mine: it ended with 0: ")


def test_a_text_outside_is_refused(folder: Folder) -> None:
    """A path that leads out of the workspace makes no mirror, and nothing is written there."""
    command = UserCommand("mine", (sys.executable, "-c", "print('[]')"), "json")
    checked = check(folder, {"../outside.py": "x\n"}, ["mine"], command)

    assert checked.tools_run == ()
    assert not (folder.root.parent / "outside.py").exists()
