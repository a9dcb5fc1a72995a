"""Hostile answers end in a refusal or a patch, soon; the suite's time limit stands behind each."""

from __future__ import annotations

import pytest

from patchtrail.patching import Patch, Refusal, patch_from_answer
from patchtrail.patching.paths import is_safe

PYTHON = "".join(f"def f{i}(a):\n    return a + {i}\n\n\n" for i in range(500))
SAME = "x = 1\n" * 8_000
HEAD = "--- a/m.py\n+++ b/m.py\n"

HOSTILE = {
    "blanks_in_header": "--- a" + " " * 300_000 + "b\n+++ b/m.py\n@@ -1 +1 @@\n-x\n+y\n",
    "long_hunk_header": HEAD + "@@ -" + "1" * 500_000 + " @@\n-x\n+y\n",
    "many_hunks": HEAD + "@@ ... @@\n-    return a + 1\n+    return a\n" * 5_000,
    "many_different_hunks": HEAD + "".join(f"@@ ... @@\n-    return a + {i}\n+    return {i}\n" for i in range(3_000)),
    "absent_everywhere": HEAD
    + "".join(f"@@ ... @@\n     return a\n-    nothing {i}\n+    return {i}\n" for i in range(300)),
    "plain_lines": HEAD + "@@ ... @@\n" + " x = 1\n" * 1_000 + "-x = 1\n+x = 2\n",
    "skipping_plain_lines": HEAD + "@@ ... @@\n" + " x = 1\n y = 2\n" * 500 + "-x = 1\n+x = 2\n",
    "prose_and_marks": HEAD + "@@ ... @@\n a\n\nThis is a sentence of prose.\n" * 8_000 + "@@ end\n",
    "fences": "```\n" * 40_000,
    "indented_fences": HEAD + "@@ ... @@\n" + "    ```\n" * 50_000,
    "backticks": "`" * 900_000,
    "angles": "<" * 900_000,
    "open_blocks": "m.py\n<<<<<<< SEARCH\n" * 20_000,
    "dividers": "m.py\n<<<<<<< SEARCH\n" + "=======\n" * 50_000 + ">>>>>>> REPLACE\n",
    "deep_json": "[" * 400_000 + "]" * 400_000,
    "wide_json": '{"edits": [' + ",".join(['{"path":"m.py","old":"x","new":"y"}'] * 5_000) + "]}",
    "elisions": HEAD + "@@ ... @@\n" + " ...\n" * 20_000 + "-x = 1\n+y\n",
    "long_line": HEAD + "@@ ... @@\n-" + "a" * 400_000 + "\n+" + "b" * 400_000 + "\n",
    "different_lines": "m.py\n<<<<<<< SEARCH\n"
    + "a\nb\n" * 4_000
    + "=======\n"
    + "b\na\n" * 4_000
    + ">>>>>>> REPLACE\n",
    "envelope_sections": "*** Begin Patch\n" + "*** Update File: m.py\n@@\n-x\n+y\n" * 10_000 + "*** End Patch\n",
    "nested_code": "m.py\n```python\n" + "(" * 100_000 + "\n```\n",
    "nul": HEAD + "@@ -1 +1 @@\n-x = 1\n+x = '\0'\n",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("before", [PYTHON, SAME, "(" * 2_000 + "\n" + PYTHON], ids=["python", "same", "broken"])
@pytest.mark.timeout(20)
def test_hostile_answer(name: str, before: str) -> None:
    """An answer that is built to take long or to break something has an outcome all the same."""
    found = patch_from_answer(HOSTILE[name], {"m.py": before}.get, known_paths=["m.py"])

    assert isinstance(found, Patch | Refusal)


def test_caps() -> None:
    """An answer above one million characters is too large, and so is a file above five."""
    answer = f"{HEAD}@@ -1 +1 @@\n-x\n+y\n"
    long_answer = patch_from_answer(answer + "#" * 1_000_000, {"m.py": "x\n"}.get)
    long_file = patch_from_answer(answer, {"m.py": "x\n" * 2_600_000}.get)

    assert isinstance(long_answer, Refusal)
    assert isinstance(long_file, Refusal)
    assert [long_answer.mode, long_file.mode] == ["too_large", "too_large"]


@pytest.mark.parametrize(
    "path",
    [
        "../m.py", "a/../../m.py", "/etc/passwd", "~/x", "C:/x", "C:x", "a\\..\\b", ".git/config", "sub/.git/hooks/x",
        ".GIT/config", ".git./config", ".git /config", "git~1/config", "GIT~2/x", ".g\u200cit/config", ".git::$INDEX/x",
        "\u200b.git/x", "a\0b", "a\nb", "a\x1bb", "", ".", "./m.py", "a//b", ".\uff47it/config",
    ],
)  # fmt: skip
def test_unsafe_paths(path: str) -> None:
    """A path that leads out of the root, or into a repository's own folder under any of its names, is not safe."""
    assert not is_safe(path)


@pytest.mark.parametrize(
    "path", ["m.py", "a/b/c.py", ".github/workflows/x.yml", ".gitignore", "git/x.py", "a b/c.py", "é.py"]
)
def test_safe_paths(path: str) -> None:
    """Usual paths are safe, those that only resemble `.git` too."""
    assert is_safe(path)
