"""Weigh who wrote an edit, from the facts that a client saw and from what agents said of themselves.

A pure core: facts in, evidence out. It errs towards `unknown`: no share is called typing unless the editor itself
points to a person, because a program that is taken for a person can be found by nobody later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.capture.agent_acts import SeenAct
from patchtrail.contract.files import AuthorShare, AuthorSource, EditEvidence
from patchtrail.contract.lsp_changes import ChangeGroup

__all__ = ["Authored", "Weight", "authored_by_acts", "authored_of_groups", "without_facts"]

KEY_CHARS = 4
"""More than a key inserts, with the bracket or quote that the editor adds."""
FIX_CHARS, LOOK_FIX_CHARS = 500, 80
WORD_CHARS, LAYOUT_CHARS = 60, 200
ACT_WINDOW_MS = 10_000
NEAR_PROGRAM_MS, NEAR_KEYS_MS = 1_000, 5_000
STREAMED_EVENTS = 5
SAVING_MS = 250
LAYOUT_PIECE = 4
CAPPED_MILLI = 600
EVIDENCE: dict[AuthorSource, EditEvidence] = {
    "typing": "manual",
    "paste": "paste",
    "undo": "undo",
    "format_on_save": "format_on_save",
    "quick_fix": "quick_fix",
    "patch": "patch",
    "ai": "ai",
    "external": "external",
    "unknown": "unknown",
}


@dataclass(frozen=True)
class Weight:
    """What one group of changes most probably is."""

    source: AuthorSource
    milli: int
    reasons: tuple[str, ...]
    agent: str | None = None


@dataclass(frozen=True)
class Authored:
    """The evidence of one edit: what its `file_edit` event says of its authors."""

    evidence: EditEvidence
    shares: tuple[AuthorShare, ...]
    undos: int = 0
    redos: int = 0


def authored_of_groups(
    groups: Sequence[ChangeGroup], acts: Sequence[SeenAct], *, is_whole: bool = True, unexplained: int = 0
) -> Authored:
    """Return the evidence of a save, from what the client saw and from the acts on this very file.

    `unexplained` counts the characters of the difference that the facts do not account for.
    """
    weights = [_weigh(groups, place, acts) for place in range(len(groups))]
    shares = _shares([(weight, one.inserted + one.deleted) for weight, one in zip(weights, groups, strict=True)])
    if not is_whole or unexplained:
        why = "facts_do_not_add_up" if unexplained else "facts_incomplete"
        shares = [_capped(share, why) for share in shares]
    if unexplained:
        shares.append(_share(Weight("unknown", CAPPED_MILLI, ("facts_do_not_add_up",)), unexplained))
    return Authored(
        evidence=_summary(shares),
        shares=tuple(shares),
        undos=sum(one.events for one in groups if one.reason == "undo"),
        redos=sum(one.events for one in groups if one.reason == "redo"),
    )


def authored_by_acts(acts: Sequence[SeenAct], chars: int) -> Authored | None:
    """Return the evidence of an edit that only an agent's own word explains, or None where there is none."""
    if not acts:
        return None
    return _alone(_of_act(acts[-1], 950), chars)


def without_facts(chars: int, *, is_on_disk: bool = False) -> Authored:
    """Return the evidence of an edit of which nothing else is known."""
    if is_on_disk:
        return _alone(Weight("external", 950, ("seen_on_disk",)), chars)
    return _alone(Weight("unknown", 1000, ("no_facts",)), chars)


def _alone(weight: Weight, chars: int) -> Authored:
    return Authored(EVIDENCE[weight.source], (_share(weight, chars),))


def _weigh(groups: Sequence[ChangeGroup], place: int, acts: Sequence[SeenAct]) -> Weight:
    """Return what a group is: what the editor itself says first, then agents, then how it looks."""
    group = groups[place]
    if group.is_patch:
        return Weight("patch", 990, ("own_patch",))
    if group.reason != "none":
        return Weight("undo", 990, (f"editor_says_{group.reason}",))
    if group.moved_by in ("keyboard", "mouse"):
        return _by_hand(group)
    act = _act_near(group, acts)
    if act is not None and not (_is_saving(group) and _is_layout(group)):
        return _of_act(act, 970 if act.path is not None else 800)
    if group.is_clean:
        return Weight("external", 950, ("read_from_disk",))
    return _without_keys(groups, place)


def _by_hand(group: ChangeGroup) -> Weight:
    """Weigh what ended at a cursor that the editor says was moved by a person."""
    hand = group.moved_by
    if group.clipboard == "same":
        return Weight("paste", 990, ("equals_clipboard", hand))
    if hand == "mouse":
        return Weight("paste", 750, (hand, "at_cursor"))
    if group.largest_insert <= KEY_CHARS:
        return Weight("typing", 990, (hand, "short_inserts"))
    if group.is_blank:
        return Weight("typing", 950, (hand, "white_space"))
    if group.is_completing:
        return Weight("typing", 950, (hand, "completed_word"))
    if group.clipboard == "other":
        return Weight("unknown", 500, (hand, "long_insert", "differs_from_clipboard"))
    return Weight("paste", 900, (hand, "long_insert"))


