"""`patchtrail collect`: run a collector; `patchtrail collect invite`: draw a one-time enrolment code."""

from __future__ import annotations

import gc
import os
import socket
from pathlib import Path
from typing import Annotated

import orjson
import typer
import uvicorn

from patchtrail.cli.audit import audit_command
from patchtrail.cli.client import CollectorClient
from patchtrail.cli.console import told, visible
from patchtrail.cli.rotate import rotate_keys_command
from patchtrail.cli.webhooks import print_webhooks
from patchtrail.collector import CollectorConfig, FolderInUse, build_service, create_app, server_config
from patchtrail.collector.enrolment import invite as draw_invitation
from patchtrail.contract.collection import Invitation, InvitationRequest
from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.qa.app import judge_setup, sandbox_told

__all__ = ["app"]

app = typer.Typer(help="Run a collector, and invite participants to it.", invoke_without_command=True)

app.command("audit")(audit_command)
app.command("rotate-keys")(rotate_keys_command)

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file with the collector's settings.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder for the database, the blobs and the keys.")]
RUNNING = "running.json"
WAITING = "Complete traces are not assessed here; they wait until that is switched on."


@app.callback()
@told
def collect(
    context: typer.Context,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default 8000); 0 takes a free one.")] = None,
    dev_token: Annotated[
        str | None,
        typer.Option(help="For development, on loopback: clients open traces without a token, and this one reads."),
    ] = None,
    qa: Annotated[
        bool | None, typer.Option("--qa/--no-qa", help="Whether complete traces are replayed, tested and judged.")
    ] = None,
) -> None:
    """Run a collector on its embedded database until it is interrupted."""
    if context.invoked_subcommand is not None:
        return
    given = {"data_dir": data_dir, "host": host, "port": port, "dev_token": dev_token, "qa_enabled": qa}
    settings = CollectorConfig.load(config, **given)
    judges = judge_setup(settings.qa_plan().means).startup_line if settings.qa_enabled else WAITING
    service = build_service(settings)
    listener = _listener(settings)
    url = f"http://{settings.host}:{listener.getsockname()[1]}"
    running = settings.data_dir / RUNNING
    # Whoever waits for it reads all of it or nothing.
    whole = running.with_suffix(".new")
    whole.write_bytes(orjson.dumps({"url": url, "pid": os.getpid()}))
    whole.replace(running)
    typer.echo(f"The collector listens on {url} (API: {url}/docs).")
    typer.echo(f"Its data, keys and server token are in {settings.data_dir}.")
    typer.echo(f"Fingerprint of its key, for participants to compare: {service.key.fingerprint}")
    if service.log.fault is not None:
        typer.echo(f"patchtrail: {service.log.fault}", err=True)
    typer.echo(judges)
    if settings.qa_enabled:
        typer.echo(sandbox_told(settings.qa_plan().means))
    if service.dev_token is not None:
        typer.echo("Development: on this machine, anybody opens traces without a token. Do not put a proxy in front.")
    # Requests make many short-lived objects and hardly a cycle; looking for them by default takes a third of the time.
    gc.set_threshold(50_000, 20, 100)
    server = uvicorn.Server(server_config(create_app(service), settings.trusted_proxies))
    try:
        server.run(sockets=[listener])
    finally:
        running.unlink(missing_ok=True)


@app.command("webhooks")
@told
def webhooks_command(config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Print the configured webhooks with their secrets, and what became of the newest messages."""
    print_webhooks(CollectorConfig.load(config, data_dir=data_dir))


@app.command("worker")
@told
def worker_command() -> None:
    """Assess traces in a process of its own (not possible on the embedded database)."""
    message = (
        "Workers of their own need PostgreSQL, which this version does not know: the embedded database has one "
        "process. `patchtrail collect` assesses traces itself; PATCHTRAIL_COLLECTOR_QA_WORKERS says how many at once."
    )
    raise InvalidInput(message, code="needs_postgresql")


@app.command()
@told
def invite(
    config: ConfigFile = None,
    data_dir: DataDir = None,
    participant: Annotated[str | None, typer.Option(help="Pseudonym of the participant; drawn if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the invitation as JSON.")] = False,
) -> None:
    """Print a one-time code with which one device can enrol."""
    settings = CollectorConfig.load(config, data_dir=data_dir)
    invitation = _invite(settings, InvitationRequest(participant_id=participant))
    if as_json:
        typer.echo(invitation.model_dump_json())
        return
    typer.echo(f"Code for {visible(invitation.participant_id)}, once, within 14 days: {invitation.code}")


def _invite(settings: CollectorConfig, request: InvitationRequest) -> Invitation:
    """Draw a code through the running collector, or in its data folder when none is running."""
    try:
        service = build_service(settings)
    except FolderInUse:
        return _invite_running(settings, request)
    try:
        write = service.database.write(
            lambda connection: draw_invitation(connection, request, study_id=service.study_id, now_ms=service.now_ms())
        )
        return write.result()
    finally:
        service.database.close()


def _invite_running(settings: CollectorConfig, request: InvitationRequest) -> Invitation:
    try:
        url = orjson.loads((settings.data_dir / RUNNING).read_bytes())["url"]
        configured = settings.server_token
        token = configured.get_secret_value() if configured else (settings.data_dir / "server_token").read_text()
    except (OSError, orjson.JSONDecodeError, KeyError) as error:
        raise StateConflict("A collector is starting or stopping on this folder; try again.") from error
    return CollectorClient(url, token.strip()).post("/v1/invitations", request, Invitation)


def _listener(settings: CollectorConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's delay off only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise StateConflict(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}. Choose another --port."
        ) from error
    listener.listen(1024)
    return listener
