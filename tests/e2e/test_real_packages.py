"""The whole session of `make demo`, on source distributions of packages that are not ours."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zstandard

from tests.e2e.sdists import fetch

PLAY = Path(__file__).parents[2] / "examples" / "first_session" / "play.py"
SUITE = f"{shlex.quote(sys.executable)} -m pytest -q -p no:cacheprovider"
MIN_LINES = 2_000
MIN_TESTS = 200


@dataclass(frozen=True)
class Package:
    """A package of real_packages.txt, the folder of its own code, and a seed whose first bug its tests notice.

    `left_out` are files of its suite that measure time, and fail by themselves on a busy machine.
    """

    name: str
    code: str
    seed: int
    left_out: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        """The command of its own suite."""
        return shlex.join([*shlex.split(SUITE), *(f"--ignore-glob={one}" for one in self.left_out)])


PACKAGES = (
    Package("sqlparse", "sqlparse", 9, left_out=("*/test_dos_prevention.py",)),
    Package("boltons", "boltons", 3),
    Package("mistune", "src/mistune", 8, left_out=("*/test_security_*.py", "*/test_inline_limits.py")),
)


@dataclass(frozen=True)
class Trace:
    """A bundle as anybody can read it, without our library."""

    document: dict
    lines: list[bytes]
    blobs: dict[str, bytes]

    def of_type(self, kind: str) -> list[dict]:
        """Return the signed events of one type, each its data and its number."""
        events = [json.loads(line) for line in self.lines]
        return [{"seq": event["seq"], **event["data"]} for event in events if event["type"] == kind]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_real_package_is_debugged_recorded_and_replayed(package, tmp_path):
    """A bug in a real package is debugged by its own suite, and the trace's diffs lead back to the published bytes."""
    folders = [tmp_path / name for name in ("sdist", "work", "output", "replay", "home")]
    for folder in folders:
        folder.mkdir()
    sdist, work, output, replay, home = folders
    published = fetch(package.name, sdist)
    run = Runner(home)
    commit_everything(run, published)
    total = untouched_suite(run, published, package, tmp_path)

    story = ["--repo", published, "--test", package.suite, "--seed", package.seed]
    played = run(sys.executable, PLAY, *story, "--no-keep", "--no-assess", "--output", output, "--work", work)

    assert "The tests fail before" not in played
    assert run("git", "status", "--porcelain", "--ignored", cwd=published) == ""
    (bundle,) = output.glob("trace-*.zip")
    trace = read_bundle(bundle)
    check_chain(trace)
    check_story(trace, total)
    check_replay(run, trace, published, work / "repository", replay / "repository")
    verdict = run(sys.executable, "-m", "patchtrail", "trace", "verify", bundle, "--repo", work / "repository")
    assert "Assurance level L4" in verdict.splitlines()


class Runner:
    """Runs commands with no environment of ours, so that no configuration and no secret takes part."""

    def __init__(self, home: Path) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self.environment = {
            **kept,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }

    def __call__(self, *command: object, cwd: Path | None = None, **environment: str) -> str:
        """Run a command that has to succeed and return what it printed."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def commit_everything(run: Runner, folder: Path) -> None:
    """Make the unpacked source its user's repository."""
    run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    run("git", "add", "--all", "--force", cwd=folder)
    author = ["-c", "user.name=User", "-c", "user.email=user@localhost"]
    run("git", *author, "commit", "--quiet", "--message", "As published", cwd=folder)


def untouched_suite(run: Runner, published: Path, package: Package, folder: Path) -> int:
    """Check that the package is large enough and its own suite passes; return how many tests that has."""
    sources = [path.read_text("utf-8") for path in (published / package.code).rglob("*.py")]
    assert sum(bool(line.strip()) for source in sources for line in source.splitlines()) >= MIN_LINES
    report = folder / "untouched.xml"
    run(*shlex.split(package.suite), cwd=published, PYTEST_ADDOPTS=f"--junitxml={report}")
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert [case.get("name") for case in cases if {one.tag for one in case} & {"failure", "error"}] == []
    assert sum(case.find("skipped") is None for case in cases) >= MIN_TESTS
    return len(cases)


