"""Which lines ran, by coverage.py, whatever the project itself configures for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from coverage import Coverage
from coverage.exceptions import CoverageException

__all__ = ["LineWatch"]


class LineWatch:
    """Watches from its making until `found` is called."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._coverage = Coverage(data_file=None, config_file=False, source=[root], messages=False)
        # Where nothing of the project ran there is nothing to tell.
        self._coverage.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured"])
        self._coverage.start()

    def found(self) -> Iterator[tuple[str, list[int], list[int]]]:
        """Yield each Python file below the root with its executed and its executable lines, from 1."""
        self._coverage.stop()
        data = self._coverage.get_data()
        for path in sorted(data.measured_files()):
            try:
                _, executable, _, missing, _ = self._coverage.analysis2(path)
            except CoverageException:
                continue
            executed = sorted(set(executable) - set(missing))
            yield os.path.relpath(path, self._root), executed, list(executable)
