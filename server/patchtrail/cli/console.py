"""What every verb shares: where text goes, and how a failure looks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from patchtrail.contract.errors import PatchtrailError

__all__ = ["console", "told", "visible"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def console() -> Console:
    """Return a console for standard output: colours on a terminal, plain lines elsewhere."""
    return Console(highlight=False, soft_wrap=True)


def visible(text: str) -> str:
    """Return text whose control and direction characters cannot play tricks on a terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def told(verb: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Wrap a verb so that a failure is one sentence on standard error and exit code 2, never a traceback."""

    @functools.wraps(verb)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return verb(*args, **kwargs)
        except PatchtrailError as error:
            typer.echo(f"patchtrail: {error.message}", err=True)
            for name, value in error.detail.items():
                lines = value if isinstance(value, list) else [value]
                for line in lines:
                    typer.echo(f"  {name}: {line}", err=True)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                typer.echo(f"patchtrail: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", err=True)
        except OSError as error:
            typer.echo(f"patchtrail: {error.filename or 'the disk'}: {error.strerror}", err=True)
        raise typer.Exit(2)

    return run
