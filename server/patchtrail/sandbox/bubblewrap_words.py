"""The command lines of a bubblewrap run, from the outermost to the command itself."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from patchtrail.sandbox.port import Bind, Job

__all__ = ["inner_words", "outer_script", "wall_words"]

SHARED_MEMORY_BYTES = 16 << 20
SYSTEM_FOLDERS = ("lib", "lib32", "lib64", "bin", "sbin")
LOADER_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
"""Without them libraries in /usr/local, or chosen among several, are not found."""
# The result's descriptor is the run's stderr, which the command never has; the first line says that the walls stand.
INNER = """exec 3>&2 2>&1
printf '%s\\n' "$1" >&3
result=$2 cap=$3
shift 3
"$@" 3>&- </dev/null
code=$?
[ -z "$result" ] || [ ! -f "$result" ] || [ -L "$result" ] || head -c "$cap" "$result" >&3
exit "$code"
"""


def inner_words(job: Job, nonce: str) -> list[str]:
    """Return what runs inside: a shell that tells when it starts, runs the command and hands back its result."""
    return ["sh", "-c", INNER, "sh", nonce, job.result_path, str(job.limits.result_bytes), *job.argv]


def wall_words(job: Job, shown: Sequence[Bind], filter_fd: int, info_fd: int) -> list[str]:
    """Return bubblewrap's own words up to the command."""
    words = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    words += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--cap-drop", "ALL", "--clearenv"]
    words += ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_FOLDERS:
        system = Path("/", name)
        if system.is_symlink():
            words += ["--symlink", f"usr/{name}", f"/{name}"]
        elif system.is_dir():
            words += ["--ro-bind", f"/{name}", f"/{name}"]
    for loader in LOADER_FILES:
        words += ["--ro-bind-try", loader, loader]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"]
    words += ["--size", str(job.limits.scratch_bytes), "--tmpfs", "/tmp"]
    for bind in shown:
        words += ["--ro-bind", str(bind.source), str(bind.target)]
    words += ["--chdir", str(job.folder_at), "--remount-ro", "/dev", "--remount-ro", "/"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", **job.environment}
    for name, value in environment.items():
        words += ["--setenv", name, value]
    return [*words, "--info-fd", str(info_fd), "--seccomp", str(filter_fd)]


def outer_script(
    *, entrances: Sequence[Path], mounts: Mapping[Path, Path], words: Sequence[str], uid: int | None
) -> str:
    """Return what a shell does outside of the walls: join the group, show private folders, drop root.

    Forking in a threaded program allows no more than an exec, so all of this happens in the shell that comes after it.
    """
    lines = ["set -e"]
    lines += [f"echo $$ > {shlex.quote(str(one))}" for one in entrances]
    lines += [f"mount --bind -- {shlex.quote(str(source))} {shlex.quote(str(at))}" for source, at in mounts.items()]
    drop = ["setpriv", "--no-new-privs"]
    if uid is not None:
        drop += [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    lines.append(f"exec {shlex.join([*drop, *words])}")
    return "\n".join(lines)
