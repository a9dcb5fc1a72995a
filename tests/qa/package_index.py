"""A package index of one's own, served from memory: what an ordinary one would not offer."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(packages: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Serve source distributions by their `name-version`, each as its files; yield the index's address."""
    archives = {f"/{name}.tar.gz": packed(name, files) for name, files in packages.items()}

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = "".join(
                f'<a href="/{path[1:]}#sha256={hashlib.sha256(content).hexdigest()}">{path[1:]}</a>'
                for path, content in archives.items()
                if self.path == f"/simple/{path[1:].rpartition('-')[0]}/"
            )
            body = archives.get(self.path) or page.encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def packed(name: str, files: Mapping[str, str]) -> bytes:
    """Return a source distribution."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()
