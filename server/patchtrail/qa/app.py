"""The program that assesses one trace: an `Order` on standard input, `QaResults` as JSON on standard output.

It wires what validates and judges, from the order's means and the environment.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

from patchtrail.llm import Cancellation
from patchtrail.qa.assessor import Assessor
from patchtrail.qa.judge import JudgeConfig, JudgeSetup, judge_of_environment
from patchtrail.qa.lint_delta import RuffLinting
from patchtrail.qa.order import Means, Order
from patchtrail.qa.origin import AllowedOrigins
from patchtrail.qa.suites import RepositorySuites
from patchtrail.qa.validation import Validator
from patchtrail.sandbox.choice import sandbox_named

__all__ = ["assessor_of", "judge_setup", "main", "sandbox_told"]

NICE = 5
GOES_FIRST = "500"
VALIDATION_SHARE = 0.75
"""Of an assessment's time; the rest is for the judge."""
LOOK_S = 0.5
LEAVE_S = 8.0
"""After a cancellation: how long it may take to stop what runs, before the process ends all the same."""


def main() -> None:
    """Read the order, assess, answer; the argument is who waits for it."""
    # Asked for here, the parent would be another one where ours was killed while this program was loaded.
    cancellation, parent = Cancellation(), int(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda _signal, _frame: _leave(cancellation))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent, cancellation), daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(NICE)
        # Where memory runs out on this machine, this process and what it starts go first.
        Path("/proc/self/oom_score_adj").write_text(GOES_FIRST)
    order = pickle.load(sys.stdin.buffer)
    if not isinstance(order, Order):
        sys.exit("This is no order.")
    results = assessor_of(order.means).assess(order.case, validation=order.validation, cancellation=cancellation)
    sys.stdout.buffer.write(results.model_dump_json().encode())


def assessor_of(means: Means) -> Assessor:
    """Wire what validates and judges."""
    origins = AllowedOrigins(means.origin_hosts) if means.origin_hosts else None
    suites = RepositorySuites(sandbox_named(means.sandbox), means.cache_dir)
    validator = Validator(suites, origins, RuffLinting())
    return Assessor(validator, judge_setup(means).judge, VALIDATION_SHARE * means.timeout_s)


def judge_setup(means: Means) -> JudgeSetup:
    """Return the judge, and what is said of it at the start; a model only where the environment has a key for one.

    Raises `InvalidInput` when what the environment says of it does not hold.
    """
    judging_s = min(JudgeConfig.total_s, (1 - VALIDATION_SHARE) * means.timeout_s)
    config = JudgeConfig(models=means.models, max_cost_usd=means.judge_usd, total_s=judging_s)
    return judge_of_environment(os.environ, Path.cwd(), config)


def sandbox_told(means: Means) -> str:
    """Return what is said at the start of where tests are run; why none are, where no sandbox works."""
    walls = sandbox_named(means.sandbox)
    reason = walls.is_usable()
    return f"Tests run behind {walls.name}, without network." if reason is None else f"No tests are run: {reason}."


def _follow(parent: int, cancellation: Cancellation) -> None:
    """Leave when whoever waits for the answer is gone."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    _leave(cancellation)


def _leave(cancellation: Cancellation) -> None:
    """Stop what runs, and end even if that hangs."""

    def stop() -> None:
        time.sleep(LEAVE_S)
        os._exit(1)

    threading.Thread(target=stop, daemon=True).start()
    threading.Thread(target=cancellation.cancel, daemon=True).start()


if __name__ == "__main__":
    main()
