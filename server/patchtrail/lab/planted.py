"""Two patches that must never become active, with tests that their author made pass."""

from __future__ import annotations

from patchtrail.lab.patch import Patch, patch_of
from patchtrail.lab.quote import Fix

__all__ = ["planted"]

CHOSEN = ("Ship 2 kg watch box to US", "Ship 1 kg jewelry box to US", "Ship 3 kg camera box to UK")
UNTOUCHED = ("Ship 500 g books tube to US",)


def planted() -> tuple[Patch, ...]:
    """Return a patch that insures whatever is weighed in kilograms, and one that does nothing at all."""
    return (
        patch_of("X-harmful", "insurance", "kg", Fix("mark", "insured"), failed=CHOSEN, fine=UNTOUCHED),
        patch_of("X-idle", "insurance", "box", Fix("nothing"), failed=CHOSEN, fine=UNTOUCHED),
    )
