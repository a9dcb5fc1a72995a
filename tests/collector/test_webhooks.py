"""Webhooks: what happens is told, signed, until it is taken; and nothing hidden is reached through them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector import CollectorConfig, build_service
from patchtrail.collector.database import Database
from patchtrail.collector.metrics import Metrics
from patchtrail.collector.webhook_sending import Webhooks
from patchtrail.collector.webhooks import Hook, deliveries_told, hooks_of
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.webhooks import WebhookDelivery, WebhookNews
from tests.collector.assessments import settled
from tests.collector.open_clients import OpenTrace, dev_collector
from tests.delivery.fakes import RunningCollector
from tests.network.certificates import certificate_of

START_MS = 1_760_000_000_000
DAY_MS = 86_400_000
NEWS = WebhookNews(trace_id=f"trace-{'0' * 32}", qa_state="queued")


@dataclass
class Receiver:
    """A webhook's other end: keeps what it was told, and answers as it is told to."""

    url: str
    answers: list[int] = field(default_factory=list)
    port: int = 0
    told: Queue[tuple[dict[str, str], bytes]] = field(default_factory=Queue)

    def next(self) -> tuple[dict[str, str], bytes]:
        """Return the next request."""
        return self.told.get(timeout=30)

    def is_quiet(self) -> bool:
        """Return whether nothing more came."""
        return self.told.empty()


