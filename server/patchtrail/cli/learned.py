"""Wire patching's port to learned patterns: a repository's `patterns.json`, its active ones alone, retrieved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path, PurePosixPath

from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.learning import Pattern
from patchtrail.learning import Embedder, ModelEmbedder, Question, Retriever, Signature, is_held_out, signature_of
from patchtrail.learning.holdout import finding_case
from patchtrail.learning.pattern_watch import PATTERNS_FILE, WatchedPatterns
from patchtrail.learning.retrieval import MAX_PATTERNS
from patchtrail.learning.scope import LANGUAGES
from patchtrail.llm import embedding_door_of
from patchtrail.patching import Finding
from patchtrail.patching.ports import LearnedPattern
from patchtrail.text import split_lines

__all__ = ["LearnedPatterns", "RetrievedPatterns", "embedder_of"]

UNLIKE = "Learned patterns are found without the embedding model"
UNREAD = "Patches are made without its patterns until it is repaired, or moved away."
MARGIN_LINES = 10


def embedder_of(
    environment: Mapping[str, str], redact: Callable[[str], str], warn: Callable[[str], None]
) -> Embedder | None:
    """Return the embedder that an environment names; None, for the one that needs no model, where it names none."""
    try:
        door = embedding_door_of(environment)
    except PatchtrailError as error:
        # Likeness is a help and no condition: patches are found without it.
        warn(f"{UNLIKE}: {error.message}")
        return None
    return None if door is None else ModelEmbedder(door.vectors, redact)


class RetrievedPatterns:
    """What a retriever finds for a root's findings."""

    def __init__(self, root: Path, retriever: Retriever) -> None:
        self._root = root
        self._retriever = retriever

    def patterns_for(self, findings: Sequence[Finding], code: str) -> tuple[LearnedPattern, ...]:
        """Return at most three patterns, the best of each finding first; none where one is held out for ever."""
        if any(self.is_held_out(one) for one in findings):
            return ()
        rows = zip_longest(*(self._patterns(one, code) for one in findings))
        ranked = dict.fromkeys(one for row in rows for one in row if one is not None)
        return tuple(islice(ranked, MAX_PATTERNS))

    def is_held_out(self, finding: Finding) -> bool:
        """Return whether a finding never sees a pattern."""
        return is_held_out(finding_case(finding.file_path, self._signature(finding)))

    def _patterns(self, finding: Finding, code: str) -> Iterator[LearnedPattern]:
        question = Question(
            f"{finding.message}\n{_around(finding, code)}",
            self._signature(finding),
            repository=self._root.name,
            language=LANGUAGES.get(PurePosixPath(finding.file_path).suffix, ""),
            file_path=finding.file_path,
        )
        return (LearnedPattern.of(match.pattern) for match in self._retriever.retrieve(question))

    def _signature(self, finding: Finding) -> Signature:
        return signature_of(
            tool=finding.tool,
            rule_id=finding.rule_id,
            message=finding.message,
            traceback=finding.traceback,
            is_own=lambda path: not Path(path).is_absolute() or Path(path).is_relative_to(self._root),
        )


class LearnedPatterns:
    """The patterns of one root; the file is read anew when it changed. Any thread may ask.

    What keeps patterns from being found keeps no patch from being found: `warn` is told of it, once.
    """

    def __init__(self, root: Path, embedder: Embedder | None, warn: Callable[[str], None]) -> None:
        self._root = root
        self._embedder = embedder
        self._warn = warn
        self._warned = set[str]()
        self._lock = threading.Lock()
        self._watched = WatchedPatterns(root / PATTERNS_FILE)
        self._patterns: Sequence[Pattern] = ()
        self._made = Retriever([])

    def patterns_for(self, findings: Sequence[Finding], code: str) -> tuple[LearnedPattern, ...]:
        """Return at most three patterns, the best of each finding first; none where one is held out for ever."""
        with self._lock:
            retriever = self._retriever()
            found = RetrievedPatterns(self._root, retriever).patterns_for(findings, code)
            if retriever.problem:
                self._say(f"{UNLIKE}: {retriever.problem}")
        return found

    def _retriever(self) -> Retriever:
        patterns = self._watched.read()
        if self._watched.problem:
            self._say(f"{self._watched.problem} {UNREAD}")
        if patterns is not self._patterns:
            self._patterns, self._made = patterns, Retriever(patterns, self._embedder)
        return self._made

    def _say(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._warn(message)


def _around(finding: Finding, code: str) -> str:
    """Return the code that a finding is about: the head of a long file says nothing of its end."""
    first, last = finding.line - 1, max(finding.line, finding.end_line)
    return "".join(split_lines(code)[max(0, first - MARGIN_LINES) : last + MARGIN_LINES])
