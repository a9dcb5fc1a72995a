"""Cases parted by the package that they come from: what is learned in one is measured in others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase

__all__ = ["PackageSplit", "package_of", "split"]

TEACHING_SHARE = 0.5
"""How many cases teach, for each that is held out; all others validate what was taught."""


@dataclass(frozen=True)
class PackageSplit:
    """Cases that teach, cases that patterns are tried on, and cases that are measured; no package is in two."""

    teaching: tuple[PatchCase, ...]
    validation: tuple[PatchCase, ...]
    held_out: tuple[PatchCase, ...]


def package_of(case: PatchCase) -> str:
    """Return the package that a case's file is of."""
    return case.file_path.split("/")[1]


def split(cases: Sequence[PatchCase], held_out: int, seed: int) -> PackageSplit:
    """Hold out packages until they have `held_out` cases, let some of the others teach, and the rest validate.

    Raises `InvalidInput` where too few are left to learn from.
    """
    by_package = defaultdict[str, list[PatchCase]](list)
    for case in cases:
        by_package[package_of(case)].append(case)
    wanted = (held_out, round(held_out * TEACHING_SHARE), len(cases))
    parts: tuple[list[PatchCase], ...] = ([], [], [])
    for package in Random(seed).sample(sorted(by_package), len(by_package)):
        part = next(part for part, size in zip(parts, wanted, strict=True) if len(part) < size)
        part += by_package[package]
    if not all(parts):
        raise InvalidInput(
            f"{len(cases)} findings in {len(by_package)} packages are too few to hold out {held_out}, to learn and to"
            " validate: ask for fewer, or install more packages."
        )
    measured, teaching, validation = map(tuple, parts)
    return PackageSplit(teaching, validation, measured)
