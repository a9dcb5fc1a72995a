"""The same sessions as signed bundles."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import SessionEnd, SessionStart
from patchtrail.integrity.verify import verify_trace
from patchtrail.qa.case import Case
from patchtrail.qa.suites import RepositorySuites
from patchtrail.qa.validation import Validator
from patchtrail.sandbox import Uncancelled
from patchtrail.trace import read_bundle
from patchtrail.trace.base_snapshot import read_base
from tests.sandbox.walls import usable
from three_sessions.signing import acts_of, tree_of
from three_sessions.stage import Stage
from three_sessions.story import NAMES, folder_of, read_story

VERDICTS = {"sample": "verified_fix", "complex": "verified_fix", "failed": "not_fixed"}


def verified(name: str, *arguments: str) -> str:
    """Verify a session's bundle by the command line, without a collector; return what it says."""
    command = [sys.executable, "-m", "patchtrail", "trace", "verify", str(folder_of(name) / "bundle.zip"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_proves_itself(name: str) -> None:
    """Signed, receipted in time, without a gap, and every edit leads on its own base to the recorded content: L4."""
    assert "Assurance level L4" in verified(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_replays_in_the_repository(name: str, tmp_path: Path) -> None:
    """The start commit that is named is that of the repository's files, and the edits replay on it as well."""
    story = read_story(folder_of(name))
    stage = Stage(story.repository, tmp_path, started_s=story.started_s)

    assert "Assurance level L4" in verified(name, "--repo", str(stage.root))


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_tells_what_the_chunks_tell(name: str) -> None:
    """The signed events are those of the chunk files, at their instants, between a start and an end."""
    verdict = verify_trace(read_bundle((folder_of(name) / "bundle.zip").read_bytes()), pinned_jkt=None)
    told = [(held.event.ts_ms, held.event.data) for held in verdict.events]
    acts: list[tuple[int, EventData]] = [(act.at_ms, act.data) for run in acts_of(folder_of(name)) for act in run]

    assert told[1:-1] == acts
    assert isinstance(told[0][1], SessionStart)
    assert isinstance(told[-1][1], SessionEnd)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_brings_its_base_along(name: str) -> None:
    """The end names the files of the start commit, and the bundle holds them."""
    evidence = read_bundle((folder_of(name) / "bundle.zip").read_bytes())
    end = verify_trace(evidence, pinned_jkt=None).events[-1].event.data

    assert isinstance(end, SessionEnd)
    assert end.base_snapshot is not None
    assert (
        read_base(evidence.artifacts[end.base_snapshot.sha256]).files == tree_of(folder_of(name) / "repository").files
    )


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Validator:
    """Return a validator whose suites run in bubblewrap."""
    return Validator(RepositorySuites(usable(), tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize(("name", "verdict"), list(VERDICTS.items()))
def test_a_bundle_ends_as_it_says(validator: Validator, name: str, verdict: str) -> None:
    """In the sandbox the tests say at the start, at every recorded run and at the end what they said in the session."""
    evidence = read_bundle((folder_of(name) / "bundle.zip").read_bytes())
    events = [held.event for held in verify_trace(evidence, pinned_jkt=None).events]
    snapshot = evidence.artifacts[events[-1].data.base_snapshot.sha256]
    result = validator.validate(Case(evidence.trace_id, events, evidence.artifacts, snapshot=snapshot), Uncancelled())

    assert (result.verdict, result.agreement, result.cheats) == (verdict, 1.0, [])
    assert result.replay.agrees
