"""The doors over TLS, with a certificate of the test's own."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.llm import Cancellation
from patchtrail.llm.endpoint import EndpointKind
from tests.llm.asking import ALWAYS, KEY, KINDS, door, refused, request_of
from tests.model import ModelServer, Reply

pytestmark = [pytest.mark.timeout(30), pytest.mark.parametrize("kind", KINDS)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def serving(reply: Reply, certificate: Path) -> ModelServer:
    """Return a server that speaks TLS alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return ModelServer(lambda _: reply, api_key=KEY, tls=context)


def test_an_answer_comes_over_tls(kind: EndpointKind, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose certificate the machine believes is asked as any other."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(Reply(ALWAYS), certificate) as server:
        assert door(server, kind).ask(request_of(), Cancellation()).text == ALWAYS


def test_a_stranger_s_certificate_is_refused(kind: EndpointKind, certificate: Path) -> None:
    """A server whose certificate nobody vouches for gets neither prompt nor key, and the error says why."""
    with serving(Reply(ALWAYS), certificate) as server:
        error = refused(door(server, kind))

    assert server.asked == []
    assert "certificate verify failed" in error.message


def test_a_cancelled_request_ends_at_once(
    kind: EndpointKind, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelling closes an encrypted connection too, in the middle of an answer."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    reached, cancellation, codes = threading.Event(), Cancellation(), list[str]()
    reply = Reply(ALWAYS * 10, hold=threading.Event(), hold_after=3, reached=reached)

    def ask() -> None:
        try:
            door(server, kind).ask(request_of(timeout_s=600), cancellation)
        except ModelUnavailable as error:
            codes.append(error.code)

    with serving(reply, certificate) as server:
        thread = threading.Thread(target=ask)
        thread.start()
        assert reached.wait(10)
        cancellation.cancel()
        thread.join(10)
        assert server.gone.wait(10)

    assert codes == ["cancelled"]
