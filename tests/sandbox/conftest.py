"""The back end, once for all tests."""

from __future__ import annotations

import pytest

from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.walls import usable


@pytest.fixture(scope="session")
def walls() -> Bubblewrap:
    """Return the bubblewrap back end."""
    return usable()
