"""Play the three example sessions to a collector, each over the open protocol and signed; compare what it finds out.

    python examples/play_sessions.py

Ends with one table, and with exit code 1 when something is not as it must be.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from first_session.collector import Collector, enrol
from open_client import OpenClient, SubmitFailed
from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.lsp import DeviceKey
from three_sessions.outcome import Outcome, faults_of, outcome_of
from three_sessions.signing import Signer
from three_sessions.story import NAMES, folder_of
from three_sessions.table import show

PATCHTRAIL = [sys.executable, "-m", "patchtrail"]
JUDGED_WITHIN_S = 300


def main() -> int:
    """Start a collector, play, and say how it ended."""
    parser = argparse.ArgumentParser(description="Play the example sessions to a collector, and compare its findings.")
    parser.add_argument("--output", default=".demo", help="where the collector's data go")
    parser.add_argument(
        "--keep", action=argparse.BooleanOptionalAction, default=sys.stdout.isatty(), help="let the collector run on"
    )
    options = parser.parse_args()
    collector = Collector(PATCHTRAIL, Path(options.output).resolve() / "collector")
    try:
        faults = present(collector)
        if options.keep:
            print(f"\nRead them live: {collector.url}/docs  (token in {collector.data_dir / 'server_token'})")
            print("The collector runs on until you press Ctrl+C.", flush=True)
            wait_for_interrupt(collector)
    except (SubmitFailed, PatchtrailError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        collector.stop()
    return 1 if faults else 0


def present(collector: Collector) -> list[str]:
    """Play all three both ways, print the table; return what is not as it must be."""
    print(
        "\nThree sessions, each over the open protocol and signed: replayed, tested and judged by the collector …",
        flush=True,
    )
    outcomes = [outcome for name in NAMES for outcome in play(collector, name)]
    show(outcomes)
    faults = [fault for outcome in outcomes for fault in faults_of(outcome, within_s=JUDGED_WITHIN_S)]
    for fault in faults:
        print(f"NOT AS IT MUST BE  {fault}")
    return faults


def play(collector: Collector, name: str) -> list[Outcome]:
    """Send one session both ways; return what the collector found out."""
    client = OpenClient(collector.url, collector.token)
    signer = Signer(DeviceKey.model_validate_json(enrol(collector.url, collector.invite())))
    try:
        signed = signer.send(folder_of(name))
        signed.complete()
    finally:
        signer.close()
    sent, outcomes = {"open": client.submit(folder_of(name)), "signed": signed.trace_id}, list[Outcome]()
    for way, trace_id in sent.items():
        standing = client.wait_for_qa(trace_id, JUDGED_WITHIN_S)
        outcomes.append(outcome_of(name, way, standing, collector.get(f"/v1/traces/{trace_id}")))
        print(f"  {name}, {way}: {trace_id} is {standing['state']}", flush=True)
    return outcomes


def wait_for_interrupt(collector: Collector) -> None:
    """Stay until Ctrl+C, or until the collector ends."""
    try:
        collector.wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
