"""The trace document, replay of edits, the readable timeline and the self-contained bundle. Pure."""

from patchtrail.trace.bundle import BUNDLE_MEDIA_TYPE, read_bundle, write_bundle
from patchtrail.trace.document import document_of
from patchtrail.trace.replay import Replay, replay
from patchtrail.trace.timeline import TimelineRow, timeline, told

__all__ = [
    "BUNDLE_MEDIA_TYPE",
    "Replay",
    "TimelineRow",
    "document_of",
    "read_bundle",
    "replay",
    "timeline",
    "told",
    "write_bundle",
]
