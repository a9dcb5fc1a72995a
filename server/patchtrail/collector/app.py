"""Build the collector's application from its configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from patchtrail import __version__
from patchtrail.collector import (
    base_routes,
    device_routes,
    log_routes,
    metrics_routes,
    one_shot_routes,
    open_routes,
    pattern_routes,
    problems,
    qa_routes,
    reading_routes,
    upload_routes,
)
from patchtrail.collector.blobs import LocalBlobs
from patchtrail.collector.config import CollectorConfig
from patchtrail.collector.database import Database
from patchtrail.collector.identity import ReceiptKey, server_token
from patchtrail.collector.ingest import Ingest
from patchtrail.collector.locality import is_loopback
from patchtrail.collector.log import Log
from patchtrail.collector.metrics import MeasuredApp, Metrics
from patchtrail.collector.protocol import CappedHttp
from patchtrail.collector.qa_cases import Cases
from patchtrail.collector.qa_work import QaWork
from patchtrail.collector.quotas import Quotas
from patchtrail.collector.rates import RateLimits
from patchtrail.collector.service import Service, system_ms
from patchtrail.collector.webhook_sending import Webhooks
from patchtrail.collector.webhooks import hooks_of
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.schema import contract_schema
from patchtrail.evaluation.kept_alignments import Alignments
from patchtrail.study import current_consent

__all__ = ["build_service", "create_app", "server_config"]

KEEP_ALIVE_S = 30
"""Longer than clients keep a connection, which might otherwise be closed just as they use it again."""
DESCRIPTION = "Takes signed debugging sessions in, verifies them, and gives them back."


def build_service(config: CollectorConfig, now_ms: Callable[[], int] = system_ms) -> Service:
    """Open the data folder.

    Raises `FolderInUse` while another collector has it, `InvalidInput` for a development token off loopback.
    """
    if config.dev_token is not None and not is_loopback(config.host):
        message = f"--dev-token is for development on this machine only, and {config.host} is not its loopback."
        raise InvalidInput(message, code="bad_config")
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    alignments = Alignments.read(config.alignment_reports())
    hooks = hooks_of(config.data_dir, config.webhooks(), is_loopback_allowed=config.webhook_loopback)
    metrics = Metrics()
    database = Database(config.data_dir, is_durable=config.is_durable, on_commit=metrics.committed)
    key = ReceiptKey(config.data_dir, config.log_host)
    log = Log(database, key, config.data_dir)
    blobs = LocalBlobs(config.data_dir / "blobs")
    webhooks = Webhooks(database, hooks, metrics, now_ms, is_loopback_allowed=config.webhook_loopback)
    cases = Cases(blobs, key, config.qa_recipes_dir)
    configured = None if config.server_token is None else config.server_token.get_secret_value()
    return Service(
        database=database,
        blobs=blobs,
        key=key,
        log=log,
        ingest=Ingest(database, key, log),
        server_token=server_token(config.data_dir, configured),
        study_id=config.study_id,
        consent=current_consent(),
        limits=RateLimits(config.rates()),
        quotas=Quotas(database, per_session=config.session_max_bytes, per_participant=config.participant_max_bytes),
        metrics=metrics,
        qa=QaWork(database, config.data_dir, config.qa_plan(), cases.read, alignments, webhooks, metrics, now_ms),
        webhooks=webhooks,
        alignments=alignments,
        is_loopback=is_loopback(config.host),
        dev_token=None if config.dev_token is None else config.dev_token.get_secret_value(),
        now_ms=now_ms,
    )


def create_app(service: Service) -> FastAPI:
    """Return the application around an open service, which it closes at its end."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.qa.start)
        service.webhooks.start()
        async with log_routes.publishing(service.log):
            yield
        await asyncio.to_thread(service.qa.stop)
        await asyncio.to_thread(service.webhooks.stop)
        service.ingest.close()
        service.database.close()

    app = FastAPI(
        title="Patchtrail collector",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.service = service
    problems.install(app)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_middleware(MeasuredApp, metrics=service.metrics)
    modules = (
        *(device_routes, upload_routes, open_routes, base_routes, one_shot_routes),
        *(reading_routes, qa_routes, pattern_routes, log_routes, metrics_routes),
    )
    for module in modules:
        app.include_router(module.router)
    app.state.routes = [one for module in modules for one in module.router.routes if isinstance(one, APIRoute)]
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI documents this way to extend it
    return app


def server_config(app: FastAPI, trusted_proxies: str = "") -> uvicorn.Config:
    """Return how the application is served.

    By default uvicorn believes everybody on loopback who says where a request came from.
    """
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        http=CappedHttp,
        ws="none",
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


def _invalid_request(_request: object, error: Exception) -> Any:  # noqa: ANN401 -- starlette's handler type
    assert isinstance(error, RequestValidationError), "registered for this class"
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    problem = InvalidInput(f"{where}: {fault['msg']}", code="invalid_request").problem()
    return problems.problem_response(422, problem)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the API's description, with every contract type in it, also those that routes read themselves."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            components.pop(name, None)
        for name, definition in _definitions().items():
            components.setdefault(name, definition)
        app.openapi_schema = schema
    return app.openapi_schema


def _definitions() -> dict[str, Any]:
    import json

    definitions: Any = contract_schema()["$defs"]
    moved = json.dumps(definitions).replace("#/$defs/", "#/components/schemas/")
    rewritten: dict[str, Any] = json.loads(moved)
    return rewritten