@contextmanager
def receiver(
    path: str = "/hook", location: str = "", certificate: tuple[Path, Path] | None = None
) -> Iterator[Receiver]:
    """Listen on this machine; `location` is where its redirects lead to, and a `certificate` makes it HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiving.told.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiving.answers.pop(0) if receiving.answers else 200)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 -- the library's name

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiving = Receiver(f"http://127.0.0.1:{server.server_port}{path}", port=server.server_port)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiving
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def checked(hook: Hook, headers: dict[str, str], body: bytes) -> dict:
    """Verify a message as a receiver does that knows its secret from `patchtrail collect webhooks`; return it."""
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["content-type"] == "application/json"
    return json.loads(body)


def deliveries(collector: RunningCollector) -> list[WebhookDelivery]:
    """Return the newest deliveries."""
    told = collector.read("/v1/webhooks/deliveries").json()["deliveries"]
    return [WebhookDelivery.model_validate(one) for one in told]


def until(collector: RunningCollector, state: str, count: int) -> list[WebhookDelivery]:
    """Wait until so many deliveries are in a state, or were tried without success."""
    while len(found := [one for one in deliveries(collector) if one.state == state and one.tries]) < count:
        pass
    return found


def test_what_was_lost_for_good_is_told(tmp_path: Path) -> None:
    """An assessment that dies with the collector for the last time is told like any other that failed."""
    with receiver() as receiving:
        settings = {"webhook_urls": receiving.url, "webhook_loopback": True}
        with dev_collector(tmp_path, **settings) as collector:
            trace = OpenTrace(collector)
            trace.send(0)
            trace.complete()
            receiving.next()
            until(collector, "delivered", 1)
        with sqlite3.connect(tmp_path / "collector.db") as connection:
            connection.execute("UPDATE qa_jobs SET state = 'running', claim = 'c', tries = 3, started_ms = queued_ms")
        connection.close()
        with dev_collector(tmp_path, **settings, qa_enabled=True):
            message = json.loads(receiving.next()[1])

    assert (message["type"], message["data"]["qa_state"]) == ("qa.done", "failed")


def test_what_happens_is_told(tmp_path: Path) -> None:
    """Completion and results are told once each, signed, with the facts and without texts and persons."""
    with receiver() as receiving:
        settings = {"webhook_urls": receiving.url, "webhook_loopback": True, "qa_enabled": True}
        with dev_collector(tmp_path, **settings) as collector:
            trace = OpenTrace(collector)
            trace.send(0)
            trace.complete()
            trace.complete()
            settled(collector, trace.trace_id)
            (hook,) = collector.service.webhooks.hooks
            requests = [receiving.next(), receiving.next()]
            done = until(collector, "delivered", 2)
            listed = CliRunner().invoke(
                app,
                ["collect", "webhooks", "--data-dir", str(tmp_path)],
                env={"PATCHTRAIL_COLLECTOR_WEBHOOK_URLS": receiving.url, "PATCHTRAIL_COLLECTOR_WEBHOOK_LOOPBACK": "1"},
            )
        assert receiving.is_quiet()

    messages = {message["type"]: message for message in (checked(hook, *request) for request in requests)}
    assert set(messages) == {"trace.completed", "qa.done"}
    told = {"trace_id": trace.trace_id, "tests_passed": None, "overall": None, "judge": None, "alignment": None}
    assert messages["trace.completed"]["data"] == {**told, "qa_state": "queued", "verdict": None}
    assert messages["qa.done"]["data"]["judge"] == "heuristic"
    assert messages["qa.done"]["data"]["alignment"]["badge"].startswith("not aligned with people: no human labels")
    assert messages["qa.done"]["data"] | {"overall": None, "judge": None, "alignment": None} == {
        **told,
        "qa_state": "done",
        "verdict": "not_run",
    }
    assert len({headers["webhook-id"] for headers, _ in requests}) == 2
    assert {one.message_id for one in done} == {headers["webhook-id"] for headers, _ in requests}
    assert hook.secret in listed.output
    assert "delivered" in listed.output


def test_what_is_not_taken_is_told_again(tmp_path: Path) -> None:
    """A refused message comes again, under the same id and a new time, also after a restart; then no more."""
    now = [START_MS]
    with receiver() as receiving:
        receiving.answers += [503, 500]
        settings = {"webhook_urls": receiving.url, "webhook_loopback": True, "now_ms": lambda: now[0]}
        with dev_collector(tmp_path, **settings) as collector:
            OpenTrace(collector).complete()
            first = receiving.next()
            (refused,) = until(collector, "waiting", 1)
        now[0] += 6_000
        with dev_collector(tmp_path, **settings) as collector:
            second = receiving.next()
            while deliveries(collector)[0].tries < 2:
                pass
            now[0] += 400_000
            collector.service.webhooks.wake()
            third = receiving.next()
            (taken,) = until(collector, "delivered", 1)
        assert receiving.is_quiet()

    assert (refused.problem, refused.due_ms) == ("It answered 503.", START_MS + 5_000)
    assert (taken.tries, taken.problem) == (3, "")
    assert len({headers["webhook-id"] for headers, _ in (first, second, third)}) == 1
    assert [int(headers["webhook-timestamp"]) - START_MS // 1000 for headers, _ in (first, second)] == [0, 6]
    assert first[1] == second[1] == third[1]


@pytest.mark.parametrize(("status", "state"), [(410, "given_up"), (302, "waiting"), (307, "waiting"), (404, "waiting")])
def test_44_what_other_answers_mean(tmp_path: Path, status: int, state: str) -> None:
    """410 ends it; a redirect is not followed, wherever it leads; anything else is tried again."""
    with receiver() as hidden, receiver(location=hidden.url) as receiving:
        receiving.answers.append(status)
        with dev_collector(tmp_path, webhook_urls=receiving.url, webhook_loopback=True) as collector:
            OpenTrace(collector).complete()
            receiving.next()
            (one,) = until(collector, state, 1)
        assert hidden.is_quiet()

    assert one.problem == f"It answered {status}."


def test_nobody_is_told_for_ever(tmp_path: Path) -> None:
    """After ten tries over three days a message is given up."""
    now = [START_MS]
    url = "http://127.0.0.1:9/closed"
    settings = {"webhook_urls": url, "webhook_loopback": True, "now_ms": lambda: now[0]}
    with dev_collector(tmp_path, **settings) as collector:
        OpenTrace(collector).complete()
        for tries in range(1, 11):
            while (one := deliveries(collector)[0]).tries < tries:
                pass
            now[0] = max(now[0], one.due_ms)
            collector.service.webhooks.wake()

    assert (one.state, one.tries) == ("given_up", 10)
    assert 2 * DAY_MS < now[0] - START_MS < 4 * DAY_MS


def test_one_that_is_down_keeps_nobody_waiting(tmp_path: Path) -> None:
    """However much waits for an address that does not answer, the others are told at once."""
    with receiver() as receiving:
        urls = f"http://127.0.0.1:9/closed,{receiving.url}"
        with dev_collector(tmp_path, webhook_urls=urls, webhook_loopback=True) as collector:
            for _ in range(5):
                OpenTrace(collector).complete()
            assert len([receiving.next() for _ in range(5)]) == 5
            until(collector, "delivered", 5)


HIDDEN = ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0")


@pytest.mark.parametrize("host", HIDDEN)
def test_44_nothing_hidden_is_reached(tmp_path: Path, host: str) -> None:
    """However this machine is spelled, nothing is sent to it; the reason is listed."""
    with receiver() as receiving:
        url = f"https://{host}:{receiving.port}/hook"
        with dev_collector(tmp_path, webhook_urls=url) as collector:
            OpenTrace(collector).complete()
            (one,) = until(collector, "waiting", 1)
        assert receiving.is_quiet()

    assert "refused" in one.problem


@pytest.mark.parametrize(
    "url",
    [
        "http://lab.example/hook",
        "https://user:pass@lab.example/",
        "https://user@lab.example/",
        "file:///etc/passwd",
        "ftp://lab.example/",
        "https://",
        "https://lab.example:x/",
        "lab.example",
    ],
)
def test_44_what_is_no_webhook(tmp_path: Path, url: str) -> None:
    """Anything but https without a user is refused when the collector starts, and named."""
    with pytest.raises(InvalidInput, match="webhook"):
        build_service(CollectorConfig(data_dir=tmp_path, webhook_urls=url))


def test_44_a_name_is_looked_up_once(tmp_path: Path) -> None:
    """The address that was looked at is the one that is called: a name that leads elsewhere a moment later does not."""
    database = Database(tmp_path)
    with receiver() as receiving:
        answers = [["127.0.0.1"], ["10.0.0.1"]]
        asked = list[str]()

        def resolve(host: str) -> list[str]:
            asked.append(host)
            return answers[min(len(asked), 2) - 1]

        hooks = hooks_of(tmp_path, [f"http://rebound.example:{receiving.port}/hook"], is_loopback_allowed=True)
        webhooks = Webhooks(database, hooks, Metrics(), lambda: START_MS, is_loopback_allowed=True, resolve=resolve)
        database.write(lambda connection: webhooks.queue(connection, "trace.completed", NEWS)).result()
        webhooks.start()
        headers, _ = receiving.next()
        webhooks.stop()

        assert asked == ["rebound.example"]
        assert headers["host"] == f"rebound.example:{receiving.port}"
        database.write(lambda connection: webhooks.queue(connection, "qa.done", NEWS)).result()
        again = Webhooks(database, hooks, Metrics(), lambda: START_MS, is_loopback_allowed=True, resolve=resolve)
        again.start()
        while len(told := database.read(lambda connection: deliveries_told(connection, 9)).deliveries) < 2 or not all(
            one.tries for one in told
        ):
            pass
        again.stop()
        with pytest.raises(Empty):
            receiving.told.get_nowait()
    database.close()
    assert ["10.0.0.1" in one.problem for one in told if one.type == "qa.done"] == [True]


@pytest.mark.parametrize(
    ("host", "is_believed", "problem"),
    [("hook.example", True, ""), ("other.example", True, "match"), ("hook.example", False, "self-signed")],
    ids=["its_name", "another_name", "nobody_vouches"],
)
def test_44_the_certificate_is_the_names(tmp_path: Path, host: str, is_believed: bool, problem: str) -> None:
    """The connection goes to an address, and yet the certificate must be the name's, by somebody who is believed."""
    database, certificate = Database(tmp_path), certificate_of(tmp_path, "hook.example")
    trusting = ssl.create_default_context(cafile=str(certificate[0])) if is_believed else None
    with receiver(certificate=certificate) as receiving:
        hooks = hooks_of(tmp_path, [f"https://{host}:{receiving.port}/hook"], is_loopback_allowed=True)
        webhooks = Webhooks(
            database,
            hooks,
            Metrics(),
            lambda: START_MS,
            is_loopback_allowed=True,
            resolve=lambda _: ["127.0.0.1"],
            tls=trusting,
        )
        database.write(lambda connection: webhooks.queue(connection, "trace.completed", NEWS)).result()
        webhooks.start()
        while not (told := database.read(lambda connection: deliveries_told(connection, 1)).deliveries[0]).tries:
            pass
        webhooks.stop()
        assert receiving.is_quiet() == bool(problem)
    database.close()

    assert (told.state, problem in told.problem) == ("waiting" if problem else "delivered", True)


def test_each_webhook_has_its_own_secret(tmp_path: Path) -> None:
    """No receiver can speak for the collector to another; the secrets stay the same."""
    urls = ["https://a.example/", "https://b.example/"]
    first, second = (hooks_of(tmp_path, urls, is_loopback_allowed=False) for _ in range(2))

    assert first == second
    assert len({hook.secret for hook in first}) == 2
    assert (tmp_path / "webhook_secret").stat().st_mode & 0o077 == 0
