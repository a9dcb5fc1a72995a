"""What is learned in one package is measured in others."""

from __future__ import annotations

import pytest

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.package_split import package_of, split


def cases(**packages: int) -> list[PatchCase]:
    """Return so many cases of each package."""
    names = [name for name, count in packages.items() for _ in range(count)]
    return [PatchCase(f"c{at}", f"c{at}/{name}/module.py", "", "", ()) for at, name in enumerate(names)]


def test_no_package_is_in_two_parts() -> None:
    """Every case is in one part, with all of its package; enough are held out; the same seed parts them alike."""
    made = cases(**{f"package{number}": 5 + number for number in range(20)})
    parts = split(made, 60, seed=3)
    packages = [{package_of(case) for case in part} for part in (parts.teaching, parts.validation, parts.held_out)]

    assert len(parts.held_out) >= 60
    assert sorted([*parts.teaching, *parts.validation, *parts.held_out], key=id) == sorted(made, key=id)
    assert len(set.union(*packages)) == sum(map(len, packages))
    assert split(made, 60, seed=3) == parts != split(made, 60, seed=4)


def test_too_few_packages_are_refused() -> None:
    """Two packages cannot be three parts, and that is told."""
    with pytest.raises(InvalidInput, match="2 packages are too few to hold out 10"):
        split(cases(one=10, other=10), 10, seed=1)
