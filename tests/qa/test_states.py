"""Files of a session, replayed step by step: what is found when they are not what was recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchtrail.contract.files import FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.integrity import digest
from patchtrail.llm import Cancellation
from patchtrail.qa.outcomes import changes_of
from patchtrail.qa.states import moment_of, replay_states
from patchtrail.qa.suite import SuiteRun
from patchtrail.qa.validation import Validator
from patchtrail.text import diff
from patchtrail.trace import events_of_document
from patchtrail.trace.file_tree import why_no_place
from tests.qa.counting_suite import CountingSuites
from tests.qa.session_files import Recorded, case_of, content_fields, run_of, tree_of, unsigned_document

START = {"a.py": "a = 1\n", "deep/b.py": "b = 1\n"}
NO_PLACES = (
    *("../x", "a/../../x", "/etc/passwd", "C:\\x", "C:/x", "\\\\host\\x", "a\\..\\..\\x", ".", "..", "", "a//b", "a/"),
    *(".git/hooks/post-checkout", "sub/.git/config", ".GIT/config", ".Git", "git~1/config", "GIT~1", ".git./x"),
    *(
        ".git /x",
        ".git::$INDEX_ALLOCATION/x",
        ".g\u200cit/config",
        "a\0b",
        "a\rb",
        "a\nb",
        "a" * 256,
        "a/" * 2048 + "a",
    ),
)
PLACES = ("a", ".gitignore", ".github/workflows/a.yml", "git~1.txt", "a b/c", "ä/ö.py", "x:y", "...", ".git2")


def replayed(session: Recorded, moments=()):
    """Replay a session on its start."""
    return replay_states(tree_of(session.start), "snapshot", session.events, {}, moments)


def test_the_end_is_what_was_saved():
    """Edits, creations, deletions and renames lead to the files as they stood, and to those of any moment."""
    session = Recorded(START)
    session.save("a.py", "a = 2\n")
    session.save("new/c.py", "c = 1\n")
    session.rename("deep/b.py", "shallow/b.py")
    session.save("shallow/b.py", "b = 2\n")
    session.delete("a.py")
    states = replayed(session, [0, 2, 3])

    assert states.result.agrees
    assert dict(states.end.files) == {"new/c.py": b"c = 1\n", "shallow/b.py": b"b = 2\n"}
    assert dict(states.after[0].files) == dict(states.start.files)
    assert dict(states.after[3].files) == {"a.py": b"a = 2\n", "deep/b.py": b"b = 1\n", "new/c.py": b"c = 1\n"}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"buffer_hash_after": "0" * 64}, "not the one that was saved"),
        ({"diff_unified": "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-z = 1\n+a = 2\n"}, "not what the diff expects"),
        ({"diff_unified": "nonsense"}, "diff"),
        ({"diff_unified": "", "diff_artifact": {"sha256": "1" * 64, "size_bytes": 1, "media_type": "x"}}, "artifact"),
    ],
    ids=["hash", "context", "no diff", "missing artifact"],
)
def test_the_first_divergence_is_named(change, word):
    """A tampered edit is named by its event and file, and the replay does not agree."""
    session = Recorded(START)
    session.save("deep/b.py", "b = 2\n")
    seq = session.save("a.py", "a = 2\n", **change)
    session.save("deep/b.py", "b = 3\n", buffer_hash_after="0" * 64)
    result = replayed(session).result

    assert not result.agrees
    assert result.divergence is not None
    assert (result.divergence.seq, result.divergence.file_path) == (seq, "a.py")
    assert word in result.divergence.message


@pytest.mark.parametrize("path", NO_PLACES)
def test_45_events_that_name_no_place(path):
    """An event that names a place outside of the tree, or in git's own folder, is a divergence and changes nothing."""
    session = Recorded(START)
    session.add(FileCreate.model_validate(content_fields("x", "", "x\n") | {"file_path": path}))
    states = replayed(session)

    assert why_no_place(path)
    assert states.result.divergence is not None
    assert dict(states.end.files) == dict(states.start.files)


@pytest.mark.parametrize("path", PLACES)
def test_ordinary_names_are_places(path):
    """Names that only look like git's own, or like another system's paths, are names."""
    assert why_no_place(path) is None


