"""From a truth to an answer as a model would give it: defects by their shares, prose and fences around."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from tests.damage.defects import DRAFT_DEFECTS
from tests.damage.draft import Draft, draft_of
from tests.damage.forms import WRITERS, unified_pieces
from tests.damage.shares import SHARES
from tests.damage.truth import Damaged, Form, Truth

__all__ = ["ANSWER_DEFECTS", "damaged"]

ANSWER_DEFECTS = ("several_fences", "doubled_answer", "cut_off")
SPOILS_LITTLE = ("wrong_path", "doubled_repository", "no_op_hunk", "whitespace", "typography", "shifted_indentation",
                 "context_absent", "skipped_lines", "removed_absent")  # fmt: skip
BY_FORM: dict[Form, tuple[str, ...]] = {
    "unified": (*DRAFT_DEFECTS, *ANSWER_DEFECTS),
    "search_replace": (*SPOILS_LITTLE, "cut_off", "doubled_answer"),
    "apply_patch": (*SPOILS_LITTLE, "cut_off", "no_leading_space", "blank_without_space"),
    "whole_file": ("wrong_path", "doubled_repository", "cut_off"),
    "json": (*SPOILS_LITTLE, "cut_off"),
}
EXCLUDE = (("no_hunk_header", "words_in_header"), ("wrong_path", "doubled_repository"), ("elision", "skipped_lines"))
INTROS = (
    "",
    "",
    "Here is the fix.\n\n",
    "The problem is in the loop: it stops one short.\n\n",
    "Sure! I changed this:\n\n",
)
OUTROS = (
    "",
    "",
    "\nThis keeps everything else as it is.\n",
    "\n- It handles the empty case.\n- Nothing else changes.\n",
)
RARELY_FENCED = 0.25


def damaged(truth: Truth, *, form: Form, seed: int, defects: Collection[str] | None = None) -> Damaged:
    """Return an answer that means `truth`.

    Without `defects` they are drawn by their shares; those that do not fit the form or the change are left out, and
    `Damaged.defects` names the ones that are really there.
    """
    rng = Random(f"{seed}:{form}:{truth.file_path}")
    wanted = [one for one in BY_FORM[form] if (rng.random() < SHARES[one] if defects is None else one in defects)]
    for one, other in EXCLUDE:
        if one in wanted and other in wanted:
            wanted.remove(other)
    draft = draft_of(truth)
    real = [name for name, damage in DRAFT_DEFECTS.items() if name in wanted and damage(draft, rng)]
    text, written = _written(draft, form, wanted, rng)
    return Damaged(text, (*real, *written))


def _written(draft: Draft, form: Form, wanted: list[str], rng: Random) -> tuple[str, list[str]]:
    body, real = WRITERS[form](draft), list[str]()
    if "several_fences" in wanted and len(draft.hunks) > 1:
        header, *hunks = unified_pieces(draft)
        fences = [f"```diff\n{header}{hunk}```\n" for hunk in hunks]
        return rng.choice(INTROS) + "\nand\n\n".join(fences), ["several_fences"]
    if "doubled_answer" in wanted:
        body, real = body + body, ["doubled_answer"]
    if "cut_off" in wanted:
        return _cut(body, form, draft, rng), [*real, "cut_off"]
    return _wrapped(body, form, draft, rng), real


def _wrapped(body: str, form: Form, draft: Draft, rng: Random) -> str:
    intro, outro = rng.choice(INTROS), rng.choice(OUTROS)
    if form == "whole_file":
        return f"{intro}{draft.path}\n```{draft.truth.language}\n{body}```\n{outro}"
    if form == "json":
        return f"{intro}```json\n{body}```\n{outro}" if rng.random() < 0.5 else body
    if rng.random() < RARELY_FENCED:
        return intro + body if rng.random() < 0.5 else f"<patch>\n{body}</patch>\n"
    info = {"unified": "diff", "apply_patch": "", "search_replace": draft.truth.language}[form]
    return f"{intro}```{info}\n{body}```\n{outro}"


def _cut(body: str, form: Form, draft: Draft, rng: Random) -> str:
    """Stop inside of the last third, before the last change is written."""
    lines = body.split("\n")
    last = max((i for i, line in enumerate(lines) if line[:1] in ("+", "-")), default=len(lines) - 2)
    stop = (
        max(1, min(last, len(lines) - 2) - rng.randint(0, 1)) if form in ("unified", "apply_patch") else len(lines) - 3
    )
    kept = "\n".join(lines[:stop])
    head = {"unified": "```diff\n", "json": "```json\n", "whole_file": f"{draft.path}\n```{draft.truth.language}\n"}
    return head.get(form, "```\n") + kept + "\n" + lines[stop][: len(lines[stop]) // 2]
