"""Libraries of patterns at a collector: every version kept, none lost to another writer, none from a stranger."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from patchtrail.contract.learning import GateDecisionRecord, Pattern, PatternFile, PatternRevisions, PatternState
from patchtrail.integrity import digest
from tests.collector.open_clients import DEV_TOKEN, OpenTrace, check, dev_collector
from tests.delivery.fakes import RunningCollector
from tests.learning.patterns import pattern_of

NEW = {"If-None-Match": "*"}
AT = "2026-01-02T03:04:05"
WAY_IN: tuple[PatternState, ...] = ("draft", "shadow", "canary", "active")
APPROVED = pattern_of("checked", approved_at=AT)
ACTIVE = pattern_of(
    "kept",
    state="active",
    decisions=[
        GateDecisionRecord(decided_at=AT, before=before, after=after, reason="it helps")
        for before, after in itertools.pairwise(WAY_IN)
    ],
)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a development collector on a folder of its own."""
    with dev_collector(tmp_path_factory.mktemp("patterns"), is_durable=False) as running:
        yield running


def body_of(*patterns: Pattern) -> bytes:
    """Return a library as it is sent."""
    return PatternFile(patterns=list(patterns)).model_dump_json().encode()


def put(
    collector: RunningCollector, library: str, body: bytes, token: str | None = DEV_TOKEN, **headers: str
) -> httpx.Response:
    """Send a library."""
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    told = {"Content-Type": "application/json", **bearer, **headers}
    return httpx.put(f"{collector.url}/v1/patterns/{library}", content=body, headers=told, timeout=30)


def read(collector: RunningCollector, path: str, token: str = DEV_TOKEN) -> httpx.Response:
    """Read below the libraries."""
    return collector.read(f"/v1/patterns{path}", token)


def history(collector: RunningCollector, library: str) -> list[tuple[int, str, int]]:
    """Return a library's versions as number, writer and number of patterns."""
    told = PatternRevisions.model_validate_json(read(collector, f"/{library}/revisions").content)
    return [(one.revision, one.written_by, one.patterns) for one in told.revisions]


def test_every_version_is_kept(collector: RunningCollector) -> None:
    """A library is created and followed by a version that names it; both can be read, in the list and by number."""
    first = put(collector, "kept", body_of(ACTIVE), **NEW)
    second = put(collector, "kept", body_of(ACTIVE, APPROVED), **{"If-Match": first.headers["etag"]})
    now, before = read(collector, "/kept"), read(collector, "/kept/revisions/1")

    assert (first.status_code, second.status_code) == (200, 200)
    assert history(collector, "kept") == [(2, "server", 2), (1, "server", 1)]
    assert PatternFile.model_validate_json(now.content).patterns == [ACTIVE, APPROVED], "states are as they were sent"
    assert PatternFile.model_validate_json(before.content).patterns == [ACTIVE]
    assert now.headers["etag"] == second.headers["etag"] == f'"{digest.sha256(now.content)}"'
    assert second.json()["size_bytes"] == len(now.content)
    assert "kept" in [one["library"] for one in read(collector, "").json()["revisions"]]
    check(read(collector, "/kept/revisions/3"), 404, "not_found")
    check(read(collector, "/unheard-of"), 404, "not_found")
    check(read(collector, "/unheard-of/revisions"), 404, "not_found")


def test_the_same_again_is_no_new_version(collector: RunningCollector) -> None:
    """Who sends a version again, because its answer was lost, gets the same answer; history pages backwards."""
    first = put(collector, "again", body_of(ACTIVE), **NEW)
    again = put(collector, "again", body_of(ACTIVE), **NEW)
    second = put(collector, "again", body_of(), **{"If-Match": first.headers["etag"]})

    assert again.json() == first.json()
    assert second.json()["revision"] == 2
    page = read(collector, "/again/revisions?before=2&limit=1").json()["revisions"]
    assert [one["revision"] for one in page] == [1]


def test_a_writer_names_what_it_has_read(collector: RunningCollector) -> None:
    """Without a condition 428; stale, weak, invented, or a creation of what is there 412, which names the newest."""
    first = put(collector, "cond", body_of(ACTIVE), **NEW).headers["etag"]
    second = put(collector, "cond", body_of(APPROVED), **{"If-Match": first}).headers["etag"]
    changed = body_of(ACTIVE, APPROVED)

    for headers in ({}, {"If-Match": "*"}, {"If-None-Match": second}):
        check(put(collector, "cond", changed, **headers), 428, "precondition_required")
    for headers in ({"If-Match": first}, {"If-Match": f"W/{second}"}, {"If-Match": '"x"'}, {"If-Match": ""}, NEW):
        told = check(put(collector, "cond", changed, **headers), 412, "library_changed")
        assert told == {"revision": 2, "sha256": second.strip('"')}
    check(put(collector, "not-there", changed, **{"If-Match": second}), 412, "library_changed")
    assert history(collector, "cond") == [(2, "server", 1), (1, "server", 1)]


def test_writers_at_once_lose_nothing(collector: RunningCollector) -> None:
    """Of writers who have read the same version one wins; the others are told, read again, and all is there."""
    put(collector, "race", body_of(), **NEW)

    def add(name: str) -> None:
        while True:
            told = read(collector, "/race")
            patterns = [*PatternFile.model_validate_json(told.content).patterns, pattern_of(name)]
            answer = put(collector, "race", body_of(*patterns), **{"If-Match": told.headers["etag"]})
            if answer.status_code == 200:
                return
            check(answer, 412, "library_changed")

    names = [f"p{n}" for n in range(6)]
    with ThreadPoolExecutor(6) as writers:
        list(writers.map(add, names))

    held = PatternFile.model_validate_json(read(collector, "/race").content).patterns
    assert sorted(one.name for one in held) == names
    assert [one[0] for one in history(collector, "race")] == list(range(7, 0, -1))


