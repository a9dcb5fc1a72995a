"""Placeholders in an answer become the text that they stood for, and nothing else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchtrail.patching.secrets_kept import KeptSecrets
from patchtrail.redaction import Literal, Redactor

SECRETS = ("correct-horse-battery", "p4ssw0rd!of[the].day", "AKIAIOSFODNN7EXAMPLE")
REDACTOR = Redactor(b"k" * 32, [Literal("dotenv", one, is_word=False) for one in SECRETS])


def test_what_stood_there_is_put_back() -> None:
    """Each placeholder is replaced by its own secret, wherever the answer repeats it."""
    kept = KeptSecrets()
    original = f'A = "{SECRETS[0]}"\nB = ["{SECRETS[1]}", "{SECRETS[2]}"]\n'
    redacted = REDACTOR.text(original)
    kept.learn(original, redacted)
    moved = "\n".join(reversed(redacted.split("\n")))

    assert kept.restored(moved) == "\n".join(reversed(original.split("\n")))


def test_an_unknown_placeholder_stays() -> None:
    """A placeholder that no prompt held is left as it is: nothing is guessed."""
    invented = "<<redacted:dotenv:00000000>>"

    assert KeptSecrets().restored(f"x = {invented}") == f"x = {invented}"


@given(st.lists(st.sampled_from([*SECRETS, "x = ", '"', " ", "\n", "(", "\\", "é"]), max_size=12).map("".join))
def test_restoring_is_the_inverse_of_redacting(text: str) -> None:
    """Whatever stands around them, the redacted text restored is the text; or a line keeps its placeholders."""
    kept, redacted = KeptSecrets(), REDACTOR.text(text)
    kept.learn(text, redacted)

    for was, now in zip(text.split("\n"), kept.restored(redacted).split("\n"), strict=True):
        assert now == was or "<<redacted:" in now
