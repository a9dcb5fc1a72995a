"""The shipping-quote simulation: a test bench of the learning loop, whose world is known to the last rule."""

from patchtrail.lab.loop import Lab, LabResult
from patchtrail.lab.plan import LabPlan
from patchtrail.lab.report import gap_of, live_runs, report
from patchtrail.lab.telling import examples, lives, traces

__all__ = ["Lab", "LabPlan", "LabResult", "examples", "gap_of", "live_runs", "lives", "report", "traces"]