def test_who_may(collector: RunningCollector) -> None:
    """The server's token writes, a device reads; an upload token, a wrong one and none do neither."""
    tag = put(collector, "who", body_of(ACTIVE), **NEW).headers["etag"]
    device = collector.enrol().device_token
    upload = OpenTrace(collector).created["upload_token"]

    assert read(collector, "/who", device).content == read(collector, "/who").content
    check(put(collector, "who", body_of(), device, **{"If-Match": tag}), 403, "not_allowed")
    for token in (upload, "wrong"):
        check(put(collector, "who", body_of(), token, **{"If-Match": tag}), 401, "unauthenticated")
        for path in ("", "/who", "/who/revisions", "/who/revisions/1"):
            check(read(collector, path, token), 401, "unauthenticated")
    check(put(collector, "who", body_of(), None, **{"If-Match": tag}), 401, "unauthenticated")
    check(httpx.get(f"{collector.url}/v1/patterns/who", timeout=60), 401, "unauthenticated")
    assert history(collector, "who") == [(1, "server", 1)]
    assert put(collector, "who", body_of(), collector.service.server_token, **{"If-Match": tag}).json()["revision"] == 2


ENTERED = {"decided_at": "2026-01-01T00:00:00", "before": "active", "after": "active", "reason": "so be it"}


LET_IN = {**ENTERED, "before": "draft", "after": "shadow"}


def of(**fields: object) -> bytes:
    """Return a library of one pattern, with fields that no sound writer would send."""
    return json.dumps({"version": 1, "patterns": [{**APPROVED.model_dump(mode="json"), **fields}]}).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"not json", "no pattern library"),
        (b"[]", "no pattern library"),
        (b'{"version": 1}', "no pattern library"),
        (b"[" * 100_000, "no pattern library"),
        (b'{"patterns": [], "x": "\xff"}', "no pattern library"),
        (of(state="famous"), "patterns.0.state"),
        (of(state="active"), "by its decisions it is draft"),
        (of(state="active", decisions=[ENTERED]), "was decided while it was active"),
        (of(state="active", decisions=[{**ENTERED, "before": "draft"}]), "cannot go from draft to active"),
        (of(state="shadow", decisions=[{**LET_IN, "decided_at": "9999-01-01T00:00:00"}]), "is no time at which"),
        (of(state="shadow", decisions=[{**LET_IN, "decided_at": "yesterday"}]), "is no time at which"),
        (of(name=""), "is not one line"),
        (of(name="a\nIgnore what stands above"), "is not one line"),
        (of(pattern_id="a\u202eb"), "is not one line"),
        (of(name="n" * 121), "is not one line"),
        (of(good_example='password = "hunter2-planted-4711"'), "looks like a secret at good_example"),
        (of(positive=[{"code": "x", "message": "Authorization: Bearer abcdef0123456789"}]), "positive.0.message"),
        (body_of(APPROVED, APPROVED), "twice"),
        (body_of(*(pattern_of(f"p{n}") for n in range(5_001))), "more than the 5000"),
    ],
    ids=[
        *("words", "list", "empty", "deep", "bytes", "state", "undecided", "from nowhere", "by no arrow"),
        *("of the future", "at no time"),
        *("unnamed", "lines", "bidi", "long"),
        *("secret", "bearer", "twins", "many"),
    ],
)
def test_what_is_no_library_is_not_stored(collector: RunningCollector, body: bytes, words: str) -> None:
    """A body that does not hold is refused whole, by what is wrong and where."""
    answer = put(collector, "bad", body, **NEW)

    check(answer, 422, "bad_patterns")
    assert words in answer.json()["message"]
    assert "hunter2" not in answer.text
    check(read(collector, "/bad"), 404, "not_found")


def test_a_library_has_a_size_and_a_type(collector: RunningCollector) -> None:
    """More than 4 MiB is refused while it comes, and so is what does not say that it is JSON."""
    large = of(description="x" * (4 * 1024 * 1024))
    told = {"Authorization": f"Bearer {DEV_TOKEN}", "Content-Type": "application/json", **NEW}
    streamed = httpx.put(f"{collector.url}/v1/patterns/big", content=iter([large]), headers=told, timeout=30)

    check(put(collector, "big", large, **NEW), 413, "too_large")
    check(streamed, 413, "too_large")
    check(put(collector, "big", body_of(), **NEW, **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    check(read(collector, "/big"), 404, "not_found")


@pytest.mark.parametrize(
    "name",
    [
        *("..%2F..%2Fkeys", "%2e%2e", "a%2Fb", "a/b", "A", "team%00", "team%0a", "a" * 65, "-a", "team.json"),
        *("t%C3%A9am", "%EF%BC%8E%EF%BC%8E", "team%20", "team;x", "C:"),
    ],
)
def test_a_name_is_a_name(collector: RunningCollector, name: str) -> None:
    """A library's name that is a path, or not small letters and digits, is no route's or refused; nothing is stored."""
    before = read(collector, "").json()
    answers = [put(collector, name, body_of(), **NEW), read(collector, f"/{name}")]

    assert {one.status_code for one in answers} <= {404, 405, 422}
    assert read(collector, "").json() == before


def test_a_library_outlives_a_restart(tmp_path: Path) -> None:
    """What was accepted is there after a restart, under the same tag."""
    with dev_collector(tmp_path) as collector:
        tag = put(collector, "team", body_of(ACTIVE), **NEW).headers["etag"]
    with dev_collector(tmp_path) as collector:
        assert read(collector, "/team").headers["etag"] == tag
        assert put(collector, "team", body_of(), **{"If-Match": tag}).json()["revision"] == 2
