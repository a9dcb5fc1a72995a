"""One real collector for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.fakes import RunningCollector, running_collector


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a collector on a folder of its own."""
    with running_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running
