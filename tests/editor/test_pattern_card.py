"""What is shown of a pattern where an editor shows no Markdown."""

from __future__ import annotations

from patchtrail.editor.pattern_card import card
from patchtrail.learning.pattern_places import PatternPlace
from tests.learning.patterns import pattern_of

CARD = """⚑ a_*b* · low severity

Says [what](it) is.

Shown because: it answers F401.

Instead of:

```
x = 1
```

Write:

```
x = 2
```

Not where: <here>

Happened 0 times · helped 0, harmed 0"""


def test_plain_text_is_not_escaped() -> None:
    """An editor that shows plain text gets a pattern's words as they are; an unknown language names no fence."""
    pattern = pattern_of(
        "p",
        name="a_*b*",
        description="Says [what](it)\nis.",
        bad_example="x = 1\n",
        good_example="x = 2",
        exceptions=["<here>", " "],
    )

    assert card(PatternPlace(pattern, 0, 0, "it answers F401", 0), "```evil", is_markdown=False) == CARD
