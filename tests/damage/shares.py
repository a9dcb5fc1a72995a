"""How often real answers have each defect: counted over 1,285 answers in unified-diff form.

Defects that were seen but not counted get a small share of their own.
"""

from __future__ import annotations

__all__ = ["COUNTED", "SHARES", "UNCOUNTED"]

ANSWERS = 1_285
COUNTED = {
    "wrong_counts": 961,
    "skipped_lines": 399,
    "context_absent": 292,
    "no_op_hunk": 290,
    "wrong_start": 211,
    "removed_absent": 168,
    "mangled_header": 103,
    "no_leading_space": 94,
    "cut_off": 83,
    "words_in_header": 59,
    "blank_without_space": 53,
    "whitespace": 28,
}
UNCOUNTED = (
    "elision",
    "overlapping_hunks",
    "doubled_repository",
    "several_fences",
    "doubled_answer",
    "wrong_path",
    "typography",
    "shifted_indentation",
    "no_hunk_header",
    "fix_as_context",
)
SHARES: dict[str, float] = {
    **{name: round(count / ANSWERS, 4) for name, count in COUNTED.items()},
    **dict.fromkeys(UNCOUNTED, 0.02),
}
"""The chance of each defect in one answer."""
