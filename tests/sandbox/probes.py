"""What a program inside must not be able to do; each probe returns nothing, or how it got through.

This file runs inside, by itself: it imports the standard library alone. As a control it also runs outside, bare.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import platform
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = platform.machine()
NUMBERS = {
    "x86_64": {"ptrace": 101, "mount": 165, "unshare": 272, "bpf": 321, "io_uring_setup": 425, "perf_event_open": 298,
               "userfaultfd": 323, "keyctl": 250, "add_key": 248, "socket": 41, "clone": 56, "clone3": 435,
               "process_vm_readv": 310, "open_by_handle_at": 304, "kexec_load": 246, "setns": 308},
    "aarch64": {"ptrace": 117, "mount": 40, "unshare": 97, "bpf": 280, "io_uring_setup": 425, "perf_event_open": 241,
                "userfaultfd": 282, "keyctl": 219, "add_key": 217, "socket": 198, "clone": 220, "clone3": 435,
                "process_vm_readv": 270, "open_by_handle_at": 265, "kexec_load": 104, "setns": 268},
}[MACHINE]  # fmt: skip
SCRATCH = {Path("/tmp"), Path("/dev/shm")}
ROOT_NAMES = {"usr", "lib", "lib32", "lib64", "bin", "sbin", "etc", "proc", "dev", "tmp", "project"}
KNOWN = json.loads(os.environ.get("PROBE", "{}"))
"""What the machine outside has: a port, sockets, a secret file, a process, a word of its environment."""


def status(process: str = "self") -> dict[str, str]:
    """Return what the kernel says of a process."""
    lines = Path("/proc", process, "status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def refused(call: Callable[[], object], *codes: int) -> str | None:
    """Return None when a call fails, and with one of these errors where they are given."""
    try:
        call()
    except OSError as error:
        return f"failed with {error}" if codes and error.errno not in codes else None
    return "it worked"


def syscall(name: str, *words: int) -> None:
    """Call the kernel directly."""
    LIBC.syscall.restype = ctypes.c_long
    if LIBC.syscall(ctypes.c_long(NUMBERS[name]), *(ctypes.c_uint64(word) for word in words)) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def connects(family: int, address: object) -> str | None:
    """Return how a connection was made."""

    def connect() -> None:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.settimeout(2)
            one.connect(address)

    return refused(connect)


def user_is_nobody() -> str | None:
    """Neither root nor in a group, without capabilities, and with no way to gain some."""
    now = status()
    has_none = int(now["CapEff"], 16) == int(now["CapPrm"], 16) == int(now["CapAmb"], 16) == 0
    is_fine = os.getuid() != 0 and has_none and now["NoNewPrivs"] == "1" and set(os.getgroups()) <= {os.getgid()}
    return None if is_fine else f"uid {os.getuid()}, groups {os.getgroups()}, capabilities {now['CapEff']}"


def filter_is_on() -> str | None:
    """System calls are filtered."""
    return None if status()["Seccomp"] == "2" else "there is no filter"


def loopback() -> str | None:
    """A server on the machine's loopback cannot be reached."""
    return connects(socket.AF_INET, ("127.0.0.1", KNOWN["port"]))


def abstract_socket() -> str | None:
    """A server on an abstract socket cannot be reached."""
    return connects(socket.AF_UNIX, KNOWN["abstract"])


def socket_file() -> str | None:
    """A server on a socket file cannot be reached."""
    return connects(socket.AF_UNIX, KNOWN["socket"])


def names() -> str | None:
    """No name is looked up, not even this machine's."""
    return refused(lambda: socket.getaddrinfo("localhost.invalid", 80))


def interfaces() -> str | None:
    """There is no interface but an own loopback, and no route."""
    told = [line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    return None if told == ["lo"] and len(Path("/proc/net/route").read_text().splitlines()) <= 1 else f"{told}"


def metadata() -> str | None:
    """The address at which clouds hand out keys, and names' servers, cannot be reached by any protocol."""
    addresses = [("169.254.169.254", 80), ("8.8.8.8", 53), ("127.0.0.53", 53)]
    tcp = [connects(socket.AF_INET, one) for one in addresses] + [connects(socket.AF_INET6, ("fd00:ec2::254", 80))]
    return next((one for one in tcp if one), None) or refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))


def families() -> str | None:
    """No family of sockets but the local one can be had, also not with bits that the kernel drops."""
    tried = [
        getattr(socket, name, 0) for name in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG")
    ]
    found = [refused(lambda one=one: socket.socket(one, socket.SOCK_DGRAM), errno.EAFNOSUPPORT) for one in tried if one]
    found.append(refused(lambda: syscall("socket", (1 << 32) | socket.AF_INET, 1, 0), errno.EAFNOSUPPORT))
    return next((one for one in found if one), None)


