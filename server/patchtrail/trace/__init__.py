"""The trace document, fault episodes, replay of edits, the readable timeline and the self-contained bundle. Pure."""

from patchtrail.trace.agent_trace import agent_trace_record
from patchtrail.trace.atif import atif_trajectory
from patchtrail.trace.bundle import BUNDLE_MEDIA_TYPE, document_in_bundle, read_bundle, write_bundle
from patchtrail.trace.code_states import CodeState, code_states
from patchtrail.trace.ctrf import ctrf_reports
from patchtrail.trace.document import document_of
from patchtrail.trace.episodes import Episodes, episodes_of
from patchtrail.trace.ledger import MARKS, Mark, check_coverage, coverage_of, coverage_of_events
from patchtrail.trace.open_document import (
    UNSIGNED,
    OpenFacts,
    OpenRecord,
    note_kind_of,
    open_document_of,
    own_kind_kept,
)
from patchtrail.trace.otel import otel_traces
from patchtrail.trace.progsnap2 import README as PROGSNAP2_README
from patchtrail.trace.progsnap2 import fast_import_stream, main_table, metadata_table
from patchtrail.trace.qa_told import NO_LABELS, told_judgement, told_validation
from patchtrail.trace.replay import Replay, replay
from patchtrail.trace.timeline import TimelineRow, episode_told, timeline, told, told_coverage
from patchtrail.trace.unsigned import DocumentTold, events_of_document

__all__ = [
    "BUNDLE_MEDIA_TYPE",
    "MARKS",
    "NO_LABELS",
    "PROGSNAP2_README",
    "UNSIGNED",
    "CodeState",
    "DocumentTold",
    "Episodes",
    "Mark",
    "OpenFacts",
    "OpenRecord",
    "Replay",
    "TimelineRow",
    "agent_trace_record",
    "atif_trajectory",
    "check_coverage",
    "code_states",
    "coverage_of",
    "coverage_of_events",
    "ctrf_reports",
    "document_in_bundle",
    "document_of",
    "episode_told",
    "episodes_of",
    "events_of_document",
    "fast_import_stream",
    "main_table",
    "metadata_table",
    "note_kind_of",
    "open_document_of",
    "otel_traces",
    "own_kind_kept",
    "read_bundle",
    "replay",
    "timeline",
    "told",
    "told_coverage",
    "told_judgement",
    "told_validation",
    "write_bundle",
]
