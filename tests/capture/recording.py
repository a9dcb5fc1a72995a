"""A real recorder on real folders, told what a client would tell, and what its trace replays to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchtrail.capture import Recorder
from patchtrail.capture.repository import Repository
from patchtrail.cli.sidecar import build_sidecar
from patchtrail.contract.lsp import CommandReport, Facts, StartSession
from patchtrail.contract.settings import Settings
from patchtrail.delivery import CAP_BYTES, Clock, Device
from patchtrail.study import CONSENT, Consent, current_consent
from patchtrail.trace import Replay, replay
from patchtrail.trace.base_snapshot import read_base
from patchtrail.trace.file_tree import FileTree
from patchtrail.trace.tree import TreeFile
from tests.editor.spooled import events_of

FACTS = Facts(is_telemetry_enabled=True, is_workspace_trusted=True, consent=current_consent())


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody with no configuration."""
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@t", "-c", "core.autocrlf=false", *arguments]
    allowed = ["-c", "protocol.file.allow=always"]
    done = subprocess.run([command[0], *allowed, *command[1:]], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def repository(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Make a repository with one commit."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        put(folder / name, content)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "start")
    return folder


def put(path: Path, content: str | bytes) -> None:
    """Write a file, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass
class Recording:
    """A session that is being recorded."""

    recorder: Recorder
    folders: tuple[Path, ...]
    spool: Path

    def save(self, path: Path, text: str, content: bytes | None = None) -> None:
        """Save a document as an editor does: the bytes first, then the word of it."""
        put(path, text if content is None else content)
        self.recorder.saved(path, text)

    def changed(self, *paths: Path, created: tuple[Path, ...] = ()) -> None:
        """Tell of changes on disk, and wait until they are recorded: a command's end looks at them at once."""
        self.recorder.changed_on_disk(lambda: (list(paths), list(created)))
        self.command()

    def command(self, folder: Path | None = None) -> None:
        """Report a command."""
        report = CommandReport(
            command_line="x",
            confidence="high",
            cwd=str(folder or ""),
            exit_code=0,
            duration_ms=1,
            output="",
            started_ms=None,
        )
        self.recorder.command(report).result()

    def told(self, *types: str) -> list[dict[str, Any]]:
        """Return the `data` of the events of these types."""
        self.recorder.settle().result()
        assert self.recorder.failures == 0
        return [event["data"] | {"type": event["type"]} for event in events_of(self.spool) if event["type"] in types]

    def snapshot(self) -> FileTree | None:
        """Return the base snapshot that the session's end names, if it names one."""
        (end,) = self.told("session_end")
        named = end["base_snapshot"]
        return None if named is None else read_base(self.artifacts()[named["sha256"]])

    def artifacts(self) -> dict[str, bytes]:
        """Return the blobs beside the events."""
        return {path.name: path.read_bytes() for path in self.spool.glob("trace-*/artifacts/*")}

    def replayed_on(self, tree: FileTree) -> Replay:
        """Return what the trace replays to on the files of a snapshot, without the repository."""
        return replay(events_of(self.spool, parsed=True), start_text=tree.text, artifacts=self.artifacts())

    def replayed(self) -> Replay:
        """Return what the trace replays to."""
        self.recorder.settle().result()
        start = next(event["data"] for event in events_of(self.spool))
        by_name = {"": self.folders[0]} | {
            root["name"]: next(one for one in self.folders if one.name == root["name"]) for root in start["roots"]
        }
        repositories = {name: Repository(folder) for name, folder in by_name.items()}
        commits = {"": start["start_commit"]} | {root["name"]: root["start_commit"] for root in start["roots"]}
        for name, one in repositories.items():
            one.start_commit = commits[name]
        result = replay(
            events_of(self.spool, parsed=True),
            start_text=repositories[""].start_text,
            artifacts=self.artifacts(),
            root_texts={name: one.start_text for name, one in repositories.items() if name},
        )
        for one in repositories.values():
            one.close()
        return result

    def files(self) -> dict[str, bytes]:
        """Return the bytes of every file of the first root, as the trace has them."""
        result, folder = self.replayed(), self.folders[0]
        commit = next(event["data"] for event in events_of(self.spool))["start_commit"]
        listed = git(folder, "ls-tree", "-r", "-z", "--name-only", commit).split("\0")[:-1] if commit else []
        there = result.tree.now([("", path) for path in listed])
        found = dict[str, bytes]()
        for (root, path), file in there.items():
            if not root:
                found[path] = file.content() if isinstance(file, TreeFile) else blob(folder, commit, file[1])
        assert result.errors == []
        return found

    def on_disk(self) -> dict[str, bytes]:
        """Return the bytes of every file of the first root, as they are."""
        return {
            path.relative_to(self.folders[0]).as_posix(): path.read_bytes()
            for path in self.folders[0].rglob("*")
            if path.is_file() and ".git" not in path.relative_to(self.folders[0]).parts
        }


def blob(folder: Path, commit: str, path: str) -> bytes:
    """Read a file of a commit."""
    return subprocess.run(["git", "show", f"{commit}:{path}"], cwd=folder, check=True, capture_output=True).stdout


@contextmanager
def recording(
    spool: Path,
    *folders: Path,
    settings: dict[str, Any] | None = None,
    device: Device | None = None,
    clock: Clock | None = None,
    consent: Consent = CONSENT,
    is_base_agreed: bool = False,
    cap_bytes: int = CAP_BYTES,
    request: StartSession | None = None,
) -> Iterator[Recording]:
    """Record a session in the first folder, with the others beside it in the workspace."""
    sidecar = build_sidecar(spool, device, cap_bytes=cap_bytes, clock=clock, consent=consent)
    sidecar.start()
    recorder = sidecar.recorder
    try:
        recorder.configure(Settings(folders_allowed=[str(one) for one in folders], **(settings or {})))
        recorder.meet(recorder._keeper.client, folders)
        recorder.report_facts(
            FACTS.model_copy(update={"consent": consent.ref, "is_base_agreed": is_base_agreed})
        ).result()
        recorder.start(request or StartSession(root_uri=folders[0].as_uri(), task_id="T"), folders[0]).result()
        yield Recording(recorder, folders, spool)
    finally:
        sidecar.close()


def notebook(*sources: str, ids: bool = True) -> str:
    """Return a notebook's file."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [{"text": "private"}]} for source in sources
    ]
    for index, cell in enumerate(cells if ids else []):
        cell["id"] = f"c{index}"
    return json.dumps({"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4})
