"""The base snapshot on its way: shown before it is sent, sent with the session's end and with no other, and found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.lsp import StartSession
from patchtrail.contract.lsp_forgetting import PendingRequest, PendingSnapshot
from patchtrail.delivery import Device, PendingRules, pending
from patchtrail.integrity.verify import verify_trace
from patchtrail.trace import read_bundle
from patchtrail.trace.base_snapshot import read_base
from tests.capture.recording import FACTS, Recording, git, recording, repository
from tests.delivery.fakes import RunningCollector, running_collector
from tests.e2e.rig import until

SECRET = "zq8Kf0vLx2Ts9Wp4"
FILES = {"a.py": "x = 1\n", "conf.py": f'password = "{SECRET}"\n', "quiet.py": "y = 1\n", ".env": "A=b\n"}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a collector."""
    with running_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


@pytest.fixture
def device(collector: RunningCollector) -> Iterator[Device]:
    """Enrol a device."""
    device = Device(collector.enrol())
    yield device
    device.close()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Make a repository."""
    return repository(tmp_path / "work", dict(FILES))


def ready(session: Recording) -> PendingSnapshot:
    """Wait for the snapshot, and return what is shown of it."""

    def shown() -> list[PendingSnapshot]:
        return pending(session.spool, PendingRequest(), PendingRules(0, 0, ())).snapshots

    return until("the snapshot is there", shown)[0]


def delivered(session: Recording) -> None:
    """Wait until the collector has every ended trace."""
    until("it is delivered", lambda: not session.recorder.state.trace_id and all_complete(session.spool))


def all_complete(spool: Path) -> bool:
    """Return whether the collector has called every trace whole."""
    return all((folder / "complete.json").exists() for folder in spool.glob("trace-*"))


def held(collector: RunningCollector, trace_id: str | None) -> dict[str, bytes]:
    """Return the artifacts that the collector has of a sound trace."""
    evidence = read_bundle(collector.read(f"/v1/traces/{trace_id}/bundle").content)
    assert verify_trace(evidence, pinned_jkt=None).errors == []
    return dict(evidence.artifacts or {})


def end_of(collector: RunningCollector, trace_id: str | None) -> dict:
    """Return the trace's last event, as the collector shows it."""
    return collector.read(f"/v1/traces/{trace_id}").json()["events"][-1]


def test_it_arrives_with_the_end(tmp_path: Path, work: Path, collector: RunningCollector, device: Device) -> None:
    """The collector has the archive that the signed end names, and a reader finds it in the bundle."""
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True) as session:
        trace_id = session.recorder.state.trace_id
        shown = ready(session)
        session.save(work / "a.py", "x = 2\n")
        session.recorder.end().result()
        delivered(session)
    named = end_of(collector, trace_id)["base_snapshot"]
    tree = read_base(held(collector, trace_id)[named["sha256"]])

    assert (shown.files, shown.redacted, shown.left_out) == (3, ["conf.py"], [".env"])
    assert (shown.sha256, shown.size_bytes, shown.trace_id) == (named["sha256"], named["size_bytes"], trace_id)
    assert set(tree.files) == {"a.py", "conf.py", "quiet.py"}
    assert tree.files["a.py"] == b"x = 1\n"
    assert SECRET.encode() not in b"".join(tree.files.values())
    assert list((tmp_path / "spool").glob("trace-*/artifacts/*")) == []


def test_a_bundle_proves_its_replay_by_itself(
    tmp_path: Path, work: Path, collector: RunningCollector, device: Device
) -> None:
    """`patchtrail trace verify` and `replay` need no repository where a trace brought its snapshot along."""
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True) as session:
        trace_id = session.recorder.state.trace_id
        session.save(work / "a.py", "x = 2\n")
        session.save(work / "conf.py", f"{FILES['conf.py']}port = 1\n")
        session.recorder.end().result()
        delivered(session)
    bundle, out = tmp_path / "trace.zip", tmp_path / "out"
    bundle.write_bytes(collector.read(f"/v1/traces/{trace_id}/bundle").content)
    verified = CliRunner().invoke(app, ["trace", "verify", str(bundle)])
    replayed = CliRunner().invoke(app, ["trace", "replay", str(bundle), "-o", str(out)])

    assert (verified.exit_code, replayed.exit_code) == (0, 0), verified.output + replayed.output
    assert "Assurance level L4" in verified.output
    assert {path.name for path in out.iterdir()} == {"a.py", "conf.py", "quiet.py"}
    assert (out / "a.py").read_text() == "x = 2\n"
    assert (out / "conf.py").read_text().endswith("port = 1\n")


