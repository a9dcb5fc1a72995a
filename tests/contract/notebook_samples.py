"""Sound values of what a client reports of notebooks, and what makes each of them unsound."""

from __future__ import annotations

from typing import Any

OUTPUT = {"media_types": ["text/plain", "text/html"], "sha256": "5" * 64, "size_bytes": 12}
RAN = {
    "notebook_uri": "file:///w/analysis.ipynb",
    "index": 2,
    "cell_id": "a1b2",
    "kind": "code",
    "language": "python",
    "execution_order": 4,
    "is_success": False,
    "duration_ms": 31,
    "outputs": [OUTPUT],
    "error_name": "KeyError",
}

NOTEBOOK_SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "CellRan": {
        "failed": RAN,
        "unknown": {**RAN, "cell_id": "", "is_success": None, "duration_ms": None, "outputs": []},
    }
}
NOTEBOOK_WRONG: dict[str, dict[str, Any]] = {
    "CellRan": {"output_itself": {"outputs": [{**OUTPUT, "sha256": "plain text"}]}, "negative": {"index": -1}}
}
