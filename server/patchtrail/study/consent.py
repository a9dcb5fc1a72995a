"""The consent text in force: one immutable text, named by its SHA-256. A new text is a new version, never an edit."""

from __future__ import annotations

from patchtrail.contract.events import ConsentRef
from patchtrail.integrity import digest

__all__ = ["CONSENT_TEXT", "CONSENT_VERSION", "current_consent"]

CONSENT_VERSION = "2"
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
- the notes that you write, or let an agent write;
- when recording was paused, off the record or interrupted, and what could not be seen.

Before anything is written to disk, known secrets, keys, passwords, your home directory, and your user and host name
(unless they are very short or ordinary words) are replaced by placeholders. Of files that usually hold secrets only the
name and the length are recorded; `.env` files are read on your machine to know which values to replace. No such search
finds everything: look at what you record. You can see every part before it is sent.

Sealed parts of the session are sent to the collector that you connected to, and to nobody else. They are signed with
a key that stays on this machine. The collector checks them and shows them to the coordinators of the study. In a public
log it keeps, for each part, a number and a time from which nothing else can be learned.

Nothing is recorded or sent while telemetry is off, while the folder is not allowed or not trusted, while you pause or
are off the record, or without this consent. You may pause or end at any time, without giving a reason. You may forget
the last minutes of a session, also at the collector. To have a whole session deleted, ask the study's coordinators.
"""


def current_consent() -> ConsentRef:
    """Return the reference of the consent text that ships with this version."""
    return ConsentRef(version=CONSENT_VERSION, sha256=digest.sha256(CONSENT_TEXT.encode()))
