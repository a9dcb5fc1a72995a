"""The laws of redaction: idempotent, line for line, and in step with diffs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from patchtrail.contract.events import CmdRun
from patchtrail.redaction import PLACEHOLDER, Literal, Redactor
from patchtrail.text import apply, diff

LITERALS = (
    Literal("env", "s3cr3t-value-1", is_word=False),
    Literal("env", "value-1", is_word=False),
    Literal("home", "/home/alice", is_word=True),
    Literal("user", "alice", is_word=True),
    Literal("host", "redacted", is_word=True),
)
PIECES = [
    *(
        "password",
        "api_key",
        "TOKEN",
        "=",
        ": ",
        ":=",
        '"',
        "'",
        " ",
        "\t",
        "\n",
        "\r\n",
        "x",
        "=hunter22hunter",
        "abc123def456",
    ),
    *(
        "s3cr3t-value-1",
        "value-1",
        "/home/alice",
        "alice",
        "malice",
        "redacted",
        "<<redacted:",
        ":deadbeef>>",
        ">>",
        "<<",
    ),
    *("Authorization: Bearer ", "Basic ", "https://", "bob:pw@", "example.com/", "--token ", "export ", "-", "+"),
    *("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7bq5", "-----BEGIN "),
    *("<<redacted:env:0123abcd>>", "é", "\u2028", "İ", "\x00"),
]
texts = st.builds("".join, st.lists(st.sampled_from(PIECES), max_size=40))
redactor = Redactor(b"k" * 32, LITERALS)


@given(texts)
@settings(max_examples=1_500, deadline=None)
def test_twice_is_once(text: str) -> None:
    """Redacting twice equals redacting once."""
    once = redactor.text(text)

    assert redactor.text(once) == once


@given(texts)
@settings(max_examples=800, deadline=None)
def test_line_counts_are_kept(text: str) -> None:
    """No newline is added or dropped, and each line stays in its place."""
    before, after = text.split("\n"), redactor.text(text).split("\n")

    assert len(after) == len(before)


@given(texts)
@settings(max_examples=800, deadline=None)
def test_known_literals_are_gone(text: str) -> None:
    """No known secret is left outside a placeholder."""
    rest = PLACEHOLDER.sub("", redactor.text(text))

    assert "s3cr3t-value-1" not in rest


@given(texts, texts)
@settings(max_examples=600, deadline=None)
def test_diffs_of_redacted_texts_apply_to_redacted_texts(before: str, after: str) -> None:
    """`apply(redacted diff, redact(base)) == redact(apply(diff, base))`: redaction commutes with applying."""
    redacted = diff(redactor.text(before), redactor.text(after), "f")
    plainly = apply(diff(before, after, "f"), before)

    assert apply(redacted, redactor.text(before)) == redactor.text(plainly)


@given(texts)
@settings(deadline=None)
def test_same_secret_same_placeholder(text: str) -> None:
    """Redaction is a function of text and key; another key gives other placeholders."""
    assert redactor.text(text) == Redactor(b"k" * 32, reversed(LITERALS)).text(text)


@given(texts)
@settings(deadline=None)
def test_free_text_of_events_is_redacted_and_nothing_else(text: str) -> None:
    """An event's free text is redacted; its enumerations stay, whatever the user is called."""
    event = CmdRun(
        command_line=text,
        confidence="high",
        cwd="/home/alice/x",
        exit_code=None,
        duration_ms=0,
        output_tail=text,
        output_size_bytes=0,
        output_artifact=None,
    )
    named_high = Redactor(b"k" * 32, (*LITERALS, Literal("user", "high", is_word=True)))
    shown = named_high.data(event)

    assert (shown.confidence, shown.output_tail) == ("high", named_high.text(text))
    assert "/home/alice" not in shown.cwd
