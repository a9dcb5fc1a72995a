"""`patchtrail device forget --yes` without the command line's libraries: what an uninstalled editor package runs."""

from __future__ import annotations

import sys

from patchtrail.cli.sidecar import default_spool
from patchtrail.contract.errors import PatchtrailError
from patchtrail.delivery.support import unsent_traces, wipe

__all__ = ["wipe_spool"]


def wipe_spool() -> int:
    """Wipe the spool of this user; return the exit code, which is 1 when nothing was removed."""
    place = default_spool()
    unsent = len(unsent_traces(place))
    try:
        wipe(place)
    except (PatchtrailError, OSError) as error:
        sys.stderr.write(f"{error.message if isinstance(error, PatchtrailError) else error}\n")
        return 1
    sys.stdout.write(f"{place} is removed. {unsent} traces in it were not delivered, and are lost with it.\n")
    return 0
