"""schemathesis over the whole API, for a bounded time; `make soak` goes on for longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.soak.fuzz_api import fuzz

SECONDS = int(os.environ.get("PATCHTRAIL_FUZZ_SECONDS", "32"))
SEED = 7 if SECONDS <= 60 else None
"""A short run makes the same requests each time; a long one looks for new ones."""


@pytest.mark.timeout(300 + 2 * SECONDS)
def test_no_server_error_and_every_answer_as_described(tmp_path: Path) -> None:
    """Whatever is sent with the server's, an upload, a device's or no token, each answer is as the API describes it."""
    cases, faults = fuzz(tmp_path, SECONDS, SEED)

    assert faults == [], "\n".join(faults)
    assert cases > 0
