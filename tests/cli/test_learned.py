"""Learned patterns in prompts for patches: active ones of the repository, and what becomes of a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchtrail.cli.learned import LearnedPatterns, embedder_of
from patchtrail.contract.learning import PatternFile
from patchtrail.patching import Finding
from tests.learning.patterns import pattern_of

FINDING = Finding("ruff", "F401", "`os` imported but unused", "shop/cart.py", 1)


def written(root: Path, *patterns: object) -> None:
    """Write a repository's pattern file."""
    (root / "patterns.json").write_text(PatternFile(patterns=list(patterns)).model_dump_json())  # type: ignore[arg-type]  # given as objects


def found(lookup: LearnedPatterns, *findings: Finding) -> list[str]:
    """Return the ids of what a prompt would show."""
    return [one.pattern_id for one in lookup.patterns_for(findings or [FINDING], "import os\n")]


def looked_up(root: Path, *, warned: list[str] | None = None, **environment: str) -> LearnedPatterns:
    """Return what looks patterns up, as an environment has it; what it warns of must be asked for."""
    said = list[str]() if warned is None else warned
    lookup = LearnedPatterns(root, embedder_of(environment, str, said.append), said.append)
    assert warned is not None or said == []
    return lookup


def test_active_patterns_of_the_repository(tmp_path: Path) -> None:
    """A finding gets the active patterns for its rule; when the file changes, what it then says."""
    lookup = looked_up(tmp_path)
    assert found(lookup) == []

    one, draft = pattern_of("p", state="active", rule_ids=["F401"]), pattern_of("d", rule_ids=["F401"])
    written(tmp_path, one, draft)
    assert found(lookup) == ["p"]

    written(tmp_path, draft)
    assert found(lookup) == []


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"patterns": {}}', b'{"colours": 3}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_file_that_is_none_costs_no_patch(tmp_path: Path, text: bytes) -> None:
    """What is no pattern file holds no patterns and hinders nothing; file and way out are named once."""
    (tmp_path / "patterns.json").write_bytes(text)
    warned = list[str]()
    lookup = looked_up(tmp_path, warned=warned)
    assert [found(lookup), found(lookup)] == [[], []]

    (said,) = warned
    assert f"{tmp_path / 'patterns.json'} is no pattern library: " in said
    assert "until it is repaired, or moved away" in said


def test_a_folder_in_the_files_place_is_said(tmp_path: Path) -> None:
    """Where the file cannot be read at all, that is said too."""
    (tmp_path / "patterns.json").mkdir()
    warned = list[str]()

    assert found(looked_up(tmp_path, warned=warned)) == []
    assert [one.partition(" Patches")[0] for one in warned] == [f"{tmp_path / 'patterns.json'} is no plain file."]


def test_an_embedding_model_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """Where the embedding model cannot be asked words are compared here, and why is said once."""
    written(tmp_path, pattern_of("p", state="active", rule_ids=["F401"]))
    told = {"PATCHTRAIL_EMBEDDING_MODEL": "m", "PATCHTRAIL_EMBEDDING_URL": "http://127.0.0.1:9/v1"}
    warned = list[str]()
    lookup = looked_up(tmp_path, warned=warned, **told)

    assert [found(lookup), found(lookup)] == [["p"], ["p"]]
    assert [one.partition(":")[0] for one in warned] == ["Learned patterns are found without the embedding model"]
    assert "check PATCHTRAIL_EMBEDDING_URL" in warned[0]


def test_the_hold_out_sees_no_pattern(tmp_path: Path) -> None:
    """About one finding in twenty gets no pattern, always the same ones."""
    written(tmp_path, pattern_of("p", state="active", rule_ids=["F401"]))
    lookup = looked_up(tmp_path)
    findings = [Finding("ruff", "F401", "unused", f"shop/m{number}.py", 1) for number in range(600)]
    without = [one.file_path for one in findings if not found(lookup, one)]

    assert 12 <= len(without) <= 50
    assert without == [one.file_path for one in findings if not found(looked_up(tmp_path), one)]


def test_findings_of_a_batch_share_the_room(tmp_path: Path) -> None:
    """Each finding of a batch brings the best of its own patterns before the next best of any; three are shown."""
    family = [("a", "E711", "None"), ("b", "E711", "truth values"), ("c", "F401", "imports"), ("d", "E501", "width")]
    written(
        tmp_path,
        *(pattern_of(name, state="active", rule_ids=[rule], description=about) for name, rule, about in family),
    )
    lookup = looked_up(tmp_path)
    findings = [Finding("ruff", rule, "wrong", "shop/cart.py", 1) for rule in ("E711", "F401", "E501")]

    assert found(lookup, findings[0]) == ["a", "b"]
    assert found(lookup, *findings[:2]) == ["a", "c", "b"]
    assert found(lookup, *findings) == ["a", "c", "d"]


def test_the_hold_out_is_kept_in_batches(tmp_path: Path) -> None:
    """What is held out sees no pattern of another finding either that is asked about with it."""
    written(tmp_path, pattern_of("p", state="active", rule_ids=["F401"]))
    lookup = looked_up(tmp_path)
    findings = [Finding("ruff", "F401", "unused", f"shop/m{number}.py", 1) for number in range(100)]
    held_out, other = (next(one for one in findings if found(lookup, one) == shown) for shown in (list[str](), ["p"]))

    assert found(lookup, other, held_out) == found(lookup, held_out, other) == []


def test_a_setting_that_cannot_be_used_costs_no_patch() -> None:
    """Without a usable embedding model words are compared here, and what is wrong with the setting is said."""
    warned = list[str]()
    named = {"PATCHTRAIL_EMBEDDING_MODEL": "m"}
    assert embedder_of({}, str, warned.append) is None
    assert embedder_of({**named, "OPENAI_API_KEY": "k"}, str, warned.append) is not None
    assert warned == []

    assert embedder_of(named, str, warned.append) is None
    assert embedder_of({**named, "PATCHTRAIL_EMBEDDING_URL": "http://example.org"}, str, warned.append) is None
    assert ["PATCHTRAIL_EMBEDDING_URL" in warned[0], "https" in warned[1]] == [True, True]
