"""Control groups, v2 or v1: memory, processes and CPU of a whole run, and the surest way to kill all of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from patchtrail.sandbox.limits import Limits
from patchtrail.sandbox.owner import is_owner_gone, own_mark

__all__ = ["ControlGroup", "control_group", "sweep_groups"]

ROOT = Path("/sys/fs/cgroup")
PREFIX = "patchtrail-"
CONTROLLERS = ("memory", "pids", "cpu")
CPU_PERIOD_US = 100_000
PATIENCE = 250
PAUSE_S = 0.02


@dataclass(frozen=True)
class ControlGroup:
    """One run's own group: in v2 one folder, in v1 one for each controller."""

    folders: tuple[Path, ...]
    is_v2: bool

    @property
    def entrances(self) -> tuple[Path, ...]:
        """The files into which a process writes its number to become a member."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def kill(self) -> None:
        """Kill every member, also those that come while this goes on."""
        if self.is_v2:
            with contextlib.suppress(OSError):
                (self.folders[0] / "cgroup.kill").write_text("1")
        procs = self.folders[0 if self.is_v2 else 1] / "cgroup.procs"
        for _ in range(PATIENCE):
            members = _read(procs).split()
            if not members:
                return
            for member in members:
                with contextlib.suppress(OSError):
                    os.kill(int(member), signal.SIGKILL)
            time.sleep(PAUSE_S)

    def was_out_of_memory(self) -> bool:
        """Return whether the kernel killed a member because the whole run held too much memory."""
        events = _read(self.folders[0] / ("memory.events" if self.is_v2 else "memory.oom_control"))
        return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in events.splitlines())

    def remove(self) -> None:
        """Remove the folders; the kernel refuses for a moment after the last member's death."""
        for folder in self.folders:
            for _ in range(PATIENCE):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(PAUSE_S)
                else:
                    break


def control_group(limits: Limits) -> ControlGroup | None:
    """Make a group with these limits; None where this user may not, or the machine has none."""
    is_v2 = _is_v2()
    name = f"{PREFIX}{own_mark()}-{secrets.token_hex(8)}"
    for parents in _places(is_v2):
        group = ControlGroup(tuple(parent / name for parent in parents), is_v2)
        try:
            (_set_up_v2 if is_v2 else _set_up_v1)(group, limits)
        except OSError:
            group.remove()
        else:
            return group
    return None


def sweep_groups() -> None:
    """End and remove the groups of runs whose process was killed before it could."""
    is_v2 = _is_v2()
    for parents in _places(is_v2):
        for left in parents[0].glob(f"{PREFIX}*"):
            if is_owner_gone(left.name):
                group = ControlGroup(tuple(parent / left.name for parent in parents), is_v2)
                group.kill()
                group.remove()


def _is_v2() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def _places(is_v2: bool) -> list[list[Path]]:
    """Return where a group may be made: at the top, beside this process's own, and within it, where that is delegated.

    Of v1 a place has a folder for each controller.
    """
    lines = [line.split(":", 2) for line in _read(Path("/proc/self/cgroup")).splitlines()]
    own = {name: path.lstrip("/") for _, names, path in lines for name in names.split(",")}
    if is_v2:
        mine = ROOT / own.get("", "")
        return [[one] for one in dict.fromkeys((ROOT, mine.parent, mine)) if one.is_relative_to(ROOT)]
    return [[ROOT / one for one in CONTROLLERS], [ROOT / one / own.get(one, "") for one in CONTROLLERS]]


def _set_up_v2(group: ControlGroup, limits: Limits) -> None:
    folder = group.folders[0]
    if missing := set(CONTROLLERS) - set(_read(folder.parent / "cgroup.subtree_control").split()):
        (folder.parent / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in sorted(missing)))
    folder.mkdir()
    (folder / "memory.max").write_text(str(limits.memory_bytes))
    if (folder / "memory.swap.max").exists():
        (folder / "memory.swap.max").write_text("0")
    (folder / "memory.oom.group").write_text("1")
    (folder / "pids.max").write_text(str(limits.processes))
    (folder / "cpu.max").write_text(f"{limits.cpu_percent * CPU_PERIOD_US // 100} {CPU_PERIOD_US}")


def _set_up_v1(group: ControlGroup, limits: Limits) -> None:
    for folder in group.folders:
        folder.mkdir()
    memory, pids, cpu = group.folders
    (memory / "memory.limit_in_bytes").write_text(str(limits.memory_bytes))
    if (memory / "memory.memsw.limit_in_bytes").exists():
        (memory / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))
    (pids / "pids.max").write_text(str(limits.processes))
    (cpu / "cpu.cfs_period_us").write_text(str(CPU_PERIOD_US))
    (cpu / "cpu.cfs_quota_us").write_text(str(limits.cpu_percent * CPU_PERIOD_US // 100))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
