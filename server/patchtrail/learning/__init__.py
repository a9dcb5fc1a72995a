"""Failures become patterns, and a pattern is used only where it has been shown to help."""

from patchtrail.learning.embedding import Embedder, HashingEmbedder, ModelEmbedder
from patchtrail.learning.gate import Evidence, FixtureRun, Gate, run_fixtures
from patchtrail.learning.generator import GenerationResult, PatternAwareGenerator
from patchtrail.learning.holdout import HOLD_OUT_SHARE, is_held_out
from patchtrail.learning.lifecycle import ARROWS, arrow, moved
from patchtrail.learning.metrics_analyzer import MetricsAnalyzer
from patchtrail.learning.metrics_collector import MetricsCollector
from patchtrail.learning.paired import Paired
from patchtrail.learning.pattern_library import PatternLibrary
from patchtrail.learning.retrieval import Match, Question, Retriever
from patchtrail.learning.signature import Signature, signature_of
from patchtrail.learning.trials import TrialPlan, is_harmful
from patchtrail.learning.wilson import Proportion

PatternManager = PatternLibrary
"""Its other published name."""

__all__ = [
    "ARROWS",
    "HOLD_OUT_SHARE",
    "Embedder",
    "Evidence",
    "FixtureRun",
    "Gate",
    "GenerationResult",
    "HashingEmbedder",
    "Match",
    "MetricsAnalyzer",
    "MetricsCollector",
    "ModelEmbedder",
    "Paired",
    "PatternAwareGenerator",
    "PatternLibrary",
    "PatternManager",
    "Proportion",
    "Question",
    "Retriever",
    "Signature",
    "TrialPlan",
    "arrow",
    "is_harmful",
    "is_held_out",
    "moved",
    "run_fixtures",
    "signature_of",
]
