"""The test model's answers from known correct changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from patchtrail.llm import Cancellation, Message, ModelRequest, endpoint_of, model_of
from patchtrail.text.diff import diff
from patchtrail.text.patch import apply
from tests.llm.asking import KEY, door, request_of, serving
from tests.model import Truth, merged, truthful
from tests.model.truths import findings_of

ROOT = Path(__file__).parents[2]
BEFORE = "import os\nimport re\n\n\ndef f(x):\n    y = 1\n    return re.sub('a', 'b', x)\n"
NO_OS = Truth("src/a b.py", BEFORE, BEFORE.replace("import os\n", ""))
NO_Y = Truth("src/a b.py", BEFORE, BEFORE.replace("    y = 1\n", ""))
NEW = Truth("src/new.py", None, "x = 1\n")
TABLE = {
    ("src/a b.py", "F401", 1): NO_OS,
    ("src/a b.py", "F841", 6): NO_Y,
    ("t.py", "test-failure", 3): [NEW, NO_OS],
}


def answer_to(prompt: str, render: object = None, *, seed: int = 0) -> str:
    """Ask the test model over HTTP."""
    with serving(truthful(TABLE, render, seed=seed)) as server:
        return door(server, "openai").ask(request_of(prompt), Cancellation()).text


def test_a_known_finding_is_answered_by_its_change() -> None:
    """A line that names a finding is answered by a clean diff of the right change."""
    assert answer_to("Look.\nFinding: F401 in src/a b.py:1\nThanks.") == diff(BEFORE, NO_OS.after, "src/a b.py")


def test_a_batch_is_answered_by_all_changes_at_once() -> None:
    """Changes of one file are one diff, which applies and holds them all."""
    text = answer_to("Finding: F401 in src/a b.py:1\nFinding: F841 in src/a b.py:6\n")

    assert apply(text, BEFORE) == BEFORE.replace("import os\n", "").replace("    y = 1\n", "")


def test_a_finding_may_change_several_files() -> None:
    """A finding whose change touches other files is answered by them, new ones too."""
    text = answer_to("Finding: test-failure in t.py:3")

    assert text.startswith("--- /dev/null\n+++ b/src/new.py\n")
    assert text.endswith(diff(BEFORE, NO_OS.after, "src/a b.py"))


def test_what_is_not_known_is_not_answered() -> None:
    """A finding of no table, and a prompt without one, get words and no change."""
    for prompt in ("Finding: F401 in src/other.py:1", "Finding: F401 in src/a b.py:2", "Hello"):
        assert "---" not in answer_to(prompt)


def test_changes_that_meet_are_not_mixed() -> None:
    """Of two changes to the same lines the first stays, whole; the same change twice is one."""
    other = Truth(NO_Y.file_path, BEFORE, BEFORE.replace("    y = 1\n", "    z = 2\n").replace("import re", "import r"))

    assert merged([NO_Y, other]) == (NO_Y,)
    assert merged([NO_Y, NO_Y]) == (NO_Y,)


def test_the_rendering_is_drawn_from_the_request() -> None:
    """The same request gets the same seed; another seed, finding or retry gets another; a retry is told as one."""
    seen = list[tuple[int, int, int]]()

    def render(truths: Sequence[Truth], seed: int, retry: int) -> str:
        seen.append((len(truths), seed, retry))
        return "rendered"

    prompt = "Finding: F401 in src/a b.py:1"
    answers = [answer_to(prompt, render), answer_to(prompt, render), answer_to(prompt, render, seed=1)]
    said = (Message("user", prompt), Message("assistant", "no"), Message("user", "Again."))
    with serving(truthful(TABLE, render)) as server:
        door(server, "anthropic").ask(ModelRequest(said, 100, 10.0), Cancellation())

    assert answers == ["rendered"] * 3
    assert seen[0] == seen[1]
    assert len({seed for _, seed, _ in seen}) == 3
    assert [retry for _, _, retry in seen] == [0, 0, 0, 1]


def test_a_prompt_s_findings_are_read_line_by_line() -> None:
    """Only whole lines name findings; each counts once."""
    lines = ["E1 in a.py:1", "E2 in a.py:2 or so", "E3 in a.py:x", "E1 in a.py:1", "E4 in b:c.py:9  \r"]
    prompt = "\n".join([f"Finding: {one}" for one in lines] + [" Finding: E5 in a.py:5"])

    assert findings_of(prompt) == [("a.py", "E1", 1), ("b:c.py", "E4", 9)]


def test_the_server_runs_by_itself(tmp_path: Path) -> None:
    """`python -m tests.model` listens at a port of its own and answers from a file of truths."""
    rows = [
        {"file_path": path, "rule_id": rule, "line": line, "before": truth.before, "after": truth.after}
        for (path, rule, line), truth in TABLE.items()
        if isinstance(truth, Truth)
    ]
    truths = tmp_path / "truths.json"
    truths.write_text(json.dumps(rows))
    command = [sys.executable, "-m", "tests.model", "--truths", str(truths), "--seed", "4", "--api-key", KEY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as running:
        try:
            url = (running.stdout.readline() if running.stdout else "").rpartition(" ")[2].strip()
            environment = {"PATCHTRAIL_MODEL_URL": url, "OPENAI_API_KEY": KEY, "PATCHTRAIL_MODEL": "test-model"}
            endpoint = endpoint_of(environment)
            assert endpoint is not None
            answer = model_of(endpoint).ask(request_of("Finding: F841 in src/a b.py:6"), Cancellation())
        finally:
            running.terminate()

    assert answer.text == diff(BEFORE, NO_Y.after, "src/a b.py")
    assert running.returncode == 0
