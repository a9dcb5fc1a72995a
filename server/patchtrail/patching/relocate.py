"""Find a patch again on texts that changed since it was made; only where its places stand as they were."""

from __future__ import annotations

from patchtrail.patching.answer import Focus, patch_from_answer
from patchtrail.patching.compare import moved
from patchtrail.patching.finding import Finding
from patchtrail.patching.overlay import Overlay
from patchtrail.patching.patch import Patch

__all__ = ["moved_finding", "moved_patch"]


def moved_finding(finding: Finding, was: Overlay, now: Overlay) -> Finding:
    """Return a finding of `was` where it stands in `now`."""
    before, after = was.read(finding.file_path), now.read(finding.file_path)
    if before is None or after is None or before == after:
        return finding
    return moved(finding, before, after)


def moved_patch(patch: Patch, overlay: Overlay) -> Patch | None:
    """Return a patch on the texts as they are now; None when a place of it is not there any more, or twice."""
    if all(overlay.read(one.file_path) == one.before for one in patch.files):
        return patch
    if any(one.before is None and overlay.read(one.file_path) is not None for one in patch.files):
        return None
    first = patch.hunks[0] if patch.hunks else None
    focus = None if first is None else Focus(first.file_path, first.line, first.line + first.old_lines)
    found = patch_from_answer(
        patch.diff_unified, overlay.read, known_paths=[one.file_path for one in patch.files], focus=focus
    )
    if not isinstance(found, Patch) or any(one.located_by not in {"exact", "near_line"} for one in found.hunks):
        return None
    return found
