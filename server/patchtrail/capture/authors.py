"""Keep what clients and agents told of the changes that a save will bring, and say who wrote it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from patchtrail.capture.agent_acts import SeenAct, acts_of_hook_line, acts_of_telemetry_line
from patchtrail.capture.authorship import Authored, authored_by_acts, authored_of_groups, without_facts
from patchtrail.capture.edits import Edit
from patchtrail.capture.roots import Roots
from patchtrail.capture.tail import Tail
from patchtrail.contract.files import AgentAct
from patchtrail.contract.lsp_changes import ChangeGroup

if TYPE_CHECKING:
    from patchtrail.capture.agent_receiver import AgentReceiver

__all__ = ["HOOK_RECORDS", "Authors"]

HOOK_RECORDS = "acts.jsonl"
KEPT_ACTS = 500
KEPT_GROUPS = 512
SAVE_WINDOW_MS = 60_000
BOM = "\ufeff"


@dataclass(frozen=True)
class _Told:
    groups: tuple[ChangeGroup, ...]
    is_whole: bool


class Authors:
    """What is known of who changes the files of one session. Only what comes while recording is looked at."""

    def __init__(self, acts_folder: Path) -> None:
        self._hooks = Tail(acts_folder / HOOK_RECORDS)
        self._telemetry: Tail | None = None
        self._receiver: AgentReceiver | None = None
        self._received: deque[SeenAct] = deque(maxlen=KEPT_ACTS)
        self._roots: Roots | None = None
        self._told: dict[Path, _Told] = {}
        self._acts: list[SeenAct] = []
        self._on_disk: dict[Path, int] = {}

    @property
    def address(self) -> str | None:
        """Where agents may send their telemetry, if the user wants that."""
        return None if self._receiver is None else self._receiver.address

    def configure(self, telemetry_file: str, *, is_receiving: bool) -> None:
        """Follow the file that the user names, from its end on, and open or close the door for agents."""
        if is_receiving and self._receiver is None:
            from patchtrail.capture.agent_receiver import AgentReceiver  # few want it

            # A deque takes from any thread; what nobody fetches falls out at its other end.
            self._receiver = AgentReceiver(self._received.extend)
        elif not is_receiving:
            self.close()
        path = Path(telemetry_file) if telemetry_file and Path(telemetry_file).is_absolute() else None
        if path == (self._telemetry and self._telemetry.path):
            return
        self._telemetry = None if path is None else Tail(path)
        if self._telemetry is not None:
            self._telemetry.skip()

    def close(self) -> None:
        """Close the door."""
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None

    def begin(self, roots: Roots) -> None:
        """Begin anew, at a session's start and after a pause: what agents did before is nobody's business."""
        self._roots = roots
        self._told.clear()
        self._acts.clear()
        self._on_disk.clear()
        self._received.clear()
        for tail in self._tails():
            tail.skip()

    def take(self, path: Path, groups: Sequence[ChangeGroup], *, is_whole: bool) -> None:
        """Keep what the client saw until the save that follows."""
        before = self._told.get(path, _Told((), is_whole=True))
        joined = (*before.groups, *groups)
        is_cut = len(joined) > KEPT_GROUPS
        self._told[path] = _Told(joined[-KEPT_GROUPS:], before.is_whole and is_whole and not is_cut)

    def forget(self, path: Path) -> None:
        """Forget what led to a save that is not recorded, because it changed nothing."""
        self._told.pop(path, None)

    def new_acts(self) -> list[AgentAct]:
        """Return what agents did below the root since the last look, as events."""
        hooked = [act for line in self._hooks.lines() for act in acts_of_hook_line(line)]
        told = [
            act for line in (self._telemetry.lines() if self._telemetry else ()) for act in acts_of_telemetry_line(line)
        ]
        received = [self._received.popleft() for _ in range(len(self._received))]
        placed = [placed for act in (*hooked, *told, *received) if (placed := self._placed(act)) is not None]
        self._acts = [*self._acts, *placed][-KEPT_ACTS:]
        return [self._event(act) for act in placed]

    def of_save(self, path: Path, edit: Edit, *, before: str | None, after: str, now_ms: int) -> Edit:
        """Return the edit of a save with its evidence."""
        told = self._told.pop(path, None)
        seen_on_disk_ms = self._on_disk.pop(path, None)
        if edit.event.withheld == "denied_path":
            return edit
        acts = self._acts_on(path)
        if told is None or not told.groups:
            recent = [act for act in acts if act.path == path and now_ms - act.at_ms <= SAVE_WINDOW_MS]
            chars = _changed_chars(edit)
            return _with(edit, authored_by_acts(recent, chars) or without_facts(chars))
        groups = told.groups
        if seen_on_disk_ms is not None:
            groups = tuple(one for one in groups if not (one.is_clean and one.started_ms <= seen_on_disk_ms + 5_000))
        unexplained = 0 if before is None or not told.is_whole else _unexplained(groups, before, after)
        return _with(edit, authored_of_groups(groups, acts, is_whole=told.is_whole, unexplained=unexplained))

    def of_disk(self, path: Path, edit: Edit, *, now_ms: int) -> Edit:
        """Return an edit that was found on disk with its evidence; the editor's own news of it will not count again."""
        self._on_disk[path] = now_ms
        acts = [act for act in self._acts_on(path) if act.path == path and abs(now_ms - act.at_ms) <= SAVE_WINDOW_MS]
        authored = authored_by_acts(acts, _changed_chars(edit))
        return edit if authored is None else _with(edit, authored)

    def _tails(self) -> list[Tail]:
        return [self._hooks] if self._telemetry is None else [self._hooks, self._telemetry]

    def _acts_on(self, path: Path) -> list[SeenAct]:
        """Return the edits that agents told of this file, after those of which no file is known: they count least."""
        edits = [act for act in self._acts if act.act == "edit" and act.outcome != "rejected"]
        return [*(act for act in edits if act.path is None), *(act for act in edits if act.path == path)]

    def _placed(self, act: SeenAct) -> SeenAct | None:
        """Return an act whose file is named in full; None when it happened elsewhere."""
        if self._roots is None:
            return None
        if act.path is None:
            return act if act.folder is None or self._roots.hold(act.folder) else None
        path = _resolved(self._roots.first.path / act.path)
        return replace(act, path=path) if self._roots.place_of(path) is not None else None

    def _event(self, act: SeenAct) -> AgentAct:
        place = None if act.path is None or self._roots is None else self._roots.place_of(Path(act.path))
        return AgentAct(
            agent=act.agent,
            told_by=act.told_by,
            act=act.act,
            tool=act.tool,
            outcome=act.outcome,
            file_path=None if place is None else place.relative,
            root="" if place is None else place.root.name,
            at_ms=act.at_ms,
        )


def _with(edit: Edit, authored: Authored) -> Edit:
    told = {
        "evidence": authored.evidence,
        "authorship": list(authored.shares),
        "undos": authored.undos,
        "redos": authored.redos,
    }
    return replace(edit, event=edit.event.model_copy(update=told))


def _unexplained(groups: Sequence[ChangeGroup], before: str, after: str) -> int:
    grown = sum(one.inserted - one.deleted for one in groups)
    return abs(_units(after) - _units(before) - grown)


def _units(text: str) -> int:
    """Return a text's length as editors count it."""
    return len(text.removeprefix(BOM).encode("utf-16-le", "surrogatepass")) // 2


def _changed_chars(edit: Edit) -> int:
    if edit.texts is None:
        return 0
    if not edit.event.diff_unified:
        return abs(len(edit.texts.after) - len(edit.texts.before))
    lines = edit.event.diff_unified.split("\n")[2:]
    return sum(len(line) for line in lines if line.startswith(("+", "-")))


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        return path
