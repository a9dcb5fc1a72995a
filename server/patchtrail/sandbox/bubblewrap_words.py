"""The command lines of a bubblewrap run, from the outermost to the command itself."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from patchtrail.sandbox.port import Bind, Job
from patchtrail.sandbox.view import Scratch, environment, scratches, system_binds, system_links

__all__ = ["outer_script", "wall_words"]


def wall_words(
    job: Job, shown: Sequence[Bind], mounted: Mapping[Scratch, Path], *, filter_fd: int, info_fd: int
) -> list[str]:
    """Return bubblewrap's own words up to the command; `mounted` are places that were mounted outside already."""
    words = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    words += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--cap-drop", "ALL", "--clearenv"]
    words += _bound(system_binds())
    for at, target in system_links().items():
        words += ["--symlink", target, str(at)]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for scratch in scratches(job):
        if scratch in mounted:
            words += ["--bind", str(mounted[scratch]), str(scratch.at)]
        else:
            words += ["--perms", f"{scratch.mode:o}", "--size", str(scratch.size), "--tmpfs", str(scratch.at)]
    words += _bound(shown)
    words += ["--chdir", str(job.folder_at), "--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in environment(job).items():
        words += ["--setenv", name, value]
    return [*words, "--info-fd", str(info_fd), "--seccomp", str(filter_fd)]


def outer_script(
    *,
    entrances: Sequence[Path],
    mounts: Mapping[Path, Path],
    mounted: Mapping[Scratch, Path],
    files: int,
    words: Sequence[str],
    uid: int | None,
) -> str:
    """Return what a shell does outside of the walls: join the group, show private folders, drop root.

    Forking in a threaded program allows no more than an exec, so all of this happens in the shell that comes after it.
    """
    lines = ["set -e"]
    lines += [f"echo $$ > {shlex.quote(str(one))}" for one in entrances]
    lines += [f"mount --bind -- {shlex.quote(str(source))} {shlex.quote(str(at))}" for source, at in mounts.items()]
    for scratch, place in mounted.items():
        options = f"size={scratch.size},nr_inodes={files},mode={scratch.mode:o},uid={uid},gid={uid},nosuid,nodev"
        lines.append(f"mount -t tmpfs -o {options} tmpfs {shlex.quote(str(place))}")
    # Whoever is not root has nothing to drop; bubblewrap itself keeps anybody from gaining anything.
    drop = [] if uid is None else ["setpriv", "--no-new-privs", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    lines.append(f"exec {shlex.join([*drop, *words])}")
    return "\n".join(lines)


def _bound(binds: Sequence[Bind]) -> list[str]:
    return [word for one in binds for word in ("--ro-bind", str(one.source), str(one.target))]
