"""`patchtrail fix`: patches for the findings in files, or in what a pull request changed, outside of an editor."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli.console import told, visible
from patchtrail.cli.fixing import fixing_of
from patchtrail.contract.errors import InvalidInput
from patchtrail.llm import Cancellation
from patchtrail.patching import Finding, FixRequest, FixResult
from patchtrail.patching.disk_workspace import DiskWorkspace
from patchtrail.patching.failing_tests import finding_of_failure
from patchtrail.patching.patch_edits import with_fixes
from patchtrail.patching.ports import Checker
from patchtrail.patching.pull_request import ChangedLines, changed_lines
from patchtrail.patching.review import review_of
from patchtrail.patching.sarif import read_sarif
from patchtrail.patching.sarif_writing import sarif_of
from patchtrail.qa import failures_of_junit

__all__ = ["fix_command"]

SUFFIXES = {
    "ruff": (".py", ".pyi"),
    "mypy": (".py", ".pyi"),
    "pyright": (".py", ".pyi"),
    "tsc": (".ts", ".tsx"),
    "eslint": (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"),
}
SKIPPED = {".git", ".venv", "venv", "node_modules", "__pycache__", ".patchtrail", ".tox", "site-packages"}
MAX_FILES = 5_000


class Format(StrEnum):
    """What is printed."""

    PATCH = "patch"
    SARIF = "sarif"
    REVIEW = "review"
    TEXT = "text"


class Strategy(StrEnum):
    """Whether the findings of a file are asked about together."""

    AUTO = "auto"
    BATCH = "batch"
    SINGLE = "single"


@told
def fix_command(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders; nothing: the whole root.")] = None,
    diff: Annotated[str, typer.Option(help="BASE..HEAD: only findings in changed lines. Empty BASE: found.")] = "",
    root: Annotated[Path, typer.Option(help="The folder that paths are relative to.")] = Path(),
    tool: Annotated[
        list[str] | None, typer.Option(help="ruff (default), mypy, pyright, tsc or eslint; repeatable.")
    ] = None,
    select: Annotated[list[str] | None, typer.Option(help="Only rules that begin so; repeatable.")] = None,
    sarif: Annotated[list[Path] | None, typer.Option(help="Findings of a SARIF file; repeatable.")] = None,
    junit: Annotated[list[Path] | None, typer.Option(help="Failing tests of a JUnit XML file; repeatable.")] = None,
    strategy: Annotated[
        Strategy, typer.Option(help="Ask for all findings of a file at once, or one by one.")
    ] = Strategy.AUTO,
    format: Annotated[Format, typer.Option(help="What is printed.")] = Format.TEXT,  # noqa: A002 -- the option's name
    output_dir: Annotated[
        Path | None, typer.Option(help="Write patches.diff, findings.sarif and review.json here.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Apply the patches that were re-checked.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no model: the tools' own fixes alone.")] = False,
) -> None:
    """Find patches for findings, check them, and print or apply them.

    Exit code 0: nothing is left to fix; 1: findings are left; 2: bad input.
    """
    workspace = DiskWorkspace(root)
    fixing = fixing_of(
        workspace,
        os.environ,
        is_offline=offline,
        warn=lambda said: typer.echo(f"patchtrail: {visible(said)}", err=True),
    )
    changed = changed_lines(workspace.root, diff) if diff else None
    findings = [*_run_tools(workspace, fixing.checker, _files(workspace, paths or [], changed, tool or ["ruff"]))]
    findings += [
        one for path in sarif or [] for one in read_sarif(path.read_bytes(), (workspace.root,), workspace.read)
    ]
    findings += [one for path in junit or [] for one in _failing_tests(path, workspace)]
    findings = [one for one in findings if _is_wanted(one, select or [], changed)]
    request = FixRequest(tuple(findings), strategy.value)
    try:
        result = fixing.fixer.fix(request, workspace, Cancellation(), lambda said: typer.echo(said, err=True))
    finally:
        fixing.close()
    texts = _rendered(result, findings)
    if output_dir is not None:
        output_dir.mkdir(parents=True, exist_ok=True)
        for name, kind in (
            ("patches.diff", Format.PATCH),
            ("findings.sarif", Format.SARIF),
            ("review.json", Format.REVIEW),
        ):
            (output_dir / name).write_text(texts[kind], "utf-8")
    typer.echo(texts[format], nl=False)
    left = len(findings) - len(result.fixed)
    if write and result.patch is not None:
        if not result.is_rechecked:
            raise InvalidInput("Nothing was written: these patches could not be re-checked here. Use --format patch.")
        for one in result.patch.files:
            workspace.write(one.file_path, one.after)
    raise typer.Exit(1 if left else 0)


def _files(
    workspace: DiskWorkspace, paths: Sequence[Path], changed: ChangedLines | None, tools: Sequence[str]
) -> dict[str, list[str]]:
    """Return by tool the files that it is run on, relative to the root."""
    unknown = [one for one in tools if one not in SUFFIXES]
    if unknown:
        raise InvalidInput(f"--tool {unknown[0]} is not known: {', '.join(SUFFIXES)} are. Others: --sarif FILE.")
    given = [(workspace.root / path).resolve() for path in paths] or [workspace.root]
    for path in given:
        if not path.exists() or not path.is_relative_to(workspace.root):
            raise InvalidInput(f"{path} is not below {workspace.root}, or does not exist.")
    every = list(dict.fromkeys(one for path in given for one in _walk(path, workspace.root)))
    if changed is not None:
        every = [one for one in every if one in changed.lines]
    return {name: [one for one in every if one.endswith(SUFFIXES[name])] for name in tools}


def _walk(path: Path, root: Path) -> Iterator[str]:
    if path.is_file():
        yield path.relative_to(root).as_posix()
        return
    known = _known_to_git(path)
    if known is not None:
        yield from (file.relative_to(root).as_posix() for file in known if file.is_file() and not file.is_symlink())
        return
    count = 0
    for at, folders, files in os.walk(path):
        folders[:] = [one for one in sorted(folders) if one not in SKIPPED]
        for name in sorted(files):
            count += 1
            if count > MAX_FILES:
                raise InvalidInput(f"{path} holds more than {MAX_FILES} files: name the files or folders that matter.")
            yield (Path(at) / name).relative_to(root).as_posix()


def _known_to_git(folder: Path) -> list[Path] | None:
    """Return the files that git tracks or would; None where there is no repository."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(asked, cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    return [folder / name for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if name]


