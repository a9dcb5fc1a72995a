"""The shell that runs inside, around the command, and what it tells on a channel that the command never has.

On the channel stand a word that says that the walls stand, the command's exit code, the CPU times as `times` prints
them, `oom_kill` and a count where the run's control group is to be seen, a line for each place that may be written, an
empty line, and the result's bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from patchtrail.sandbox.port import Job
from patchtrail.sandbox.view import source_at

__all__ = ["HEAD_BYTES", "Told", "inner_words", "parse_told"]

HEAD_BYTES = 1024
"""What stands before the result at most."""
# The channel is the run's stderr. What the command left running is killed before the result is read, and may still
# hold all processes there may be: where none can be started for `stat`, the trap hands back the result all the same.
INNER = """[ -z "$2" ] || cp -dR "$2/." "$3" || exit
exec 3>&2 2>&1
printf '%s\\n' "$1" >&3
work=$3 result=$4 cap=$5
shift 5
"$@" 3>&- </dev/null
code=$?
exec >&3 2>/dev/null
echo "$code"
times
for events in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ ! -r "$events" ] || while read -r word count; do
        [ "$word" != oom_kill ] || echo "oom_kill $count"
    done <"$events"
done
kill -KILL -1
trap 'echo; [ -z "$result" ] || [ ! -f "$result" ] || [ -L "$result" ] || exec head -c "$cap" "$result"' EXIT
stat -f -c '%a %c %d %n' /dev/shm /tmp ${work:+"$work"}
exit 0
"""
TIMES = re.compile(rb"(\d{1,9})m(\d{1,2})[.,](\d{1,9})s")
CODE = re.compile(rb"\d{1,3}")
KILLS = re.compile(rb"oom_kill [1-9]\d*")
PLACE = re.compile(r"(\d+) (\d+) (\d+) (.+)")


@dataclass(frozen=True)
class Told:
    """What the shell inside told. `code` is None when it did not come to tell it, `cpu_s` what the command computed.

    `is_out_of_memory` says that a process was killed because the whole run held too much, where that is to be seen.
    `full` names the places at whose end there was no room left, `result` holds the bytes of the result's file.
    """

    code: int | None = None
    cpu_s: float = 0.0
    is_out_of_memory: bool = False
    full: tuple[str, ...] = ()
    result: bytes = b""


def inner_words(job: Job, nonce: str) -> list[str]:
    """Return what runs inside: a shell that tells when it starts, runs the command and hands back its result."""
    copied = (str(source_at(job)), str(job.folder_at)) if job.is_writable else ("", "")
    return ["sh", "-c", INNER, "sh", nonce, *copied, job.result_path, str(job.limits.result_bytes), *job.argv]


def parse_told(channel: bytes, nonce: str) -> Told | None:
    """Return what was told; None when the channel does not begin with the word, so that the command never ran."""
    first, _, rest = channel.partition(b"\n")
    if first != nonce.encode():
        return None
    head, _, result = rest.partition(b"\n\n")
    code, *lines = head.split(b"\n")
    if not CODE.fullmatch(code):
        return Told()
    # The second line of `times` is of the children.
    spent = sum(int(m) * 60 + float(b"%b.%b" % (s, part)) for m, s, part in TIMES.findall(b" ".join(lines[1:2])))
    is_out_of_memory = any(KILLS.fullmatch(line) for line in lines[2:])
    return Told(int(code), spent, is_out_of_memory, tuple(_full(lines[2:])), result)


def _full(lines: list[bytes]) -> list[str]:
    """Return the places without free blocks or, where files are counted, without a free file."""
    told = [found.groups() for line in lines if (found := PLACE.fullmatch(line.decode("utf-8", "replace")))]
    return [at for blocks, files, free, at in told if blocks == "0" or (files != "0" and free == "0")]
