"""Play a complete debugging session through the real sidecar and a real collector.

    python examples/first_session/play.py                                   the sample repository
    python examples/first_session/play.py --repo PATH --test "pytest -q"    a clone of yours, with a bug planted

This is a client like any other: it speaks LSP to `patchtrail serve` and HTTP to the collector, runs git and the
tests for real, and imports nothing of Patchtrail.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from collector import Collector, enrol
from lsp import LanguageClient
from mutator import Bug, bugs

HERE = Path(__file__).resolve().parent
PATCHTRAIL = [sys.executable, "-m", "patchtrail"]
MAX_TRIES = 40
TESTS_TIMEOUT_S = 900
ASSESSED_TIMEOUT_S = 600


@dataclass(frozen=True)
class Story:
    """A repository with a bug, the command that shows it, and the repair."""

    repository: Path
    test_command: str
    source: Path
    repaired: str
    title: str
    hypothesis: str


def main() -> int:
    """Set the scene, play, and show what the collector holds."""
    options = parsed()
    folder = Path(options.work or tempfile.mkdtemp(prefix="patchtrail-demo-")).resolve()
    output = Path(options.output).resolve()
    output.mkdir(parents=True, exist_ok=True)
    try:
        if options.repo:
            story = own_story(Path(options.repo).resolve(), options.test, options.seed, folder / "repository")
        else:
            story = sample_story(Path(options.sample), options.test, folder / "repository")
        collector = Collector(PATCHTRAIL, output / "collector", *([] if options.assess else ["--no-qa"]))
        try:
            return present(story, collector, folder, output, options)
        finally:
            collector.stop()
    finally:
        if not options.work:
            shutil.rmtree(folder, ignore_errors=True)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Play a debugging session through Patchtrail.")
    parser.add_argument("--repo", default="", help="your repository; it is cloned, never changed")
    parser.add_argument("--sample", default=str(HERE / "repository"), help="the sample repository's files")
    parser.add_argument("--test", default="", help="how to run the tests (default: pytest -q)")
    parser.add_argument("--seed", type=int, default=1, help="which bug is planted")
    parser.add_argument("--output", default=".demo", help="where the collector's data and the bundle go")
    parser.add_argument("--work", default="", help="where the clone is made and kept (default: it is removed)")
    parser.add_argument(
        "--keep", action=argparse.BooleanOptionalAction, default=sys.stdout.isatty(), help="let the collector run on"
    )
    parser.add_argument(
        "--assess", action=argparse.BooleanOptionalAction, default=True, help="wait for replay, tests and judgement"
    )
    options = parser.parse_args()
    options.test = options.test or f"{shlex.quote(sys.executable)} -m pytest -q"
    return options


def sample_story(sample: Path, test_command: str, repository: Path) -> Story:
    """Make a git repository of the sample, whose discount is not a percentage."""
    shutil.copytree(sample, repository)
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository, "A small shop")
    source = repository / "prices.py"
    repaired = source.read_text().replace("gross * discount_percent", "gross * discount_percent // 100")
    hypothesis = "A discount is multiplied as if 10 percent were 10 times: the division by 100 is missing."
    return Story(repository, test_command, source, repaired, "Discounts are far too large", hypothesis)


def own_story(original: Path, test_command: str, seed: int, repository: Path) -> Story:
    """Clone the user's repository and plant a bug that its tests notice."""
    clone = ["git", "clone", "--quiet", "--no-hardlinks", str(original), str(repository)]
    if subprocess.run(clone).returncode != 0:
        raise SystemExit(f"{original} is not a git repository that can be cloned.")
    print(f"Looking for a bug that `{test_command}` notices, in a clone of {original} …", flush=True)
    exit_code, _, output = run_tests(test_command, repository, None)
    if exit_code != 0:
        tail = "\n".join(output.splitlines()[-15:])
        raise SystemExit(f"{tail}\n\n`{test_command}` ends with {exit_code} before any bug is planted; it has to pass.")
    bug = noticed_bug(repository, test_command, seed)
    title = f"The tests fail around {bug.path.name}:{bug.line}"
    hypothesis = f"The operator on line {bug.line} of {bug.path.name} is wrong."
    return Story(repository, test_command, bug.path, bug.before, title, hypothesis)