def local_sockets_work() -> str | None:
    """Pairs of local sockets work: programs need them."""
    left, right = socket.socketpair()
    with left, right:
        left.send(b"x")
        return None if right.recv(1) == b"x" else "nothing came"


def root_folder() -> str | None:
    """The root shows only what was put there."""
    extra = {one.name for one in Path("/").iterdir()} - ROOT_NAMES - set(KNOWN["shown"])
    return f"{extra}" if extra else None


def secret_file() -> str | None:
    """A file of the machine cannot be read, by its path or through another process's root."""
    paths = [KNOWN["secret"], f"/proc/1/root{KNOWN['secret']}", f"/proc/{KNOWN['pid']}/root{KNOWN['secret']}"]
    return next((told for path in paths if (told := refused(lambda path=path: Path(path).read_text()))), None)


def ignored_file() -> str | None:
    """What git ignores is not there, nor is the repository itself."""
    there = [one for one in ("/project/.env", "/project/.git") if Path(one).exists()]
    return f"{there}" if there else None


def writable_places() -> str | None:
    """Nothing can be written but in the scratch places."""
    places = [
        Path("/"),
        *Path("/").iterdir(),
        Path("/usr/bin"),
        Path("/dev/shm"),
        Path("/project/src"),
        Path("/proc/sys"),
    ]
    for place in places:
        told = refused(lambda place=place: (place / "probe").write_text("x"))
        if place.is_dir() and (told is None) == (place in SCRATCH):
            return f"{place}: {told}"
    return None


def project_files() -> str | None:
    """The project's files cannot be changed, moved, deleted, linked or opened up."""
    file = Path("/project/src/a.py")
    calls: list[Callable[[], object]] = [
        lambda: file.write_text("x"),
        file.unlink,
        lambda: file.rename("/project/b"),
        lambda: os.link(file, "/project/c"),
        lambda: file.chmod(0o777),
        lambda: os.utime(file),
    ]
    return next((told for call in calls if (told := refused(call))), None)


def kernel_settings() -> str | None:
    """Settings of the kernel, its users' map and its other trees are out of reach."""
    calls: list[Callable[[], object]] = [
        lambda: Path("/proc/sys/kernel/hostname").write_text("x"),
        lambda: Path("/proc/sysrq-trigger").write_text("h"),
        lambda: Path("/proc/self/uid_map").write_text("0 0 1"),
        lambda: os.sethostname("x") if hasattr(os, "sethostname") else socket.sethostname("x"),
    ]
    return next((told for call in calls if (told := refused(call))), None)


def control_groups() -> str | None:
    """No group of processes can be changed, left or made, and none but the run's own is to be seen."""
    for procs in Path("/sys").rglob("cgroup.procs"):
        told = refused(lambda procs=procs: procs.write_text("0")) or refused((procs.parent / "probe").mkdir)
        if told or len(procs.read_text().split()) > 10:
            return f"{procs}: {told or 'processes of others'}"
    return refused((Path("/sys/fs/cgroup") / "probe").mkdir)


def machine_settings() -> str | None:
    """Nothing is told of the machine's names, users and resolvers."""
    files = [Path("/etc", name) for name in ("hosts", "hostname", "resolv.conf", "passwd", "group", "shadow")]
    told = [one for one in files if one.exists() and one.read_text()]
    return f"{told}" if told or socket.gethostname() != "sandbox" else None


def devices() -> str | None:
    """There are only harmless devices, and none can be made."""
    harmless = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"}
    found = {one.name for one in Path("/dev").iterdir() if stat.S_ISCHR(one.lstat().st_mode) or one.is_block_device()}
    made = refused(lambda: os.mknod("/tmp/disk", stat.S_IFBLK | 0o666, os.makedev(8, 0)))
    return made or (f"{found - harmless}" if found - harmless else None)


def setuid_programs() -> str | None:
    """Programs that make one root do not, and such a program cannot be made."""
    is_inert = os.statvfs("/usr/bin").f_flag & os.ST_NOSUID or status()["NoNewPrivs"] == "1"
    made = Path("/tmp/setuid")
    made.touch()
    made.chmod(0o4755)
    is_root = made.stat().st_uid == 0 or not os.statvfs("/tmp").f_flag & os.ST_NOSUID
    return None if is_inert and not is_root else "setuid counts"


