"""Run as a program of its own: calls functions with arguments and tells what they return. Standard library alone.

It reads JSON lines `{"code", "mutated", "function", "arguments": [[…], …]}` and writes one line for each: the arguments
on which the correct and the mutated function differ, and some on which they agree, with the correct result.
"""

from __future__ import annotations

import ast
import json
import signal
import sys
from types import FrameType

__all__ = ["main"]

CALL_S = 0.2
"""Of computing, so that a busy machine changes nothing."""
MAX_SHOWN = 70
FAILED = "failed"


def main() -> None:
    """Answer every line of standard input."""
    signal.signal(signal.SIGVTALRM, _stop)
    for line in sys.stdin:
        asked = json.loads(line)
        right = _results(asked["code"], asked["function"], asked["arguments"])
        wrong = _results(asked["mutated"], asked["function"], asked["arguments"])
        told = zip(asked["arguments"], right, wrong, strict=True)
        shown = [(given, one, one != other) for given, one, other in told if one != FAILED]
        answer = {
            "differ": [(given, one) for given, one, is_different in shown if is_different],
            "agree": [(given, one) for given, one, is_different in shown if not is_different],
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _results(code: str, function: str, arguments: list[list[str]]) -> list[str]:
    """Return the representation of what the function returns for each tuple of literals."""
    names: dict[str, object] = {}
    try:
        exec(compile(code, "probed.py", "exec"), names)  # The code is that of installed packages, and pure.
    except (ArithmeticError, AttributeError, ImportError, LookupError, NameError, TypeError, ValueError):
        return [FAILED] * len(arguments)
    return [_result(names[function], given) for given in arguments]


def _result(function: object, given: list[str]) -> str:
    assert callable(function)
    signal.setitimer(signal.ITIMER_VIRTUAL, CALL_S)
    try:
        shown = repr(function(*(ast.literal_eval(one) for one in given)))
        is_plain = len(shown) <= MAX_SHOWN and ast.literal_eval(shown) is not Ellipsis
    except (ArithmeticError, AttributeError, AssertionError, LookupError, NameError, TypeError, ValueError):
        return FAILED
    except (SyntaxError, RecursionError, MemoryError, TimeoutError, StopIteration):
        return FAILED
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return shown if is_plain else FAILED


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main()
