"""The gate says yes only when every fact says yes."""

from __future__ import annotations

import pytest

from patchtrail.contract.events import ConsentRef
from patchtrail.contract.lsp import Facts
from patchtrail.integrity import digest
from patchtrail.study import CONSENT as IN_FORCE
from patchtrail.study import CONSENT_TEXT, Consent, DataClass, current_consent, decide, may_snapshot

CONSENT = current_consent()
YES = Facts(is_telemetry_enabled=True, is_workspace_trusted=True, consent=CONSENT)


def check(facts: Facts | None, folder: str | None = "/w/shop", allowed: tuple[str, ...] = ("/w",)) -> list[str]:
    """Ask the gate; return its reasons against."""
    decision = decide(facts, folder=folder, allowed_folders=list(allowed), consent=CONSENT)

    assert decision.is_allowed == (not decision.reasons)
    return decision.reasons


def test_yes() -> None:
    """All facts say yes."""
    assert check(YES) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"is_telemetry_enabled": False}, "Telemetry"),
        ({"is_workspace_trusted": False}, "trusted"),
        ({"consent": None}, "Consent"),
        ({"consent": ConsentRef(version="0", sha256="0" * 64)}, "another text"),
    ],
)
def test_one_no_is_no(change: dict, word: str) -> None:
    """Each fact alone closes the gate, and is named."""
    reasons = check(YES.model_copy(update=change))

    assert len(reasons) == 1
    assert word in reasons[0]


def test_what_is_not_reported_is_no() -> None:
    """Silence is no."""
    assert len(check(None)) == 1


def test_every_reason_is_told() -> None:
    """All reasons come at once, so that nobody has to try four times."""
    no = Facts(is_telemetry_enabled=False, is_workspace_trusted=False, consent=None)

    assert len(check(no, allowed=())) == 4


@pytest.mark.parametrize(
    ("folder", "allowed", "is_inside"),
    [
        ("/w/shop", "/w/shop", True),
        ("/w/shop", "/w/shop/", True),
        ("/w/shop/deep", "/w/shop", True),
        ("/w/shopping", "/w/shop", False),
        ("/w", "/w/shop", False),
        ("/anything", "/", True),
        ("/w", "", False),
    ],
)
def test_folders(folder: str, allowed: str, is_inside: bool) -> None:
    """A folder is allowed with all that is below it, and with nothing else."""
    assert (check(YES, folder, (allowed,)) == []) == is_inside


def test_sending_asks_for_no_folder() -> None:
    """What was recorded before may be sent without a folder being open."""
    assert check(YES, folder=None, allowed=()) == []


def test_consent_is_named_by_its_text() -> None:
    """The consent's reference is the hash of the text that is shown; a new text is a new version."""
    assert CONSENT.sha256 == digest.sha256(CONSENT_TEXT.encode())
    assert (CONSENT.version, CONSENT.sha256[:12]) == ("4", "77f71399168c")


def test_prompts_and_answers_need_a_text_that_covers_them() -> None:
    """The text that ships covers patch attempts, not prompts and answers; consent to another text covers nothing."""
    wider = Consent("x", f"{CONSENT_TEXT}\nAnd prompts.\n", frozenset({"model_texts"}))
    classes: tuple[DataClass, ...] = ("session", "patch_attempts", "model_texts")

    assert [IN_FORCE.covers(CONSENT, one) for one in classes] == [True, True, False]
    assert (wider.covers(wider.ref, "model_texts"), wider.covers(CONSENT, "model_texts")) == (True, False)
    assert not IN_FORCE.covers(None, "patch_attempts")


def test_a_base_snapshot_needs_an_agreement_of_its_own() -> None:
    """Consent to the text in force is not enough, and the agreement without that consent is none."""
    agreed = YES.model_copy(update={"is_base_agreed": True})
    earlier = ConsentRef(version="3", sha256="3" * 64)
    narrower = Consent(IN_FORCE.version, IN_FORCE.text, frozenset({"session"}))

    assert may_snapshot(agreed, IN_FORCE)
    assert not any(may_snapshot(facts, IN_FORCE) for facts in (None, YES))
    assert not may_snapshot(agreed.model_copy(update={"consent": earlier}), IN_FORCE)
    assert not may_snapshot(agreed.model_copy(update={"consent": None}), IN_FORCE)
    assert not may_snapshot(agreed, narrower)
    assert check(agreed) == [], "it opens nothing else"
