"""What a repository says of its tests, read from the files of the start commit; nothing of it is run to find out."""

from __future__ import annotations

import configparser
import contextlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from patchtrail.contract.errors import InvalidInput
from patchtrail.qa.poetry import requirements_of_table
from patchtrail.qa.recipe import Recipe, RunnerName
from patchtrail.qa.requirements import ITSELF, Requirements, requirement_of, requirements_file
from patchtrail.trace.file_tree import FileTree

__all__ = ["ProjectFile", "detected", "elder_parts", "of_tests", "project_file", "test_file_names", "wanted"]

TEST_NAMES = ("test", "tests", "testing", "pytest", "unittest", "unit")
DEV_NAMES = ("dev", "develop", "development", "all")
"""Taken only where nothing is named after tests."""
REQUIREMENT_FILES = (
    ("requirements.txt", "requirements/base.txt", "requirements/main.txt"),
    (
        *("requirements-test.txt", "requirements-tests.txt", "requirements_test.txt", "requirements_tests.txt"),
        *("test-requirements.txt", "test_requirements.txt", "requirements-testing.txt", "requirements/test.txt"),
        *("requirements/tests.txt", "requirements/testing.txt", "tests/requirements.txt", "test/requirements.txt"),
    ),
    (
        *("requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt", "requirements/dev.txt"),
        *("requirements-develop.txt", "requirements/development.txt"),
    ),
)
"""The project's own, those of its tests, and those of its developers, which count where it has none for tests."""
NODE_RUNNERS: dict[str, RunnerName] = {"vitest": "vitest", "jest": "jest"}
NODE_TEST = re.compile(r"\bnode\b.*\s--test\b")
PYTHON_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$")
PYTHON_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "tox.ini", "Pipfile", "pytest.ini")
PYTEST_SECTIONS = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
EVERYTHING = "of no test.py"
"""A name that a pattern of all files alone fits."""
FACTOR = re.compile(r"[\w.,!{}-]+:\s*(.*)")


@dataclass(frozen=True)
class ProjectFile:
    """What pyproject.toml says, as far as tests need it; all of it empty where there is none."""

    told: Mapping[str, Any] = field(default_factory=dict)

    def table(self, *names: str) -> Mapping[str, Any]:
        """Return a table by its path; empty where it is not there."""
        at: Any = self.told
        for name in names:
            at = at.get(name, {}) if isinstance(at, Mapping) else {}
        return at if isinstance(at, Mapping) else {}

    @property
    def build_requires(self) -> tuple[str, ...] | None:
        """What building needs; None where the file does not say."""
        system = self.table("build-system")
        return tuple(map(str, system.get("requires", ()))) if system else None

    @property
    def dependencies(self) -> tuple[str, ...]:
        """What the project needs, where it says so without being built."""
        return tuple(map(str, self.table("project").get("dependencies", ())))

    @property
    def extras(self) -> Mapping[str, Any]:
        """Its optional dependencies, by name."""
        return self.table("project", "optional-dependencies")


def detected(tree: FileTree) -> Recipe:
    """Return the recipe of a repository; raises `InvalidInput` where a file of it cannot be read or is refused."""
    runner = _runner(tree)
    if runner not in ("pytest", "unittest"):
        return Recipe(runner=runner)
    told = project_file(tree)
    required = [*_of_tools(told), *_of_tox(tree)]
    return Recipe(
        runner=runner,
        requirements=tuple(dict.fromkeys(required)),
        requirement_files=tuple(_files(tree)),
        groups=tuple(wanted(told.table("dependency-groups"))),
    )


def project_file(tree: FileTree) -> ProjectFile:
    """Return what pyproject.toml says; raises `InvalidInput` where it is no TOML."""
    try:
        return ProjectFile(tomllib.loads(tree.text("pyproject.toml") or ""))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"`pyproject.toml` is no TOML: {error}", code="recipe") from error


def wanted(names: Iterable[str]) -> list[str]:
    """Return the extras or groups that tests need, by what they are called."""
    there = {re.sub(r"[-_.]+", "-", one).lower(): one for one in names}
    return [there[one] for one in TEST_NAMES if one in there] or [there[one] for one in DEV_NAMES if one in there][:1]


def of_tests(tree: FileTree, recipe: Recipe) -> Requirements:
    """Return what a recipe requires beside the project's own dependencies: lists, files and groups."""
    groups = project_file(tree).table("dependency-groups")
    of_groups = [one for name in recipe.groups for one in _of_group(groups, name, ())]
    of_files = [one for path in recipe.requirement_files for one in requirements_file(tree, path)]
    return tuple(dict.fromkeys([*recipe.requirements, *of_files, *of_groups]))


