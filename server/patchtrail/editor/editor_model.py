"""The editor's own model as a door: a request to the client, made on a thread and awaited on the server's loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from functools import partial
from typing import Any

from pydantic import ValidationError
from pygls.exceptions import JsonRpcException

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.contract.lsp_fixes import MODEL_ASK, ModelAsk, ModelMessage, ModelSaid
from patchtrail.editor.server import SidecarServer
from patchtrail.llm import Cancellation, ModelAnswer, ModelRequest

__all__ = ["EditorModel"]

CANCEL = "$/cancelRequest"
CHARS_PER_TOKEN = 4


class EditorModel:
    """Asks whatever model the editor has; the client does so on a person's own act alone."""

    def __init__(self, server: SidecarServer, loop: asyncio.AbstractEventLoop, model: str = "") -> None:
        self._server, self._loop, self._model = server, loop, model

    @property
    def name(self) -> str:
        """What attempts call it."""
        return self._model or "editor"

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once; raises `ModelUnavailable`."""
        if cancellation.is_cancelled:
            raise ModelUnavailable("The request was cancelled.", code="cancelled")
        begun = time.monotonic()
        asking = asyncio.run_coroutine_threadsafe(self._ask(request), self._loop)
        cancellation.on_cancel(partial(_give_up, asking))
        said = self._answer(asking, request.timeout_s, cancellation)
        asked = sum(len(one.content) for one in request.messages)
        return ModelAnswer(
            text=said.text,
            model=said.model or self.name,
            input_tokens=said.input_tokens or asked // CHARS_PER_TOKEN,
            output_tokens=said.output_tokens or len(said.text) // CHARS_PER_TOKEN,
            cost_microusd=0,
            latency_ms=round((time.monotonic() - begun) * 1000),
            is_estimated=not said.output_tokens,
        )

    def _answer(
        self, asking: concurrent.futures.Future[Any], timeout_s: float, cancellation: Cancellation
    ) -> ModelSaid:
        try:
            return ModelSaid.model_validate(asking.result(timeout_s))
        except TimeoutError:
            asking.cancel()
            raise ModelUnavailable(
                f"The editor's model did not answer within {timeout_s:g} s.", code="model_timeout"
            ) from None
        except concurrent.futures.CancelledError:
            raise ModelUnavailable("The request was cancelled.", code="cancelled") from None
        except JsonRpcException as error:
            code = "cancelled" if cancellation.is_cancelled else "model_unavailable"
            raise ModelUnavailable(f"The editor's model did not answer: {error.message}", code=code) from None
        except ValidationError:
            raise ModelUnavailable("The editor's answer for its model cannot be read.") from None

    async def _ask(self, request: ModelRequest) -> object:
        ask = ModelAsk(
            messages=[ModelMessage(role=one.role, content=one.content) for one in request.messages],
            max_output_tokens=request.max_output_tokens,
            model=self._model,
        )
        protocol, message_id = self._server.protocol, f"patchtrail-model-{time.monotonic_ns()}"
        answer = protocol.send_request_async(MODEL_ASK, ask.model_dump(mode="json"), msg_id=message_id)
        try:
            # The client answers a cancelled request, too; its answer must find somebody.
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            protocol.notify(CANCEL, {"id": message_id})
            raise


def _give_up(asking: concurrent.futures.Future[Any]) -> None:
    asking.cancel()
