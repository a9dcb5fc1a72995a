"""`python -m tests.model --truths FILE`: run the test model until it is interrupted."""

from __future__ import annotations

import argparse
import importlib
import signal
import threading
from pathlib import Path

from tests.model.server import ModelServer
from tests.model.truths import Render, load, truthful

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
    parser.add_argument("--api-key", default="test-key", help="the bearer key that it wants")
    given = parser.parse_args()
    answerer = truthful(load(given.truths), _render(given.render), seed=given.seed)
    stopped = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopped.set())
    with ModelServer(answerer, api_key=given.api_key, port=given.port) as server:
        print(f"The test model listens at {server.url}", flush=True)
        stopped.wait()


def _render(name: str) -> Render | None:
    if not name:
        return None
    module, _, function = name.partition(":")
    render: Render = getattr(importlib.import_module(module), function)
    return render


if __name__ == "__main__":
    main()
