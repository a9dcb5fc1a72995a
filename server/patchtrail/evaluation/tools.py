"""Ruff and mypy over a whole folder at once: what they say of each file, told apart by the text of the line."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.string_mutations import MAX_LINE
from patchtrail.patching import Finding
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.patching.ruff_findings import ruff_findings
from patchtrail.patching.tool_output import mypy_findings

__all__ = ["Told", "configure", "findings_of", "surplus", "told_of_texts"]

TIMEOUT_S = 600
CHUNK = 400
RULES_OF_FILES = ("D100", "D104")


@dataclass(frozen=True)
class Told:
    """One finding, and the text of the line that it is about."""

    finding: Finding
    line_text: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What stays the same when lines above it come or go; of a whole file it is in whichever line comes first."""
        is_of_file = self.finding.rule_id in RULES_OF_FILES
        return self.finding.rule_id, self.finding.message, "" if is_of_file else self.line_text


def configure(root: Path, rules: Iterable[str]) -> None:
    """Write the configuration that tools find in `root`."""
    named = ", ".join(f'"{rule}"' for rule in sorted({*rules} - {"invalid-syntax"}))
    (root / "ruff.toml").write_text(f'line-length = {MAX_LINE}\ntarget-version = "py311"\nlint.select = [{named}]\n')
    (root / "mypy.ini").write_text(
        "[mypy]\nfollow_imports = skip\nignore_missing_imports = True\nstrict_optional = True\n"
        "namespace_packages = True\nexplicit_package_bases = True\n"
    )


def findings_of(tool: str, root: Path, file_paths: Sequence[str]) -> dict[str, list[Told]]:
    """Return what `tool` says of the files below `root`, by path."""
    read = _ruff if tool == "ruff" else _mypy
    found = defaultdict[str, list[Told]](list)
    lines = dict[str, list[str]]()
    for start in range(0, len(file_paths), CHUNK):
        for finding in read(root, file_paths[start : start + CHUNK]):
            path = finding.file_path
            if path not in lines:
                lines[path] = ["", *(root / path).read_text(encoding="utf-8").split("\n")]
            text = lines[path][finding.line] if finding.line < len(lines[path]) else ""
            found[path].append(Told(finding, text.strip()))
    return found


def told_of_texts(texts: Mapping[str, str], tools: Mapping[str, str], rules: Iterable[str]) -> dict[str, list[Told]]:
    """Return by path what each text's tool says of it; all of them are written to one folder of their own.

    Raises `InvalidInput` for a path that leads out of the folder: paths come from files that anybody may have made.
    """
    by_tool = defaultdict[str, list[str]](list)
    with tempfile.TemporaryDirectory(prefix="patchtrail-told-") as folder:
        root = Path(folder).resolve()
        configure(root, rules)
        for path, text in texts.items():
            target = root / path
            if not target.resolve().is_relative_to(root):
                raise InvalidInput(f"The path {path!r} of a case leads out of its folder.")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
            by_tool[tools[path]].append(path)
        return {path: told for tool, files in by_tool.items() for path, told in findings_of(tool, root, files).items()}


def surplus(before: Sequence[Told], after: Sequence[Told]) -> list[Told]:
    """Return what stands in `before` and not in `after`, each as often as it stands there more."""
    left, more = Counter(one.identity for one in after), list[Told]()
    for one in before:
        if left[one.identity]:
            left[one.identity] -= 1
        else:
            more.append(one)
    return more


def _run(arguments: list[str], root: Path, file_paths: Sequence[str], fine: tuple[int, ...]) -> bytes:
    command = [sys.executable, "-m", *arguments, *file_paths]
    done = subprocess.run(command, cwd=root, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode not in fine:
        said = done.stderr.decode("utf-8", "replace").strip()[-500:]
        raise InvalidInput(f"{arguments[0]} failed with exit code {done.returncode}: {said}", code="tool_failed")
    return done.stdout


def _ruff(root: Path, file_paths: Sequence[str]) -> tuple[Finding, ...]:
    printed = _run(["ruff", "check", "--no-cache", "--output-format", "json", "--"], root, file_paths, (0, 1))
    return ruff_findings(printed, (root,), DiskWorkspace(root).read)


def _mypy(root: Path, file_paths: Sequence[str]) -> tuple[Finding, ...]:
    options = ["--show-column-numbers", "--show-error-end", "--no-pretty", "--no-error-summary", "--no-color-output"]
    cache = ["--cache-dir", str(root / ".mypy_cache"), "--"]
    printed = _run(["mypy", *options, *cache], root, file_paths, (0, 1, 2))
    return mypy_findings(printed, (root,), DiskWorkspace(root).read)
