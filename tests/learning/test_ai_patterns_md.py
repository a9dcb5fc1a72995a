"""`AI_PATTERNS.md` is read as far as it is understood, and written without a change to the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput
from patchtrail.learning import PatternLibrary
from patchtrail.learning.ai_patterns_md import changed_fields, read_sections, write_sections
from tests.learning.patterns import pattern_of

PAGE = (Path(__file__).parent / "pages" / "published.md").read_text()
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.just("\n"), max_size=60)


def library_of(folder: Path, page: str = PAGE) -> PatternLibrary:
    """Return an empty library that has read a page."""
    (folder / "AI_PATTERNS.md").write_bytes(page.encode())
    library = PatternLibrary(folder / "patterns.json")
    library.load_from_ai_patterns_md(folder / "AI_PATTERNS.md")
    return library


def written(folder: Path, library: PatternLibrary) -> str:
    """Return the page after the library was written into it."""
    library.save_ai_patterns_md(folder / "AI_PATTERNS.md")
    return (folder / "AI_PATTERNS.md").read_bytes().decode()


def test_a_published_page_is_read(tmp_path: Path) -> None:
    """Published titles give published names; sections without examples and headings inside code are no patterns."""
    numpy, bounds = library_of(tmp_path).get_all_patterns()

    assert (numpy.name, bounds.name) == ("numpy_json_serialization", "bounds_checking")
    assert numpy.description == "NumPy types are not JSON serializable\nRuntime errors when serializing"
    assert "# ### 9. Not a heading" in numpy.bad_example
    assert numpy.good_example.endswith('"mean": float(np.mean(data))})')
    assert (bounds.bad_example, bounds.description) == (
        "first = items[0]",
        "IndexError on an empty list\neven in tests",
    )
    assert (numpy.state, numpy.provenance.source) == ("draft", "ai_patterns_md")
    assert numpy.approved_at is not None


@pytest.mark.parametrize(
    "page", [PAGE, PAGE.replace("\n", "\r\n"), PAGE.rstrip("\n"), PAGE + "\n\n\n", "", "# Empty\n"]
)
def test_a_page_without_news_comes_back_byte_for_byte(tmp_path: Path, page: str) -> None:
    """What was read from a page and not changed is written without a change, whatever else stands on it."""
    library = library_of(tmp_path, page)

    assert written(tmp_path, library) == page


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_what_differs_is_replaced(tmp_path: Path, end: str) -> None:
    """A changed field changes its own lines; a field without a place gets one at the section's end."""
    page = PAGE.replace("\n", end)
    library = library_of(tmp_path, page)
    bounds = library.get_pattern_by_name("bounds_checking")
    assert bounds is not None
    library.put(bounds.model_copy(update={"good_example": "first = next(iter(items), None)", "severity": "high"}))

    expected = page.replace("first = items[0] if items else None", "first = next(iter(items), None)")
    mark = f"None){end}~~~{end}"
    assert written(tmp_path, library) == expected.replace(mark, f"{mark}{end}**Severity:** high{end}")
    assert library_of(tmp_path, written(tmp_path, library)).get_pattern_by_name("bounds_checking").severity == "high"


@pytest.mark.parametrize("code", ["a\n```\nb", "a\n~~~\nb\n`````\nc"])
def test_a_fence_grows_with_its_code(tmp_path: Path, code: str) -> None:
    """Code that would close the fence that stands on the page gets a longer one, and is read back whole."""
    library = library_of(tmp_path)
    for one in library.get_all_patterns():
        library.put(one.model_copy(update={"good_example": code}))
    again = library_of(tmp_path, written(tmp_path, library)).get_all_patterns()

    assert [one.good_example for one in again] == [code, code]
    assert written(tmp_path, library).endswith(PAGE.partition("### 3.")[2])


def test_a_new_pattern_gets_a_section(tmp_path: Path) -> None:
    """A pattern that the page lacks is added with all that a page can tell, and read back the same."""
    library = library_of(tmp_path)
    new = pattern_of(
        "odd/name v1.1",
        approved_at="2024-01-04T12:00:00",
        description="one\n\n- two",
        bad_example="x = '''\n```\n'''",
        good_example="y",
        severity="critical",
        rule_ids=["F401", "TypeError"],
        scope="python",
        exceptions=["in tests", "in scripts"],
        test_coverage="tests/test_x.py",
    )
    library.put(new)
    page = written(tmp_path, library)
    found = library_of(tmp_path, page).get_pattern_by_name("odd/name v1.1")

    assert page.startswith(PAGE.rstrip("\n"))
    told = (
        "description",
        "bad_example",
        "good_example",
        "severity",
        "rule_ids",
        "scope",
        "exceptions",
        "test_coverage",
    )
    assert found.model_dump(include=set(told)) == new.model_dump(include=set(told))


def test_nothing_that_people_wrote_is_emptied(tmp_path: Path) -> None:
    """A pattern without a good example does not take the page's away."""
    library = library_of(tmp_path)
    for one in library.get_all_patterns():
        library.put(one.model_copy(update={"good_example": "", "description": ""}))

    assert written(tmp_path, library) == PAGE


