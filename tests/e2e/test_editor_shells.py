"""Commands in bash, zsh and fish, and what a terminal can do to a recorder, in the real editor."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from collector import Collector
from tests.e2e.desk import at_desk, make_shop
from tests.e2e.participant import Participant
from tests.e2e.rig import CodeServer, Workbench, until

MIB = 1024 * 1024
OUTPUT = int(os.environ.get("OUTPUT_MIB", "128")) * MIB
"""The editor's own screen takes some minutes for a gigabyte, which `make soak` lets it have."""
PATIENCE_S = max(800, 2 * OUTPUT // MIB)
HOST_GROWTH_MIB = 400
SIDECAR_MIB = 200
"""More than what waits to be collected as garbage; less than the output from half a gigabyte on."""
START_FILES = {"zsh": ".zshrc", "fish": ".config/fish/config.fish", "bash": ".bashrc"}


def use_shell(person: Participant, shell: str) -> None:
    """Let a shell find the same programs, and greet nobody."""
    path = person.server.home / START_FILES[shell]
    path.parent.mkdir(parents=True, exist_ok=True)
    binaries = person.repository.parent / "bin"
    path.write_text(
        f"fish_add_path {binaries}\nset -g fish_greeting\n" if shell == "fish" else f"PATH={binaries}:$PATH\n"
    )


def begin(person: Participant, collector: Collector) -> None:
    """Connect, agree, and start a session."""
    person.workbench.trust()
    person.connect(collector, collector.invite())
    person.consent()
    person.start("BUG-7: totals are one too large")


def type_and_wait(person: Participant, line: str) -> dict[str, Any]:
    """Type a command line and wait until one more command is recorded."""
    count = len(person.events("cmd_run"))
    person.terminal_line(line)
    data: dict[str, Any] = person.wait_for("cmd_run", count + 1)[-1]["data"]
    return data


def leave_running(person: Participant, line: str) -> None:
    """Type a command line and wait until its program runs, and the editor has heard of it."""
    person.terminal_line(line)

    def running() -> list[psutil.Process]:
        return [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == line.split()]

    until(f"`{line}` runs", running, 40)
    person.settle()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_commands_in_a_shell(tmp_path: Path, vsix: Path, collector: Collector, shell: str) -> None:
    """Exit codes, plain outputs, tests, Ctrl+C and a running command are told as they were."""
    shop = make_shop(tmp_path / "shop")
    link = r"printf '\033]8;;https://example.invalid\033\\a link\033]8;;\033\\ \033[31mred\033[0m 10%%\r100%%\n'"
    with at_desk(tmp_path, vsix, shop, **{"terminal.integrated.defaultProfile.linux": shell}) as person:
        use_shell(person, shell)
        begin(person, collector)
        person.terminal()
        # Of a command that ends at once the editor may tell an empty output, which is recorded as one not known.
        shown = type_and_wait(person, f"sleep 0.5; {link}; sleep 0.5")
        failed = type_and_wait(person, "false")
        tests = type_and_wait(person, "pytest -q")
        background = type_and_wait(person, "sleep 0.1 &")
        # When the job ends, the shell draws its prompt anew, and the editor reads wrongly what is typed next.
        person.settle()
        type_and_wait(person, "true")
        leave_running(person, "sleep 60")
        person.page.keyboard.press("Control+C")
        stopped = person.wait_for("cmd_run", 6)[-1]["data"]
        inner = type_and_wait(person, "sh -i -c 'exit 3'")
        runs, gaps = person.events("test_run"), person.events("gap")
        leave_running(person, "sleep 61")
        person.end()
        # An end uploads at once: what it recorded is at the collector.
        types = person.remote_types(collector)

    assert {one["shell"] for one in (shown, failed, tests, background, stopped, inner)} == {shell}
    assert (shown["exit_code"], failed["exit_code"], tests["exit_code"]) == (0, 1, 1)
    assert shown["output_tail"].strip().endswith("100%")
    assert "\x1b" not in shown["output_tail"]
    assert "2 failed" in tests["output_tail"]
    assert [(run["data"]["evidence"], run["data"]["framework"]) for run in runs] == [("junit", "pytest")], tests
    assert background["command_line"] == "sleep 0.1 &"
    assert stopped["command_line"].strip() == "sleep 60"
    assert stopped["exit_code"] in (130, None)
    assert inner["exit_code"] == 3
    assert types[-2:] == ["cmd_run", "session_end"]
    assert gaps == []


@pytest.mark.timeout(3600)
def test_a_flood_of_output(tmp_path: Path, vsix: Path, collector: Collector) -> None:
    """A command that floods its terminal ends as it does without us; neither of our processes grows out of bounds."""
    shop, theirs = make_shop(tmp_path / "shop"), make_shop(tmp_path / "theirs/shop")
    with CodeServer(tmp_path / "bare") as server, Workbench(server, theirs) as workbench:
        workbench.trust()
        bare = Participant(server, workbench, theirs)
        bare.terminal()
        listen(bare, tmp_path / "ready")
        expected, bare_growth, _ = flood(bare)
    with at_desk(tmp_path, vsix, shop) as person:
        begin(person, collector)
        person.terminal()
        type_and_wait(person, "echo ready")
        done, growth, sidecar = flood(person)
        told = until("the flood is recorded", lambda: person.events("cmd_run")[1:], PATIENCE_S)[0]["data"]
        person.workbench.command("Terminal: Focus Terminal")
        after = type_and_wait(person, "echo still here")

    assert done == expected
    assert done[0] == "1"
    assert (told["exit_code"], after["exit_code"]) == (1, 0)
    assert told["output_tail"].rstrip().endswith("the end")
    assert told["output_coverage"] == "tail"
    # The terminal adds a carriage return to each line.
    assert told["output_omitted_bytes"] > OUTPUT - 16 * MIB
    assert 1 * MIB < told["output_artifact"]["size_bytes"] < 4 * MIB
    assert growth - bare_growth < HOST_GROWTH_MIB, f"the extension host grew by {growth:.0f} MiB, not {bare_growth:.0f}"
    assert sidecar < SIDECAR_MIB, f"the sidecar took {sidecar:.0f} MiB"


def listen(person: Participant, told: Path) -> None:
    """Wait until a terminal takes lines whole: the first keys may come while the focus is still moving."""
    for _ in range(3):
        person.terminal_line(f" touch {told}")
        with contextlib.suppress(TimeoutError):
            until("a line is heard", told.exists, 10)
            return
    pytest.fail("The terminal takes no line.")


def flood(person: Participant) -> tuple[list[str], float, float]:
    """Write a lot into the terminal; return its exit code and checksum, and the growth of host and sidecar in MiB."""
    watch, told = Watch(person), person.repository.parent / "told"
    write = f"yes 0123456789abcdef0123456789abcdef0123456789abcdef | head -c {OUTPUT} | tee >(cksum > {told}.sum)"
    person.terminal_line(f"{write}; echo the end; false; echo $? > {told}.code; mv {told}.code {told}; false")
    # Drawn, it takes the browser longer still.
    person.workbench.command("View: Hide Panel")
    until("the flood is over", told.exists, PATIENCE_S)
    (summed,) = until("it is summed", lambda: [text] if (text := Path(f"{told}.sum").read_text()) else [])
    return [told.read_text().strip(), summed], *watch.stop()


class Watch:
    """Follows the memory of the extension host and of the sidecar below it."""

    def __init__(self, person: Participant) -> None:
        (self._host,) = (psutil.Process(pid) for pid in person.server.extension_host_pids())
        self._before = self._host.memory_info().rss
        self._most = self._most_below = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> tuple[float, float]:
        """Return by how many MiB the host grew at most, and how many the sidecar had at most."""
        self._is_over.set()
        self._thread.join()
        return (self._most - self._before) / MIB, self._most_below / MIB

    def _follow(self) -> None:
        while not self._is_over.is_set():
            with contextlib.suppress(psutil.Error):
                self._most = max(self._most, self._host.memory_info().rss)
                ours = [one for one in self._host.children() if "launch.py" in " ".join(one.cmdline())]
                self._most_below = max([self._most_below, *(one.memory_info().rss for one in ours)])
            time.sleep(0.2)