def _without_keys(groups: Sequence[ChangeGroup], place: int) -> Weight:
    """Weigh what the editor names neither keyboard nor mouse for."""
    group = groups[place]
    if group.clipboard == "same" and group.is_at_cursor:
        return Weight("paste", 900, ("equals_clipboard", "at_cursor"))
    fix = _fix(group)
    if fix is not None:
        return fix
    how = _hand_like(group)
    if how is not None:
        return _in_context(groups, place, how)
    is_streamed = _is_streamed(groups, place)
    if not is_streamed:
        saving = _save_action(group)
        if saving is not None:
            return saving
    if _is_worked(group) and group.is_at_cursor and group.ranges == 1 and group.largest_insert > KEY_CHARS:
        return Weight("paste", 750, ("at_cursor", "long_insert", "edited_in_editor"))
    if not (is_streamed or _looks_written(group) or group.told_first == "cursor"):
        return Weight("unknown", CAPPED_MILLI, ("no_keyboard", "editor_command"))
    return _by_program(groups, place)


def _save_action(group: ChangeGroup) -> Weight | None:
    """Weigh what came right before a save, or lays out as formatters do."""
    if _is_layout(group):
        if _is_saving(group):
            return Weight("format_on_save", 980, ("while_saving", "layout_only"))
        if group.saved_after_ms is not None:
            return Weight("format_on_save", 850, ("layout_only", "no_keyboard"))
        return Weight("format_on_save", 650, ("layout_only", "no_keyboard")) if group.is_blank else None
    if _is_saving(group) and not _looks_written(group):
        return Weight("format_on_save", 650, ("while_saving", "no_keyboard"))
    return None


def _fix(group: ChangeGroup) -> Weight | None:
    is_small = group.is_active and group.largest_insert <= FIX_CHARS
    if group.is_fix_asked and is_small:
        if group.is_on_diagnostic:
            return Weight("quick_fix", 970, ("fix_asked", "on_diagnostic", "no_keyboard"))
        return Weight("quick_fix", 600, ("fix_asked", "no_keyboard"))
    is_at_hand = group.is_focused and group.is_at_cursor and group.largest_insert <= LOOK_FIX_CHARS
    if group.is_on_diagnostic and is_small and is_at_hand and group.events == 1:
        return Weight("quick_fix", 600, ("on_diagnostic", "at_cursor", "no_keyboard"))
    return None


def _hand_like(group: ChangeGroup) -> str | None:
    """Return how a group looks like a key for which the editor names no keyboard: Enter, Tab, Delete, a completion."""
    if not (group.is_active and group.is_focused and group.is_at_cursor) or group.documents > 1:
        return None
    is_little = group.largest_delete <= WORD_CHARS or group.is_over_selection
    if group.inserted == 0 and is_little:
        return "deletes_at_cursor"
    if group.is_blank and group.largest_insert <= LAYOUT_CHARS and is_little:
        return "white_space"
    return "completed_word" if group.is_completing else None


def _in_context(groups: Sequence[ChangeGroup], place: int, how: str) -> Weight:
    """Weigh what looks like a key by what the editor told first, and by what stands beside it."""
    group = groups[place]
    if group.told_first == "cursor":
        return Weight("ai", 550, ("no_keyboard", "edited_by_program"))
    if _beside(groups, place, NEAR_PROGRAM_MS, is_program=True):
        return Weight("ai", 550, ("no_keyboard", "among_program_edits"))
    if _is_saving(group) and not group.is_over_selection:
        # It may be the last key before the save, or what trims and ends lines on saving.
        return Weight("unknown", 500, ("while_saving", "at_cursor"))
    if _is_worked(group):
        return Weight("typing", 950, ("at_cursor", how, "edited_in_editor"))
    if _beside(groups, place, NEAR_KEYS_MS, is_program=False):
        return Weight("typing", 950, ("at_cursor", how, "between_keys"))
    if how == "completed_word" or (group.largest_delete > KEY_CHARS and not group.is_over_selection):
        return Weight("unknown", CAPPED_MILLI, ("no_keyboard", "editor_command"))
    return Weight("typing", 750, ("at_cursor", how))


