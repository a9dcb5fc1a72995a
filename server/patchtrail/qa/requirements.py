"""Requirements as a project writes them, made into what may be handed to pip.

Names and specifiers alone (PEP 508) are passed on. What would make pip reach elsewhere, or run something to find out
what a package is, is refused: addresses, repositories, folders and options that name an index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from patchtrail.contract.errors import InvalidInput
from patchtrail.trace.file_tree import FileTree

__all__ = ["Requirements", "names_of", "requirement_of", "requirements_file"]

MAX_REQUIREMENTS = 500
MAX_FILES = 20
MAX_CHARS = 1_000
ITSELF = re.compile(r"(?:(?:-e|--editable)[ =]?)?(?:file:)?(?:\.|\./|\.\.)(?:\[[\w, .-]*\])?")
"""The project itself, which is built and installed anyway."""
INCLUDES = re.compile(r"(?:-r|--requirement)[ =]?(.+)")
CONSTRAINTS = re.compile(r"(?:-c|--constraint)[ =]?(.+)")
HARMLESS = re.compile(r"--(?:pre|prefer-binary|require-hashes|no-binary|only-binary|use-feature|extra)\b.*")
"""Options that change nothing here: wheels come first, whatever a project prefers."""
COMMENT = re.compile(r"(?:^|\s)#.*$")
HASHES = re.compile(r"\s--hash[= ]\S+")

Requirements = tuple[str, ...]


def requirement_of(text: str, origin: str) -> str:
    """Return one requirement in its plain form; raises `InvalidInput` where it is none, or names an address."""
    if len(text) > MAX_CHARS:
        raise InvalidInput(f"{origin} names {text[:100]!r}…, which is too long for a requirement.", code="recipe")
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        said = str(error).splitlines()[0]
        raise InvalidInput(f"{origin} names {text[:100]!r}, which is no requirement: {said}", code="recipe") from error
    if "$" in text:
        # pip puts variables of its environment in their places, and repeats the line where something is wrong with it.
        raise InvalidInput(f"{origin} names a variable in {text[:100]!r}; none is filled in.", code="recipe")
    if parsed.url is not None:
        raise InvalidInput(
            f"{origin} takes {parsed.name} from an address ({text[:100]}); only names and versions are fetched.",
            code="recipe",
        )
    return str(parsed)


def requirements_file(tree: FileTree, path: str) -> Requirements:
    """Return what a requirements file of the tree asks for, with the files that it includes.

    Constraints count as requirements only for what is required anyway. Raises `InvalidInput` for what is refused.
    """
    reading = _Reading(tree)
    reading.read(path)
    wanted = names_of(reading.required)
    bounds = [one for one in reading.bounds if names_of([one]) <= wanted]
    return tuple(dict.fromkeys([*reading.required, *bounds]))


def names_of(requirements: Iterable[str]) -> set[str]:
    """Return the normalised names of requirements."""
    return {str(canonicalize_name(Requirement(one).name)) for one in requirements}


class _Reading:
    """What was found so far, over all files that include each other."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._seen = set[str]()
        self.required: list[str] = []
        self.bounds: list[str] = []

    def read(self, path: str, is_bound: bool = False) -> None:
        """Read one file; one that was read already is not read again."""
        path = _within(path)
        if path in self._seen:
            return
        self._seen.add(path)
        if len(self._seen) > MAX_FILES:
            raise InvalidInput(f"More than {MAX_FILES} requirements files include each other.", code="recipe")
        text = self._tree.text(path)
        if text is None:
            raise InvalidInput(f"The requirements file `{path}` is not there, or is no text.", code="recipe")
        for number, line in enumerate(_lines(text), start=1):
            if line:
                self._line(line, PurePosixPath(path), f"`{path}` line {number}", is_bound)

    def _line(self, line: str, path: PurePosixPath, origin: str, is_bound: bool) -> None:
        if ITSELF.fullmatch(line) or HARMLESS.fullmatch(line):
            return
        if found := INCLUDES.fullmatch(line):
            self.read((path.parent / found[1].strip()).as_posix(), is_bound)
        elif found := CONSTRAINTS.fullmatch(line):
            self.read((path.parent / found[1].strip()).as_posix(), is_bound=True)
        elif line.startswith("-"):
            raise InvalidInput(f"{origin} sets an option that is not allowed: {line[:100]}", code="recipe")
        else:
            (self.bounds if is_bound else self.required).append(requirement_of(line, origin))
            if len(self.required) > MAX_REQUIREMENTS:
                raise InvalidInput(f"More than {MAX_REQUIREMENTS} packages are required.", code="recipe")


def _lines(text: str) -> list[str]:
    """Return logical lines at the number of their first; a hash says nothing where wheels are taken."""
    lines = list[str]()
    waiting = ""
    for line in text.removeprefix("\ufeff").splitlines():
        waiting = f"{waiting}{line}"
        if waiting.endswith("\\"):
            waiting = waiting[:-1] + " "
            continue
        lines.append(HASHES.sub("", f" {COMMENT.sub('', waiting)}").strip())
        waiting = ""
    return [*lines, HASHES.sub("", f" {waiting}").strip()]


def _within(path: str) -> str:
    parts = list[str]()
    for part in PurePosixPath(path).parts:
        if part == "..":
            if not parts:
                raise InvalidInput(f"The requirements file `{path}` lies outside of the project.", code="recipe")
            parts.pop()
        else:
            parts.append(part)
    if PurePosixPath(path).is_absolute() or not parts:
        raise InvalidInput(f"The requirements file `{path}` lies outside of the project.", code="recipe")
    return "/".join(parts)
