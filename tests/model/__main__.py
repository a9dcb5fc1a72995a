"""`python -m tests.model --truths FILE`: run the test model until it is interrupted."""

from __future__ import annotations

import argparse
import importlib
import signal
import threading
from pathlib import Path
from typing import Any

from tests.model.reply import Asked
from tests.model.server import ModelServer
from tests.model.truths import Belief, Render, Truth, clean, load, truthful

__all__ = ["main"]


def main() -> None:
    """Listen, say where, and wait."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description="A model for tests; it knows nothing.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--truths", type=Path, required=True, help="JSON or JSON Lines of known changes")
    parser.add_argument("--seed", type=int, default=0, help="of whatever the rendering draws")
    parser.add_argument(
        "--render", default="", metavar="MODULE:FUNCTION", help="renders an answer; a clean diff if absent"
    )
    parser.add_argument(
        "--belief", default="", metavar="MODULE:FUNCTION", help="what it takes for right; the truth if absent"
    )
    parser.add_argument("--api-key", default="test-key", help="the bearer key that it wants")
    given = parser.parse_args()
    render: Render = _named(given.render) if given.render else clean
    belief: Belief = _named(given.belief) if given.belief else _unmoved
    answerer = truthful(load(given.truths), render, seed=given.seed, belief=belief)
    stopped = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopped.set())
    with ModelServer(answerer, api_key=given.api_key, port=given.port) as server:
        print(f"The test model listens at {server.url}", flush=True)
        stopped.wait()


def _named(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _unmoved(_: Asked, truth: Truth) -> Truth:
    return truth


if __name__ == "__main__":
    main()
