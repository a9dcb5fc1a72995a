"""The filter of system calls: what a test run never needs is refused with an error.

Families of sockets are allowed by name: a list of refused ones can be evaded, because a filter compares 64 bits of the
argument and the kernel reads only 32.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import IO, Any

from patchtrail.contract.errors import NotFound

__all__ = ["seccomp_program"]

# fmt: off
REFUSED = (
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "mount", "umount2", "pivot_root",
    "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns",
    "chroot", "keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "open_by_handle_at", "name_to_handle_at", "personality", "quotactl", "swapon", "swapoff",
    "reboot", "syslog", "acct", "settimeofday", "clock_settime", "lookup_dcookie", "nfsservctl", "vhangup",
)
# fmt: on
NEW_NAMESPACES = (0x10000000, 0x20000, 0x40000000, 0x4000000, 0x8000000, 0x20000000, 0x2000000)
"""Flags of clone: user, mount, network, uts, ipc, pid, cgroup."""
TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX type into the terminal that one was started from."""


def seccomp_program() -> bytes:
    """Return the filter as a BPF program, for `bwrap --seccomp`; raises `NotFound` where libseccomp is missing."""
    try:
        # The library is looked for on import.
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise NotFound("libseccomp is not installed (package libseccomp2), so no system call can be refused") from error
    with open(os.memfd_create("patchtrail-seccomp"), "w+b") as file:  # noqa: PTH123
        return _exported(pyseccomp, file)


def _exported(pyseccomp: Any, file: IO[bytes]) -> bytes:  # noqa: ANN401
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        # An older libseccomp does not know the newest names; neither do kernels of its age.
        try:
            rules.add_rule(refuse, name)
        except (ValueError, RuntimeError, OSError):
            continue
    other_family = pyseccomp.Arg(0, pyseccomp.NE, int(socket.AF_UNIX))
    rules.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", other_family)
    for request in TERMINAL_INPUT:
        rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    for flag in NEW_NAMESPACES:
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # clone3 hides its flags in memory, where no filter looks; libc falls back to clone when there is no such call.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.export_bpf(file)
    file.seek(0)
    return file.read()
