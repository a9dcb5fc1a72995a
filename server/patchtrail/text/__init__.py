"""Lines and unified diffs of whole texts. Pure."""

from patchtrail.text.diff import diff, diff_of_names
from patchtrail.text.lines import split_lines
from patchtrail.text.patch import apply

__all__ = ["apply", "diff", "diff_of_names", "split_lines"]