def test_nobody_reads_what_nobody_approved(tmp_path: Path) -> None:
    """What waits for approval, is archived or failed its tests is left off the page; who edits it there approves it."""
    library = library_of(tmp_path)
    for name, state in {"waiting": "draft", "gone": "archived", "failed": "quarantined"}.items():
        library.put(pattern_of(name, state=state))
    assert written(tmp_path, library) == PAGE

    (tmp_path / "AI_PATTERNS.md").write_text("### 1. Waiting\n#### Good pattern\n```\nx\n```\n")
    (edited,) = library.load_from_ai_patterns_md(tmp_path / "AI_PATTERNS.md")

    assert (edited.name, edited.good_example, edited.approved_at is not None) == ("waiting", "x", True)


def test_a_changed_text_is_a_draft_again(tmp_path: Path) -> None:
    """Who edits an active pattern's text on the page makes it a draft, for the gate let in another; counts stay."""
    library = library_of(tmp_path)
    numpy = library.get_pattern_by_name("numpy_json_serialization")
    library.put(numpy.model_copy(update={"state": "active", "occurrence_frequency": 7}))
    assert library.load_from_ai_patterns_md(tmp_path / "AI_PATTERNS.md") == []

    (tmp_path / "AI_PATTERNS.md").write_text(PAGE.replace("float(np", "int(np"))
    (changed,) = library.load_from_ai_patterns_md(tmp_path / "AI_PATTERNS.md")

    assert (changed.state, changed.occurrence_frequency) == ("draft", 7)
    assert changed.decisions[-1].decided_by == "person"


def test_what_a_page_cannot_tell_is_no_change(tmp_path: Path) -> None:
    """A pattern that is written to a page and read back is still active, whatever its texts hold."""
    odd = {"bad_example": "\n\nx\r\ny\n", "description": "a \n\n b", "rule_ids": ["a,b", " c "], "scope": "a\nb"}
    library = PatternLibrary(tmp_path / "patterns.json")
    library.put(pattern_of("odd", state="active", exceptions=["a; b"], **odd))
    page = written(tmp_path, library)

    assert library.load_from_ai_patterns_md(tmp_path / "AI_PATTERNS.md") == []
    assert written(tmp_path, library) == page


def test_no_name_breaks_a_page(tmp_path: Path) -> None:
    """A name with line ends and marks stands on one line, and is written once."""
    library = PatternLibrary(tmp_path / "patterns.json")
    library.put(pattern_of("a `b`\n### 2. c", state="active"))
    page = written(tmp_path, library)

    assert [one.name for one in read_sections(page)] == ["a 'b' ### 2. c"]
    assert written(tmp_path, library) == page


@pytest.mark.parametrize("line", ["### {} x", "**Rules:**{}x", "### 1. x {} #x", "**{} bad", "-{}x"])
def test_long_lines_cost_no_more_than_their_length(line: str) -> None:
    """Lines of a hundred thousand spaces are read like any other; a page with them comes back as it was."""
    page = f"### 1. x\n#### Bad pattern\n```\n```\n{line.format(' ' * 100_000)}\n"

    assert write_sections(page, []) == page


@given(bad=TEXT, good=TEXT, description=TEXT)
def test_any_text_survives_a_page(bad: str, good: str, description: str) -> None:
    """Whatever an example or a description holds, a page gives it back, less empty lines around it."""
    pattern = pattern_of("any", bad_example=bad, good_example=good, description=description)
    (section,) = read_sections(write_sections("", [pattern]))

    assert section.fields["bad_example"] == bad.strip("\n")
    assert section.fields["good_example"] == good.strip("\n")
    assert section.fields.get("description", "").split() == description.split()
    assert changed_fields(section, pattern) == ()
    assert write_sections(write_sections("", [pattern]), [pattern]) == write_sections("", [pattern])


@given(page=st.text("#`*~- \nBadGoodPatternProblems:1.", max_size=200))
def test_a_broken_page_breaks_nothing(page: str) -> None:
    """No Markdown, however broken, fails, and writing nothing into it changes nothing."""
    assert all(one.start < one.end for one in read_sections(page))
    assert write_sections(page, []) == page


def test_what_is_no_page(tmp_path: Path) -> None:
    """A page in another encoding, a link and a folder are refused with a sentence, and a missing one is missing."""
    library = PatternLibrary(tmp_path / "patterns.json")
    (tmp_path / "latin.md").write_bytes("### 1. Ä".encode("latin-1"))
    (tmp_path / "link.md").symlink_to(tmp_path / "latin.md")
    for name, told in {"latin.md": "not UTF-8", "link.md": "is a link", ".": "no plain file"}.items():
        with pytest.raises(InvalidInput, match=told):
            library.load_from_ai_patterns_md(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        library.load_from_ai_patterns_md(tmp_path / "none.md")
