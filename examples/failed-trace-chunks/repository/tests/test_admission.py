"""Members come in, others do not."""

import json
from pathlib import Path

import pytest

TYPED = json.loads(Path(__file__).with_name("typed_at_the_door.json").read_text(encoding="utf-8"))


def test_a_member_comes_in(register):
    assert register.admit("Ada", "green apples").name == "Ada"


@pytest.mark.parametrize("name", ["ADA", " ada ", "aDa"])
def test_capitals_and_spaces_do_not_count(register, name):
    assert register.admit(name, "green apples")


def test_a_wrong_phrase_is_refused(register):
    assert register.admit("Ada", "red apples") is None


def test_a_stranger_is_refused(register):
    assert register.admit("Eve", "green apples") is None


def test_a_taken_name_is_refused(register):
    with pytest.raises(ValueError, match="taken"):
        register.enrol("ADA", "another phrase")


@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: typed["machine"])
def test_zoe_comes_in_from_any_machine(register, typed):
    assert register.admit(typed["name"], typed["phrase"])
