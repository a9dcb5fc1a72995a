"""Commands of the user that print SARIF or JSON; they come from the user's own settings, never from a repository."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.patching.checkers.mirror import mirrored
from patchtrail.patching.checkers.recipe import CheckRequest, ToolFailed
from patchtrail.patching.checkers.tool_finder import ToolFinder
from patchtrail.patching.finding import Finding, Severity
from patchtrail.patching.ruff_findings import ruff_findings
from patchtrail.patching.sarif import read_sarif
from patchtrail.patching.told_paths import relative_path
from patchtrail.patching.tool_output import eslint_findings, mypy_findings, pyright_findings, tsc_findings

__all__ = ["UserCommand", "UserFormat"]

UserFormat = Literal["sarif", "json", "ruff", "mypy", "pyright", "tsc", "eslint"]
FILE = "{file}"


class _Told(BaseModel):
    """One finding as a command may print it; lines and columns from 1."""

    file: str
    line: int = Field(ge=1)
    column: int = Field(default=1, ge=1)
    end_line: int = Field(default=0, ge=0)
    end_column: int = Field(default=1, ge=1)
    rule: str = "unknown"
    message: str
    severity: Severity = "warning"


TOLD = TypeAdapter(list[_Told])


@dataclass(frozen=True)
class UserCommand:
    """A tool that runs in a mirror of the project: once per file where `{file}` stands among its words, else once.

    Its findings carry the name `tool`, whatever it calls itself; what it exits with says nothing, as tools differ.
    """

    tool: str
    argv: tuple[str, ...]
    format: UserFormat = "sarif"
    suffixes: tuple[str, ...] = ()

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return not self.suffixes or file_path.endswith(self.suffixes)

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether its first word can be run."""
        return bool(self.argv) and self._executable(root, finder) is not None

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Run it, and take its findings in all files."""
        executable = self._executable(request.root, request.finder) if self.argv else None
        if executable is None:
            raise ToolFailed(f"`{' '.join(self.argv[:1])}` is not installed, or only in a folder that is not trusted")
        files = list(request.texts) if any(FILE in word for word in self.argv) else [""]
        found: dict[Finding, None] = {}
        with mirrored(request) as mirror:
            for file in files:
                words = [word.replace(FILE, file) for word in self.argv[1:]]
                ended = request.run([str(executable), *words], folder=mirror)
                try:
                    findings = self._read(ended.stdout, (mirror, mirror.resolve()), request)
                except InvalidInput as error:
                    said = ended.stderr.decode("utf-8", "replace").strip()[:300]
                    raise ToolFailed(f"it ended with {ended.code}: {error.message} {said}".strip()) from error
                found |= dict.fromkeys(findings)
        return tuple(found)

    def _executable(self, root: Path, finder: ToolFinder) -> Path | None:
        word = Path(self.argv[0])
        if not word.is_absolute():
            return finder.find(root, self.argv[0]) if word.name == self.argv[0] else None
        # The user wrote the whole path down, also where it leads into the folder.
        return word if word.is_file() else None

    def _read(self, printed: bytes, roots: tuple[Path, ...], request: CheckRequest) -> tuple[Finding, ...]:
        read = request.text_of
        readers = {
            "sarif": lambda: read_sarif(printed, roots, read),
            "json": lambda: _plain(printed, roots),
            "ruff": lambda: ruff_findings(printed, roots, read),
            "mypy": lambda: mypy_findings(printed, roots, read),
            "pyright": lambda: pyright_findings(printed, roots),
            "tsc": lambda: tsc_findings(printed, roots),
            "eslint": lambda: eslint_findings(printed, roots, read),
        }
        return tuple(_named(one, self.tool) for one in readers[self.format]())


def _named(finding: Finding, tool: str) -> Finding:
    return replace(finding, tool=tool)


def _plain(printed: bytes, roots: tuple[Path, ...]) -> tuple[Finding, ...]:
    try:
        told = TOLD.validate_json(printed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(
            f"Not a list of findings: {first['msg']} at {list(first['loc'])}.", code="bad_tool_output"
        ) from error
    paths = [relative_path(one.file, roots) for one in told]
    return tuple(
        Finding(
            tool="user",
            rule_id=one.rule,
            message=one.message,
            file_path=path,
            line=one.line,
            character=one.column - 1,
            end_line=one.end_line,
            end_character=one.end_column - 1,
            severity=one.severity,
        )
        for one, path in zip(told, paths, strict=True)
        if path is not None
    )