def other_runs() -> str | None:
    """Another run's folder, scratch place and processes are not there."""
    word = KNOWN["other"].encode()
    told = [
        one for one in Path("/proc").glob("[0-9]*/cmdline") if word in one.read_bytes() and b"sleep" in one.read_bytes()
    ]
    places = [Path("/tmp/of-other"), Path("/dev/shm/of-other"), *Path("/tmp").glob("patchtrail-*")]
    return f"{told}" if told else next((f"{one}" for one in places if one.exists()), None)


def first_process() -> str | None:
    """The first process, whose memory may be written to, can do no more than any other, and leads nowhere."""
    now, first = status("1"), Path("/proc/1")
    if (now["CapPrm"], now["Seccomp"], now["NoNewPrivs"]) != ("0" * 16, "2", "1"):
        return f"{now['CapPrm']}, {now['Seccomp']}, {now['NoNewPrivs']}"
    told = {line.partition(b"=")[0].decode() for line in (first / "environ").read_bytes().split(b"\0")}
    if found := told & {"PROBE_WORD", "DOCKER_HOST", "CONTAINERS_CONF", "PYTEST_CURRENT_TEST"}:
        return f"{found}"
    calls = [lambda one=one: (first / one / "probe").write_text("x") for one in ("cwd", "root")]
    return next((told for call in calls if (told := refused(call))), None)


def processes() -> str | None:
    """Other processes are neither seen nor reached."""
    seen = list(Path("/proc").glob("[0-9]*"))
    return f"{len(seen)} processes" if len(seen) > 10 else refused(lambda: os.kill(KNOWN["pid"], 0), errno.ESRCH)


def environment() -> str | None:
    """The machine's environment is not handed on, not even to the first process."""
    known = KNOWN["word"].encode()
    told = [
        path for path in Path("/proc").glob("[0-9]*/environ") if refused(path.read_bytes) and known in path.read_bytes()
    ]
    return f"{told}" if told or any(KNOWN["word"] == value for value in os.environ.values()) else None


def descriptors() -> str | None:
    """Nothing is open but the three streams."""
    # The descriptor by which the folder is listed is gone again.
    numbers = [one for one in Path("/proc/self/fd").iterdir() if int(one.name) > 2 and one.exists()]
    found = [f"{one.name}: {one.readlink()}" for one in numbers]
    return f"{found}" if found else None


def namespaces() -> str | None:
    """No new namespace can be had, by unshare, by clone, or by the newest clone that hides what it asks for."""
    user, mount = 0x10000000, 0x20000
    return (
        refused(lambda: syscall("unshare", user), errno.EPERM)
        or refused(lambda: syscall("unshare", mount), errno.EPERM)
        or refused(lambda: syscall("clone", user | 17, 0, 0, 0, 0), errno.EPERM)
        or refused(lambda: syscall("clone3", 0, 0), errno.ENOSYS)
        or (None if subprocess.run(["unshare", "-Ur", "true"], capture_output=True).returncode else "unshare works")
    )


def system_calls() -> str | None:
    """What looks into other processes or reaches deep into the kernel is refused."""
    tried = ("ptrace", "mount", "bpf", "io_uring_setup", "perf_event_open", "userfaultfd", "keyctl", "add_key",
             "process_vm_readv", "open_by_handle_at", "kexec_load", "setns")  # fmt: skip
    found = [refused(lambda name=name: syscall(name, 0, 0, 0, 0, 0), errno.EPERM) for name in tried]
    return next((f"{name}: {told}" for name, told in zip(tried, found, strict=True) if told), None)


def terminal() -> str | None:
    """Nothing can be typed into a terminal, and there is none."""
    typed = refused(lambda: fcntl.ioctl(0, 0x5412, b"x"), errno.EPERM)
    return typed or refused(lambda: Path("/dev/tty").write_text("x"))


PROBES = [
    user_is_nobody, filter_is_on, loopback, abstract_socket, socket_file, names, interfaces, metadata, families,
    local_sockets_work, root_folder, secret_file, ignored_file, writable_places, project_files, kernel_settings,
    control_groups, machine_settings, devices, setuid_programs, processes, other_runs, first_process, environment,
    descriptors, namespaces, system_calls, terminal,
]  # fmt: skip
HARMLESS = (
    "user_is_nobody", "loopback", "abstract_socket", "socket_file", "secret_file", "processes", "environment",
    "filter_is_on", "families", "root_folder", "machine_settings", "first_process",
)  # fmt: skip
"""Probes that may run bare: they only look."""


def main() -> None:
    """Run the probes that are asked for, and write what they found as the last line."""
    wanted = set(sys.argv[1:])
    found = {}
    for probe in PROBES:
        if not wanted or probe.__name__ in wanted:
            try:
                found[probe.__name__] = probe()
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is told
                found[probe.__name__] = f"the probe itself failed: {error!r}"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
