"""`patchtrail patch apply`: apply a model's raw answer like `git apply`, but tolerant, and say how it was located."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from patchtrail.cli.patch_files import PatchRoot, UnwritableError
from patchtrail.contract.attempt import FailureMode
from patchtrail.patching import Patch, Refusal, patch_from_answer

__all__ = ["app"]

app = typer.Typer(help="Apply what a language model answered.", no_args_is_help=True)

Status = Literal["applied", "refused", "bad_input"]
EXITS: dict[Status, int] = {"applied": 0, "refused": 1, "bad_input": 2}
MOST_READ = 8_000_000


@dataclass(frozen=True)
class _Outcome:
    """What the command says in the end."""

    status: Status
    patch: Patch | None = None
    mode: FailureMode | Literal["bad_input"] = "bad_input"
    message: str = ""


@app.callback()
def group() -> None:
    """Apply what a language model answered."""


@app.command("apply")
def apply_command(
    response: Annotated[str, typer.Option("--response", help="The file that holds the answer; - for standard input.")],
    root: Annotated[Path, typer.Option("--root", help="The folder that the answer's paths are relative to.")],
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    is_check: Annotated[bool, typer.Option("--check", help="Write nothing; say what would be done.")] = False,
) -> None:
    """Apply an answer of any form, whole or not at all. Exit code 0: applied, 1: refused, 2: bad input."""
    outcome = _outcome(response, root, is_check=is_check)
    if is_json:
        typer.echo(json.dumps(_document(outcome), ensure_ascii=False))
    else:
        _tell(outcome, is_check=is_check)
    raise typer.Exit(EXITS[outcome.status])


def _outcome(response: str, root: Path, *, is_check: bool) -> _Outcome:
    if not root.is_dir():
        return _Outcome("bad_input", message=f"{root} is no folder.")
    answer = _answer(response)
    if isinstance(answer, _Outcome):
        return answer
    try:
        files = PatchRoot(root)
        patch = patch_from_answer(answer, files.read, known_paths=files.known_paths())
        if isinstance(patch, Refusal):
            return _Outcome("refused", mode=patch.mode, message=files.told(patch))
        files.write(patch, is_check=is_check)
    except UnwritableError as error:
        return _Outcome("refused", mode=error.mode, message=str(error))
    except OSError as error:
        return _Outcome("bad_input", message=f"{error.filename or root}: {error.strerror}")
    return _Outcome("applied", patch)


def _answer(response: str) -> str | _Outcome:
    try:
        if response == "-":
            content = sys.stdin.buffer.read(MOST_READ)
        else:
            with Path(response).open("rb") as stream:
                content = stream.read(MOST_READ)
    except OSError as error:
        return _Outcome("bad_input", message=f"{response}: {error.strerror}")
    return content.decode("utf-8", "replace")


def _document(outcome: _Outcome) -> dict[str, object]:
    patch = outcome.patch
    files = [] if patch is None else [
        {"file_path": one.file_path, "is_new": one.before is None} for one in patch.files
    ]  # fmt: skip
    return {
        "status": outcome.status,
        "files": files,
        "hunks": [] if patch is None else [hunk.record().model_dump(mode="json") for hunk in patch.hunks],
        "reason": None if patch is not None else {"mode": outcome.mode, "message": outcome.message},
        "diff_unified": "" if patch is None else patch.diff_unified,
    }


def _tell(outcome: _Outcome, *, is_check: bool) -> None:
    if outcome.patch is None:
        mode = "" if outcome.status == "bad_input" else f"{outcome.mode}: "
        typer.echo(f"patchtrail: {mode}{outcome.message}", err=True)
        return
    for hunk in outcome.patch.hunks:
        how = hunk.located_by.replace("_", " ")
        typer.echo(f"{hunk.file_path}:{hunk.line}: {how}, certainty {hunk.certainty_milli / 1000:.2f}")
    verb = "would change" if is_check else "changed"
    count = len(outcome.patch.files)
    typer.echo(f"{verb} {count} file{'s' if count != 1 else ''}")
