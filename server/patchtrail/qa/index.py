"""Source distributions from a package index, fetched without running anything of them (PEP 503, 691; hashes checked).

pip itself cannot do this: to learn what a source distribution is, it builds its metadata. The index is the one that
pip is configured for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
from packaging.version import Version

from patchtrail.contract.errors import NotFound

__all__ = ["PackageIndex", "Source"]

DEFAULT = "https://pypi.org/simple"
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
MAX_PAGE_BYTES = 32 << 20
MAX_SOURCE_BYTES = 64 << 20
TIMEOUT_S = 60.0
NO_PAGE = "no_page"
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Source:
    """A source distribution that an index offers."""

    name: str
    version: Version
    address: str
    sha256: str
    requires_python: str = ""


class PackageIndex:
    """The index that pip is configured for; nothing is asked before something is looked for."""

    def source_of(self, requirement: str, python_version: str) -> Source:
        """Return the newest source distribution for a requirement; raises `NotFound` where there is none."""
        wanted = Requirement(requirement)
        offered = [one for one in self._offered(wanted.name) if _fits(one, wanted, python_version)]
        if not offered:
            raise NotFound(f"Neither a wheel nor a source distribution with a hash was found for {requirement}.")
        return max(offered, key=lambda one: one.version)

    def fetch(self, source: Source) -> bytes:
        """Return a source distribution; raises `NotFound` where it cannot be had, or is not what was offered."""
        content = _get(source.address, MAX_SOURCE_BYTES)[0]
        if hashlib.sha256(content).hexdigest() != source.sha256:
            raise NotFound(f"The source distribution of {source.name} is not the one that the index offers.")
        return content

    def _offered(self, name: str) -> list[Source]:
        page = f"{_index().rstrip('/')}/{canonicalize_name(name)}/"
        try:
            content, kind, address = _get(page, MAX_PAGE_BYTES)
        except NotFound as error:
            if error.code == NO_PAGE:
                return []
            raise
        files = _of_json(content) if "json" in kind else _of_html(content)
        found = [_source(name, urljoin(address, href), told) for href, told in files if "yanked" not in told]
        return [one for one in found if one is not None]


def _fits(source: Source, wanted: Requirement, python_version: str) -> bool:
    try:
        allows = SpecifierSet(source.requires_python).contains(f"{python_version}.99")
    except InvalidSpecifier:
        return False
    return allows and wanted.specifier.contains(source.version)


def _source(name: str, address: str, told: dict[str, str]) -> Source | None:
    plain, fragment = urldefrag(address)
    sha256 = told.get("sha256") or fragment.removeprefix("sha256=")
    try:
        named, version = parse_sdist_filename(urlsplit(plain).path.rpartition("/")[2])
    except InvalidSdistFilename:
        return None
    if named != canonicalize_name(name) or not SHA256.fullmatch(sha256):
        return None
    return Source(named, version, plain, sha256, told.get("requires-python", ""))


def _of_json(content: bytes) -> list[tuple[str, dict[str, str]]]:
    try:
        files = json.loads(content)["files"]
        return [
            (
                one["url"],
                {
                    "sha256": one.get("hashes", {}).get("sha256", ""),
                    "requires-python": one.get("requires-python") or "",
                    **({"yanked": "yes"} if one.get("yanked") else {}),
                },
            )
            for one in files
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotFound(f"The package index answered what cannot be read: {type(error).__name__}") from error


def _of_html(content: bytes) -> list[tuple[str, dict[str, str]]]:
    reader = _Anchors()
    reader.feed(content.decode("utf-8", "replace"))
    return reader.files


class _Anchors(HTMLParser):
    """The links of a page of PEP 503."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one link."""
        told = {name.removeprefix("data-"): value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.files.append((told.pop("href"), told))


def _get(address: str, cap: int) -> tuple[bytes, str, str]:
    """Return a body, its type and the address that it came from in the end."""
    host = urlsplit(address).hostname
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, verify=_trust()) as client,
            client.stream("GET", address, headers={"Accept": ACCEPT}) as answer,
        ):
            answer.raise_for_status()
            content = bytearray()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > cap:
                    raise NotFound(f"What {host} answers is larger than {cap >> 20} MiB.")
            return bytes(content), answer.headers.get("content-type", ""), str(answer.url)
    except httpx.HTTPStatusError as error:
        raise NotFound(f"The package index at {host} answered {error.response.status_code}.", code=NO_PAGE) from error
    except httpx.HTTPError as error:
        # The address may hold a password.
        raise NotFound(f"The package index at {host} cannot be asked: {type(error).__name__}") from error


def _index() -> str:
    found = os.environ.get("PIP_INDEX_URL") or _configured("download.index-url") or _configured("global.index-url")
    address = found or DEFAULT
    if urlsplit(address).scheme not in ("https", "http"):
        raise NotFound("The package index that pip is configured for has no address of the web.")
    return address


def _trust() -> ssl.SSLContext | bool:
    path = os.environ.get("PIP_CERT") or _configured("global.cert")
    return ssl.create_default_context(cafile=path) if path and Path(path).is_file() else True


def _configured(name: str) -> str:
    argv = [sys.executable, "-I", "-m", "pip", "config", "get", name]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