def test_without_its_own_snapshot_a_replay_needs_the_repository(
    tmp_path: Path, work: Path, collector: RunningCollector, device: Device
) -> None:
    """Without one nothing is replayed, and the reader is told what to give."""
    with recording(tmp_path / "spool", work, device=device) as session:
        trace_id = session.recorder.state.trace_id
        session.recorder.end().result()
        delivered(session)
    bundle = tmp_path / "trace.zip"
    bundle.write_bytes(collector.read(f"/v1/traces/{trace_id}/bundle").content)
    verified = CliRunner().invoke(app, ["trace", "verify", str(bundle)])
    replayed = CliRunner().invoke(app, ["trace", "replay", str(bundle), "-o", str(tmp_path / "out")])

    assert (verified.exit_code, replayed.exit_code) == (0, 2)
    assert "Assurance level L3" in verified.output
    assert "--repo" in replayed.output


def test_without_the_agreement_nothing_of_it_arrives(
    tmp_path: Path, work: Path, collector: RunningCollector, device: Device
) -> None:
    """What was made and then turned off is neither on the machine nor at the collector."""
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True) as session:
        trace_id = session.recorder.state.trace_id
        ready(session)
        session.recorder.report_facts(FACTS).result()
        assert pending(session.spool, PendingRequest(), PendingRules(0, 0, ())).snapshots == []
        session.save(work / "a.py", "x = 2\n")
        session.recorder.end().result()
        delivered(session)

    assert held(collector, trace_id) == {}
    assert end_of(collector, trace_id)["base_snapshot"] is None


def test_what_will_be_sent_is_printed(tmp_path: Path, work: Path, device: Device) -> None:
    """`patchtrail device pending` names the archive, where it lies, and every file that is not as it was."""
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True) as session:
        shown = ready(session)
        printed = CliRunner().invoke(app, ["device", "pending", "--spool", str(session.spool)]).stdout

    assert f"base snapshot: 3 files, {shown.size_bytes} bytes" in printed
    assert f"tar -tzf {shown.path}" in printed
    assert "  redacted conf.py\n  left out .env\n" in printed
    assert read_base(Path(shown.path).read_bytes()).redacted == {"conf.py"}


def test_gone_on_with(tmp_path: Path, work: Path, collector: RunningCollector, device: Device) -> None:
    """The next sidecar makes it of the commit that the session started from, whatever was committed since."""
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True) as session:
        trace_id = session.recorder.state.trace_id
        session.save(work / "a.py", "x = 2\n")
        session.recorder.settle().result()
    git(work, "commit", "-qam", "later")
    again = StartSession(root_uri=work.as_uri(), task_id="T", trace_id=trace_id)
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True, request=again) as session:
        session.recorder.end().result()
        delivered(session)
    named = end_of(collector, trace_id)["base_snapshot"]

    assert read_base(held(collector, trace_id)[named["sha256"]]).files["a.py"] == b"x = 1\n"


def test_abandoned(tmp_path: Path, work: Path, collector: RunningCollector, device: Device) -> None:
    """A session that nobody goes on with ends without one: nobody could be asked any more."""
    with recording(tmp_path / "spool", work, device=device, is_base_agreed=True) as session:
        trace_id = session.recorder.state.trace_id
        ready(session)
    with recording(tmp_path / "spool", work, device=device) as session:
        until("the first is delivered", (session.spool / str(trace_id) / "complete.json").exists)

    assert (end_of(collector, trace_id)["reason"], end_of(collector, trace_id)["base_snapshot"]) == ("abandoned", None)
    assert held(collector, trace_id) == {}
