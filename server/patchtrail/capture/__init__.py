"""Reports become redacted events: saves, commands, test runs, commits, notes, and what time itself tells."""

from patchtrail.capture.drafts import Drafts
from patchtrail.capture.entries import LastTestRun
from patchtrail.capture.log import OpenedLog, SessionFacts, TraceLog, TraceLogs
from patchtrail.capture.machine import Machine
from patchtrail.capture.patches import PatchedFile
from patchtrail.capture.recorder import ClientName, Recorder, RecorderState
from patchtrail.capture.terminal import sound_text

__all__ = [
    "ClientName",
    "Drafts",
    "LastTestRun",
    "Machine",
    "OpenedLog",
    "PatchedFile",
    "Recorder",
    "RecorderState",
    "SessionFacts",
    "TraceLog",
    "TraceLogs",
    "sound_text",
]
