"""What is kept of a command's output, and what a terminal would have shown of it."""

from __future__ import annotations

import pytest

from patchtrail.capture.command_output import last_lines, seen_output
from patchtrail.capture.terminal import plain_text
from patchtrail.contract.lsp import CommandReport

REPORT = CommandReport(command_line="make", confidence="high", cwd="/w", exit_code=0, duration_ms=1, output="")


def report(**fields: object) -> CommandReport:
    """Return a report with other fields."""
    return REPORT.model_copy(update=fields)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("ab\x08\x08cd", "cd"),
        ("\x08\x08x\n\x08y", "x\ny"),
        ("10%\r\x08\x0820%", "20%"),
        ("a\x1b[?1049h\x1b[2J~ vim ~\r\n\x1b[?1049lb", "ab"),
        ("a\x1b[?47hhtop", "a"),
        ("\x1b]8;id=1;https://user:secret@x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]8;;https://x\x07li\x1b[1mnk\x1b]8;;\x07!", "link!"),
        ("\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\sixel", "sixel"),
        ("\x1b[?2004h\x1b[200~pasted\x1b[201~\x1b[?2004l", "pasted"),
        ("\x9b31mred\x9b0m \x9d0;title\x9c.", "red ."),
        ("\x1b[1A\x1b[2K\x1b[38;2;1;2;3mx\x1b[0K", "x"),
        ("\x1b]633;D;0\x07\x1b]633;A\x07", ""),
        ("\x1b]unfinished", ""),
        ("⏎   \r \r", " "),
        ("bell\x07 and nul\x00", "bell and nul"),
    ],
)
def test_plain_text(output: str, text: str) -> None:
    """Sequences of every kind are stripped, and what was taken back or drawn on another screen is no output."""
    assert plain_text(output) == text


def test_a_hostile_stream_is_read_in_linear_time() -> None:
    """Megabytes of openings that never close take no longer than as much text."""
    for piece in ("\x1b[", "\x1b]", "\x1b[?1049h", "\x08", "a\x08", "\r", "\x1bP", "\x9b1;"):
        plain_text(piece * (2_000_000 // len(piece)))


def test_a_small_output_is_whole() -> None:
    """What fits is kept as it is."""
    seen = seen_output(report(output="one\r\ntwo\n"))

    assert (seen.text, seen.omitted_bytes) == ("one\ntwo\n", 0)


def test_the_middle_is_left_out_and_said() -> None:
    """Of a long output start and end are kept by whole lines, and the number of bytes between them."""
    text = "".join(f"line {number:08}\n" for number in range(600_000))
    seen = seen_output(report(output=text))
    head, said, tail = seen.text.partition(f"\n[... {seen.omitted_bytes} bytes are left out here ...]\n")

    assert said
    assert text.startswith(f"{head}\n")
    assert text.endswith(tail)
    assert tail.startswith("line ")
    assert len(head) + seen.omitted_bytes + len(tail) == len(text)


def test_a_cut_never_halves_a_secret() -> None:
    """What stands at a client's own cut is left out: half of a secret would not be known as one."""
    cut = report(output_head="start\npassword=hun", output="ter22\nend\n", output_omitted_bytes=1_000)
    endless = report(output_head="x" * 9_000 + "hun", output="ter22" + "y" * 9_000, output_omitted_bytes=1_000)

    assert seen_output(cut).text == "start\n[... 1019 bytes are left out here ...]\nend\n"
    assert "hun" not in seen_output(endless).text
    assert "ter" not in seen_output(endless).text


def test_last_lines() -> None:
    """A tail starts with a line where the text has lines."""
    assert (last_lines("ab\ncd", 4), last_lines("abcd", 2), last_lines("ab", 9)) == ("cd", "cd", "ab")
