"""Start commits fetched from a real git server, and everything that must not be fetched."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound
from patchtrail.llm import Cancellation
from patchtrail.qa.origin import AllowedOrigins, host_of
from tests.qa.git_server import HOST, GitServer, serving

URL = f"https://{HOST}/shop.git"
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
REFUSED_URLS = (
    *("http://git.example/a.git", "git://git.example/a.git", "file:///etc", "ext::sh -c id", "ssh://git.example/a"),
    *("git@git.example:a/b.git", "https://127.0.0.1/a.git", "https://2130706433/a.git", "https://0x7f000001/a.git"),
    *("https://[::1]/a.git", "https://[::ffff:127.0.0.1]/a.git", "https://169.254.169.254/latest/meta-data"),
    *("https://user@git.example/a.git", "https://git.example@evil.example/a.git", "https://git.example:22/a.git"),
    *("https://git.example:443/a.git", "https://evil.example/a.git", "https://git.example.evil.example/a.git"),
    *("https://sub.git.example/a.git", "https://git.example./a.git", "https://git.example/../a.git", "HTTPS:git"),
    *("https://git.example/a.git?b=c", "https://git.example/a.git#b", "https://git.example/-oProxyCommand=id"),
    *("--upload-pack=touch /tmp/x", "-oProxyCommand=id", "https://git.example/a\nb", "https://git.example/%2e%2e/a"),
    *("https://git.example\\@evil.example/a", "https://git.exämple/a.git", "//git.example/a.git", "", "https://"),
    *("https://git.example/", "https://git.example", "ftp://git.example/a.git", "https:///a.git"),
)
HOSTILE_COMMITS = ("main", "HEAD", "abc123", "--upload-pack=id", "0" * 39, "0" * 41, "0" * 39 + "\n", "A" * 40, "")


def git(folder: Path, *words: str, feed: str = "") -> str:
    """Run git in a folder with nobody's configuration."""
    author = ("-c", "user.name=U", "-c", "user.email=u@localhost")
    done = subprocess.run(
        ["git", *author, *words], cwd=folder, env={**os.environ, **ALONE}, input=feed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A bare repository that a server offers, with one commit of each kind of entry."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=main")
    (work / "a.py").write_text("a = 1\n")
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    (work / "deep").mkdir()
    (work / "deep/b.bin").write_bytes(b"\0\xff")
    (work / "deep/twin.py").write_text("a = 1\n")
    (work / "empty.py").write_text("")
    (work / "link").symlink_to("/etc/passwd")
    (work / "big.dat").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    git(work, "add", "--all")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(work, "commit", "--quiet", "--message", "Start")
    served = tmp_path / "served"
    served.mkdir()
    git(tmp_path, "clone", "--quiet", "--bare", str(work), str(served / "shop.git"))
    return served


def origin_of(server: GitServer, **changes: object) -> AllowedOrigins:
    """Return the origins that this server stands for; its loopback address counts as public."""
    told = AllowedOrigins((HOST,), resolve=lambda _: ["127.0.0.1"], why_not=lambda _: None, port=server.port)
    return replace(told, ca=server.ca, **changes)


def test_a_commit_is_fetched_as_values(shop):
    """Files come with their bytes and modes; links, submodules and LFS pointers are left out and named."""
    commit = git(shop / "shop.git", "rev-parse", "HEAD")
    with serving(shop) as server:
        tree = origin_of(server).fetch(URL, commit, Cancellation())

    assert dict(tree.files) == {
        "a.py": b"a = 1\n",
        "deep/b.bin": b"\0\xff",
        "deep/twin.py": b"a = 1\n",
        "empty.py": b"",
        "run.sh": b"#!/bin/sh\n",
    }
    assert tree.executable == {"run.sh"}
    assert sorted(tree.left_out) == ["big.dat", "link", "sub"]


def test_a_commit_that_is_not_the_newest(shop, tmp_path):
    """The very commit is fetched, not what a branch has come to since."""
    commit = git(shop / "shop.git", "rev-parse", "HEAD")
    (tmp_path / "work/a.py").write_text("a = 2\n")
    git(tmp_path / "work", "commit", "--quiet", "--all", "--message", "Later")
    git(tmp_path / "work", "push", "--quiet", str(shop / "shop.git"), "main")
    with serving(shop) as server:
        tree = origin_of(server).fetch(URL, commit, Cancellation())

    assert tree.files["a.py"] == b"a = 1\n"


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_44_urls_that_are_refused(url):
    """What is no plain https URL of a repository on an allowed host is refused, and nobody is asked."""
    with pytest.raises(NotAllowed):
        host_of(url, ["git.example"])

    assert host_of("https://Git.Example/a/b.git", ["git.example"]) == "git.example"


@pytest.mark.parametrize("commit", HOSTILE_COMMITS)
def test_44_a_commit_is_forty_digits(commit):
    """What is no full SHA-1 never reaches git's command line."""
    with pytest.raises(InvalidInput):
        AllowedOrigins((HOST,)).fetch(URL, commit, Cancellation())


def test_44_no_list_means_no_origin():
    """Without a list of hosts nothing is fetched."""
    with pytest.raises(NotAllowed, match="list of allowed origins"):
        AllowedOrigins(()).fetch(URL, "0" * 40, Cancellation())


