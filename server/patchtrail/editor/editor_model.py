"""How the editor's own model is asked: a request to the client, made on a thread and awaited on the server's loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import uuid
from functools import partial
from typing import Any

from pydantic import ValidationError
from pygls.exceptions import JsonRpcException

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.contract.lsp_fixes import MODEL_ASK, ModelAsk, ModelMessage, ModelSaid
from patchtrail.editor.server import SidecarServer
from patchtrail.llm import AskEditor, Cancellation, EditorAnswer, ModelRequest

__all__ = ["editor_asker"]

CANCEL = "$/cancelRequest"


def editor_asker(server: SidecarServer, loop: asyncio.AbstractEventLoop, model: str) -> AskEditor:
    """Return what asks the client for its model of that name, or for any; the client does so on a person's own act."""

    def ask(request: ModelRequest, cancellation: Cancellation) -> EditorAnswer:
        asking = asyncio.run_coroutine_threadsafe(_ask(server, request, model), loop)
        cancellation.on_cancel(partial(_give_up, asking))
        said = _answer(asking, cancellation)
        return EditorAnswer(said.text, said.model or model)

    return ask


def _answer(asking: concurrent.futures.Future[Any], cancellation: Cancellation) -> ModelSaid:
    try:
        return ModelSaid.model_validate(asking.result())
    except concurrent.futures.CancelledError:
        raise ModelUnavailable("The request was cancelled.", code="cancelled") from None
    except JsonRpcException as error:
        code = "cancelled" if cancellation.is_cancelled else "model_unavailable"
        raise ModelUnavailable(f"The editor's model did not answer: {error.message}", code=code) from None
    except ValidationError:
        raise ModelUnavailable("The editor's answer for its model cannot be read.") from None


async def _ask(server: SidecarServer, request: ModelRequest, model: str) -> object:
    ask = ModelAsk(
        messages=[ModelMessage(role=one.role, content=one.content) for one in request.messages],
        max_output_tokens=request.max_output_tokens,
        model=model,
    )
    message_id = str(uuid.uuid4())
    answer = server.protocol.send_request_async(MODEL_ASK, ask.model_dump(mode="json"), msg_id=message_id)
    try:
        # The client answers a cancelled request, too; its answer must find somebody.
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        server.protocol.notify(CANCEL, {"id": message_id})
        raise


def _give_up(asking: concurrent.futures.Future[Any]) -> None:
    asking.cancel()
