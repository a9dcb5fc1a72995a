"""Which command lines open a shell in which commands cannot be told apart."""

from __future__ import annotations

import pytest

from patchtrail.capture.inner_shells import inner_shell

OPENING = {
    "ssh build": "ssh",
    "ssh -p 22 -i key somebody@build": "ssh",
    "ssh -t build top": "ssh",
    "bash": "bash",
    "/usr/bin/fish -l": "fish",
    "zsh -i": "zsh",
    "tmux new -s work": "tmux",
    "sudo -i": "sudo",
    "sudo su": "sudo",
    "su - postgres": "su",
    "docker exec -it web bash": "docker",
    "docker run --rm -ti alpine": "docker",
    "kubectl exec -it pod -- sh": "kubectl",
    "poetry shell": "poetry",
    "nix develop": "nix",
    "cd x && DEBUG=1 bash": "bash",
    "env fish": "fish",
}
OPENING_NONE = [
    "ssh build uptime",
    "ssh -p 22 build 'make test'",
    "bash run.sh",
    "bash -c 'ls'",
    "docker run --rm alpine ls",
    "docker ps -t",
    "tmux ls",
    "sudo make install",
    "poetry run pytest",
    "pytest -q",
    "env",
    "",
    "python",
]


@pytest.mark.parametrize("line", OPENING)
def test_an_inner_shell(line: str) -> None:
    """A shell, a login and a container's terminal are named by what opens them."""
    assert inner_shell(line) == OPENING[line]


@pytest.mark.parametrize("line", OPENING_NONE)
def test_no_inner_shell(line: str) -> None:
    """A command that runs something and comes back opens none."""
    assert inner_shell(line) is None