def test_44_a_name_that_turns_inwards_is_asked_once(shop):
    """An allowed name that leads to this machine is refused; a name is resolved once, so that it cannot turn later."""
    commit, answers = git(shop / "shop.git", "rev-parse", "HEAD"), iter([["127.0.0.1"]])
    with serving(shop) as server:
        rebinding = origin_of(server, resolve=lambda _: next(answers))
        tree = rebinding.fetch(URL, commit, Cancellation())
        with pytest.raises(NotAllowed, match="this machine"):
            replace(rebinding, resolve=lambda _: ["127.0.0.1"], why_not=AllowedOrigins(()).why_not).fetch(
                URL, commit, Cancellation()
            )

    assert tree.files
    assert list(answers) == []


def test_44_redirects_are_not_followed(shop, tmp_path):
    """A server that sends git elsewhere is not followed, and the other place is never asked."""
    commit = git(shop / "shop.git", "rev-parse", "HEAD")
    other = tmp_path / "other"
    other.mkdir()
    with serving(shop) as server, serving(other) as inward:
        server.redirect_to = f"https://{HOST}:{inward.port}"
        with pytest.raises(NotFound):
            origin_of(server).fetch(URL, commit, Cancellation())

    assert server.asked
    assert inward.asked == []


def test_a_server_that_nobody_vouches_for(shop):
    """A certificate that no trusted authority signed is not accepted."""
    commit = git(shop / "shop.git", "rev-parse", "HEAD")
    with serving(shop) as server, pytest.raises(NotFound, match=r"certificate|SSL"):
        replace(origin_of(server), ca="").fetch(URL, commit, Cancellation())


def hostile_commit(repository: Path, entries: str) -> str:
    """Write a commit whose tree holds these entries, past git's own checks."""
    tree = git(repository, "mktree", "--missing", feed=entries)
    commit = git(repository, "commit-tree", tree, "-m", "Hostile")
    git(repository, "update-ref", "refs/heads/main", commit)
    return commit


@pytest.mark.parametrize(
    "make",
    [
        # Git's own folder in the tree, which a checkout would write hooks into (CVE-2014-9390).
        lambda blob: f"100644 blob {blob}\t.GIT",
        # A submodule's configuration whose URL is an option (CVE-2018-17456).
        lambda blob: f"100644 blob {blob}\t.gitmodules",
        # A link that a later entry is written through (CVE-2024-32002), as a submodule's configuration.
        lambda blob: f"120000 blob {blob}\t.gitmodules",
    ],
    ids=["git folder", "submodule options", "linked .gitmodules"],
)
def test_46_malicious_trees_are_refused(shop, make):
    """Trees that attack a checkout are refused by git's own check of what it received, and nothing is written."""
    repository = shop / "shop.git"
    config = '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch /tmp/pwned\n'
    blob = git(repository, "hash-object", "-w", "--stdin", feed=config)
    commit = hostile_commit(repository, make(blob) + "\n")
    with serving(shop) as server, pytest.raises(NotFound, match=r"fetched from git\.example"):
        origin_of(server).fetch(URL, commit, Cancellation())

    assert not Path("/tmp/pwned").exists()


def test_46_filters_and_submodules_are_never_run(shop, tmp_path):
    """Attributes that name filters and submodules that name hosts are files like any other: nothing is run or asked."""
    work, mark = tmp_path / "work", tmp_path / "mark"
    (work / ".gitattributes").write_text("*.py filter=evil diff=evil export-subst\n")
    (work / ".gitmodules").write_text('[submodule "sub"]\n\tpath = sub\n\turl = https://169.254.169.254/x\n')
    (work / ".lfsconfig").write_text("[lfs]\n\turl = https://169.254.169.254/lfs\n")
    (work / ".gitconfig").write_text(f'[filter "evil"]\n\tsmudge = touch {mark}\n')
    git(work, "add", ".gitattributes", ".gitmodules", ".lfsconfig", ".gitconfig")
    git(work, "commit", "--quiet", "--message", "Filters")
    git(work, "push", "--quiet", str(shop / "shop.git"), "main")
    commit = git(work, "rev-parse", "HEAD")
    with serving(shop) as server:
        tree = origin_of(server).fetch(URL, commit, Cancellation())
        asked = list(server.asked)

    assert tree.files["a.py"] == b"a = 1\n"
    assert "sub" in tree.left_out
    assert not mark.exists()
    assert all("/shop.git/" in one for one in asked)


def test_46_a_tree_that_unfolds_without_end(shop):
    """A tree of trees that names one file a billion times is ended by time, not by memory."""
    repository = shop / "shop.git"
    blob = git(repository, "hash-object", "-w", "--stdin", feed="bomb\n")
    tree = git(repository, "mktree", feed="".join(f"100644 blob {blob}\tf{one}\n" for one in range(10)))
    for _ in range(8):
        tree = git(repository, "mktree", feed="".join(f"040000 tree {tree}\td{one}\n" for one in range(10)))
    commit = git(repository, "commit-tree", tree, "-m", "Bomb")
    git(repository, "update-ref", "refs/heads/main", commit)
    with serving(shop) as server, pytest.raises(NotFound):
        origin_of(server, timeout_s=4.0).fetch(URL, commit, Cancellation())


def test_46_what_a_server_says_is_shown_plainly(shop):
    """A server's words come without escape sequences (CVE-2024-52005)."""
    hook = "#!/bin/sh\nprintf '\\033]0;owned\\007\\033[2Jno such thing' >&2; exit 1\n"
    (shop / "shop.git/hooks").mkdir(exist_ok=True)
    (shop / "shop.git/hooks/pre-upload").write_text(hook)
    with serving(shop) as server, pytest.raises(NotFound) as caught:
        origin_of(server).fetch(URL, "1" * 40, Cancellation())

    assert "\x1b" not in caught.value.message
    assert "111111111111" in caught.value.message
