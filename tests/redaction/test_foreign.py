"""What another recorder wrote is redacted at any depth, and a diff stays a diff."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchtrail.redaction import redact_fields

KEY = bytes(32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
LINES = st.lists(
    st.sampled_from(["+", "-", " ", "@@ -1 +1 @@", '+password = "hunter22"', "--- a/.env", "+++ b/.env", "x"])
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_redacting_twice_equals_redacting_once(fields: dict) -> None:
    """A second pass finds nothing more, in JSON of any shape."""
    once = redact_fields(KEY, fields)

    assert redact_fields(KEY, once) == once


@given(LINES)
def test_a_diff_keeps_its_lines_and_prefixes(lines: list[str]) -> None:
    """Redacting a diff neither adds nor drops a line, and each keeps its prefix."""
    told = redact_fields(KEY, {"diff_unified": "\n".join(lines)})["diff_unified"].split("\n")

    assert [line[:1] for line in told] == [line[:1] for line in lines or [""]]
    assert "hunter22" not in "".join(told)


def test_the_value_of_a_secret_like_name_is_found_elsewhere() -> None:
    """A value that one field names as a secret is replaced in every other field, at any depth."""
    told = redact_fields(KEY, {"env": [{"DB_PASSWORD": "correct horse"}], "output": "login correct horse ok"})

    assert "correct horse" not in str(told)
    assert told["output"].startswith("login <<redacted:env:")


def test_of_denied_files_nothing_is_kept() -> None:
    """Of a file that is never captured only the path is left; of a commit's diff only its lines' prefixes."""
    diff = "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@ A=1\n-A=xyzzy\n+A=plugh\n"
    other = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n"
    whole = redact_fields(KEY, {"file_path": "x/.env", "diff_unified": diff, "more": "xyzzy"})
    told = redact_fields(KEY, {"diff_unified": diff + other})["diff_unified"]

    assert whole == {"file_path": "x/.env", "diff_unified": "", "withheld": "denied_path"}
    assert "xyzzy" not in told
    assert "A=1" not in told
    assert told.endswith(other)
