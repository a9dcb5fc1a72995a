"""Command lines that open a shell inside the terminal: what is typed in there is output, and no commands."""

from __future__ import annotations

from patchtrail.capture.shell_words import PREFIXES, SHELLS, parts_of, program_of, without_assignments

__all__ = ["inner_shell"]

REMOTE = frozenset({"ssh", "mosh", "telnet", "et", "wsl"})
ALWAYS = frozenset({"tmux", "screen", "zellij", "byobu", "script", "asciinema", "nix-shell", "newgrp", "su"})
CONTAINERS = frozenset({"docker", "podman", "nerdctl", "kubectl", "oc", "lxc", "distrobox", "toolbox", "flatpak"})
CONTAINER_VERBS = frozenset({"exec", "run", "enter", "shell", "debug"})
SHELL_VERBS = frozenset({"poetry", "pipenv", "hatch", "pixi", "nix", "devbox", "conda", "mamba", "flox"})
OPTIONS_WITH_VALUE = frozenset("bcDEeFIiJLlmOopQRSWw")
"""Of ssh."""


def inner_shell(command_line: str) -> str | None:
    """Return the program that opens an interactive shell, or None where a command line opens none."""
    parts = [words for part in parts_of(command_line) if (words := without_assignments(part))]
    return next((name for words in parts if (name := _opened_by(words)) is not None), None)


def _opened_by(words: list[str]) -> str | None:
    program, rest = program_of(words[0]), words[1:]
    plain = [word for word in rest if not word.startswith("-")]
    if program in REMOTE:
        return program if program != "ssh" or _is_login(rest) else None
    if program in ALWAYS:
        return None if any(word in ("-c", "ls", "kill-server", "-ls", "-V", "--version") for word in rest) else program
    if program in SHELLS or program in ("pwsh", "powershell", "cmd"):
        return None if plain or any(word in ("-c", "--version") for word in rest) else program
    if program == "sudo":
        is_shell = any(word in ("-s", "-i", "--shell", "--login", "su", *SHELLS) for word in rest[:2])
        return "sudo" if is_shell and len(plain) <= 1 else None
    if program in CONTAINERS:
        is_interactive = any(word.startswith("-") and not word.startswith("--") and "t" in word for word in rest)
        is_interactive = is_interactive or "--tty" in rest or program in ("distrobox", "toolbox")
        return program if is_interactive and not CONTAINER_VERBS.isdisjoint(plain) else None
    if program in SHELL_VERBS:
        return program if plain[:1] in (["shell"], ["develop"]) else None
    if program in PREFIXES:
        return _opened_by(plain) if plain else None
    return None


def _is_login(words: list[str]) -> bool:
    """Tell whether ssh is given a host and nothing to run there."""
    places = 0
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = len(word) == 2 and word[1] in OPTIONS_WITH_VALUE
        else:
            places += 1
    return places == 1 or any(word in ("-t", "-tt") for word in words)
