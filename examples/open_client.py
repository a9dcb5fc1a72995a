"""Send a recorded session to a collector over the open protocol (Trace API v1), and wait for what it finds out.

Plain httpx and nothing of Patchtrail: this is all that a client of your own has to do. `submit_example.py`,
`submit_complex_example.py` and `submit_failed_example.py` run it on the sessions beside it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).resolve().parent
BASE_MEDIA_TYPE = "application/vnd.patchtrail.base.v1+tar+gzip"
POLL_S = 0.5


class SubmitFailed(Exception):  # noqa: N818 -- it reads as a fact
    """The collector cannot be reached, or refused something; the text says what to do."""


class OpenClient:
    """Speaks to one collector; `token` is the server's, and a development collector needs it for reading alone."""

    def __init__(self, url: str, token: str) -> None:
        self._bearer = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url.rstrip("/"), timeout=60, transport=httpx.HTTPTransport(retries=3))

    def submit(self, folder: Path) -> str:
        """Send a session, base snapshot and chunks, and complete it; return the trace's id.

        Raises `SubmitFailed`.
        """
        created = self._send("POST", "/v1/traces", self._bearer, json=json.loads((folder / "create.json").read_bytes()))
        trace, upload = f"/v1/traces/{created['trace_id']}", {"Authorization": f"Bearer {created['upload_token']}"}
        base = base_snapshot(folder / "repository")
        self._send("PUT", f"{trace}/base", upload | {"Content-Type": BASE_MEDIA_TYPE}, content=base)
        for path in sorted(folder.glob("chunk-*.json")):
            chunk = json.loads(path.read_bytes())
            # The same chunk under the same key is stored once, so a lost answer is no reason to worry: send it again.
            self._send("POST", f"{trace}/events:ingest", upload | {"Idempotency-Key": chunk["chunk_id"]}, json=chunk)
        self._send("POST", f"{trace}/complete", upload)
        return str(created["trace_id"])

    def qa(self, trace_id: str) -> dict[str, Any]:
        """Ask where the collector's work on a trace stands."""
        return self._send("GET", f"/v1/traces/{trace_id}/qa", self._bearer)

    def wait_for_qa(self, trace_id: str, wait_s: float) -> dict[str, Any]:
        """Return what the collector found out; after `wait_s` seconds, where its work stands."""
        give_up = time.monotonic() + wait_s
        standing = self.qa(trace_id)
        while standing["state"] not in ("done", "failed") and time.monotonic() < give_up:
            time.sleep(POLL_S)
            standing = self.qa(trace_id)
        return standing

    def _send(self, method: str, path: str, headers: dict[str, str], **body: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, headers=headers, **body)
        except httpx.HTTPError as error:
            hint = "Is a collector running there? Start one with: patchtrail collect --dev-token dev"
            raise SubmitFailed(f"{self._http.base_url} cannot be reached ({error}). {hint}") from error
        if not answer.is_success:
            raise SubmitFailed(f"{method} {path} was answered with {answer.status_code}: {answer.text}")
        return dict(answer.json())


def base_snapshot(repository: Path) -> bytes:
    """Return the files of the start commit as a gzipped tar: regular files alone, in the order of their paths."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(path for path in repository.rglob("*") if path.is_file() and path.suffix != ".pyc"):
            member = tarfile.TarInfo(path.relative_to(repository).as_posix())
            member.size = path.stat().st_size
            tar.addfile(member, io.BytesIO(path.read_bytes()))
    return gzip.compress(packed.getvalue(), mtime=0)


def told(standing: dict[str, Any]) -> Iterator[str]:
    """Yield what the collector found out, line by line."""
    yield f"{standing['trace_id']}: {standing['state']} {standing['problem']}".rstrip()
    validation, judge = standing["results"]["validation"], standing["results"]["judge"]
    if validation:
        yield f"verdict   {validation['verdict']}: {validation['reason']}"
        replay = validation["replay"]
        if replay:
            yield f"replay    edits: {replay['edits']}, {'all agree' if replay['agrees'] else replay['reason']}"
        for name in ("fail_to_pass", "pass_to_pass", "fail_to_fail", "pass_to_fail"):
            yield f"          {name}: {len(validation[name])} tests"
        if validation["agreement"] is not None:
            yield f"          run again as recorded: {validation['agreement']:.0%} of the tests agree"
    if judge:
        yield f"judge     {judge['overall']:.1f} of 5 overall ({judge['kind']}, rubric {judge['rubric_version']})"
        if judge["alignment"]:
            yield f"          {judge['alignment']['badge']}"
        for dimension, score in judge["scores"].items():
            yield f"          {dimension.replace('_', ' ')}: {score:.1f}"
        for reason in judge["reasons"]:
            if not reason["is_met"]:
                how_far = "met in part" if reason["is_met_in_part"] else "not met"
                yield f"          {how_far}: {reason['check']}: {reason['text']}"


def main(session: str) -> int:
    """Submit one of the sessions beside this file as the command line says, and print what came of it."""
    parser = argparse.ArgumentParser(description=f"Send the session {session} to a collector, and print its judgement.")
    parser.add_argument("--url", default="http://localhost:8000", help="address of the collector (%(default)s)")
    parser.add_argument(
        "--token",
        default=os.environ.get("PATCHTRAIL_TOKEN", "dev"),
        help="the server's token (PATCHTRAIL_TOKEN, or dev)",
    )
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="for the judgement (%(default)s)")
    options = parser.parse_args()
    client = OpenClient(options.url, options.token)
    try:
        standing = client.wait_for_qa(client.submit(HERE / session), options.wait)
    except SubmitFailed as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(told(standing)))
    return 0 if standing["state"] == "done" else 1
