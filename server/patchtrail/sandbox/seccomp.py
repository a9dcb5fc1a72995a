"""The filter of system calls: what a test run never needs is refused with an error, by one table for every back end.

Families of sockets are allowed by name: a list of refused ones can be evaded, because a filter compares 64 bits of the
argument and the kernel reads only 32.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

from patchtrail.contract.errors import NotFound

__all__ = ["seccomp_profile", "seccomp_program"]

# fmt: off
NEVER = (
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


@dataclass(frozen=True)
class _Argument:
    """A condition on one argument: that it is not `value`, or that it is `value` where `mask` has ones."""

    index: int
    test: Literal["NE", "MASKED_EQ"]
    value: int
    mask: int = 0

    @property
    def data(self) -> tuple[int, ...]:
        """The operands, in the order in which libseccomp and container engines want them."""
        return (self.mask, self.value) if self.test == "MASKED_EQ" else (self.value,)


@dataclass(frozen=True)
class _Refusal:
    """A system call that is answered with an error, always or where its argument is so."""

    name: str
    error: int = errno.EPERM
    argument: _Argument | None = None


REFUSED = (
    *(_Refusal(name) for name in NEVER),
    _Refusal("socket", errno.EAFNOSUPPORT, _Argument(0, "NE", int(socket.AF_UNIX))),
    *(_Refusal("ioctl", argument=_Argument(1, "MASKED_EQ", one, 0xFFFFFFFF)) for one in TERMINAL_INPUT),
    *(_Refusal("clone", argument=_Argument(0, "MASKED_EQ", flag, flag)) for flag in NEW_NAMESPACES),
    # clone3 hides its flags in memory, where no filter looks; libc falls back to clone when there is no such call.
    _Refusal("clone3", errno.ENOSYS),
)


def seccomp_profile() -> bytes:
    """Return the filter as container engines read it (`--security-opt seccomp=FILE`), in JSON."""
    calls = [_profile_entry(refusal) for refusal in REFUSED]
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": calls}).encode()


def seccomp_program() -> bytes:
    """Return the filter as a BPF program, for `bwrap --seccomp`; raises `NotFound` where libseccomp is missing."""
    try:
        # The library is looked for on import.
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise NotFound("libseccomp is not installed (package libseccomp2), so no system call can be refused") from error
    with open(os.memfd_create("patchtrail-seccomp"), "w+b") as file:  # noqa: PTH123 -- of a descriptor
        return _exported(pyseccomp, REFUSED, file)


def _profile_entry(refusal: _Refusal) -> dict[str, Any]:
    entry = {"names": [refusal.name], "action": "SCMP_ACT_ERRNO", "errnoRet": refusal.error}
    if (argument := refusal.argument) is None:
        return entry
    values = dict(zip(("value", "valueTwo"), argument.data, strict=False))
    return {**entry, "args": [{"index": argument.index, "op": f"SCMP_CMP_{argument.test}", **values}]}


def _exported(pyseccomp: Any, refused: Sequence[_Refusal], file: IO[bytes]) -> bytes:  # noqa: ANN401 -- untyped
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for refusal in refused:
        argument = refusal.argument
        tests = [pyseccomp.Arg(argument.index, getattr(pyseccomp, argument.test), *argument.data)] if argument else []
        # An older libseccomp does not know the newest names; neither do kernels of its age.
        try:
            rules.add_rule(pyseccomp.ERRNO(refusal.error), refusal.name, *tests)
        except (ValueError, RuntimeError, OSError):
            if refusal.name not in NEVER:
                raise
    rules.export_bpf(file)
    file.seek(0)
    return file.read()
