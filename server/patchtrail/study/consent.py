"""The consent text in force: one immutable text, named by its SHA-256. A new text is a new version, never an edit.

A text covers classes of data. What it does not cover is not recorded, however much somebody agreed to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patchtrail.contract.events import ConsentRef
from patchtrail.integrity import digest

__all__ = ["CONSENT", "CONSENT_TEXT", "CONSENT_VERSION", "Consent", "DataClass", "current_consent"]

DataClass = Literal["session", "patch_attempts", "model_texts", "base_snapshot", "model_judge"]
"""What a session holds; what patches were asked for and what became of them; the very prompts and answers; the files
of the start commit, for which an agreement of its own is needed besides; what a language model reads to judge."""


@dataclass(frozen=True)
class Consent:
    """One consent text, and the classes of data that it covers."""

    version: str
    text: str
    data_classes: frozenset[DataClass]

    @property
    def ref(self) -> ConsentRef:
        """The reference that is agreed to, signed and compared."""
        return ConsentRef(version=self.version, sha256=digest.sha256(self.text.encode()))

    def covers(self, given: ConsentRef | None, data_class: DataClass) -> bool:
        """Return whether who gave their consent gave it to this text, and it covers the class."""
        return given == self.ref and data_class in self.data_classes


CONSENT_VERSION = "4"
CONSENT_TEXT = """\
# Consent to record a debugging session

While a session is recorded, Patchtrail keeps:

- what changes in a file each time you save it, and what other programs change, create, rename or delete, below the
  folders that you allowed; of notebooks the sources of cells and whether they ran;
- how a change came about, as evidence: sizes, times and kinds of what was typed, pasted, undone or applied, never the
  keys themselves;
- what coding agents tell of their own acts, if you connect one;
- the commands that your editor reports, with their output, and the results of test runs;
- the commits that appear, with their diffs;
- breakpoints, stops, stack frames and evaluated expressions of the debugger, with names and types of variables; their
  values only if you switch that on;
- the patches that you ask Patchtrail for: the finding, the patch that it offered or why there was none, the model, its
  tokens, time and cost, whether you accepted, rejected or undid it, and whether its lines still stood some saves later;
  of what was sent to the model and what it answered only sizes and keyed hashes, not the texts;
- the notes that you write, or let an agent write;
- when recording was paused, off the record or interrupted, and what could not be seen.

Before anything is written to disk, known secrets, keys, passwords, your home directory, and your user and host name
(unless they are very short or ordinary words) are replaced by placeholders. Of files that usually hold secrets only the
name and the length are recorded; `.env` files are read on your machine to know which values to replace. No such search
finds everything: look at what you record. You can see every part before it is sent.

Sealed parts of the session are sent to the collector that you connected to, and to nobody else. They are signed with
a key that stays on this machine. The collector checks them, replays the edits, may run the tests again in a sandbox
without network, judges how the debugging went, and shows all of it to the coordinators of the study. It judges by rules
and, where its operator has set one up, by a language model, which then reads what was sent of the session. In a public
log it keeps, for each part, a number and a time from which nothing else can be learned.

One thing more you may agree to by itself, or not, and change your mind about it until a session ends:

- the base snapshot: every file of the commit that the session starts from, below the folder that it is recorded in, as
  it stands in that commit, without its history. With it the collector can replay your edits and run the tests without
  your repository. Secrets in it are replaced as above. Files that usually hold secrets, files that you exclude, links,
  submodules and very large files are left out; what is no text is kept as it is. It goes along with the session's end.

Without that agreement only files that change are sent, as said above.

Nothing is recorded or sent while telemetry is off, while the folder is not allowed or not trusted, while you pause or
are off the record, or without this consent. You may pause or end at any time, without giving a reason. You may forget
the last minutes of a session, also at the collector. To have a whole session deleted, ask the study's coordinators.
"""

CONSENT = Consent(
    CONSENT_VERSION, CONSENT_TEXT, frozenset({"session", "patch_attempts", "base_snapshot", "model_judge"})
)
"""What ships with this version: prompts and answers are not in it."""


def current_consent() -> ConsentRef:
    """Return the reference of the consent text that ships with this version."""
    return CONSENT.ref