def noticed_bug(repository: Path, test_command: str, seed: int) -> Bug:
    """Plant bugs until the tests turn red; commit the one that did."""
    for bug, _ in zip(bugs(repository, seed), range(MAX_TRIES), strict=False):
        bug.path.write_bytes(bug.after.encode())
        if run_tests(test_command, repository, None)[0] == 1:
            commit(repository, "Rework")
            return bug
        bug.path.write_bytes(bug.before.encode())
    raise SystemExit(f"None of {MAX_TRIES} planted bugs turned the tests red; try another --seed or --test.")


def present(story: Story, collector: Collector, folder: Path, output: Path, options: argparse.Namespace) -> int:
    """Play the session, then verify, export and show it."""
    key_line = enrol(collector.url, collector.invite())
    started = time.monotonic()
    trace_id = play(story, key_line, folder / "spool")
    print(f"\nPlayed and delivered {trace_id} in {time.monotonic() - started:.1f} s.\n", flush=True)
    if options.assess:
        wait_until_assessed(collector, trace_id)
    reading = {**os.environ, "PATCHTRAIL_COLLECTOR_URL": collector.url, "PATCHTRAIL_TOKEN": collector.token}
    reading["PATCHTRAIL_SERVER_KEY"] = httpx.get(f"{collector.url}/v1/keys", timeout=60).json()["root"]["jkt"]
    bundle = output / f"{trace_id}.zip"
    for arguments in (
        ["trace", "show", trace_id],
        ["trace", "export", trace_id, "--output", str(bundle)],
        ["trace", "verify", str(bundle), "--repo", str(story.repository)],
    ):
        print(f"\n$ patchtrail {' '.join(arguments)}", flush=True)
        subprocess.run([*PATCHTRAIL, *arguments], env=reading, check=True)
    command = Path(sys.executable).parent / "patchtrail"
    print(f"\nRead it again:   {command} trace show {bundle}")
    if not options.keep:
        print(f"Collector again: {command} collect --data-dir {collector.data_dir}")
    else:
        print(f"Read it live:    {collector.url}/docs  (token in {collector.data_dir / 'server_token'})")
        print("The collector runs on until you press Ctrl+C.", flush=True)
        try:
            collector.wait()
        except KeyboardInterrupt:
            print()
    return 0


def play(story: Story, key_line: str, spool: Path) -> str:
    """Failing test, hypothesis, edit, green run, commit; return the id of the delivered trace."""
    repository = story.repository
    client = LanguageClient([*PATCHTRAIL, "serve", "--key-stdin", "--spool", str(spool)], key_line)
    client.initialize(repository, {"settings": {"folders_allowed": [str(repository)]}})
    consent = client.request("patchtrail/consent/read")["consent"]
    facts = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": consent, "is_base_agreed": True}
    client.request("patchtrail/facts/report", facts)
    task = {"task_id": "DEMO-1", "task_title": story.title, "task_description": "Played by the demo."}
    state = client.request("patchtrail/session/start", {"root_uri": repository.as_uri(), **task})
    red, _ = report_tests(client, story)
    note(client, "hypothesis", story.hypothesis, "medium", [red])
    client.open(story.source)
    client.edit_and_save(story.source, story.repaired)
    after, exit_code = report_tests(client, story)
    if exit_code == 0:
        note(client, "observation", "The tests are green; the hypothesis held.", "high", [after])
    else:
        note(client, "observation", "Some tests are still red: there is more to it.", "medium", [after])
    report_command(client, repository, ["git", "add", "--all"])
    report_command(client, repository, ["git", *identity(), "commit", "--message", f"Fix: {story.title.lower()}"])
    client.request("patchtrail/session/end")
    wait_until_delivered(client)
    client.stop()
    return str(state["trace_id"])


