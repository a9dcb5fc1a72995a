"""What a run may use at most, and which of it the kernel's per-process limits can hold."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CPU_SHARE", "FILES", "MEMORY", "MIB", "PROCESSES", "Limits", "prlimit_words"]

MIB = 1 << 20
MEMORY, CPU_SHARE = "memory of the whole run", "CPU share of the whole run"
PROCESSES, FILES = "processes of the whole run", "number of files"
"""What a machine may be unable to limit, as it is named beside a run."""


@dataclass(frozen=True)
class Limits:
    """Limits of one run; `process_bytes` is address space of each process, `memory_bytes` what all of them hold."""

    memory_bytes: int = 2048 * MIB
    process_bytes: int = 4096 * MIB
    cpu_s: int = 120
    """Of each process, in seconds of CPU time."""
    cpu_percent: int = 100
    """Of all processes together; 100 is one core."""
    processes: int = 128
    file_bytes: int = 64 * MIB
    scratch_bytes: int = 256 * MIB
    work_bytes: int = 1024 * MIB
    """What a folder that may be written may hold."""
    files: int = 100_000
    """How many files and folders each place that may be written may hold."""
    wall_s: float = 60.0
    output_bytes: int = MIB
    result_bytes: int = 16 * MIB
    copied_files: int = 20_000
    copied_bytes: int = 256 * MIB


def prlimit_words(limits: Limits, has_memory_group: bool) -> list[str]:
    """Return the start of a command line that sets the limits of each process, without that of processes.

    Without a control group the address space of a process is all that bounds memory, so it gets the smaller limit.
    """
    space = limits.process_bytes if has_memory_group else min(limits.process_bytes, limits.memory_bytes)
    return [
        "prlimit",
        f"--as={space}",
        f"--cpu={limits.cpu_s}:{limits.cpu_s + 1}",
        f"--fsize={limits.file_bytes}",
        "--nofile=256",
        "--core=0",
    ]
