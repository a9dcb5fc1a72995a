"""schemathesis over the whole API of a real collector: no server error, and every answer as it is described.

`python -m tests.soak.fuzz_api --seconds 3600` goes through the API with each kind of token, and with the ids of traces
of each protocol. It exits with 1 when an answer was not as described; what it says then holds the requests.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.collector.open_clients import DEV_TOKEN, OpenTrace, dev_collector, event
from tests.collector.sessions import opened
from tests.contract.open_samples import ONE_SHOT
from tests.delivery.fakes import RunningCollector

ROOT = Path(__file__).parents[2]
ACCEPTANCE = "positive_data_acceptance"
SIGNED = (
    r"^/v1/devices",
    r"^/v1/invitations$",
    r"^/v1/traces$",
    r"^/v1/traces/\{trace_id\}/(chunks|artifacts|forget|complete|token)",
    r"^/v1/log/proof",
    r"^/v1/traces/\{trace_id\}/base",
    r"^/v1/traces/\{trace_id\}/qa:rerun",
    r"^/v1/patterns/\{library\}$",
)
"""Where data that fits the schema need not be accepted: signatures, keys, proofs and tags cannot be drawn from one."""
REFUSED = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
"""What refuses data that does not fit the schema: 413, too, for what is too long to be looked at."""
GENERATED = re.compile(r"(\d+) generated")


@dataclass(frozen=True)
class Pass:
    """One way through the API: whose token, and which ids where a path names one."""

    name: str
    token: str | None
    paths: str = "."
    ids: dict[str, str | int] = field(default_factory=dict)
    is_brief: bool = True


def main() -> None:
    """Read the command line, and fuzz for as long as it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="how long, over all passes")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        cases, faults = fuzz(Path(folder), seconds)
    print(f"{cases} cases, {len(faults)} of the passes with faults")
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


def fuzz(folder: Path, seconds: int, seed: int | None = None) -> tuple[int, list[str]]:
    """Fuzz a collector on this folder; return how many cases were made, and what was said of each pass with faults.

    With a seed the same requests are made each time, as far as the seconds reach.
    """
    cases, faults = 0, list[str]()
    with dev_collector(folder / "collector") as collector:
        passes = list(_passes(collector, folder))
        chosen = passes if seconds >= 60 * len(passes) else [one for one in passes if one.is_brief]
        for one in chosen:
            share = max(5, seconds // len(chosen))
            code, said = _run(collector, one, folder, share, seed)
            cases += sum(int(count) for count in GENERATED.findall(said))
            if code:
                faults.append(f"=== {one.name}\n{said}")
    return cases, faults


def _passes(collector: RunningCollector, folder: Path) -> list[Pass]:
    """Fill the collector with traces of each kind, and return the ways through its API."""
    device = collector.enrol()
    session, unsent, trace = opened(collector, device), opened(collector, device), OpenTrace(collector)
    for n in range(len(session.bodies)):
        session.put(n)
    trace.send(0, event(0))
    whole = httpx.post(
        f"{collector.url}/api/traces", json={**ONE_SHOT, "trace_id": str(uuid.uuid4())}, timeout=60
    ).json()
    (folder / "chunks.json").write_text(json.dumps([body.hex() for body in unsent.bodies]))
    signed, mine = session.created.trace_id, {"trace_id": unsent.created.trace_id, "n": 0}
    chunked, one_shot = {"trace_id": trace.trace_id}, {"own_id": whole["trace_id"]}
    added = trace.created["upload_token"]
    return [
        Pass("the server's token", DEV_TOKEN),
        Pass("an open trace's token", added, r"^/v1/traces/", chunked),
        Pass("a device's token", device.device_token, ids={"trace_id": signed}),
        Pass("no token", None, ids=chunked | one_shot),
        Pass("an open trace", DEV_TOKEN, r"^/(v1|api)/traces/", chunked | one_shot, is_brief=False),
        Pass("a signed trace's token", unsent.created.upload_token, r"^/v1/traces/", mine, is_brief=False),
        Pass("a one-shot trace's token", whole["upload_token"], r"^/api/", one_shot, is_brief=False),
    ]


def _run(collector: RunningCollector, one: Pass, folder: Path, seconds: int, seed: int | None) -> tuple[int, str]:
    """Run schemathesis once; return its exit code and what it said."""
    config = folder / "schemathesis.toml"
    pinned = "".join(f'"path.{name}" = {json.dumps(value)}\n' for name, value in one.ids.items())
    left_out = "".join(
        f"[[operations]]\ninclude-path-regex = '{path}'\nchecks.{ACCEPTANCE}.enabled = false\n" for path in SIGNED
    )
    refused = f"[checks.negative_data_rejection]\nexpected-statuses = {REFUSED}\n"
    config.write_text(f"[parameters]\n{pinned}\n{refused}\n{left_out}")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    command += [f"{collector.url}/openapi.json", "--max-time", str(seconds), "--continue-on-failure"]
    command += [] if seed is None else ["--seed", str(seed)]
    command += [] if one.token is None else ["--header", f"Authorization: Bearer {one.token}"]
    command += ["--phases", "coverage,fuzzing,stateful", "--include-path-regex", one.paths, "--no-color"]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.soak.fuzz_hooks", "PATCHTRAIL_FUZZ_CHUNKS": str(folder / "chunks.json")}
    environment = {**os.environ, **hooks, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    main()
