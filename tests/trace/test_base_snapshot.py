"""A base snapshot gives back the tree that it was made of, and whatever else claims to be one is refused."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchtrail.collector.limits import MAX_ARTIFACT_BYTES
from patchtrail.contract.errors import InvalidInput
from patchtrail.trace import base_snapshot
from patchtrail.trace.base_snapshot import MAX_BASE_BYTES, MAX_BASE_FILES, BaseWriter, read_base, write_base
from patchtrail.trace.file_tree import FileTree
from tests.capture.recording import git, repository

TREE = FileTree(
    files={
        "bin/run": b"#!/bin/sh\n",
        "shop/cart.py": b"total = 1\r\n",
        "latin.txt": b"caf\xe9\n",
        "data.bin": bytes(range(256)) * 3,
        "empty": b"",
        "nombr\u00e9/\u6570\u636e \U0001f600.txt": b"x\n",
        "deep/" + "long" * 40 + "/" + "f" * 200: b"far down\n",
        ".gitignore": b"*.log\n",
        'a\'b "c" $d;e': b"odd\n",
    },
    executable=frozenset({"bin/run"}),
    left_out=(".env", "vendor/lib"),
    redacted=frozenset({"shop/cart.py"}),
)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=12)
Result = TypeVar("Result")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def code_of(content: bytes) -> str:
    """Return the code with which a snapshot is refused."""
    with pytest.raises(InvalidInput) as refused:
        read_base(content)
    return refused.value.code


def outcome(act: Callable[[], Result]) -> tuple[Result | None, str | None]:
    """Return what came of it, or the code with which it was refused."""
    try:
        return act(), None
    except InvalidInput as error:
        return None, error.code


def packed(*members: tuple[tarfile.TarInfo, bytes], index: bool = True, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Pack members with Python's own writer, and an index behind them."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", format=form) as tar:
        for member, content in members:
            if member.isreg():
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if index:
            count = sum(member.isreg() for member, _ in members)
            told = json.dumps({"v": 1, "files": count, "left_out": [], "redacted": []}).encode()
            last = tarfile.TarInfo(".patchtrail/base.json")
            last.size = len(told)
            tar.addfile(last, io.BytesIO(told))
    return target.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    """Return a member's header."""
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def test_a_tree_comes_back() -> None:
    """Contents, executable bits, what was left out and what was redacted: all of it, byte for byte."""
    assert read_base(write_base(TREE)) == TREE


def test_equal_trees_are_equal_bytes() -> None:
    """The order in which files came makes no difference, and neither does the time."""
    drawn = list(TREE.files.items())
    random.Random(7).shuffle(drawn)
    again = FileTree(dict(drawn), TREE.executable, TREE.left_out, TREE.redacted)

    assert write_base(TREE) == write_base(again) == write_base(read_base(write_base(TREE)))


def test_any_tar_reads_it() -> None:
    """A participant can look into a snapshot with the tools that they have."""
    with tarfile.open(fileobj=io.BytesIO(write_base(TREE))) as tar:
        found = {one.name: tar.extractfile(one).read() for one in tar}

    told = json.loads(found.pop(".patchtrail/base.json"))
    assert found == TREE.files
    assert (told["left_out"], told["redacted"]) == ([".env", "vendor/lib"], ["shop/cart.py"])


def test_a_snapshot_fits_into_an_artifact() -> None:
    """What may be written is what a collector takes as one artifact."""
    assert base_snapshot.MAX_PACKED_BYTES <= MAX_ARTIFACT_BYTES


@settings(max_examples=150, deadline=None)
@given(files=st.dictionaries(PATHS, st.binary(max_size=1_100), max_size=8))
def test_whatever_is_written_is_read(files: dict[str, bytes]) -> None:
    """A tree is refused when it is written, or comes back whole."""
    tree = FileTree(files)
    written, code = outcome(lambda: write_base(tree))

    assert code in (None, "base.path")
    assert written is None or read_base(written) == tree


