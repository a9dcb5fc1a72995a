"""Builds inside the sandbox, without network, what tests need built: the project, and what has no wheel.

Build requirements are fetched as wheels outside; the build itself is somebody else's code and stays behind the walls.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import Parser
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.qa.detection import ProjectFile, project_file
from patchtrail.qa.environment import ROOT_AT, Environments, move_scripts
from patchtrail.qa.index import PackageIndex
from patchtrail.qa.made_once import is_made, made_once
from patchtrail.qa.requirements import Requirements, requirement_of
from patchtrail.qa.runners.watched import Program, watched
from patchtrail.qa.source_tree import source_tree
from patchtrail.qa.wheels import check_needs
from patchtrail.sandbox import Cancelling, Limits, Sandbox
from patchtrail.trace.file_tree import FileTree

__all__ = ["Builder", "Project", "is_buildable"]

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
# What has no pyproject.toml was written for a setuptools that still had its elder parts.
LEGACY_REQUIRES = ("setuptools<81", "wheel")
VERSION = "0.0.0"
VARIABLES = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    # There is no history to tell a version from.
    "SETUPTOOLS_SCM_PRETEND_VERSION": VERSION,
    "PDM_BUILD_SCM_VERSION": VERSION,
    "POETRY_DYNAMIC_VERSIONING_BYPASS": VERSION,
}
BUILD_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in"})
COMPILED = (
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".h",
    ".hh",
    ".hpp",
    ".pyx",
    ".pxd",
    ".pxi",
    ".f",
    ".f90",
    ".rs",
    ".toml",
    ".in",
)
LAYOUT = 1
META = "project.json"


@dataclass(frozen=True)
class Project:
    """A project that was built to be imported from its own sources.

    `folder` is what the sandbox shows at `PROJECT_AT`: metadata, links to the sources, scripts. `made` are files that
    building wrote among the sources. `requires` is what its metadata names, `extras` what it offers.
    """

    folder: Path
    made: Mapping[str, bytes] = field(default_factory=dict)
    requires: Requirements = ()
    extras: tuple[str, ...] = ()

    def required(self, extras: Sequence[str], python_version: str) -> Requirements:
        """Return what the project needs with these extras."""
        markers = {**default_environment(), "python_version": python_version}
        asked = [str(canonicalize_name(one)) for one in ("", *extras)]
        return tuple(_without_marker(one) for one in map(Requirement, self.requires) if _counts(one, asked, markers))


@dataclass(frozen=True)
class _Built:
    name: str
    kind: str
    content: bytes
    made: Mapping[str, bytes]


def is_buildable(tree: FileTree) -> bool:
    """Return whether there is something to build."""
    told = project_file(tree)
    is_described = bool(told.table("build-system") or told.table("project"))
    return is_described or "setup.py" in tree.files or b"[metadata]" in tree.files.get("setup.cfg", b"")


class Builder:
    """Builds for one Python; `folder` is where what was built is kept."""

    def __init__(self, sandbox: Sandbox, environments: Environments, folder: Path, limits: Limits) -> None:
        self._sandbox = sandbox
        self._environments = environments
        self._folder = folder
        self._limits = limits
        self._index = PackageIndex()

    def wheel_of(self, requirement: str, cancellation: Cancelling) -> Path:
        """Return a wheel built of the source distribution that satisfies a requirement.

        Raises `NotFound` where there is none, or it cannot be built.
        """
        source = self._index.source_of(requirement, self._environments.version)
        folder = self._folder / "wheels" / f"{self._environments.version}-{source.sha256}"
        if not is_made(folder):
            tree = source_tree(self._index.fetch(source), source.name)
            built = self._built(tree, project_file(tree), "wheel", cancellation)
            _checked_name(built.name, source.name)
            with made_once(folder) as staging:
                staging.mkdir()
                wheel = staging / built.name
                wheel.write_bytes(built.content)
                check_needs(wheel)
        return next(folder.glob("*.whl"))

    def project(self, tree: FileTree, start: ProjectFile, cancellation: Cancelling) -> Project:
        """Build a tree so that it is imported from its sources; how is what the start commit says.

        Raises `NotFound` or `InvalidInput` with the reason where that does not work.
        """
        folder = self._folder / "projects" / self._key(tree, start)
        if not is_made(folder):
            built = self._built(tree, start, "editable", cancellation)
            _checked_name(built.name, None)
            with made_once(folder) as staging:
                staging.mkdir()
                self._keep(built, staging, cancellation)
        return _kept(folder)

    def _key(self, tree: FileTree, start: ProjectFile) -> str:
        """Name a build by all that goes into it; Python sources do not, because they are linked to."""
        inputs = {
            path: hashlib.sha256(content).hexdigest()
            for path, content in sorted(tree.files.items())
            if path in BUILD_FILES or path.endswith(COMPILED)
        }
        # Where packages lie decides how they are linked to.
        folders = sorted({path.rpartition("/")[0] for path in tree.files if path.endswith(".py")})
        named = [LAYOUT, self._environments.version, start.told.get("build-system"), inputs, folders]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()

    def _built(self, tree: FileTree, told: ProjectFile, kind: str, cancellation: Cancelling) -> _Built:
        system = told.table("build-system")
        requires = list(LEGACY_REQUIRES) if told.build_requires is None else list(told.build_requires)
        requires = [requirement_of(one, "the build system") for one in requires]
        spec = {
            "backend": str(system.get("build-backend", LEGACY_BACKEND)),
            "backend_path": [str(one) for one in system.get("backend-path", ())],
            "kind": kind,
            "root": str(ROOT_AT),
            "has_all": False,
        }
        lines = self._ran(tree, spec, requires, cancellation)
        try:
            named = [str(each) for one in lines for each in one.get("requires", ())]
            if further := [requirement_of(one, "the build system") for one in named]:
                lines = self._ran(tree, {**spec, "has_all": True}, [*requires, *further], cancellation)
            return _built(lines)
        except (TypeError, ValueError, LookupError) as error:
            # The back end runs beside what tells, and may have told in its name.
            raise NotFound("It cannot be built: what was told of it cannot be read.") from error

    def _ran(
        self, tree: FileTree, spec: Mapping[str, Any], requires: Sequence[str], cancellation: Cancelling
    ) -> Sequence[Mapping[str, Any]]:
        environment = self._environments.of(requires, cancellation)
        program = Program("build_run", spec, environment, variables=VARIABLES)
        came = watched(self._sandbox, tree, program, self._limits, cancellation)
        if came.run.trouble:
            raise NotFound(f"It cannot be built: {came.run.problem} {came.run.output.strip()[-600:]}")
        return came.told

    def _keep(self, built: _Built, staging: Path, cancellation: Cancelling) -> None:
        wheel = staging.parent / built.name
        wheel.write_bytes(built.content)
        self._environments.pip.unpack([wheel], staging, cancellation)
        scripts = staging / "scripts"
        scripts.mkdir()
        move_scripts(staging, scripts)
        scripts.rename(staging / "bin")
        metadata = next(staging.glob("*.dist-info/METADATA"), None)
        if metadata is None:
            raise NotFound("What was built names no metadata.")
        told = Parser().parsestr(metadata.read_text(encoding="utf-8", errors="replace"), headersonly=True)
        if built.kind != "editable":
            _drop_copies(staging)
        (staging / META).write_text(
            json.dumps(
                {
                    "requires": _sound(told.get_all("Requires-Dist") or []),
                    "extras": [str(one) for one in told.get_all("Provides-Extra") or []],
                    "made": {path: base64.b64encode(content).decode() for path, content in built.made.items()},
                }
            )
        )


def _kept(folder: Path) -> Project:
    told = json.loads((folder / META).read_text())
    made = {path: base64.b64decode(content) for path, content in told["made"].items()}
    return Project(folder, made, tuple(told["requires"]), tuple(told["extras"]))


def _built(lines: Iterable[Mapping[str, Any]]) -> _Built:
    name, kind, at, contents = "", "", "", dict[str, bytearray]()
    for line in lines:
        if "wheel" in line:
            name, kind, at = str(line["wheel"]), str(line["kind"]), ""
            contents[at] = bytearray()
        elif "made" in line:
            at = str(line["made"])
            contents[at] = bytearray()
        elif "content" in line:
            contents[at] += base64.b64decode(line["content"])
    if not name:
        raise NotFound("It cannot be built: its back end made no wheel.")
    content = bytes(contents.pop(""))
    return _Built(name, kind, content, {path: bytes(one) for path, one in contents.items() if _is_below(path)})


def _is_below(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and "\0" not in path and not path.startswith(".git")


def _checked_name(wheel: str, name: str | None) -> None:
    no_wheel = InvalidInput(f"What was built is called {wheel[:100]!r}, which is no wheel.", code="bad_wheel")
    if "/" in wheel:  # Behind a build number the parser lets it pass.
        raise no_wheel
    try:
        named = parse_wheel_filename(wheel)[0]
    except InvalidWheelFilename as error:
        raise no_wheel from error
    if name is not None and named != canonicalize_name(name):
        raise InvalidInput(f"Of {name} a wheel of {named} was built.", code="bad_wheel")


def _drop_copies(folder: Path) -> None:
    """Keep the metadata of a wheel that copies sources: what is tested are the tree's own."""
    for one in folder.iterdir():
        if one.name.endswith(".dist-info") or one.name == "bin":
            continue
        shutil.rmtree(one) if one.is_dir() else one.unlink()


def _sound(requirements: Iterable[str]) -> list[str]:
    kept = list[str]()
    for one in requirements:
        with contextlib.suppress(InvalidRequirement):
            kept.append(str(Requirement(one)))
    return kept


def _counts(requirement: Requirement, extras: Sequence[str], markers: Mapping[str, Any]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({**markers, "extra": one}) for one in extras)


def _without_marker(requirement: Requirement) -> str:
    if requirement.url is not None:
        raise InvalidInput(
            f"The project takes {requirement.name} from an address; only names are fetched.", code="recipe"
        )
    requirement.marker = None
    return str(requirement)
