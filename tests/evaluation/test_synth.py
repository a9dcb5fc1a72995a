"""Synthetic data sets: the same from the same, in the shares that were asked for, and every label confirmed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.dataset import RULES
from patchtrail.evaluation.synth import cases_of, synthesize
from patchtrail.evaluation.synthetic import SyntheticSet, read_synthetic, sealed
from patchtrail.evaluation.synthetic_mix import DEFAULT_MIX, counts_of, read_mix
from patchtrail.evaluation.tools import configure
from tests.evaluation.sources import some_sources


@pytest.fixture(scope="module")
def dataset() -> SyntheticSet:
    """Make a small one."""
    return synthesize(some_sources(), read_mix(DEFAULT_MIX), 30, seed=7)


def ruff(root: Path) -> dict[str, list[str]]:
    """Return what Ruff's own command line says of a folder, by the first part of each path."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "json", "."]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    told = dict[str, list[str]]()
    for one in json.loads(done.stdout):
        name = Path(one["filename"]).relative_to(root.resolve()).parts[0]
        told.setdefault(name, []).append(one["code"])
    return told


def test_it_is_what_was_asked_for(dataset: SyntheticSet) -> None:
    """There are exactly so many cases, in the shares of the mix, none twice."""
    assert Counter(one.kind for one in dataset.cases) == {"I001": 9, "F401": 9, "D": 6, "multi": 6}
    assert {one.issue_type for one in dataset.cases if one.kind == "D"} > {"D101"}
    assert len({one.case_id for one in dataset.cases}) == 30
    assert len({one.code for one in dataset.cases}) == 30


def test_ruff_confirms_every_label(dataset: SyntheticSet, tmp_path: Path) -> None:
    """Ruff reports each case's rule once more in its code than in its expected fix, and no other rule more often."""
    for side in ("broken", "right"):
        (tmp_path / side).mkdir()
        configure(tmp_path / side, RULES)
        for case in dataset.cases:
            target = tmp_path / side / case.case_id / case.file_path
            target.parent.mkdir(parents=True)
            target.write_text(case.code if side == "broken" else case.expected_fix)

    broken, right = ruff(tmp_path / "broken"), ruff(tmp_path / "right")
    more = {one.case_id: Counter(broken[one.case_id]) - Counter(right.get(one.case_id, [])) for one in dataset.cases}

    assert {name: set(told) for name, told in more.items()} == {one.case_id: {one.issue_type} for one in dataset.cases}


def test_the_same_seed_gives_the_same_bytes(dataset: SyntheticSet) -> None:
    """The same seed and sources give the same file; another seed gives another one."""
    assert synthesize(some_sources(), read_mix(DEFAULT_MIX), 30, seed=7).text() == dataset.text()
    assert synthesize(some_sources(), read_mix("F401=1"), 3, seed=8) != synthesize(
        some_sources(), read_mix("F401=1"), 3, seed=9
    )


def test_it_comes_back_from_its_file(dataset: SyntheticSet, tmp_path: Path) -> None:
    """A file is read as it was written, and its cases are what the suite measures."""
    path = tmp_path / "set.json"
    path.write_text(dataset.text())

    cases = cases_of(read_synthetic(path))

    assert read_synthetic(path) == dataset
    assert [one.case_id for one in cases] == [one.case_id for one in dataset.cases]
    assert all(case.planted[0].finding.line == one.line for case, one in zip(cases, dataset.cases, strict=True))


def test_what_was_changed_is_refused(dataset: SyntheticSet, tmp_path: Path) -> None:
    """A file whose content no longer has its id is refused, and a wrong label though its id be right."""
    path, other = tmp_path / "set.json", dataset.cases[0].model_copy(update={"issue_type": "F841"})
    path.write_text(dataset.model_copy(update={"cases": [other]}).text())

    with pytest.raises(InvalidInput, match="was changed"):
        read_synthetic(path)
    with pytest.raises(InvalidInput, match="does not confirm F841"):
        cases_of(sealed(dataset.provenance, [other]))


def test_a_path_leads_nowhere_else(dataset: SyntheticSet) -> None:
    """A case whose path leads out of its folder is refused before anything is written."""
    outside = dataset.cases[0].model_copy(update={"file_path": "../../../../../../tmp/outside.py"})

    with pytest.raises(InvalidInput, match="leads out of its folder"):
        cases_of(sealed(dataset.provenance, [outside]))


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2, "cases": []}'])
def test_what_is_none_is_refused(content: str, tmp_path: Path) -> None:
    """A file of another kind is refused with its name."""
    path = tmp_path / "other.json"
    path.write_text(content)

    with pytest.raises(InvalidInput, match=r"other\.json"):
        read_synthetic(path)


@pytest.mark.parametrize("mix", ["", "I001", "I001=x", "X999=1", "I001=1,I001=2", "I001=0"])
def test_a_mix_that_says_nothing_is_refused(mix: str) -> None:
    """A mix without parts, with an unknown kind, or with a kind twice is refused."""
    with pytest.raises(InvalidInput, match="mix"):
        read_mix(mix)


def test_shares_add_up() -> None:
    """However the parts divide, the counts are exactly as many as were asked for."""
    assert counts_of({"D": 1, "F401": 1, "I001": 1}, 100) == {"D": 34, "F401": 33, "I001": 33}
    assert all(sum(counts_of(read_mix(DEFAULT_MIX), n).values()) == n for n in range(1, 40))


def test_too_many_are_not_made_up() -> None:
    """Where the sources do not hold so many of a kind, that is told, and nothing is planted twice."""
    with pytest.raises(InvalidInput, match="confirmed cases of D106"):
        synthesize(some_sources()[:2], read_mix("D106=1"), 3, seed=1)
