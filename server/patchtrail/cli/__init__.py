"""The composition root. What a client starts, starts without the command line's own libraries."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the `patchtrail` command."""
    if sys.argv[1:2] == ["serve"]:
        from patchtrail.cli.serve import serve

        sys.exit(serve(sys.argv[2:]))
    if sys.argv[1:2] == ["hook"]:
        from patchtrail.cli.hook import hook

        sys.exit(hook(sys.argv[2:]))
    if sys.argv[1:] == ["device", "enrol", "--stdin"]:
        from patchtrail.cli.enrolment import enrol_stdin

        sys.exit(enrol_stdin())
    if sys.argv[1:] == ["device", "forget", "--yes"]:
        from patchtrail.cli.wiping import wipe_spool

        sys.exit(wipe_spool())
    try:
        from patchtrail.cli.app import app
    except ModuleNotFoundError as error:
        sys.exit(f"This command needs more libraries ({error.name}): pip install '.[collector]' in a checkout")
    app()
