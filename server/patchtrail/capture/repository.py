"""The repository of a session, read and never written: HEAD, its reflog, and texts at the start commit.

Git is asked through GitPython with optional locks off, so that nothing here ever delays or changes what the
developer does with git.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchtrail.contract.events import CommitKind

if TYPE_CHECKING:  # Importing git costs a cold start 20 ms; the first session pays it instead.
    from git import Commit, Repo

__all__ = ["Repository", "SeenCommit", "open_work_tree"]


@dataclass(frozen=True)
class SeenCommit:
    """A commit that appeared on HEAD, and how the reflog says that it came."""

    commit: Commit
    kind: CommitKind


class Repository:
    """One work tree. A folder without git is a repository without commits."""

    def __init__(self, folder: Path) -> None:
        self._repo = open_work_tree(folder)
        self.root = Path(self._repo.working_dir) if self._repo is not None else folder
        self._seen_entries = len(self._entries())
        self.start_commit = self._head() or ""
        self._seen_head = self.start_commit

    @property
    def origin(self) -> str:
        """The remote's address as configured, credentials and all; empty without one."""
        if self._repo is None:
            return ""
        try:
            return str(self._repo.config_reader("repository").get_value('remote "origin"', "url", ""))
        except (OSError, configparser.Error):
            return ""

    def start_text(self, path: str) -> str | None:
        """Return the text of `path` at the start commit; None when it is not there or not UTF-8 text."""
        if self._repo is None or not self.start_commit:
            return None
        try:
            found = self._repo.commit(self.start_commit).tree / path
            return str(found.data_stream.read().decode()) if found.type == "blob" else None
        except (KeyError, UnicodeDecodeError):
            return None

    def started_with(self, path: str) -> str | None:
        """Return what `path` was at the start commit, in git's words: `blob`, `tree`, `submodule`."""
        if self._repo is None or not self.start_commit:
            return None
        try:
            return str((self._repo.commit(self.start_commit).tree / path).type)
        except KeyError:
            return None

    def changed_files(self, limit: int) -> list[Path]:
        """Return the files that differ from HEAD, or are not tracked, as git itself tells; at most `limit`."""
        from git.exc import GitError

        if self._repo is None:
            return []
        try:
            told = self._repo.git.status("--porcelain", "-z", "--no-renames", "--ignore-submodules")
        except (GitError, OSError, UnicodeDecodeError):
            return []
        entries = [entry for entry in told.split("\0") if len(entry) > 3 and not entry.endswith("/")]
        return [self.root / entry[3:] for entry in entries[:limit]]

    def last_act(self, since_s: float) -> str | None:
        """Return what git did last (`checkout`, `pull`, `stash`, …), if it did so since then."""
        at_s, act = max(self._acts(), default=(0, ""))
        return act if act and at_s >= int(since_s) else None

    def _acts(self) -> Iterator[tuple[int, str]]:
        if self._repo is None:
            return
        from git import RefLog

        for folder, name in ((self._repo.git_dir, "HEAD"), (self._repo.common_dir, "refs/stash")):
            path = Path(folder) / "logs" / name
            try:
                log = RefLog.from_file(str(path)) if path.is_file() else []
            except (OSError, ValueError):
                continue
            for entry in log[-1:]:
                # A stash's message says what was stashed, not that it was.
                yield entry.time[0], "stash" if name == "refs/stash" else entry.message.partition(":")[0].split(" ")[0]

    def has_committed(self, since_s: float) -> bool:
        """Return whether the reflog tells of a commit that was made since then."""
        try:
            log = self._repo.head.log() if self._repo is not None and self._repo.head.is_valid() else []
        except (OSError, ValueError):
            return False
        return any(entry.time[0] >= int(since_s) and kind_of(entry.message) is not None for entry in log[-50:])

    def new_commits(self) -> list[SeenCommit]:
        """Return the commits that appeared on HEAD since the last look, oldest first; each is told once."""
        if self._repo is None:
            return []
        head = self._head()
        entries = self._entries()
        fresh = entries[self._seen_entries :] if len(entries) >= self._seen_entries else []
        if fresh:
            seen = list(self._from_reflog(fresh))
        elif head is not None and head != self._seen_head:
            seen = list(self._from_history(head))
        else:
            seen = []
        # Git writes the reflog before it moves HEAD: what was told from the one is not told again from the other.
        self._seen_entries, self._seen_head = len(entries), fresh[-1][0] if fresh else head or ""
        return seen

    def close(self) -> None:
        """End the git processes that reading started."""
        if self._repo is not None:
            self._repo.close()

    def _head(self) -> str | None:
        if self._repo is None or not self._repo.head.is_valid():
            return None
        return self._repo.head.commit.hexsha

    def _entries(self) -> list[tuple[str, str]]:
        """Return the reflog of HEAD as (new sha, message), oldest first; empty where git keeps none."""
        if self._repo is None or not self._repo.head.is_valid():
            return []
        try:
            return [(entry.newhexsha, entry.message) for entry in self._repo.head.log()]
        except (OSError, ValueError):
            return []

    def _from_reflog(self, entries: list[tuple[str, str]]) -> Iterator[SeenCommit]:
        assert self._repo is not None, "only a repository has a reflog"
        for sha, message in entries:
            kind = kind_of(message)
            if kind is not None:
                yield SeenCommit(self._repo.commit(sha), kind)

    def _from_history(self, head: str) -> Iterator[SeenCommit]:
        """Without a reflog, what is new is what HEAD reaches and the last HEAD did not."""
        assert self._repo is not None, "only a repository has a history"
        span = f"{self._seen_head}..{head}" if self._seen_head else head
        for commit in reversed(list(self._repo.iter_commits(span, max_count=200))):
            parents = len(commit.parents)
            yield SeenCommit(commit, "merge" if parents > 1 else "commit" if parents else "initial")


def kind_of(reflog_message: str) -> CommitKind | None:
    """Tell from a reflog message how a commit came; None when HEAD moved without a new commit."""
    action, _, rest = reflog_message.partition(":")
    words = action.lower()
    kinds: dict[str, CommitKind] = {
        "commit": "commit",
        "commit (initial)": "initial",
        "commit (amend)": "amend",
        "commit (merge)": "merge",
        "commit (cherry-pick)": "cherry_pick",
        "cherry-pick": "cherry_pick",
        "revert": "revert",
        "am": "apply",
    }
    if words in kinds:
        return kinds[words]
    if "rebase" in words:
        is_step = any(step in words for step in ("(start)", "(finish)", "(abort)", "(reset)", "finished"))
        return None if is_step or "(" not in words else "rebase"
    if words.startswith(("merge", "pull")):
        return None if "fast-forward" in rest.lower() else "merge"
    return None


def open_work_tree(folder: Path) -> Repo | None:
    """Return the repository that a folder lies in; None without one that git can read. It has processes to close."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        repo = Repo(folder, search_parent_directories=True)
        if repo.bare:
            return None
    except (InvalidGitRepositoryError, NoSuchPathError, configparser.Error):
        # A configuration that git itself cannot read is no reason not to record.
        return None
    repo.git.update_environment(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0")
    return repo
