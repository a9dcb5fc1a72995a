"""What is replaced, what is left alone, and what is never read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from patchtrail.redaction import PLACEHOLDER, Redactor, from_dotenv, from_environment, from_machine, is_denied

CASES = Path(__file__).with_name("cases.txt")
redactor = Redactor(
    b"k" * 32,
    [
        *from_environment({"DEPLOY_TOKEN": "tok-0a1b2c3d4e", "EDITOR": "/usr/bin/nano", "API_KEY": "short"}),
        *from_dotenv(
            'DATABASE="postgres://db.internal/shop"\nexport PEPPER=cayenne-and-chili # hot\nDEBUG=1\n# comment\n'
        ),
        *from_dotenv("SALT='sea and rock' # both\nBARE=himalaya#pink\n"),
        *from_machine(homes=["/home/alice/"], users=["alice", "root"], hosts=["wonderland", "localhost"]),
    ],
)


def cases() -> list[tuple[str, str]]:
    """Read the golden cases: a line, and below it what it becomes."""
    blocks = CASES.read_text().split("\n\n")
    return [
        (block.split("\n=> ", 1)[0], block.rstrip("\n").split("\n=> ", 1)[1]) for block in blocks if "\n=> " in block
    ]


@pytest.mark.parametrize(("text", "expected"), cases())
def test_case(text: str, expected: str) -> None:
    """Each golden case becomes what stands below it, with every placeholder written as its rule."""
    shown = PLACEHOLDER.sub(lambda match: f"<{match[0].split(':')[1]}>", redactor.text(text))

    assert shown == expected


def test_there_are_cases() -> None:
    """The golden file holds the cases."""
    assert len(cases()) > 40


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.local", "prod.env", "deploy/key.pem", "id_rsa", "home/.ssh/config", ".npmrc", "a/b/.netrc"),
        *("cert.P12", ".git/config", "x/.git/config", ".aws/credentials", "kubeconfig", ".kube/config", "A.PEM"),
    ],
)
def test_denied_paths(path: str) -> None:
    """Files that usually hold secrets are never read."""
    assert is_denied(path)


@pytest.mark.parametrize(
    "path", ["main.py", "environment.py", "id_utils.py", "docs/env.md", "tests/keys.py", ".github/x.yml"]
)
def test_ordinary_paths(path: str) -> None:
    """Ordinary files are read."""
    assert not is_denied(path)


def test_more_denied_paths() -> None:
    """The user may deny more."""
    assert is_denied("config/secret.yaml", ("*.yaml",))
    assert is_denied("private/notes.txt", ("private/*",))
    assert not is_denied("public/notes.txt", ("private/*",))


def test_ordinary_code_is_left_alone() -> None:
    """Of the standard library's sources at most two lines in a thousand change: over-redaction is a fault too."""
    sources = sorted(Path(subprocess.__file__).parent.glob("[a-h]*.py"))
    plain = Redactor(b"k" * 32, ())
    lines = changed = 0
    for path in sources:
        text = path.read_text("utf-8", "replace")
        after = plain.text(text)
        lines += text.count("\n")
        changed += sum(a != b for a, b in zip(text.split("\n"), after.split("\n"), strict=True))

    assert lines > 10_000
    assert changed / lines <= 0.002


UNFINISHED = {
    "encrypted": "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\nMIIEpAIBAAKCAQEA7bq5MIIEpAIBAAKC",
    "numbered": "2:MIIEpAIBAAKCAQEA7bq5MIIEpAIBAAKC\n3:AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
    "quoted": '    "MIIEpAIBAAKCAQEA7bq5MIIEpAIBAAKC\\n"',
}


@pytest.mark.parametrize("body", UNFINISHED.values(), ids=UNFINISHED)
def test_a_block_that_does_not_end(body: str) -> None:
    """The start of a key, as `head` or a diff shows it, is replaced as far as it goes, and no further."""
    shown = redactor.text(f"-----BEGIN RSA PRIVATE KEY-----\n{body}\nnext = line_of_code()\n")

    assert "MIIE" not in shown
    assert "0123456789ABCDEF" not in shown
    assert shown.endswith("\nnext = line_of_code()\n")
    assert shown.count("\n") == body.count("\n") + 3