def test_45_a_diff_that_names_another_file_changes_the_events_own():
    """Whatever a diff's header names, only the file that its event names is changed."""
    told = content_fields("a.py", "a = 1\n", "a = 2\n")
    told["diff_unified"] = str(told["diff_unified"]).replace("a.py", "../../.git/hooks/post-checkout")
    session = Recorded(START)
    session.add(FileEdit.model_validate(told))
    states = replayed(session)

    assert states.result.agrees
    assert dict(states.end.files) == {"a.py": b"a = 2\n", "deep/b.py": b"b = 1\n"}


def test_45_a_file_below_a_file_cannot_be():
    """A file whose path another file's folder takes is gone, so that a tree can always be written."""
    session = Recorded(START)
    session.add(FileCreate.model_validate(content_fields("a.py/inner", "", "x\n")))

    assert dict(replayed(session).end.files) == {"a.py/inner": b"x\n", "deep/b.py": b"b = 1\n"}


def test_redacted_and_withheld_files_are_listed():
    """Files replayed in redacted form, and those without content, are listed; the latter do not agree."""
    session = Recorded(START)
    session.save("a.py", "a = '<<redacted:token:0123abcd>>'\n")
    redacted = replayed(session).result
    nothing = {"diff_unified": "", "buffer_hash_after": None, "is_replayable": False, "withheld": "binary"}
    session.save("deep/b.py", "b", **nothing)
    withheld = replayed(session)

    assert (redacted.agrees, redacted.redacted_files) == (True, ["a.py"])
    assert (withheld.result.agrees, withheld.result.withheld_files) == (False, ["deep/b.py"])
    assert "deep/b.py" in withheld.end.left_out
    assert withheld.result.divergence is None


def test_what_is_redacted_in_the_start_commit_is_listed():
    """A file that no edit touched and whose text is redacted is listed too: the tests run on it."""
    session = Recorded({**START, "keys.py": "KEY = <<redacted:token:0123abcd>>\n"})
    session.save("a.py", "a = 2\n")
    start = replace(tree_of(session.start), redacted=frozenset({"keys.py"}))
    result = replay_states(start, "snapshot", session.events, {}).result

    assert (result.agrees, result.redacted_files) == (True, ["keys.py"])


def test_a_further_root_has_no_ground():
    """Edits of a further root whose start commit is not at hand are no divergence, but do not agree."""
    session = Recorded(START)
    session.add(FileEdit.model_validate(content_fields("x.py", "x = 1\n", "x = 2\n") | {"root": "api"}))
    result = replayed(session).result

    assert (result.agrees, result.divergence) == (False, None)
    assert "api" in result.reason


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab\n"), max_size=12), min_size=1, max_size=8))
def test_replay_follows_every_text(texts):
    """Whatever texts a file went through, each of its states is replayed, and a changed hash is found where it is."""
    session, states = Recorded(START), list[tuple[int, str]]()
    for text in texts:
        if text != session.files["a.py"]:
            session.save("a.py", text)
            states.append((len(session.events), text))
    found = replayed(session, [count for count, _ in states])

    assert found.result.agrees
    assert [found.after[count].files["a.py"].decode() for count, _ in states] == [text for _, text in states]


def test_repeated_runs_agree_or_are_flaky():
    """Outcomes that differ between equal runs make a test flaky; a file that failed as a whole fails its tests."""
    start = [SuiteRun(cases=(case_of("t.py::a", "passed"), case_of("t.py::b", "failed"), case_of("t.py::c", "passed")))]
    whole = SuiteRun(cases=(case_of("t.py", "error"),), trouble="not_importable")
    odd = SuiteRun(cases=(case_of("t.py::a", "passed"), case_of("t.py::b", "passed"), case_of("t.py::c", "failed")))
    fine = SuiteRun(cases=(case_of("t.py::a", "passed"), case_of("t.py::b", "passed"), case_of("t.py::c", "passed")))
    broken, mixed = changes_of(start, [whole]), changes_of(start, [odd, fine])

    assert (broken.pass_to_fail, broken.fail_to_fail) == (("t.py::a", "t.py::c"), ("t.py::b",))
    assert (mixed.pass_to_pass, mixed.fail_to_pass, mixed.newly_flaky) == (("t.py::a",), ("t.py::b",), ("t.py::c",))


