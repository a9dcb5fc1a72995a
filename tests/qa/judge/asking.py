"""The model judge in front of the test model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from patchtrail.contract.qa import JudgeResult
from patchtrail.llm import Endpoint, Price, Prices, model_of
from patchtrail.qa.case import Case
from patchtrail.qa.judge import HeuristicJudge, Judge, JudgeConfig, ModelJudge
from tests.model import Answerer, ModelServer
from tests.qa.judge.sessions import SESSIONS, WrittenSession, read_session

__all__ = ["GOOD", "Asking", "asking", "heuristic_of"]

GOOD = read_session(SESSIONS / "tuning" / "good_last_page.json")
PRICE = Price(150_000, 600_000)


@dataclass
class Asking:
    """A judge, the servers that it asks, and how long it would have waited between two tries."""

    judge: Judge
    servers: list[ModelServer]
    waits: list[float]

    def of(self, session: WrittenSession, case: Case | None = None) -> JudgeResult:
        """Judge a session, or another case with what is known of it."""
        return self.judge.judge(case or session.case, session.validation)

    @property
    def asked(self) -> int:
        """How often any server was asked."""
        return sum(len(server.asked) for server in self.servers)


@contextlib.contextmanager
def asking(*answerers: Answerer, config: JudgeConfig | None = None, **server: object) -> Iterator[Asking]:
    """Give a judge with one model per answerer."""
    config = replace(config or JudgeConfig(), models=tuple(f"model-{number}" for number in range(len(answerers))))
    waits = list[float]()
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(ModelServer(one, **server)) for one in answerers]
        models = [
            model_of(Endpoint("openai", one.url, name, "test-key"), Prices(PRICE))
            for one, name in zip(servers, config.models, strict=True)
        ]
        nonces = iter(f"{number:016x}" for number in range(10**6))
        yield Asking(Judge(ModelJudge(models, config, wait=waits.append, nonce=lambda: next(nonces))), servers, waits)


def heuristic_of(session: WrittenSession, case: Case | None = None) -> JudgeResult:
    """Return what the heuristic judge says."""
    return HeuristicJudge().judge(case or session.case, session.validation)
