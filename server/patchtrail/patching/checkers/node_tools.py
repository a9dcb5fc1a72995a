"""Recipes for JavaScript and TypeScript: tsc and eslint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from patchtrail.patching.checkers.mirror import mirrored
from patchtrail.patching.checkers.recipe import CheckRequest, ToolFailed
from patchtrail.patching.checkers.tool_finder import ToolFinder
from patchtrail.patching.finding import Finding
from patchtrail.patching.tool_output import eslint_findings, tsc_findings

__all__ = ["Eslint", "Tsc"]

TYPESCRIPT = (".ts", ".tsx", ".mts", ".cts")
JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs")
CONFIGURATION_ERROR = re.compile(rb"^error TS\d+: .*$", re.MULTILINE)
FOUND_NOTHING, FOUND_SOME = 0, 1


@dataclass(frozen=True)
class Tsc:
    """tsc checks whole projects, so it runs once for each configuration that the files belong to, in a mirror."""

    tool: str = "tsc"

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return file_path.endswith((*TYPESCRIPT, *JAVASCRIPT))

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether it is installed."""
        return finder.find(root, "tsc") is not None

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Run it on the projects that the files belong to."""
        projects: dict[str | None, list[str]] = {}
        for path in request.texts:
            projects.setdefault(_project(request.root, path), []).append(path)
        found: dict[Finding, None] = {}
        with mirrored(request) as mirror:
            for project, paths in projects.items():
                which = ["-p", project] if project is not None else ["--allowJs", "--target", "esnext", *paths]
                argv = [request.tool("tsc"), "--noEmit", "--pretty", "false", *which]
                ended = request.run(argv, folder=mirror)
                findings = tsc_findings(ended.stdout, (mirror, mirror.resolve()))
                said = CONFIGURATION_ERROR.search(ended.stdout)
                if said is not None or (ended.code != FOUND_NOTHING and not findings):
                    text = said[0] if said is not None else ended.stdout.strip() or ended.stderr.strip()
                    raise ToolFailed(f"it ended with {ended.code}: {text.decode('utf-8', 'replace')[:500]}")
                found |= dict.fromkeys(findings)
        return tuple(found)


@dataclass(frozen=True)
class Eslint:
    """eslint takes a text on stdin and runs in the project; its configuration is the project's code."""

    tool: str = "eslint"

    def handles(self, file_path: str) -> bool:
        """Return whether it looks at such files."""
        return file_path.endswith((*TYPESCRIPT, *JAVASCRIPT, ".vue", ".svelte"))

    def is_available(self, root: Path, finder: ToolFinder) -> bool:
        """Return whether it is installed, in a folder that is trusted."""
        return finder.may_run_project_tools and finder.find(root, "eslint") is not None

    def run(self, request: CheckRequest) -> tuple[Finding, ...]:
        """Run it once for each file."""
        if not request.finder.may_run_project_tools:
            raise ToolFailed("the folder is not trusted, and eslint's configuration is its code")
        findings: list[Finding] = []
        for path, text in request.texts.items():
            argv = [request.tool("eslint"), "-f", "json", "--stdin", "--stdin-filename", str(request.root / path)]
            ended = request.run(argv, stdin=text)
            if ended.code not in (FOUND_NOTHING, FOUND_SOME):
                raise ToolFailed(f"it ended with {ended.code}: {ended.stderr.decode('utf-8', 'replace').strip()[:500]}")
            findings += eslint_findings(ended.stdout, request.roots, request.text_of)
        return tuple(findings)


def _project(root: Path, path: str) -> str | None:
    """Return the nearest configuration above a file, relative to the root."""
    for folder in PurePosixPath(path).parents:
        for name in ("tsconfig.json", "jsconfig.json"):
            if (root / folder / name).is_file():
                return (folder / name).as_posix()
    return None
