"""The command line that fetches one commit: git behind bubblewrap, as nobody, in memory, with one host to talk to.

Of the machine it sees its programs, libraries and certificates. The network is the machine's, and so the host's address
is pinned and no resolver is there; git knows HTTPS alone, follows no redirect and runs no hook, filter or helper.
"""

from __future__ import annotations

import os
from pathlib import Path

from patchtrail.trace.base_snapshot import MAX_BASE_BYTES

__all__ = ["FETCH_BYTES", "fetch_words"]

FETCH_BYTES = MAX_BASE_BYTES + (16 << 20)
"""Of all that is handed back: the listing, and every file."""
WORK_BYTES = MAX_BASE_BYTES
MEMORY_BYTES = 2 << 30
CPU_S = 60
NOBODY = 65534
SYSTEM_FOLDERS = ("lib", "lib32", "lib64", "bin", "sbin")
TRUSTED = ("/etc/ssl", "/etc/pki", "/etc/ca-certificates")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/work/home",
    "LANG": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_ALLOW_PROTOCOL": "https",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
SETTINGS = (
    *("protocol.allow=never", "protocol.https.allow=always", "protocol.version=2"),
    *("core.hooksPath=/dev/null", "core.fsmonitor=false", "submodule.recurse=false", "core.sshCommand=/bin/false"),
    *("transfer.fsckObjects=true", "transfer.bundleURI=false", "credential.helper=", "gc.auto=0"),
    *("http.followRedirects=false", "http.lowSpeedLimit=1000", "http.lowSpeedTime=30", "http.sslVerify=true"),
)
# The listing goes first, with its length, then every blob in the listing's order.
SCRIPT = """set -e
url=$1 commit=$2 ca=$3
shift 3
mkdir /work/home
git help --config | grep -qx http.curloptResolve || { echo "git is older than 2.37" >&2; exit 1; }
git init --quiet --bare /work/repository
cd /work/repository
if [ -n "$ca" ]; then
    printf '%s' "$ca" > /work/ca.pem
    set -- "$@" -c http.sslCAInfo=/work/ca.pem
fi
git "$@" fetch --quiet --depth 1 --no-tags --no-recurse-submodules -- "$url" "$commit" >&2
git ls-tree -r -z -l --full-tree "$commit^{commit}" > /work/listing
wc -c < /work/listing
cat /work/listing
git ls-tree -r --full-tree --format='%(objecttype) %(objectname)' "$commit" |
    sed -n 's/^blob //p' | git cat-file --batch --buffer
"""


def fetch_words(url: str, commit: str, pinned: str, *, ca: str = "") -> list[str]:
    """Return the command that writes a commit's listing and blobs to its output.

    `pinned` is HOST:PORT:ADDRESS as curl's `--resolve` has it; without git 2.37 the setting is not known, and git is
    refused rather than let loose.
    """
    settings = [word for one in (*SETTINGS, f"http.curloptResolve={pinned}") for word in ("-c", one)]
    words = [*_dropped(), "prlimit", f"--as={MEMORY_BYTES}", f"--cpu={CPU_S}", "--nofile=256", "--core=0", "--"]
    words += ["bwrap", "--unshare-all", "--share-net", "--unshare-user", "--die-with-parent", "--new-session"]
    words += [
        "--uid",
        str(NOBODY),
        "--gid",
        str(NOBODY),
        "--cap-drop",
        "ALL",
        "--clearenv",
        "--ro-bind",
        "/usr",
        "/usr",
    ]
    for name in SYSTEM_FOLDERS:
        system = Path("/", name)
        if system.is_symlink():
            words += ["--symlink", f"usr/{name}", f"/{name}"]
        elif system.is_dir():
            words += ["--ro-bind", str(system), str(system)]
    for trusted in TRUSTED:
        words += ["--ro-bind-try", trusted, trusted]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(WORK_BYTES), "--tmpfs", "/work", "--chdir", "/work"]
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    return [*words, "--remount-ro", "/", "--", "sh", "-c", SCRIPT, "sh", url, commit, ca, *settings]


def _dropped() -> list[str]:
    """Return how root becomes nobody first: the user "nobody" inside would else be root outside."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--"]
