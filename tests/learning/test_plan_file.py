"""Plans name patterns in a checklist."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from patchtrail.learning import MetricsCollector

PLAN = """# Task plan

- [ ] before

## Patterns to Apply
- [ ] numpy_json_serialization (from feedback-loop)
  - [x] bounds_checking
- [X] `input_validation` done, see #4
- [ ] large_files(twice)
- [] no_box
- not_an_item
### A part of the section
- [ ] specific_exceptions: always

## Notes
- [ ] ignored
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in one folder, beside another, with a third for temporary files."""
    for name in ("work", "elsewhere", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def test_a_plan_is_logged_as_a_generation(folder: Path) -> None:
    """The names of the section come back in order, ticked or not, and one generation is kept with where they stood."""
    plan = folder / "work" / "task_plan.md"
    plan.write_text(PLAN)
    collector = MetricsCollector()
    names = collector.log_from_plan_file("task_plan.md")
    (entry,) = collector.export_dict()["code_generation"]
    del entry["timestamp"]

    assert names == [
        "numpy_json_serialization",
        "bounds_checking",
        "input_validation",
        "large_files",
        "specific_exceptions",
    ]
    assert entry == {
        "prompt": "plan:task_plan.md",
        "patterns_applied": names,
        "confidence": 1.0,
        "success": True,
        "code_length": 0,
        "metadata": {
            "source": "plan_file",
            "section_heading": "Patterns to Apply",
            "plan_path": str(plan.resolve()),
        },
        "count": 1,
    }


@pytest.mark.parametrize(
    ("text", "heading", "expected"),
    [
        (PLAN, "  notes ", ["ignored"]),
        (PLAN, "Nowhere", []),
        (PLAN.replace("\n", "\r\n"), "Notes", ["ignored"]),
        ("\ufeff## Patterns to Apply ##\n- [ ] a\n# Top\n- [ ] b", "Patterns to Apply", ["a"]),
        ("    ## Patterns to Apply\n    - [x] indented", "Patterns to Apply", ["indented"]),
        ("", "Patterns to Apply", []),
        ("##" + " " * 100_000 + "x\n## A\n- [ ]" + " " * 100_000 + "a", "## A", ["a"]),
    ],
)
def test_other_plans(folder: Path, text: str, heading: str, expected: list[str]) -> None:
    """The heading is found by its words, whatever its case; a plan without it names nothing, and is logged."""
    (folder / "temporary" / "plan.md").write_bytes(text.encode())
    collector = MetricsCollector()

    assert collector.log_from_plan_file(folder / "temporary" / "plan.md", heading) == expected
    assert collector.get_summary()["code_generation"] == 1


def test_plans_that_are_not_read(folder: Path) -> None:
    """A path that climbs, leads outside once links are resolved, or holds no text is refused; nothing is logged."""
    (folder / "elsewhere" / "plan.md").write_text(PLAN)
    (folder / "work" / "plan.md").write_text(PLAN)
    (folder / "work" / "link.md").symlink_to(folder / "elsewhere" / "plan.md")
    (folder / "work" / "latin.md").write_bytes(b"## \xe4")
    (folder / "work" / "huge.md").write_bytes(b" " * (5 << 20))
    collector = MetricsCollector()
    for path in (
        "../work/plan.md",
        folder / "elsewhere" / "plan.md",
        "link.md",
        "/etc/hostname",
        ".",
        "latin.md",
        "huge.md",
        "a\0b",
    ):
        with pytest.raises(ValueError):
            collector.log_from_plan_file(path)
    for missing in ("none.md", folder / "temporary" / "none.md"):
        with pytest.raises(FileNotFoundError):
            collector.log_from_plan_file(missing)
    with pytest.raises(ValueError, match="outside"):
        collector.log_from_plan_file(folder / "elsewhere" / "none.md")

    assert collector.get_summary()["total"] == 0
    assert (folder / "work", folder / "temporary") == collector.ALLOWED_PLAN_ROOTS
