"""Recognise the header lines of a unified diff, mangled ones included."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["FileHeader", "HunkHeader", "file_header", "hunk_header"]

OLD = re.compile(r"^(?:-{2,3}>?|\*{3})[ \t]+(\S.*)$")
NEW = re.compile(r"^(?:\+{2,3}>?|-{2,3}>?)[ \t]+(\S.*)$")
PLUS = re.compile(r"^\+{2,3}>?[ \t]+(\S.*)$")
GIT = re.compile(r"^diff --git[ \t]+(\S.*)$")
EXTENDED = re.compile(
    r"^(?:index [0-9a-fA-Fx]+|new file mode|deleted file mode|old mode|new mode|similarity index|dissimilarity index"
    r"|rename from|rename to|copy from|copy to|Binary files|GIT binary patch|Index: |={20,}$)"
)
NUMBERS = re.compile(r"-\s?(\d{1,9})(?:\s?,\s?(\d{1,9}))?[ ,]+\+\s?(\d{1,9})(?:\s?,\s?(\d{1,9}))?")
MOST_HEADER = 1_000
A_NUMBER = re.compile(r"(?:^|[-\s]|lines? )(\d{1,9})\b")


@dataclass(frozen=True)
class FileHeader:
    """Which file follows, and how many lines its header has."""

    path: str
    length: int
    is_new: bool = False
    problem: str = ""
    other: str | None = None


@dataclass(frozen=True)
class HunkHeader:
    """What an `@@` line says; `first` is a line of the hunk that was written onto it."""

    start: int | None
    promised: tuple[int, int] | None
    section: str
    first: str = ""


def file_header(lines: list[str], i: int, *, is_in_hunk: bool) -> FileHeader | None:
    """Return the file header that begins at `lines[i]`, or None."""
    if len(lines[i]) > MOST_HEADER:
        return None
    git = GIT.match(lines[i])
    if git or (EXTENDED.match(lines[i]) and not is_in_hunk):
        return _git_header(lines, i, git[1] if git else "")
    old = OLD.match(lines[i])
    if old:
        return _pair(lines, i, old[1], is_in_hunk=is_in_hunk)
    plus = PLUS.match(lines[i])
    is_announced = not is_in_hunk or (i + 1 < len(lines) and lines[i + 1].startswith("@@"))
    if plus and is_announced and _is_path(_bare(plus[1]), is_in_hunk=True):
        return FileHeader(_bare(plus[1]), 1)
    return None


def hunk_header(line: str) -> HunkHeader | None:
    """Return what an `@@` line says, or None when it is no such line."""
    if not line.startswith("@@"):
        return None
    line = line[:MOST_HEADER]
    inner, closed, rest = line.lstrip("@").partition("@@")
    rest = rest.lstrip("@")
    first = rest if rest[:1] in ("+", "-") and rest.strip() not in ("-", "+") else ""
    section = "" if first else rest.strip()
    numbers = NUMBERS.search(inner)
    if numbers:
        promised = (int(numbers[2] or 1), int(numbers[4] or 1))
        section = section if closed else inner[numbers.end() :].strip()
        return HunkHeader(int(numbers[1]), promised, section, first)
    number = A_NUMBER.search(inner) if re.search(r"line|^[\s\d,+-]*$", inner) else None
    words = inner.strip()
    if not section and words.strip(". …") and not number:
        section = words
    return HunkHeader(int(number[1]) if number else None, None, section, first)


def _git_header(lines: list[str], i: int, names: str) -> FileHeader | None:
    at, is_new, problem, path = i + (1 if names else 0), False, "", _git_path(names)
    while at < len(lines) and EXTENDED.match(lines[at]):
        line = lines[at]
        is_new = is_new or line.startswith("new file mode")
        if line.startswith("deleted file"):
            problem = "deletes a file"
        elif line.startswith(("rename ", "copy ")):
            problem = "renames or copies a file"
        elif line.startswith(("Binary files", "GIT binary")):
            problem = "changes a binary file"
        at += 1
    if at < len(lines) and OLD.match(lines[at]) and (pair := _pair(lines, at, lines[at].split(None, 1)[1])):
        return replace(pair, length=at - i + pair.length, is_new=is_new or pair.is_new, problem=problem or pair.problem)
    if at < len(lines) and (plus := PLUS.match(lines[at])) and _is_path(_bare(plus[1]), is_in_hunk=False):
        return FileHeader(_bare(plus[1]), at - i + 1, is_new, problem)
    return FileHeader(path, at - i, is_new, problem) if path else None


def _git_path(names: str) -> str:
    """Return the second name of `a/x b/x`; both are equal but for the first letter, whatever blanks they hold."""
    middle = names.rfind(" b/")
    if middle > 0:
        return _bare(names[middle + 1 :])
    parts = names.split()
    return _bare(parts[-1]) if parts else ""


def _pair(lines: list[str], i: int, old_name: str, *, is_in_hunk: bool = False) -> FileHeader | None:
    """Read `---` and `+++`; inside of a hunk both must look like paths, since a removed `-- x` looks the same."""
    old = _bare(old_name)
    following = lines[i + 1] if i + 1 < len(lines) else ""
    new = NEW.match(following)
    if new and _is_path(_bare(new[1]), is_in_hunk=is_in_hunk) and _is_path(old, is_in_hunk=is_in_hunk):
        name = _bare(new[1])
        after = lines[i + 2] if i + 2 < len(lines) else ""
        if is_in_hunk and not after.startswith("@@") and _tail(name) != _tail(old):
            return None
        if name == "/dev/null":
            return FileHeader(old, 2, problem="deletes a file")
        is_new = old == "/dev/null"
        return FileHeader(name, 2, is_new=is_new, other=None if is_new or old == name else old)
    if not _is_path(old, is_in_hunk=is_in_hunk) or old == "/dev/null":
        return None
    return FileHeader(old, 1) if following.startswith("@@") or not is_in_hunk else None


def _tail(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _bare(name: str) -> str:
    """Return a header's name without timestamp, quotes and decoration."""
    bare = name[:MOST_HEADER].split("\t")[0].strip().strip("\"'`")
    if bare in ("a//dev/null", "b//dev/null", "a/dev/null", "b/dev/null", "dev/null"):
        return "/dev/null"
    bare = re.sub(
        r"\s+(?:\d{4}-\d\d-\d\d.*|\((?:original|modified|old|new|updated|fixed)\)|(?:original|modified))$", "", bare
    )
    return bare.removesuffix("\\t").strip().strip("\"'`*")


def _is_path(name: str, *, is_in_hunk: bool) -> bool:
    if name == "/dev/null":
        return True
    if not name or len(name) > 400 or not re.search(r"\w", name):
        return False
    if " " in name:
        return not is_in_hunk and name.startswith(("a/", "b/")) and "." in name
    return (
        "/" in name
        or "\\" in name
        or ("." in name.strip(".") and re.search(r"\w\.\w", name) is not None)
        or (not is_in_hunk and name in _BARE)
    )


_BARE = frozenset({"Makefile", "Dockerfile", "LICENSE", "README", "Rakefile", "Gemfile"})
