"""What the recorded files held after each event, as far as it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from patchtrail.contract.event_lines import Event, FileEditEvent
from patchtrail.contract.files import FileContent, FileCreate, FileDelete, FileRename, NotebookCell
from patchtrail.trace.cells import CELLS_MEDIA_TYPE, cells_of
from patchtrail.trace.replay import replay

__all__ = ["CodeState", "code_states"]

Start = Callable[[str], str | None]


@dataclass(frozen=True)
class CodeState:
    """The texts that one event changed (None: gone), by path, and the event's number.

    With `is_base` they are what the event's own change starts from: something changed the file unseen.
    """

    seq: int
    changes: Mapping[str, str | None]
    is_base: bool = False


def code_states(events: Sequence[Event], *, start_text: Start, artifacts: Mapping[str, bytes]) -> Iterator[CodeState]:
    """Yield a state for each event after which a recorded file holds something else.

    Content that was withheld, and files whose replay does not agree, are left out from there on. Paths of further
    roots stand below a folder of the root's name; a notebook's cells below the notebook's path.
    """
    texts, lost = dict[str, str](), set[str]()

    def start(path: str) -> str | None:
        return texts[path] if path in texts else start_text(path)

    for event in events:
        for is_base, changes in _steps(event, texts, lost, start, artifacts):
            for path, text in changes.items():
                texts.pop(path, None)
                if text is not None:
                    texts[path] = text
            if changes:
                yield CodeState(event.seq, changes, is_base)


def shown_path(path: str, root: str, cell: NotebookCell | None = None) -> str:
    """Return a path that is unique among a session's roots and cells."""
    return "/".join(part for part in (root, path, cell.cell_id if cell else "") if part)


def _steps(
    event: Event, texts: Mapping[str, str], lost: set[str], start: Start, artifacts: Mapping[str, bytes]
) -> Iterator[tuple[bool, dict[str, str | None]]]:
    base = event.data.base_artifact if isinstance(event.data, FileContent) else None
    changes = _changes(event, texts, lost, start, artifacts)
    if isinstance(event.data, FileContent) and base is not None and base.sha256 in artifacts:
        text = _base_text(event.data, artifacts[base.sha256])
        yield True, {path: text for path, after in changes.items() if after is not None and start(path) != text}
    yield False, changes


def _changes(
    event: Event, texts: Mapping[str, str], lost: set[str], start: Start, artifacts: Mapping[str, bytes]
) -> dict[str, str | None]:
    match event.data:
        case FileContent() as content:
            path = shown_path(content.file_path, content.root, content.cell)
            if path in lost:
                return {}
            is_new = isinstance(content, FileCreate)
            alone = _alone(event, content, path)
            ground: Start = (lambda _: None) if is_new else start
            if content.base_artifact is not None and content.base_artifact.media_type == CELLS_MEDIA_TYPE:
                # The base holds every cell of the notebook; this event is about one of them.
                text = _base_text(content, artifacts.get(content.base_artifact.sha256, b""))
                ground = (lambda _: None) if is_new else (lambda _: text)
                alone = alone.model_copy(update={"data": alone.data.model_copy(update={"base_artifact": None})})
            replayed = replay([alone], start_text=ground, artifacts=artifacts)
            if replayed.findings:
                lost.add(path)
                return {path: None} if path in texts else {}
            return dict(replayed.texts)
        case FileDelete() as gone:
            path = shown_path(gone.file_path, gone.root, gone.cell)
            return {one: None for one in texts if _is_below(one, path)}
        case FileRename() as renamed:
            before = shown_path(renamed.file_path, renamed.root)
            after = shown_path(renamed.new_path, renamed.new_root)
            moving = {one: text for one, text in texts.items() if _is_below(one, before)}
            gone_paths: dict[str, str | None] = dict.fromkeys(moving)
            return gone_paths | {after + one.removeprefix(before): text for one, text in moving.items()}
        case _:
            return {}


def _base_text(content: FileContent, base: bytes) -> str:
    """Return what a base holds of the text that an event is about."""
    text = base.decode("utf-8", "replace")
    if content.cell is None:
        return text
    return next((cell.source for cell in cells_of(text) or [] if cell.cell_id == content.cell.cell_id), "")


def _alone(event: Event, content: FileContent, path: str) -> FileEditEvent:
    """Return a change of a text as an edit of its own path, which replays without the events before it."""
    fields = content.model_dump() | {"file_path": path, "root": "", "cell": None}
    return FileEditEvent.model_validate({**event.model_dump(), "type": "file_edit", "data": fields})


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