PLACES = [
    *("../up", "a/../../up", "/etc/passwd", "a//b", "./a", "a/.", "", "a/", ".."),
    *(".git/config", "sub/.GIT/hooks/post-checkout", ".git", "GIT~1/config", ".git ./config", ".git::$INDEX/x"),
    *(".g\u200cit/config", ".git\ufeff/HEAD", "..\\up", "a\nb", "a\x1b[31m", "x" * 256, "d/" * 2_100 + "x"),
]


@pytest.mark.parametrize("path", PLACES, ids=ascii)
def test_no_path_leads_out_of_the_tree(path: str) -> None:
    """Neither out of it nor into a repository's own folder, in no spelling that any file system takes for it."""
    with pytest.raises(InvalidInput) as refused:
        write_base(FileTree({path: b""}))

    assert refused.value.code == "base.path"
    read = code_of(packed((member(path), b"")))
    assert read in ("base.path", "base.unreadable")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a"),
        ("Readme", "README"),
        ("caf\u00e9", "cafe\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("A/b", "a"),
    ],
)
def test_no_two_paths_are_one_file(one: str, other: str) -> None:
    """Duplicates, names that differ in case or composition alone, and a file where a folder is."""
    assert code_of(packed((member(one), b"1"), (member(other), b"2"))) == "base.path"


@pytest.mark.parametrize(
    "kind",
    [
        *(tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE),
        *(tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"V", b"M", b"K", b"7", b"X"),
    ],
)
def test_nothing_but_files(kind: bytes) -> None:
    """Links, devices, pipes, folders, sparse files and other systems' kinds are refused."""
    assert code_of(packed((member("a", kind, linkname="/etc/passwd"), b""))) == "base.unreadable"


