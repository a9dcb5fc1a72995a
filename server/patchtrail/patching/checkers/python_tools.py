"""Recipes for Python: its own parser, Ruff, mypy and pyright."""

from __future__ import annotations

import ast
import os
import tempfile
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from patchtrail.patching.checkers.mirror import mirrored
from patchtrail.patching.checkers.recipe import CheckRequest, ToolFailed
from patchtrail.patching.checkers.tool_finder import ToolFinder
from patchtrail.patching.finding import Finding
from patchtrail.patching.ruff_findings import ruff_findings
from patchtrail.patching.tool_output import mypy_findings, pyright_findings
from patchtrail.patching.utf16 import utf16_of_bytes
from patchtrail.sandbox.process import Ended
from patchtrail.text import split_lines

__all__ = ["Mypy", "Pyright", "PythonSyntax", "Ruff"]

PYTHON = (".py", ".pyi")
FOUND_NOTHING, FOUND_SOME = 0, 1


@dataclass(frozen=True)
class PythonSyntax:
    """Python's own parser, of the version that this runs on."""

    tool: str = "python"

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return file_path.endswith(PYTHON)

    def is_available(self, root: Path, finder: ToolFinder) -> bool:  # noqa: ARG002 -- the port's names
        """It is always there."""
        return True

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Return the syntax error of each file that has one."""
        found = (_syntax_error(path, text) for path, text in request.texts.items())
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class Ruff:
    """Ruff takes a text on stdin, and the project's configuration by the name that it is given."""

    tool: str = "ruff"

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return file_path.endswith((*PYTHON, ".ipynb"))

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether it is installed."""
        return finder.find(root, "ruff") is not None

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Run it once for each file."""
        findings: list[Finding] = []
        for path, text in request.texts.items():
            named = str(request.root / path)
            # A configuration with `fix = true` would have it print the fixed text instead.
            options = ["check", "--no-fix", "--exit-zero", "--no-cache", "--output-format", "json"]
            argv = [request.tool("ruff"), *options, "--stdin-filename", named, "-"]
            ended = request.run(argv, stdin=text)
            if ended.code != FOUND_NOTHING:
                raise ToolFailed(_said(ended))
            findings += ruff_findings(ended.stdout, request.roots, request.text_of)
        return tuple(findings)


@dataclass(frozen=True)
class Mypy:
    """mypy reads a shadow in place of each file. Its configuration can name plugins, which are the project's code."""

    cache_folder: Path | None = None
    tool: str = "mypy"

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return file_path.endswith(PYTHON)

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether it is installed, in a folder that is trusted."""
        return finder.may_run_project_tools and finder.find(root, "mypy") is not None

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Run it on all files at once."""
        if not request.finder.may_run_project_tools:
            raise ToolFailed("the folder is not trusted, and mypy may load plugins from it")
        if absent := [path for path in request.texts if not (request.root / path).is_file()]:
            raise ToolFailed(f"mypy checks no file that is not on disk yet: {absent[0]}")
        with tempfile.TemporaryDirectory(prefix="patchtrail-mypy-") as made:
            argv = [request.tool("mypy"), *MYPY_OPTIONS, "--cache-dir", str(self._cache(request.root, Path(made)))]
            argv += _interpreter("--python-executable", request)
            for number, (path, text) in enumerate({**request.open_texts, **request.texts}.items()):
                if not path.endswith(PYTHON) or not (request.root / path).is_file():
                    continue
                shadow = Path(made, f"{number}{Path(path).suffix}")
                _write_shadow(shadow, text, (request.root / path).stat().st_size)
                argv += ["--shadow-file", path, str(shadow)]
            ended = request.run([*argv, "--", *request.texts])
        if ended.code not in (FOUND_NOTHING, FOUND_SOME, 2):
            raise ToolFailed(_said(ended))
        findings = mypy_findings(ended.stdout, request.roots, request.text_of)
        if ended.code != FOUND_NOTHING and not findings:
            raise ToolFailed(_said(ended))
        return findings

    def _cache(self, root: Path, made: Path) -> Path:
        if self.cache_folder is None:
            return made / "cache"
        return self.cache_folder / sha256(str(root.resolve()).encode()).hexdigest()[:16]


MYPY_OPTIONS = (
    "--show-column-numbers",
    "--show-error-end",
    "--show-error-codes",
    "--no-pretty",
    "--no-color-output",
    "--no-error-summary",
    "--hide-error-context",
)


@dataclass(frozen=True)
class Pyright:
    """pyright runs in a mirror of the project; it asks the project's Python where its packages are."""

    tool: str = "pyright"

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return file_path.endswith(PYTHON)

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether it is installed, in a folder that is trusted."""
        return finder.may_run_project_tools and _pyright(root, finder) is not None

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Run it on all files at once."""
        name = _pyright(request.root, request.finder)
        if name is None or not request.finder.may_run_project_tools:
            raise ToolFailed("pyright is not installed, or the folder is not trusted")
        with mirrored(request) as mirror:
            argv = [request.tool(name), "--outputjson", *_interpreter("--pythonpath", request), *request.texts]
            ended = request.run(argv, folder=mirror)
            if ended.code not in (FOUND_NOTHING, FOUND_SOME):
                raise ToolFailed(_said(ended))
            return pyright_findings(ended.stdout, (mirror, mirror.resolve()))


def _write_shadow(shadow: Path, text: str, size_on_disk: int) -> None:
    """Write a text so that mypy never takes what it remembers of another text for it.

    Its cache compares the shadow's size, then its time in whole seconds, then the hash of the file that is on disk. So
    the size must differ from that file's, and the time follows from the text.
    """
    content = text.encode("utf-8", "surrogatepass")
    shadow.write_bytes(content + b"\n" if len(content) == size_on_disk else content)
    time_of_text = crc32(content)
    os.utime(shadow, (time_of_text, time_of_text))


def _pyright(root: Path, finder: ToolFinder) -> str | None:
    return next((one for one in ("pyright", "basedpyright") if finder.find(root, one) is not None), None)


def _interpreter(option: str, request: CheckRequest) -> list[str]:
    """Name the project's own Python where it has one, so that its packages are found."""
    own = [request.root / one for one in (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe")]
    return next(([option, str(one)] for one in own if one.is_file()), [])


def _syntax_error(path: str, text: str) -> Finding | None:
    lines = split_lines(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text.removeprefix("\ufeff"), path)
    except SyntaxError as error:
        line = min(error.lineno or 1, max(1, len(lines)))
        # The parser's columns are bytes when the error was found late, characters otherwise; both count from 1.
        column = utf16_of_bytes(lines, line, (error.offset or 1) - 1)
        return Finding("python", "syntax", error.msg, path, line, column, severity="error")
    except (ValueError, RecursionError, MemoryError) as error:
        return Finding("python", "syntax", f"The file cannot be parsed: {error}", path, 1, severity="error")
    return None


def _said(ended: Ended) -> str:
    text = (ended.stderr.strip() or ended.stdout.strip()).decode("utf-8", "replace")
    return f"it ended with {ended.code}: {text[:500] or 'it printed nothing'}"
