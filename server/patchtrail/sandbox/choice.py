"""Which sandbox is used: the one that is asked for, or the first that works; where none does, why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast, get_args

from patchtrail.sandbox.bubblewrap import Bubblewrap
from patchtrail.sandbox.container import ContainerSandbox
from patchtrail.sandbox.engine import DOCKER, PODMAN
from patchtrail.sandbox.gvisor import gvisor
from patchtrail.sandbox.outcome import not_run
from patchtrail.sandbox.port import Cancelling, Job, Ran, Sandbox

__all__ = ["Wanted", "sandbox_named", "usable_sandbox"]

Wanted = Literal["auto", "bubblewrap", "docker", "podman", "runsc"]
WAYS: dict[Wanted, Callable[[], Sandbox | str]] = {
    "bubblewrap": Bubblewrap,
    "docker": lambda: ContainerSandbox(DOCKER),
    "podman": lambda: ContainerSandbox(PODMAN),
    "runsc": gvisor,
}
AUTOMATIC: tuple[Wanted, ...] = ("bubblewrap", "docker", "podman")


def usable_sandbox(wanted: Wanted) -> Sandbox | str:
    """Return a sandbox that was tried out, or the reason why there is none: then nothing of a participant's is run."""
    reasons = []
    for way in AUTOMATIC if wanted == "auto" else (wanted,):
        sandbox = WAYS[way]()
        reason = sandbox if isinstance(sandbox, str) else sandbox.is_usable()
        if reason is None and not isinstance(sandbox, str):
            return sandbox
        reasons.append(f"{way}: {(reason or '').removeprefix('no sandbox: ')}")
    return f"no sandbox: {'; '.join(reasons)}"


class _Without:
    """Runs nothing, and says why."""

    name = "none"

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def is_usable(self) -> str:
        """Return why nothing can be run."""
        return self._reason

    def run(self, _job: Job, _cancellation: Cancelling) -> Ran:
        """Return that nothing was run."""
        return not_run(self._reason)


def sandbox_named(wanted: str) -> Sandbox:
    """Return the sandbox that a setting names; where it cannot be used, one that runs nothing and says why."""
    if wanted not in get_args(Wanted):
        return _Without(f"no sandbox: there is none named `{wanted}`; there are {', '.join(get_args(Wanted))}")
    found = usable_sandbox(cast("Wanted", wanted))
    return _Without(found) if isinstance(found, str) else found