def test_file_names(tree: FileTree) -> tuple[str, ...]:
    """Return the patterns by which pytest knows test files, where a project names them; one of all files is none."""
    found = list[str]()
    for table in (("tool", "pytest"), ("tool", "pytest", "ini_options")):
        told = project_file(tree).table(*table).get("python_files", ())
        found += told.split() if isinstance(told, str) else map(str, told)
    for name, section in PYTEST_SECTIONS:
        reader = configparser.RawConfigParser(strict=False)
        with contextlib.suppress(configparser.Error):
            reader.read_string(tree.text(name) or "")
            found += reader.get(section, "python_files", fallback="").split()
    return tuple(one for one in dict.fromkeys(found) if not fnmatch(EVERYTHING, one))


def elder_parts(tree: FileTree) -> Requirements:
    """Return setuptools where a file imports what used to come with every environment."""
    texts = [content for path, content in tree.files.items() if path.endswith(".py") and path != "setup.py"]
    if any(b"pkg_resources" in one for one in texts):
        return ("setuptools<81",)
    return (
        ("setuptools",)
        if any(re.search(rb"^\s*(?:from|import) (?:setuptools|distutils)\b", one, re.M) for one in texts)
        else ()
    )


def _of_group(groups: Mapping[str, Any], name: str, above: tuple[str, ...]) -> Iterable[str]:
    """Yield a group of PEP 735 with those that it includes."""
    by_name = {re.sub(r"[-_.]+", "-", one).lower(): told for one, told in groups.items()}
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in above or key not in by_name:
        raise InvalidInput(f"The dependency group `{name}` is not there, or includes itself.", code="recipe")
    for one in by_name[key]:
        if isinstance(one, Mapping):
            yield from _of_group(groups, str(one.get("include-group", "")), (*above, key))
        elif not ITSELF.fullmatch(str(one)):
            yield requirement_of(str(one), f"the dependency group `{name}`")


def _runner(tree: FileTree) -> RunnerName:
    has_python = any(one in tree.files for one in PYTHON_FILES) or any(map(PYTHON_TEST.search, tree.files))
    if has_python and any(map(PYTHON_TEST.search, tree.files)):
        return "pytest"
    if (package := tree.text("package.json")) is not None:
        return _node_runner(package)
    if "go.mod" in tree.files:
        return "go"
    return "pytest"


def _node_runner(text: str) -> RunnerName:
    try:
        told = json.loads(text)
        needed = {**told.get("dependencies", {}), **told.get("devDependencies", {})}
        script = str(told.get("scripts", {}).get("test", ""))
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidInput(f"`package.json` cannot be read: {error}", code="recipe") from error
    if NODE_TEST.search(script):
        return "node"
    return next((runner for name, runner in NODE_RUNNERS.items() if name in needed or name in script), "node")


def _of_tools(told: ProjectFile) -> list[str]:
    """Return what tables of other tools than PEP 621 name for tests."""
    poetry, found = told.table("tool", "poetry"), list[str]()
    if poetry:
        groups = told.table("tool", "poetry", "group")
        for name in wanted(groups):
            found += requirements_of_table(
                told.table("tool", "poetry", "group", name, "dependencies"), "pyproject.toml"
            )
        for table in ("dependencies", "dev-dependencies"):
            found += requirements_of_table(told.table("tool", "poetry", table), "pyproject.toml")
    lists = [told.table("tool", "uv").get("dev-dependencies", [])]
    of_pdm = told.table("tool", "pdm", "dev-dependencies")
    lists += [of_pdm[name] for name in wanted(of_pdm)]
    of_hatch = told.table("tool", "hatch", "envs")
    for name in [*(["default"] if "default" in of_hatch else []), *wanted(of_hatch)]:
        own = told.table("tool", "hatch", "envs", name)
        lists += [own.get("dependencies", []), own.get("extra-dependencies", [])]
    told_of = [str(one) for listed in lists for one in listed if not ITSELF.fullmatch(str(one))]
    return [*found, *(requirement_of(one, "pyproject.toml") for one in told_of)]


def _of_tox(tree: FileTree) -> list[str]:
    """Return what `[testenv]` of tox.ini needs in every environment; a line for some of them alone is left out."""
    text = tree.text("tox.ini")
    if text is None:
        return []
    reader = configparser.RawConfigParser(strict=False)
    try:
        reader.read_string(text)
    except configparser.Error as error:
        raise InvalidInput(f"`tox.ini` cannot be read: {str(error).splitlines()[0]}", code="recipe") from error
    found = list[str]()
    for line in reader.get("testenv", "deps", fallback="").splitlines():
        line = line.strip()
        if not line or line.startswith(("-", "#", ".", "{")) or ("{" in line) or FACTOR.fullmatch(line):
            continue
        found.append(requirement_of(line, "`tox.ini`"))
    return found


def _files(tree: FileTree) -> Iterable[str]:
    own, of_tests, of_developers = ([one for one in some if one in tree.files] for some in REQUIREMENT_FILES)
    yield from own
    yield from of_tests or of_developers