def _run_tools(workspace: DiskWorkspace, checker: Checker, files: dict[str, list[str]]) -> Iterator[Finding]:
    for name, some in files.items():
        texts = {path: text for path in some if (text := workspace.read(path)) is not None}
        if not texts:
            continue
        checked = checker.check(workspace, texts, [name], Cancellation())
        for one in checked.not_run:
            raise InvalidInput(f"{one} could not be run here. Install it, or choose others with --tool.")
        yield from checked.findings


def _failing_tests(report: Path, workspace: DiskWorkspace) -> Iterator[Finding]:
    for failure in failures_of_junit(report.read_bytes()):
        found = finding_of_failure(failure, (workspace.root,), workspace.read)
        if found is None:
            typer.echo(f"patchtrail: {failure.test_id} fails in no file of {workspace.root}; it is left out.", err=True)
        else:
            yield found


def _is_wanted(finding: Finding, select: Sequence[str], changed: ChangedLines | None) -> bool:
    if select and not any(finding.rule_id.startswith(one) for one in select):
        return False
    return changed is None or changed.holds(finding)


def _rendered(result: FixResult, findings: Sequence[Finding]) -> dict[Format, str]:
    patch = "" if result.patch is None else result.patch.diff_unified
    review = review_of(result.patch, result.fixed, result.unfixed, note=result.message)
    return {
        Format.PATCH: patch,
        Format.SARIF: json.dumps(sarif_of(with_fixes(findings, result.fixed, result.patch)), indent=2) + "\n",
        Format.REVIEW: json.dumps(review, indent=2) + "\n",
        Format.TEXT: patch + _summary(result, findings),
    }


def _summary(result: FixResult, findings: Sequence[Finding]) -> str:
    if not findings:
        return "No findings.\n"
    lines = [f"{len(result.fixed)} of {len(findings)} findings have a patch that passed its checks."]
    if result.patch is not None and not result.is_rechecked:
        lines.append("Not re-checked: a tool that reported a finding could not be run on the result.")
    lines += [f"  left: {one.file_path}:{one.line} {one.tool} {one.rule_id} {one.message}" for one in result.unfixed]
    if result.message:
        lines.append(result.message)
    spent = sum(one.cost_usd for one in result.attempts)
    lines.append(
        f"{len(result.attempts)} tries, {sum(one.tokens_used for one in result.attempts)} tokens, {spent:.4f} USD."
    )
    return "\n".join(lines) + "\n"
