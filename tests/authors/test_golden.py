"""Golden cases of the weighing: groups of facts, and the evidence that is made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.capture.agent_acts import SeenAct
from patchtrail.capture.author_reasons import REASONS
from patchtrail.capture.authorship import authored_by_acts, authored_of_groups, without_facts
from patchtrail.contract.lsp_changes import ChangeGroup

CASES = Path(__file__).with_name("cases.json")
PAGE = Path(__file__).parents[2] / "docs/authorship.md"
ACT = SeenAct("claude-code", "hook", "edit", "Edit", "applied", Path("shop.py"), 1_500)
GROUPS = st.builds(
    ChangeGroup,
    started_ms=st.integers(0, 20_000),
    ended_ms=st.integers(20_000, 40_000),
    events=st.integers(1, 50),
    ranges=st.integers(1, 3),
    inserted=st.integers(0, 500),
    deleted=st.integers(0, 500),
    largest_insert=st.integers(0, 500),
    largest_delete=st.integers(0, 500),
    reason=st.sampled_from(["none", "undo", "redo"]),
    moved_by=st.sampled_from(["keyboard", "mouse", "command", "program", "none"]),
    told_first=st.sampled_from(["cursor", "change", "unknown"]),
    clipboard=st.sampled_from(["same", "other", "unknown"]),
    documents=st.integers(1, 3),
    **{name: st.booleans() for name in ChangeGroup.model_fields if name.startswith("is_")},
)


def case_ids() -> list[str]:
    """Name the golden cases."""
    return [case["name"] for case in json.loads(CASES.read_text())]


@pytest.mark.parametrize("name", case_ids())
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    """Each case gives the evidence that stands beside it."""
    cases: list[dict[str, Any]] = json.loads(CASES.read_text())
    case = next(one for one in cases if one["name"] == name)
    groups = [ChangeGroup.model_validate({**case.get("all", {}), **group}) for group in case["groups"]]
    acts = [ACT] if case.get("has_act") else []
    told = authored_of_groups(groups, acts, is_whole=case.get("is_whole", True), unexplained=case.get("unexplained", 0))
    found = {
        "evidence": told.evidence,
        "undos": told.undos,
        "shares": [share.model_dump(exclude_none=True) for share in told.shares],
    }
    if request.config.getoption("--update"):
        case["found"] = found
        CASES.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")

    assert case["found"] == found


@given(st.lists(GROUPS, min_size=1, max_size=6), st.booleans())
def test_every_character_has_a_share_and_every_reason_a_sentence(groups: list[ChangeGroup], has_act: bool) -> None:
    """Shares add up to what changed; probabilities are probabilities; reasons are of the closed list."""
    told = authored_of_groups(groups, [ACT] if has_act else [])

    assert sum(share.chars for share in told.shares) == sum(one.inserted + one.deleted for one in groups)
    assert {reason for share in told.shares for reason in share.reasons} <= set(REASONS)


@given(GROUPS)
def test_what_a_program_did_alone_is_never_typing(group: ChangeGroup) -> None:
    """A change of which the editor says that a program made it is never called typing, however it looks."""
    alone = group.model_copy(update={"moved_by": "program", "told_first": "cursor"})

    assert [share.source for share in authored_of_groups([alone], []).shares] != ["typing"]


def test_without_facts_nothing_is_guessed() -> None:
    """Of a client that tells nothing an edit is unknown, and says why; an agent's own word still counts."""
    silent, told = without_facts(12), authored_by_acts([ACT], 12)

    assert (silent.evidence, silent.shares[0].reasons, silent.shares[0].chars) == ("unknown", ["no_facts"], 12)
    assert told is not None
    assert (told.evidence, told.shares[0].agent) == ("ai", "claude-code")
    assert authored_by_acts([], 12) is None
    assert without_facts(3, is_on_disk=True).evidence == "external"


def test_each_reason_is_explained() -> None:
    """The page for readers of a trace has each reason with its sentence."""
    page = PAGE.read_text()

    assert [reason for reason, sentence in REASONS.items() if f"| `{reason}` | {sentence} |" not in page] == []