@pytest.mark.parametrize(
    "headers",
    [
        {"size": "999999999999"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"},
        {"linkpath": "/etc"},
        {"path": "b", "comment": "c" * 20_000},
        {"hdrcharset": "BINARY"},
    ],
)
def test_a_header_may_say_a_path_and_nothing_else(headers: dict[str, str]) -> None:
    """No header changes a size, spreads a file, links it or renames its bytes."""
    assert code_of(packed((member("a", pax_headers=headers), b"x"))) == "base.unreadable"
    with io.BytesIO() as target:
        with tarfile.open(fileobj=target, mode="w:gz", pax_headers=headers):
            pass
        assert code_of(target.getvalue()) == "base.unreadable"


def test_a_header_that_never_ends() -> None:
    """A path's header of a megabyte, and thousands of headers in a row, are refused at the first."""
    header = member("h", b"x")
    header.size = 1 << 20
    long = header.tobuf() + b"1" * (1 << 20)
    header.size = 12
    fact = b"12 path=abc\n".ljust(512, b"\0")
    row = (header.tobuf() + fact) * 5_000
    header.type = b"g"
    for_all = (header.tobuf() + fact) * 100_001

    assert code_of(gzip.compress(long)) == code_of(gzip.compress(row)) == "base.unreadable"
    assert code_of(gzip.compress(for_all)) == "base.too_large"


def test_what_git_archive_writes(tmp_path: Path) -> None:
    """A client without Patchtrail can have git write its snapshot: folders and git's own header are passed over."""
    long = "folder/" * 20 + "file.py"
    work = repository(tmp_path / "work", {"a.py": "x\n", "sub/run": "#!/bin/sh\n", long: "y\n"})
    (work / "sub/run").chmod(0o755)
    git(work, "commit", "-qam", "executable")
    git(work, "archive", "--format=tar.gz", "-o", "../base.tar.gz", "HEAD")
    tree = read_base((tmp_path / "base.tar.gz").read_bytes())

    assert tree == FileTree({"a.py": b"x\n", "sub/run": b"#!/bin/sh\n", long: b"y\n"}, frozenset({"sub/run"}))


def test_gnu_names_are_another_format() -> None:
    """Long names in GNU's own way are refused, not guessed at."""
    assert code_of(packed((member("a" * 180), b"x"), form=tarfile.GNU_FORMAT)) == "base.unreadable"


def test_a_bomb_is_never_unpacked() -> None:
    """A file that says it is large is refused before it is unpacked, and one that does not say so is cut off."""
    header = member("zeros")
    header.size = MAX_BASE_BYTES + 1
    said = gzip.compress(header.tobuf())
    header.size = 20 << 20
    shrunk = gzip.compress(header.tobuf() + bytes(20 << 20))
    silent = gzip.compress(member("a").tobuf() + bytes(64 << 20))
    tracemalloc.start()
    codes = [code_of(said), code_of(shrunk), code_of(silent)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert codes == ["base.too_large", "base.too_large", "base.unreadable"]
    assert peak < 4 << 20


def test_too_many_files() -> None:
    """The number of files is held to, by who writes and by who reads."""
    files = {f"{n:05}": b"" for n in range(MAX_BASE_FILES + 1)}
    with pytest.raises(InvalidInput) as refused:
        write_base(FileTree(files))
    header = b"".join(member(name).tobuf() for name in files)

    assert refused.value.code == code_of(gzip.compress(header)) == "base.too_large"


def test_more_than_an_artifact_may_hold() -> None:
    """A writer stops as soon as what it packed is more than it may be."""
    drawn, writer = random.Random(1).randbytes(1 << 20), BaseWriter(5 << 20)

    def fill() -> None:
        for n in range(20):
            writer.add(f"{n:02}", bytes([n]) + drawn[n:] + drawn[:n])

    assert outcome(fill) == (None, "base.too_large")
    assert writer.files < 10


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _content: b"",
        lambda content: b"PK\x03\x04" + content,
        lambda content: content[:-9],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"more",
        lambda content: gzip.compress(gzip.decompress(content)[:-1024]),
        lambda content: gzip.compress(gzip.decompress(content)[:-512]),
        lambda content: gzip.compress(gzip.decompress(content) + b"more"),
        lambda content: gzip.compress(gzip.decompress(content) + bytes(20_000)),
        lambda content: gzip.compress(gzip.decompress(content).replace(b'"v":1', b'"v":2')),
        lambda content: gzip.compress(gzip.decompress(content).replace(b'"files":9', b'"files":8')),
        lambda content: gzip.compress(gzip.decompress(content).replace(b'shop/cart.py"]', b'shop/carl.py"]')),
        lambda content: zlib.compress(gzip.decompress(content)),
        lambda content: gzip.decompress(content),
    ],
)
def test_what_is_damaged_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    """Cut off, added to, of another version, with an index that lies, or no archive at all."""
    assert code_of(spoil(write_base(TREE))) == "base.unreadable"


def test_the_index_is_last() -> None:
    """Nothing stands behind an index; without one nothing is told of what was left out."""
    told = json.dumps({"v": 1, "files": 0, "left_out": [], "redacted": []}).encode()

    assert read_base(packed((member("a"), b"1"), index=False)) == FileTree({"a": b"1"})
    assert code_of(packed((member(".patchtrail/base.json"), told), (member("a"), b""))) == "base.unreadable"


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.booleans())
def test_a_changed_byte_is_told(at: int, value: int, cut: bool) -> None:
    """Whatever byte is changed or cut: another sound tree, or a clear refusal."""
    raw = bytearray(gzip.decompress(write_base(TREE)))
    at %= len(raw)
    raw[at] = value
    content = gzip.compress(bytes(raw[:at] if cut else raw), 1)
    tree, code = outcome(lambda: read_base(content))

    assert code in (None, "base.path", "base.unreadable", "base.too_large")
    assert tree is None or len(tree.files) == len(TREE.files)