def test_a_test_told_of_twice_has_its_worse_outcome():
    """A test that passed and then failed to clean up failed."""
    twice = [SuiteRun(cases=(case_of("t::a", "passed"), case_of("t::a", "error")))]

    assert changes_of(twice, twice).fail_to_fail == ("t::a",)


def test_moments_are_those_of_files():
    """Runs without a change between them ran on the same files."""
    session = Recorded(START)
    first = session.run({})
    second = session.run({})
    session.save("a.py", "a = 2\n")
    third = session.run({})

    assert [moment_of(session.events, at) for at in (first, second, third)] == [0, 0, 4]


def test_an_unsigned_trace_is_replayed_too():
    """Diffs that nobody vouches for are applied, whatever is said of their hashes; one that does not apply diverges."""
    good, bad = diff("a = 1\n", "a = 2\n", "a.py"), diff("z\n", "y\n", "a.py")
    start = tree_of(START)
    events = [
        [
            held.event
            for held in events_of_document(unsigned_document([("a.py", one) for one in diffs]), lambda _: None).events
        ]
        for diffs in ((good,), (good, bad))
    ]
    sound, broken = (replay_states(start, "origin", one, {}, is_signed=False) for one in events)

    assert sound.result.agrees
    assert sound.end.files["a.py"] == b"a = 2\n"
    assert broken.result.divergence is not None
    assert broken.result.divergence.seq == 2


LONG = "".join(f"x{n} = {n}\n" for n in range(20)) + "end = 0"


@pytest.mark.parametrize(
    ("told", "after"),
    [
        ("-x7 = 7\n+x7 = 8\n", LONG.replace("x7 = 7", "x7 = 8")),
        ("-x7 = 7\n+x7 = 8", LONG.replace("x7 = 7", "x7 = 8")),
        (" x7 = 7\n-x8 = 8\n x9 = 9\n", LONG.replace("x8 = 8\n", "")),
        ("-end = 0\n+end = 1\n", LONG.replace("end = 0", "end = 1")),
        ("--- a/a.py\n+++ b/a.py\n-x7 = 7\n+x7 = 8\n", LONG.replace("x7 = 7", "x7 = 8")),
        ("-x7 = 9\n+x7 = 8\n", None),
        ("+y = 1\n", None),
        ("turned the sign", None),
        ("--- a/a.py\n+++ b/a.py\n", None),
    ],
)
def test_changed_lines_alone_are_placed(told: str, after: str | None):
    """A diff without hunks is applied where its old lines stand once; else the replay diverges, and never agrees."""
    document = unsigned_document([("a.py", told)])
    start = tree_of({"a.py": LONG})
    events = [held.event for held in events_of_document(document, start.text).events]
    states = replay_states(start, "snapshot", events, {}, is_signed=False)

    assert states.result.agrees is (after is not None)
    assert states.end.files["a.py"].decode() == (after or LONG)


def test_lines_that_stand_twice_are_not_placed():
    """Changed lines that could be meant in two places are applied in neither."""
    document = unsigned_document([("a.py", "-x = 1\n+x = 2\n")])
    start = tree_of({"a.py": "x = 1\nx = 1\n"})
    events = [held.event for held in events_of_document(document, start.text).events]
    result = replay_states(start, "snapshot", events, {}, is_signed=False).result

    assert (result.agrees, result.edits) == (False, 0)
    assert "no hunk" in result.reason


def test_nothing_is_written_while_replaying(tmp_path: Path, monkeypatch):
    """A replay is all values: no file appears."""
    monkeypatch.chdir(tmp_path)
    session = Recorded(START)
    session.save("a.py", "a = 2\n")
    replayed(session)

    assert list(tmp_path.iterdir()) == []


