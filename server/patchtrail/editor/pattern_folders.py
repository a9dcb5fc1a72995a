"""The patterns of the open folders, and where they match; for one thread, beside the event loop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.learning import Pattern
from patchtrail.contract.lsp_fixes import FixDiagnostic
from patchtrail.editor.fix_targets import finding_of
from patchtrail.learning.pattern_places import PatternPlace, PatternPlaces, Reported, Surroundings
from patchtrail.learning.pattern_watch import PATTERNS_FILE, WatchedPatterns
from patchtrail.learning.signature import signature_of

__all__ = ["Found", "PatternFolders", "Snapshot"]

MOST_REPORTED = 500
MOST_DOCUMENTS = 50


@dataclass(frozen=True)
class Snapshot:
    """A document at one moment, and what is known to be wrong with it."""

    root: Path
    where: Surroundings
    text: str
    diagnostics: tuple[FixDiagnostic, ...]


@dataclass(frozen=True)
class Found:
    """Where patterns match; `problem` says why a folder's file holds none, if it is faulty."""

    places: Sequence[PatternPlace]
    problem: str = ""


class PatternFolders:
    """Reads pattern files when they changed, and remembers what it found in the documents asked about last."""

    def __init__(self) -> None:
        self._files = dict[Path, WatchedPatterns]()
        self._ready = dict[Path, tuple[Sequence[Pattern], PatternPlaces]]()
        self._found: OrderedDict[tuple[Path, str], tuple[Snapshot, PatternPlaces, Found]] = OrderedDict()

    def find(self, snapshot: Snapshot) -> Found:
        """Return where a folder's patterns match in a document."""
        key, patterns = (snapshot.root, snapshot.where.file_path), self._patterns(snapshot.root)
        known = self._found.get(key)
        if known is not None and known[:2] == (snapshot, patterns):
            return known[2]
        reported = [_reported(one, snapshot.where) for one in snapshot.diagnostics[:MOST_REPORTED]]
        places = patterns.find(snapshot.text, snapshot.where, reported)
        found = Found(places, self._files[snapshot.root].problem)
        self._found[key] = (snapshot, patterns, found)
        self._found.move_to_end(key)
        if len(self._found) > MOST_DOCUMENTS:
            self._found.popitem(last=False)
        return found

    def is_news(self, snapshot: Snapshot) -> bool:
        """Return whether something else would be found than was told last; a document nobody asked about is none."""
        known = self._found.get((snapshot.root, snapshot.where.file_path))
        return known is not None and known[2].places != self.find(snapshot).places

    def have_changed(self) -> bool:
        """Return whether a pattern file changed since it was read last, and read it anew."""
        changed = [root for root, file in self._files.items() if file.has_changed]
        for root in changed:
            self._patterns(root)
        return bool(changed)

    def _patterns(self, root: Path) -> PatternPlaces:
        file = self._files.setdefault(root, WatchedPatterns(root / PATTERNS_FILE))
        patterns = file.read()
        if root not in self._ready or self._ready[root][0] is not patterns:
            self._ready[root] = patterns, PatternPlaces(patterns)
        return self._ready[root][1]


def _reported(diagnostic: FixDiagnostic, where: Surroundings) -> Reported:
    finding = finding_of(diagnostic, where.file_path)
    signature = signature_of(
        tool=finding.tool, rule_id=finding.rule_id, message=finding.message, is_own=lambda _path: False
    )
    return Reported(signature, diagnostic.start_line, max(diagnostic.start_line, diagnostic.end_line))
