"""The trace document, fault episodes, replay of edits, the readable timeline and the self-contained bundle. Pure."""

from patchtrail.trace.agent_trace import agent_trace_record
from patchtrail.trace.bundle import BUNDLE_MEDIA_TYPE, read_bundle, write_bundle
from patchtrail.trace.code_states import CodeState, code_states
from patchtrail.trace.ctrf import ctrf_reports
from patchtrail.trace.document import document_of
from patchtrail.trace.episodes import Episodes, episodes_of
from patchtrail.trace.open_document import UNSIGNED, OpenFacts, OpenRecord, note_kind_of, open_document_of
from patchtrail.trace.otel import otel_traces
from patchtrail.trace.progsnap2 import fast_import_stream, main_table, metadata_table
from patchtrail.trace.replay import Replay, replay
from patchtrail.trace.timeline import TimelineRow, episode_told, timeline, told

__all__ = [
    "BUNDLE_MEDIA_TYPE",
    "UNSIGNED",
    "CodeState",
    "Episodes",
    "OpenFacts",
    "OpenRecord",
    "Replay",
    "TimelineRow",
    "agent_trace_record",
    "code_states",
    "ctrf_reports",
    "document_of",
    "episode_told",
    "episodes_of",
    "fast_import_stream",
    "main_table",
    "metadata_table",
    "note_kind_of",
    "open_document_of",
    "otel_traces",
    "read_bundle",
    "replay",
    "timeline",
    "told",
    "write_bundle",
]