def _by_program(groups: Sequence[ChangeGroup], place: int) -> Weight:
    """Weigh a program's edit of which no agent told: most probably one did it, as fixes and formatters are known."""
    group = groups[place]
    signs = {
        "edited_by_program": group.told_first == "cursor",
        "away_from_cursor": not group.is_at_cursor,
        "streamed": _is_streamed(groups, place),
        "long_insert": group.largest_insert > LOOK_FIX_CHARS,
        "several_documents": group.documents > 1,
        "not_focused": not group.is_focused,
        "saved_at_once": _is_saving(group),
    }
    reasons = [reason for reason, is_so in signs.items() if is_so]
    return Weight("ai", min(550 + 100 * len(reasons), 850), ("no_keyboard", *reasons))


def _is_saving(group: ChangeGroup) -> bool:
    return group.saved_after_ms is not None and group.saved_after_ms <= SAVING_MS


def _is_worked(group: ChangeGroup) -> bool:
    """Return whether the editor moved the cursor after it told of the change: what its own commands do, and keys."""
    return group.told_first == "change" and group.moved_by == "program"


def _is_layout(group: ChangeGroup) -> bool:
    """Return whether it changes a little in several places, as formatters do."""
    is_little = group.is_blank or (group.largest_insert <= LAYOUT_PIECE and group.largest_delete <= LAYOUT_PIECE)
    return group.ranges > 1 and is_little


def _looks_written(group: ChangeGroup) -> bool:
    """Return whether it adds a text, rather than laying out or replacing one of the same length."""
    return not group.is_blank and group.largest_insert > LOOK_FIX_CHARS // 2 and group.inserted > 2 * group.deleted


def _is_streamed(groups: Sequence[ChangeGroup], place: int) -> bool:
    run = [one for one in groups if _is_program(one) and _gap_ms(one, groups[place]) <= NEAR_PROGRAM_MS]
    return sum(one.events for one in run) >= STREAMED_EVENTS


def _is_program(group: ChangeGroup) -> bool:
    """Return whether no person's key can have made it."""
    is_named = group.moved_by in ("keyboard", "mouse") or group.reason != "none"
    is_known = is_named or group.is_clean or group.is_patch or _is_layout(group) or _fix(group) is not None
    return not (is_known or _is_worked(group)) and _hand_like(group) is None


def _beside(groups: Sequence[ChangeGroup], place: int, within_ms: int, *, is_program: bool) -> bool:
    others = [one for number, one in enumerate(groups) if number != place]
    near = [one for one in others if _gap_ms(one, groups[place]) <= within_ms]
    return any(_is_program(one) if is_program else one.moved_by == "keyboard" for one in near)


def _gap_ms(one: ChangeGroup, other: ChangeGroup) -> int:
    return max(one.started_ms - other.ended_ms, other.started_ms - one.ended_ms, 0)


def _act_near(group: ChangeGroup, acts: Sequence[SeenAct]) -> SeenAct | None:
    """Return the act that a group probably is: agents tell of an edit right after it, telemetry a little later."""
    near = [act for act in acts if group.started_ms - ACT_WINDOW_MS <= act.at_ms <= group.ended_ms + ACT_WINDOW_MS]
    return near[-1] if near else None


def _of_act(act: SeenAct, milli: int) -> Weight:
    return Weight("ai", milli, ("agent_hook" if act.told_by == "hook" else "agent_telemetry",), act.agent)


def _shares(weighed: Sequence[tuple[Weight, int]]) -> list[AuthorShare]:
    """Join the groups of one source; the largest share comes first."""
    joined: dict[tuple[AuthorSource, str | None], list[tuple[Weight, int]]] = {}
    for weight, chars in weighed:
        joined.setdefault((weight.source, weight.agent), []).append((weight, chars))
    shares = []
    for (source, agent), parts in joined.items():
        chars = sum(part for _, part in parts)
        milli = sum(weight.milli * part for weight, part in parts) // chars if chars else parts[0][0].milli
        reasons = tuple(dict.fromkeys(reason for weight, _ in parts for reason in weight.reasons))
        shares.append(_share(Weight(source, milli, reasons, agent), chars))
    return sorted(shares, key=lambda share: -share.chars)


def _share(weight: Weight, chars: int) -> AuthorShare:
    return AuthorShare(
        source=weight.source,
        chars=chars,
        probability_milli=weight.milli,
        reasons=list(weight.reasons),
        agent=weight.agent,
    )


def _capped(share: AuthorShare, why: str) -> AuthorShare:
    milli = min(share.probability_milli, CAPPED_MILLI)
    return share.model_copy(update={"probability_milli": milli, "reasons": [*share.reasons, why]})


def _summary(shares: Sequence[AuthorShare]) -> EditEvidence:
    """Return one word for all shares; what somebody typed and took back is theirs, anything else beside it is mixed."""
    sources = {share.source for share in shares}
    if not sources:
        return "unknown"
    if sources == {"typing", "undo"}:
        return EVIDENCE[shares[0].source]
    return EVIDENCE[shares[0].source] if len(sources) == 1 else "mixed"
