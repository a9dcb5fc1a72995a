"""Environments: a Python's packages as a folder that the sandbox shows read-only, laid out as a virtual environment.

Made once for a set of requirements, and kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path

from patchtrail.contract.errors import NotFound
from patchtrail.qa.made_once import is_made, made_once
from patchtrail.qa.requirements import names_of
from patchtrail.qa.wheels import NoWheel, Pip
from patchtrail.sandbox import Bind, Cancelling
from patchtrail.sandbox.python_tree import python_tree

__all__ = [
    "ENVIRONMENT_AT",
    "PATHS_AT",
    "PROJECT_AT",
    "ROOT_AT",
    "Environment",
    "Environments",
    "move_scripts",
    "site_folder",
]

ENVIRONMENT_AT, PROJECT_AT, ROOT_AT = Path("/opt/environment"), Path("/opt/project"), Path("/repository")
PATHS_AT = Path("/opt/patchtrail/paths")
LAYOUT = 2
"""To be raised when what an environment holds changes for the same requirements."""
TOOLS = ("pytest", "coverage")
OWN_TOOLS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "coverage")
"""What the tools consist of, as they are installed beside us."""
MAX_BUILT = 20
# Behind everything else, so that no file of the project is taken for a package that tests or tools need.
PATHS = (
    "".join(f"import site; site.addsitedir({str(at)!r})\n" for at in (PROJECT_AT, PATHS_AT))
    + f"{ROOT_AT}\n{ROOT_AT}/src\n"
)
NOTHING = '"""Nothing: a file of this name in a project is not run at every start."""\n'
Build = Callable[[str], Path]


class Environment:
    """One environment on disk, and how a job is shown it."""

    def __init__(self, folder: Path, python: Path, version: str) -> None:
        tree = python_tree(python)
        if tree is None:
            raise NotFound(f"`{python}` is no Python installation that could be shown to tests.")
        self.folder = folder
        self.python = python
        self.version = version
        self.binds = (*tree.binds, *_headers(python), Bind(folder, ENVIRONMENT_AT))

    @property
    def executable(self) -> str:
        """The interpreter, as a job calls it."""
        return str(ENVIRONMENT_AT / "bin/python")

    @property
    def site(self) -> Path:
        """Where its packages lie, outside."""
        return site_folder(self.folder, self.version)


class Environments:
    """Makes environments for one Python; `folder` is where they are kept."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder = folder
        self._python = python
        self._pip = Pip(python)
        self.version = _version_of(python)

    @property
    def pip(self) -> Pip:
        """What fetches and unpacks."""
        return self._pip

    def of(self, requirements: Iterable[str], cancellation: Cancelling, build: Build | None = None) -> Environment:
        """Return the environment of requirements; `build` makes a wheel of what has none.

        Raises `NotFound` or `InvalidInput` with the reason why there is none.
        """
        wanted = sorted(set(requirements))
        name = hashlib.sha256(json.dumps([LAYOUT, self.version, str(self._python), wanted]).encode()).hexdigest()
        folder = self._folder / name
        if not is_made(folder):
            self._made(folder, wanted, cancellation, build)
        return Environment(folder, self._python, self.version)

    def with_tools(self, requirements: Sequence[str], cancellation: Cancelling, build: Build | None) -> Environment:
        """Return the environment of requirements, with pytest and coverage.py where they do not name them."""
        named = names_of(requirements)
        return self.of([*requirements, *(one for one in TOOLS if one not in named)], cancellation, build)

    def _made(self, folder: Path, wanted: list[str], cancellation: Cancelling, build: Build | None) -> None:
        with made_once(folder) as staging:
            site, scripts = site_folder(staging, self.version), staging / "bin"
            site.mkdir(parents=True)
            scripts.mkdir()
            for name in ("python", "python3"):
                (scripts / name).symlink_to(self._python)
            (staging / "pyvenv.cfg").write_text(f"home = {self._python.parent}\ninclude-system-site-packages = false\n")
            if set(wanted) <= set(TOOLS) and self._is_ours():
                _copy_own_tools(site, scripts)
            else:
                wheels = self._fetched(wanted, staging.parent, cancellation, build)
                self._pip.unpack(wheels, site, cancellation)
                move_scripts(site, scripts)
            for name in ("sitecustomize.py", "usercustomize.py"):
                if not (site / name).exists():
                    (site / name).write_text(NOTHING)
            (site / "patchtrail.pth").write_text(PATHS)

    def _fetched(self, wanted: list[str], at: Path, cancellation: Cancelling, build: Build | None) -> list[Path]:
        built = list[Path]()
        while True:
            wheels = at / f"wheels-{len(built)}"
            wheels.mkdir()
            try:
                return self._pip.fetch(wanted, wheels, cancellation, [one.parent for one in built])
            except NoWheel as error:
                if build is None or len(built) == MAX_BUILT:
                    raise
                built.append(build(error.requirement))

    def _is_ours(self) -> bool:
        return self.version == _version(sys.version_info)


def site_folder(environment: Path, version: str) -> Path:
    """Return where the packages of an environment lie."""
    return environment / "lib" / f"python{version}" / "site-packages"


def move_scripts(site: Path, to: Path) -> None:
    """Move scripts from beside the packages to where they are looked for, and let them call the inner Python."""
    scripts = site / "bin"
    if not scripts.is_dir():
        return
    for script in scripts.iterdir():
        if script.is_file() and not script.is_symlink() and not (to / script.name).exists():
            head, _, rest = script.read_bytes().partition(b"\n")
            if head.startswith(b"#!") and b"python" in head:
                script.write_bytes(f"#!{ENVIRONMENT_AT}/bin/python\n".encode() + rest)
            script.chmod(0o755)
            script.rename(to / script.name)
    shutil.rmtree(scripts, ignore_errors=True)


def _copy_own_tools(site: Path, scripts: Path) -> None:
    """Copy pytest and coverage.py from beside us: tests that need nothing else are run without any index."""
    for name in OWN_TOOLS:
        distribution = metadata.distribution(name)
        for top in {one.parts[0] for one in distribution.files or () if one.parts[0] not in ("..", "__pycache__")}:
            source = Path(str(distribution.locate_file(top)))
            if source.is_dir():
                shutil.copytree(source, site / top, dirs_exist_ok=True)
            elif source.is_file():
                shutil.copy2(source, site / top)
        for one in distribution.entry_points.select(group="console_scripts"):
            call = f"import sys\nfrom {one.module} import {one.attr}\nsys.exit({one.attr}())\n"
            (scripts / one.name).write_text(f"#!{ENVIRONMENT_AT}/bin/python\n{call}")
            (scripts / one.name).chmod(0o755)


def _headers(python: Path) -> list[Bind]:
    """Return what extension modules are compiled against, where the installation has it."""
    found = python.resolve().parent.parent / "include"
    return [Bind(found, found)] if found.is_dir() and not found.is_relative_to("/usr") else []


def _version_of(python: Path) -> str:
    if python.resolve() == Path(sys.executable).resolve():
        return _version(sys.version_info)
    try:
        done = subprocess.run(
            [python, "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={"PATH": os.defpath},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotFound(f"`{python}` is no Python that could run tests: {error}") from error
    return done.stdout.strip()


def _version(info: tuple[int, int, str | int, str | int, int] | tuple[int, ...]) -> str:
    return f"{info[0]}.{info[1]}"