def read_bundle(path: Path) -> Trace:
    """Take a bundle apart by its published format."""
    with zipfile.ZipFile(path) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    chunks = [content[name] for name in sorted(content) if name.startswith("chunks/")]
    blobs = {Path(name).name: blob for name, blob in content.items() if name.startswith("artifacts/")}
    lines = [line for chunk in chunks for line in event_lines(chunk)]
    return Trace(json.loads(content["trace.json"]), lines, blobs)


def event_lines(chunk: bytes) -> list[bytes]:
    """Return the event lines of a chunk: a DSSE envelope on its first line, then the lines as its manifest says."""
    envelope, _, payload = chunk.partition(b"\n")
    manifest = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    raw = zstandard.ZstdDecompressor().decompress(payload) if manifest["enc"] == "zstd" else payload
    assert hashlib.sha256(raw).hexdigest() == manifest["raw_sha256"]
    return raw.splitlines()


def check_chain(trace: Trace) -> None:
    """Check that the document tells the signed events, each bound to the one before."""
    hashes = [hashlib.sha256(b"patchtrail/event/v1\n" + line).hexdigest() for line in trace.lines]
    events = [json.loads(line) for line in trace.lines]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert [event["prev"] for event in events[1:]] == hashes[:-1]
    assert trace.document["integrity"]["event_hash_chain"] == hashes
    for event, told in zip(events, trace.document["events"], strict=True):
        signed = {"seq": event["seq"], "type": event["type"], **event["data"]}
        assert {name: told[name] for name in signed} == signed
    assert all(hashlib.sha256(blob).hexdigest() == name for name, blob in trace.blobs.items())


def check_story(trace: Trace, total: int) -> None:
    """Check failing test, hypothesis about it, edit, green run of the whole suite, commit, end."""
    types = [json.loads(line)["type"] for line in trace.lines]
    red, green = trace.of_type("test_run")
    (hypothesis,) = [note for note in trace.of_type("rationale_note") if note["kind"] == "hypothesis"]
    (edit,) = trace.of_type("file_edit")
    (commit,) = trace.of_type("commit")
    assert [red["evidence"], green["evidence"]] == ["junit", "junit"]
    assert red["totals"]["failed"] > 0
    assert [case for case in red["cases"] if case["outcome"] == "failed"]
    assert green["totals"]["tests"] == total
    assert (green["totals"]["failed"], green["totals"]["errors"], green["exit_code"]) == (0, 0, 0)
    assert {case["outcome"] for case in cases_of(trace, green)} <= {"passed", "skipped"}
    assert len(cases_of(trace, green)) == total
    assert hypothesis["links"] == [red["seq"]]
    assert red["seq"] < hypothesis["seq"] < edit["seq"] < green["seq"] < commit["seq"]
    assert types[0] == "session_start"
    assert types[-1] == "session_end"


def cases_of(trace: Trace, run: dict) -> list[dict]:
    """Return all cases of a run, which are too many for its line and stand in an artifact."""
    return [json.loads(line) for line in trace.blobs[run["cases_artifact"]["sha256"]].splitlines()]


def check_replay(run: Runner, trace: Trace, published: Path, played: Path, replay: Path) -> None:
    """Check that `git apply` leads from the start commit to the published bytes and to the final commit."""
    (start,) = trace.of_type("session_start")
    (edit,) = trace.of_type("file_edit")
    (commit,) = trace.of_type("commit")
    run("git", "clone", "--quiet", "--no-checkout", played, replay)
    run("git", "checkout", "--quiet", "--detach", start["start_commit"], cwd=replay)
    file = replay / edit["file_path"]
    original = (published / edit["file_path"]).read_bytes()
    assert file.read_bytes() != original
    assert (edit["base_artifact"], edit["diff_artifact"], edit["is_replayable"]) == (None, None, True)

    patch = replay.with_suffix(".patch")
    patch.write_bytes(edit["diff_unified"].encode())
    run("git", "apply", patch, cwd=replay)

    assert file.read_bytes() == original
    assert hashlib.sha256(original).hexdigest() == edit["buffer_hash_after"]
    assert run("git", "diff", commit["sha"], cwd=replay) == ""
    assert run("git", "rev-parse", f"{commit['sha']}^", cwd=played).strip() == start["start_commit"]
    assert run("git", "rev-parse", f"{commit['sha']}^{{tree}}", cwd=played) == run(
        "git", "rev-parse", "HEAD^{tree}", cwd=published
    )
