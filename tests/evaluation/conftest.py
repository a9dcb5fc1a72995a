"""One small data set for all tests: building it runs the real tools."""

from __future__ import annotations

import pytest

from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.dataset import build
from tests.evaluation.sources import some_sources


@pytest.fixture(scope="session")
def cases() -> list[PatchCase]:
    """Build a small data set."""
    return build(some_sources(), 40, seed=3)
