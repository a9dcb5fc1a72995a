"""A register with two members."""

import pytest

from accounts.members import Register


@pytest.fixture
def register() -> Register:
    members = Register()
    members.enrol("Ada", "green apples")
    members.enrol("Zoë", "crème brûlée")
    return members
