"""OpenAI's files and fine-tuning jobs, as a server keeps and writes them."""

from __future__ import annotations

import email
import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FineTuningApi"]

FILES, JOBS = "/v1/files", "/v1/fine_tuning/jobs"
TUNABLE = ("gpt-4o-mini", "test-model")


@dataclass
class FineTuningApi:
    """What was uploaded, by id, and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    uploads: int = 0

    def post(self, path: str, content_type: str, content: bytes) -> tuple[int, Any] | None:
        """Answer a request with status and body; None where it is about something else."""
        if path == FILES:
            return self._upload(content_type, content)
        return self._start(json.loads(content)) if path == JOBS else None

    def delete(self, path: str) -> tuple[int, Any]:
        """Delete a file."""
        name = path.removeprefix(f"{FILES}/")
        if self.files.pop(name, None) is None:
            return 404, _error(f"No such File object: {name}")
        return 200, {"id": name, "object": "file", "deleted": True}

    def _upload(self, content_type: str, content: bytes) -> tuple[int, Any]:
        told = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content)
        parts = {
            one.get_param("name", header="content-disposition"): one.get_payload(decode=True)
            for one in told.get_payload()
        }
        if parts.get("purpose") != b"fine-tune":
            return 400, _error("purpose must be fine-tune")
        self.uploads += 1
        name = f"file-{self.uploads}"
        self.files[name] = parts["file"]
        row = {"id": name, "object": "file", "bytes": len(parts["file"]), "created_at": 0, "filename": "chat.jsonl"}
        return 200, row | {"purpose": "fine-tune", "status": "processed"}

    def _start(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Refuse what a real server refuses: unknown files and models, and lines of another form."""
        content = self.files.get(body["training_file"])
        if content is None or body["model"] not in TUNABLE:
            return 400, _error(f"Model {body['model']} is not available for fine-tuning or does not exist.")
        for line in content.decode().splitlines():
            if [one["role"] for one in json.loads(line)["messages"]] != ["system", "user", "assistant"]:
                return 400, _error("invalid training file")
        self.jobs.append(body)
        job = {
            "id": f"ftjob-{len(self.jobs)}",
            "object": "fine_tuning.job",
            "created_at": 0,
            "status": "validating_files",
        }
        empty = {"error": None, "fine_tuned_model": None, "finished_at": None, "trained_tokens": None}
        rest = {"organization_id": "org", "result_files": [], "seed": 0, "hyperparameters": {}, "validation_file": None}
        return 200, job | empty | rest | {"model": body["model"], "training_file": body["training_file"]}


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
