"""What every verb shares: where text goes, how a failure looks, and that nobody's text plays tricks on a terminal."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from patchtrail.contract.errors import PatchtrailError

__all__ = ["console", "plain", "told", "visible"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def console() -> Console:
    """Return a console for standard output: colours on a terminal, plain lines elsewhere."""
    return Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


def visible(text: str) -> str:
    """Return text whose control and direction characters are written out, so that a terminal obeys none of them."""
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in text)


def plain(text: str, style: str = "") -> Text:
    """Return somebody's text as it is: no markup, no control characters."""
    return Text(visible(text), style)


def told(verb: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Wrap a verb so that a failure is one sentence on standard error and exit code 2, never a traceback."""

    @functools.wraps(verb)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return verb(*args, **kwargs)
        except PatchtrailError as error:
            typer.echo(f"patchtrail: {visible(error.message)}", err=True)
            for name, value in error.detail.items():
                lines = value if isinstance(value, list) else [value]
                for line in lines:
                    typer.echo(f"  {visible(name)}: {visible(str(line))}", err=True)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                where = ".".join(map(str, fault["loc"]))
                typer.echo(f"patchtrail: {visible(where)}: {visible(fault['msg'])}", err=True)
        except OSError as error:
            typer.echo(f"patchtrail: {error.filename or 'the disk'}: {error.strerror}", err=True)
        raise typer.Exit(2)

    return run


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
