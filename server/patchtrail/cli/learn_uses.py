"""What became of patches as counts of the patterns behind them: kept in `.patchtrail`, summed in the library."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from patchtrail.cli.console import console, plain
from patchtrail.cli.learn_files import METRICS, ignore_own_folder, library_of
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.learning.kept_file import KeptFile
from patchtrail.learning.uses import PatternUse, UseLog, logged, read_uses, uses_of

__all__ = ["count_uses", "refuse_unreadable"]

USES = METRICS.with_name("uses.json")
ID_BYTES = 4
TRIES = 5


def refuse_unreadable(patterns_file: Path) -> None:
    """Raise `InvalidInput` where the log of uses or the library cannot be read, before anything is counted."""
    library_of(patterns_file)
    _log(KeptFile(USES))


def count_uses(attempts: Iterable[AttemptRecord], patterns_file: Path) -> None:
    """Count the uses that attempts tell of; those of a pattern that the library does not have wait for it.

    Raises `StateConflict` where other processes keep writing the library; then they are counted the next time.
    """
    uses = list(uses_of(attempts))
    if not uses and not USES.exists():
        return
    ignore_own_folder(USES)
    log, changed = _counted(uses, patterns_file, TRIES)
    anew = f"; counted anew: {', '.join(changed)}" if changed else ""
    console().print(plain(f"{len(log.uses)} uses of patterns are known{anew}."))


def _counted(uses: Sequence[PatternUse], patterns_file: Path, tries: int) -> tuple[UseLog, list[str]]:
    # The library is read before the log: a log that was older than what another process counted would undo it.
    library = library_of(patterns_file)
    kept = KeptFile(USES)
    with kept.alone():
        log = logged(_log(kept), uses)
        kept.write_alone((log.model_dump_json(indent=1) + "\n").encode())
    changed = library.update_uses(log)
    try:
        if changed:
            library.save_patterns()
    except StateConflict:
        if tries == 1:
            raise
        return _counted((), patterns_file, tries - 1)
    return log, changed


def _log(kept: KeptFile) -> UseLog:
    content = kept.read()
    if content is None:
        return UseLog(copy_id=secrets.token_hex(ID_BYTES))
    try:
        return read_uses(content)
    except InvalidInput as error:
        raise InvalidInput(f"{kept.path}: {error.message}", code=error.code) from error
