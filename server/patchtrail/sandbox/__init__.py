"""Run untrusted commands behind walls, or not at all."""

from patchtrail.sandbox.limits import Limits
from patchtrail.sandbox.port import Bind, Cancelling, Job, Ran, Sandbox, Uncancelled

__all__ = ["Bind", "Cancelling", "Job", "Limits", "Ran", "Sandbox", "Uncancelled"]
