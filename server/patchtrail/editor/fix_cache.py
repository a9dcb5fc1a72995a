"""Patches that passed their checks, for the very text that they were made for; and the fixes that were applied."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from patchtrail.contract.lsp_fixes import FixTarget
from patchtrail.patching.fixer import FixResult

__all__ = ["FixCache", "key_of"]

MOST = 100
MOST_FIXES = 500


class FixCache:
    """The newest results by target, which names the document's version; the oldest make room."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, FixResult] = OrderedDict()
        self._attempts: OrderedDict[str, tuple[Path, tuple[str, ...]]] = OrderedDict()

    def keep(self, target: FixTarget, result: FixResult) -> None:
        """Keep a result that has a patch."""
        if target.version is None or result.patch is None:
            return
        self._results[key_of(target)] = result
        if len(self._results) > MOST:
            self._results.popitem(last=False)

    def find(self, target: FixTarget) -> FixResult | None:
        """Return what was found for exactly this target."""
        return self._results.get(key_of(target))

    def forget(self, target: FixTarget) -> None:
        """Forget a result: it was refused, and asking again should find another one."""
        self._results.pop(key_of(target), None)

    def remember_attempts(self, fix_id: str, root: Path, result: FixResult) -> None:
        """Remember which attempts a fix came from, for what a person does with it later."""
        offered = tuple(one.attempt_id for one in result.attempts if one.status == "offered")
        self._attempts[fix_id] = (root, offered or tuple(one.attempt_id for one in result.attempts[-1:]))
        if len(self._attempts) > MOST_FIXES:
            self._attempts.popitem(last=False)

    def attempts(self, fix_id: str) -> tuple[Path | None, tuple[str, ...]]:
        """Return the folder and the attempts of a fix; no folder when it is not remembered."""
        return self._attempts.get(fix_id, (None, ()))


def key_of(target: FixTarget) -> str:
    """Name a target, equal for equal ones."""
    diagnostic = None if target.diagnostic is None else target.diagnostic.model_copy(update=NO_FIX)
    return target.model_copy(update={"diagnostic": diagnostic}).model_dump_json()


NO_FIX: dict[str, object] = {"fix_title": "", "fix_edits": []}
