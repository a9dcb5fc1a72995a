"""Which lines a range of commits changed, so that only findings in them are told.

Git is asked, never changed; `BASE..HEAD` means what a pull request shows: HEAD against its merge base with BASE.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.patching.finding import Finding

if TYPE_CHECKING:  # Importing git costs a cold start 20 ms.
    from git import Repo

__all__ = ["ChangedLines", "changed_lines"]

BRANCHES = ("main", "master", "trunk", "develop")


@dataclass(frozen=True)
class ChangedLines:
    """The commit that was compared with, and by file which lines of it are new, from 1."""

    base: str
    lines: dict[str, frozenset[int]]

    def holds(self, finding: Finding) -> bool:
        """Return whether any line of a finding is new."""
        new = self.lines.get(finding.file_path, frozenset())
        return any(line in new for line in range(finding.line, max(finding.line, finding.end_line) + 1))


def changed_lines(root: Path, span: str) -> ChangedLines:
    """Return what `BASE..HEAD` changed; an empty base is the merge base with the default branch.

    Raises `InvalidInput` when the span has not that form, `NotFound` when a revision does not exist, and
    `StateConflict` when HEAD is not what is checked out.
    """
    base_name, separator, head_name = span.partition("..")
    head_name = head_name.lstrip(".") or "HEAD"
    if not separator:
        raise InvalidInput(f"{span!r} is no range of commits. Write BASE..HEAD, for instance main..HEAD.")
    from git import Repo
    from git.exc import GitError

    try:
        with Repo(root, search_parent_directories=True) as repo:
            repo.git.set_persistent_git_options(c="core.quotePath=false")
            head = _commit(repo, head_name)
            if head != repo.head.commit.hexsha:
                message = f"{head_name} is not checked out here: check it out first, so that tools can read it."
                raise StateConflict(message)
            base = _merge_base(repo, base_name.strip(), head)
            told = repo.git.diff("--unified=0", "--no-color", "--no-ext-diff", "--no-renames", base, head, "--", ".")
            prefix = _prefix(repo, root)
    except (GitError, ValueError) as error:
        raise NotFound(f"git cannot compare {span!r} in {root}: {_said(error)}") from error
    return ChangedLines(base, _added(told, prefix))


def _commit(repo: Repo, name: str) -> str:
    found = repo.git.rev_parse("--verify", "--quiet", f"{name}^{{commit}}", with_exceptions=False)
    if not found:
        raise ValueError(f"there is no commit {name!r}")
    return str(found)


def _merge_base(repo: Repo, name: str, head: str) -> str:
    candidates = [name] if name else list(_default_branches())
    for candidate in candidates:
        known = repo.git.rev_parse("--verify", "--quiet", f"{candidate}^{{commit}}", with_exceptions=False)
        found = repo.merge_base(str(known), head) if known else []
        if found:
            return str(found[0].hexsha)
    raise ValueError(f"nothing in common with {name or 'a default branch'}; is the history fetched?")


def _default_branches() -> Iterable[str]:
    """Yield where the default branch may be: as the remote says, then by its usual names."""
    yield "refs/remotes/origin/HEAD"
    for name in BRANCHES:
        yield f"refs/remotes/origin/{name}"
    for name in BRANCHES:
        yield f"refs/heads/{name}"


def _prefix(repo: Repo, root: Path) -> str:
    """Return how paths of the root begin in the repository."""
    inner = root.resolve().relative_to(Path(str(repo.working_dir)).resolve()).as_posix()
    return "" if inner == "." else f"{inner}/"


def _added(told: str, prefix: str) -> dict[str, frozenset[int]]:
    try:
        files = PatchSet.from_string(told)
    except UnidiffParseError as error:
        raise InvalidInput(f"git's diff could not be read: {error}") from error
    lines: dict[str, frozenset[int]] = {}
    for one in files:
        if one.path.startswith(prefix):
            new = (line.target_line_no for hunk in one for line in hunk if line.is_added)
            lines[one.path.removeprefix(prefix)] = frozenset(number for number in new if number is not None)
    return lines


def _said(error: Exception) -> str:
    told = str(getattr(error, "stderr", "") or error).strip()
    return told.splitlines()[-1] if told else type(error).__name__
