"""Play the three example sessions for real, and keep what comes out.

    python examples/record_sessions.py             writes the chunks that came out otherwise than they are kept
    python examples/record_sessions.py --bundles   also signs the sessions anew, and writes their bundles

The tests hold what is kept to what comes out, and the bundles to the chunks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import httpx

from first_session.collector import Collector, enrol
from patchtrail.contract.lsp import DeviceKey
from three_sessions.recording import played, write
from three_sessions.signing import Signer
from three_sessions.story import NAMES, folder_of, read_story

PATCHTRAIL = [sys.executable, "-m", "patchtrail"]


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Play the example sessions and write down what comes out.")
    parser.add_argument("--bundles", action="store_true", help="sign the sessions anew, and write their bundles")
    options = parser.parse_args()
    for name in NAMES:
        story = read_story(folder_of(name))
        with tempfile.TemporaryDirectory(prefix="patchtrail-example-") as work:
            for file in write(story.folder, played(story, Path(work))):
                print(f"{story.folder / file}: another one came out")
    if options.bundles:
        bundle()
    return 0


def bundle() -> None:
    """Sign all three at a collector of their own, and keep the bundles."""
    with tempfile.TemporaryDirectory(prefix="patchtrail-example-") as work:
        collector = Collector(PATCHTRAIL, Path(work))
        signer = Signer(DeviceKey.model_validate_json(enrol(collector.url, collector.invite())))
        try:
            for name in NAMES:
                # Never completed: a bundle holds what was recorded, and no opinion of it.
                trace_id = signer.send(folder_of(name)).trace_id
                headers = {"Authorization": f"Bearer {collector.token}"}
                answer = httpx.get(f"{collector.url}/v1/traces/{trace_id}/bundle", headers=headers, timeout=60)
                target = folder_of(name) / "bundle.zip"
                target.write_bytes(answer.raise_for_status().content)
                print(f"{target}: {len(answer.content)} bytes")
        finally:
            signer.close()
            collector.stop()


if __name__ == "__main__":
    sys.exit(main())
