"""Runs a command in a network namespace that has the loopback alone: `unshare -rn python offline.py COMMAND`."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def bring_loopback_up() -> None:
    """Switch on `lo`, which is off in a new namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


if __name__ == "__main__":
    bring_loopback_up()
    # In place of this process, so that the pid that the caller knows stays the pid of the command.
    os.execvp(sys.argv[1], sys.argv[1:])