PATHS = st.sampled_from(["a.py", "a.py/x", "deep", "deep/b.py", "n.ipynb", "../x", ".git/x", "new.py", "ä.py"])
DIFFS = st.sampled_from(
    [
        *("", "nonsense", "--- a\n+++ b\n", "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n"),
        *("--- a\n+++ b\n@@ -0,0 +1 @@\n+new\n", "--- a\n+++ b\n@@ -1,9 +1,9 @@\n x\n", "@@ -1 +1 @@\n-a\n+b\n"),
        *(
            "--- a\n+++ b\n@@ -99999999999999999999 +1 @@\n-a\n+b\n",
            "--- a\n+++ b\n@@ -1 +1 @@\n-a\\\n\\ No newline\n+b\n",
        ),
        *("diff --git a/x b/x\nGIT binary patch\nliteral 1\nx\n", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n--- c\n+++ d\n"),
    ]
)
BLOBS = {"1" * 64: b"\xff\xfe", "2" * 64: b"a = 1\n", "3" * 64: b'{"cells": [{"id": "c", "cell_type": "code"}]}'}
REFS = st.none() | st.builds(
    lambda sha, kind: {"sha256": sha, "size_bytes": 1, "media_type": kind},
    st.sampled_from([*BLOBS, "4" * 64]),
    st.sampled_from(["text/plain", "application/x-ipynb+json"]),
)
CELLS = st.none() | st.builds(
    lambda name, index: {"cell_id": name, "index": index, "kind": "code", "language": "python"},
    st.sampled_from(["c", "d", "#0"]),
    st.integers(0, 9),
)


@st.composite
def acts(draw: st.DrawFn):
    """Draw an event about files, of which nothing needs to hold together."""
    kind = draw(st.sampled_from([FileEdit, FileCreate, FileDelete, FileRename]))
    told = {"file_path": draw(PATHS), "root": draw(st.sampled_from(["", "", "api", "../up"])), "evidence": "unknown"}
    if kind is FileRename:
        return kind.model_validate(told | {"new_path": draw(PATHS), "is_folder": draw(st.booleans())})
    told |= {"cell": draw(CELLS)}
    if kind is FileDelete:
        return kind.model_validate(told)
    told |= {"diff_unified": draw(DIFFS), "diff_artifact": draw(REFS), "base_artifact": draw(REFS)}
    told |= {"buffer_hash_after": draw(st.sampled_from([None, "0" * 64, digest.sha256(b"a = 2\n")]))}
    told |= {"is_replayable": draw(st.booleans()), "withheld": None, "size_bytes": 0}
    encodings = ["utf-8", "utf-16", "nonsense", "punycode", "hex", "undefined", "a\0b", ""]
    return kind.model_validate(told | {"encoding": draw(st.sampled_from(encodings))})


@settings(max_examples=150, deadline=None)
@given(st.lists(acts(), max_size=12))
def test_no_events_break_a_replay(events):
    """Whatever events say, a replay ends with trees that can be written, and says where it did not agree."""
    session = Recorded(START | {"n.ipynb": '{"cells": []}'})
    for event in events:
        session.add(event)
    states = replay_states(tree_of(session.start), "snapshot", session.events, BLOBS, [0, 3, len(session.events)])
    for tree in (states.end, *states.after.values()):
        folders = {parent.as_posix() for path in tree.files for parent in Path(path).parents}

        assert [path for path in tree.files if why_no_place(path)] == []
        assert folders.isdisjoint(tree.files)
    assert states.result.agrees == (states.result.reason == "")


RUNS = st.builds(
    lambda outcomes, spent: run_of(outcomes, duration_ms=spent),
    st.dictionaries(st.sampled_from(["tests/t.py::a", "t.py", "x", ""]), st.sampled_from(["passed", "failed"])),
    st.integers(0, 10_000),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(acts() | RUNS, max_size=12), st.booleans())
def test_no_session_breaks_its_validation(events, is_signed):
    """Whatever a session holds, its validation ends with a verdict and a reason; what diverges is never a fix."""
    session = Recorded(START | {"tests/t.py": "test a a.py 2\ntest b deep/b.py 1\n"})
    for event in events:
        session.add(event)
    case = session.case(artifacts=BLOBS, is_signed=is_signed)
    result = Validator(CountingSuites()).validate(case, Cancellation())

    assert result.verdict is not None
    assert result.reason
    assert result.replay is not None
    assert result.replay.divergence is None or result.verdict == "not_reproducible"
    assert len(result.recorded_runs) in (0, sum(one.type == "test_run" for one in session.events))
