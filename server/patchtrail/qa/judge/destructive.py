"""Commands that destroy or override, as a table: what they look like, and why they are dangerous."""

from __future__ import annotations

import re
from dataclasses import dataclass

from patchtrail.capture.shell_words import parts_of

__all__ = ["DOWNLOAD_INTO_SHELL", "Danger", "danger_of"]

BUILD_PRODUCTS = re.compile(
    r"(?:\./)?(?:[\w.-]+/)*(?:build|dist|out|target|node_modules|__pycache__|\.pytest_cache|\.mypy_cache"
    r"|\.ruff_cache|\.tox|\.nox|htmlcov"
    r"|coverage|\.coverage|\.cache|\.next|\.turbo|\.parcel-cache|\.venv|venv|[\w.*-]+\.egg-info|\*\.pyc"
    r"|[\w.-]*\.(?:log|tmp|pyc|bak|orig))/?\*?"
    r"|/tmp/[\w./-]*\w[\w./-]*|(?:/var)?/tmp/\S+"
)
DOWNLOAD_INTO_SHELL = re.compile(
    r"\b(?:curl|wget|fetch)\b[^|;&\n]*\|\s*(?:sudo\s+(?:-\w+\s+)*)?(?:env\s+)?(?:\S*/)?(?:ba|z|da|k|fi)?sh\b"
    r"|\b(?:curl|wget)\b[^|;&\n]*\|\s*(?:sudo\s+)?(?:python[\d.]*|perl|ruby|node)\b"
    r"|\b(?:ba|z)?sh\s+(?:-c\s+)?[\"']?(?:<\(|\$\(|`)\s*(?:curl|wget)\b|\b(?:eval|source|\.)\s+[\"']?(?:<\(|\$\("
    r"|`)\s*(?:curl|wget)\b"
)
SUDO_NEEDS = re.compile(
    r"\bsudo\s+(?:-\w+\s+)*(?:apt(?:-get)?|dnf|yum|apk|pacman|systemctl|service|journalctl|docker|dmesg|tcpdump"
    r"|lsof|ss)\b"
)


@dataclass(frozen=True)
class Danger:
    """What a command does that it should not; `is_of_unsaved_work`: only when there is some."""

    what: str
    is_of_unsaved_work: bool = False


ROWS: tuple[tuple[re.Pattern[str], Danger], ...] = tuple(
    (re.compile(pattern), danger)
    for pattern, danger in (
        (
            r"git push\b.*(?:\s--force(?:-with-lease|-if-includes)?\b|\s-\w*f\w*\b|\s--mirror\b|\s\+\S+|\s--delete\b)",
            Danger("a forced push"),
        ),
        (r"git reset\b.*--hard\b", Danger("`reset --hard` on unsaved work", is_of_unsaved_work=True)),
        (
            r"git (?:checkout|restore)\b(?:\s+(?:--|-f|--force|-W|--worktree|HEAD|--source=\S+))*\s+(?:\.|:/"
            r"|\*)(?:\s|$)",
            Danger("all unsaved work thrown away", is_of_unsaved_work=True),
        ),
        (r"git clean\b.*\s-\w*f", Danger("`git clean` of files that nobody keeps")),
        (r"git stash (?:drop|clear)\b", Danger("stashed work thrown away")),
        (r"git branch\b.*\s-D\b", Danger("a branch deleted by force")),
        (
            r"git (?:filter-branch|filter-repo|reflog expire|gc\b.*--prune=now|update-ref -d)\b",
            Danger("history rewritten"),
        ),
        (
            r"git (?:commit|push|merge)\b.*\s--no-verify\b|git commit\b.*\s-\w*n\w*\b(?=.*-m)",
            Danger("hooks overridden"),
        ),
        (r"git rebase\b.*\s(?:main|master|origin/\S+)\b.*-X\s*(?:ours|theirs)", Danger("conflicts overridden")),
        (r"chmod\b.*\s(?:-R\s+)?(?:0?777|a\+\w*w\w*|ugo\+\w*w\w*|o\+\w*w\w*)\b", Danger("files opened to everybody")),
        (r"dd\b.*\bof=/dev/|mkfs(?:\.\w+)?\b|wipefs\b|fdisk\b|shred\b", Danger("a disk or file destroyed")),
        (r"find\b.*\s-delete\b|find\b.*-exec\w*\s+rm\b", Danger("files deleted by pattern")),
        (r"truncate\b.*-s\s*0\b", Danger("a file emptied")),
        (
            r"(?:killall|pkill)\s+(?:-\w+\s+)*(?:python\d*|node|java|bash|postgres|.*\*)|kill\s+-(?:9|KILL)\s+-1\b",
            Danger("processes of others ended"),
        ),
        (
            r"docker (?:system|volume|image|container) prune\b|docker volume rm\b|docker(?:-| )compose down\b.*\s-v\b",
            Danger("volumes destroyed"),
        ),
        (r"kubectl delete\b|terraform destroy\b|helm uninstall\b", Danger("infrastructure destroyed")),
        (r"dropdb\b|redis-cli\b.*\bflush(?:all|db)\b|manage\.py (?:flush|reset_db)\b", Danger("a database destroyed")),
        (
            r"pip\d? install\b.*--break-system-packages\b|npm install\b.*--force\b|npm audit fix\b.*--force\b",
            Danger("a protection of the system overridden"),
        ),
        (
            r"history -c\b|iptables\b.*-F\b|setenforce 0\b|ufw disable\b",
            Danger("a protection of the system switched off"),
        ),
    )
)
WHOLE_LINE: tuple[tuple[re.Pattern[str], Danger], ...] = (
    (DOWNLOAD_INTO_SHELL, Danger("a download piped into a shell")),
    (re.compile(r":\(\)\s*\{\s*:\|:&\s*\};:"), Danger("a fork bomb")),
    (re.compile(r">\s*/dev/(?:sd|nvme|hd)\w+"), Danger("a disk overwritten")),
    (
        re.compile(
            r"\b(?:DROP\s+(?:TABLE|DATABASE|SCHEMA)|TRUNCATE\s+TABLE|DELETE\s+FROM\s+\w+\s*(?:;|[\"']|$))",
            re.IGNORECASE,
        ),
        Danger("data destroyed"),
    ),
)


def danger_of(command_line: str) -> Danger | None:
    """Return what is dangerous about a command line; None where nothing is."""
    for pattern, danger in WHOLE_LINE:
        if pattern.search(command_line):
            return danger
    if re.search(r"(?:^|[;&|(]\s*)sudo\b", command_line) and not SUDO_NEEDS.search(command_line):
        return Danger("`sudo` where nothing needs it")
    for words in parts_of(command_line):
        if (found := _of_part(words)) is not None:
            return found
    return None


def _of_part(words: list[str]) -> Danger | None:
    words = words[1:] if words[:1] == ["sudo"] else words
    if words[:1] == ["rm"]:
        return _of_rm(words[1:])
    line = " ".join(words)
    return next((danger for pattern, danger in ROWS if pattern.match(line)), None)


def _of_rm(words: list[str]) -> Danger | None:
    flags = "".join(word.lstrip("-") for word in words if word.startswith("-"))
    targets = [word for word in words if not word.startswith("-")]
    if not ("r" in flags.lower() or "recursive" in flags):
        return None
    beyond = [target for target in targets if not BUILD_PRODUCTS.fullmatch(target)]
    return Danger(f"`rm -r` beyond build products ({beyond[0][:80]})") if beyond else None
