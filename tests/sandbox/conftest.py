"""The back ends, each once for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from patchtrail.sandbox import Sandbox
from tests.sandbox.back_ends import installed, up


@pytest.fixture(scope="session", params=installed("bubblewrap", "docker", "podman"))
def walls(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Return each back end in turn."""
    with up(request.param) as sandbox:
        yield sandbox