def report_tests(client: LanguageClient, story: Story) -> tuple[int, int]:
    """Run the tests for real and report them; return the event's number and the exit code."""
    junit = client.request("patchtrail/tests/prepare")["junit_path"]
    exit_code, duration_ms, _ = run_tests(story.test_command, story.repository, junit)
    report = {"command_line": shown(story.test_command), "exit_code": exit_code, "duration_ms": duration_ms}
    seq = client.request("patchtrail/tests/report", {**report, "junit_path": junit})["seq"]
    return int(seq), exit_code


def run_tests(test_command: str, repository: Path, junit: str | None) -> tuple[int, int, str]:
    """Run the test command in the repository; return exit code, milliseconds and output."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] += os.pathsep + str(Path(sys.executable).parent)
    if junit:
        environment["PYTEST_ADDOPTS"] = f"{environment.get('PYTEST_ADDOPTS', '')} --junitxml={junit}".strip()
    started = time.monotonic()
    options = {"shell": True, "cwd": repository, "env": environment, "timeout": TESTS_TIMEOUT_S}
    try:
        done = subprocess.run(test_command, capture_output=True, text=True, errors="replace", **options)
    except subprocess.TimeoutExpired:
        return -1, TESTS_TIMEOUT_S * 1000, f"The tests did not end within {TESTS_TIMEOUT_S} s."
    return done.returncode, round((time.monotonic() - started) * 1000), done.stdout + done.stderr


def report_command(client: LanguageClient, repository: Path, command: list[str]) -> None:
    """Run a command for real and report it."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    client.request(
        "patchtrail/command/report",
        {
            "command_line": shlex.join(word for word in command if word not in identity()),
            "confidence": "high",
            "cwd": str(repository),
            "exit_code": done.returncode,
            "duration_ms": round((time.monotonic() - started) * 1000),
            "output": done.stdout + done.stderr,
        },
    )


def note(client: LanguageClient, kind: str, text: str, confidence: str, links: list[int]) -> None:
    """Write a note about earlier events."""
    client.request("patchtrail/note/add", {"kind": kind, "text": text, "confidence": confidence, "links": links})


def wait_until_delivered(client: LanguageClient) -> None:
    """Wait until every chunk of the ended session is receipted and the collector calls it complete."""
    for _ in range(600):
        state = client.request("patchtrail/session/status")
        if state["pending_chunks"] == 0 and not state["undelivered"]:
            return
        time.sleep(0.05)
    raise SystemExit(f"The session was not delivered: {state}")


def wait_until_assessed(collector: Collector, trace_id: str) -> None:
    """Wait until the collector has replayed the session, run its tests in its sandbox, and judged how it went."""
    print("The collector replays it, runs its tests in a sandbox without network, and judges it …", flush=True)
    deadline = time.monotonic() + ASSESSED_TIMEOUT_S
    while time.monotonic() < deadline:
        if collector.get(f"/v1/traces/{trace_id}/qa")["state"] in ("done", "failed"):
            return
        time.sleep(0.5)
    print("It is still at it; ask again with `patchtrail trace show`.", flush=True)


def shown(test_command: str) -> str:
    """Return the command as a developer would have typed it."""
    return test_command.replace(f"{shlex.quote(sys.executable)} -m pytest", "pytest")


def commit(repository: Path, message: str) -> None:
    """Commit everything, as somebody who needs no configuration."""
    git(repository, "add", "--all")
    git(repository, *identity(), "commit", "--quiet", "--message", message)


def identity() -> list[str]:
    """Return an author for commits on machines where git knows none."""
    return ["-c", "user.name=Demo", "-c", "user.email=demo@localhost"]


def git(repository: Path, *arguments: str) -> None:
    """Run git."""
    subprocess.run(["git", *arguments], cwd=repository, check=True)


if __name__ == "__main__":
    sys.exit(main())
