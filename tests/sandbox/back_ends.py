"""The back ends that tests run on: bubblewrap, and the engines that are installed, which are brought up for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from patchtrail.sandbox import Sandbox
from patchtrail.sandbox.choice import Wanted, usable_sandbox
from tests.sandbox.engines import PACKAGES, environment_of, lacking_programs

__all__ = ["installed", "up"]


def installed(*names: Wanted) -> list[Wanted]:
    """Return those that can be brought up here, in CI all: where an engine is not installed, one test says so."""
    is_ci = os.environ.get("CI") == "true"
    return [one for one in names if one not in PACKAGES or is_ci or not lacking_programs(one)]


@contextlib.contextmanager
def up(name: Wanted) -> Iterator[Sandbox]:
    """Bring a back end up; one that does not work fails the test, with the reason."""
    with contextlib.ExitStack() as stack:
        if name in PACKAGES:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for variable, value in stack.enter_context(environment_of(name)).items():
                patch.setenv(variable, value)
        sandbox = usable_sandbox(name)
        assert not isinstance(sandbox, str), sandbox
        yield sandbox
