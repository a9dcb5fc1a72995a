"""A diff shows a fix where it has lines on both sides."""

from __future__ import annotations

import pytest

from patchtrail.learning.fix_example import FixExample, fix_example

HEAD = "--- a/x.py\n+++ b/x.py\n"
FIRST = "@@ -1,3 +1,3 @@\n import a\n-x = items[0]\n+x = items[0] if items else None\n use(x)\n"
SECOND = "@@ -10,2 +10,2 @@\n-y = 1\n+y = 2\n z\n"
ADDED = "@@ -5,1 +5,2 @@\n a\n+b\n"
BARE = "@@ -3 +2,0 @@\n-import os\n"
LONG = "@@ -1,100 +1,100 @@\n" + "".join(f"-{n}\n" for n in range(100)) + "".join(f"+{n}\n" for n in range(100))
EXPECTED = FixExample("import a\nx = items[0]\nuse(x)", "import a\nx = items[0] if items else None\nuse(x)", 1)


@pytest.mark.parametrize(
    ("diff", "line", "expected"),
    [
        (HEAD + FIRST, None, EXPECTED),
        (HEAD + FIRST + SECOND, 3, EXPECTED),
        (HEAD + FIRST + SECOND, 10, FixExample("y = 1\nz", "y = 2\nz", 10)),
        (HEAD + FIRST + SECOND, 99, EXPECTED),
        (HEAD + ADDED + SECOND, None, FixExample("a", "a\nb", 5)),
        (HEAD + BARE + SECOND, None, FixExample("y = 1\nz", "y = 2\nz", 10)),
        (HEAD + BARE, None, None),
        (HEAD + LONG, None, None),
        ("", None, None),
        ("no diff", None, None),
        (HEAD + "@@ -1,3 +1,3 @@\n broken", None, None),
    ],
)
def test_fix_example(diff: str, line: int | None, expected: FixExample | None) -> None:
    """The hunk at a line, else the first; none where no hunk shows how one becomes the other."""
    assert fix_example(diff, line) == expected
