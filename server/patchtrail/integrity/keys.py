"""Ed25519 keys: JWK form (RFC 8037), thumbprint (RFC 7638), and the guard against unsound public keys.

The `cryptography` package loads small-order points, with which one signature verifies every message, so a
public key is checked here before it is ever used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.evidence import PublicKey

__all__ = ["SigningKey", "VerifyingKey", "unpadded"]

FIELD_PRIME = 2**255 - 19
SMALL_ORDER_Y = frozenset(
    int.from_bytes(bytes.fromhex(encoding), "little")
    for encoding in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
    )
)
SIGN_BIT = 1 << 255


def unpadded(content: bytes) -> str:
    """Return URL-safe base64 without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _from_unpadded(text: str) -> bytes:
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("A key is not URL-safe base64.", code="bad_key") from error
    if len(content) != 32 or unpadded(content) != text:
        raise InvalidInput("A key is not exactly 32 bytes of URL-safe base64 without padding.", code="bad_key")
    return content


class VerifyingKey:
    """A sound Ed25519 public key and its RFC 7638 thumbprint `jkt`."""

    def __init__(self, jwk: PublicKey) -> None:
        raw = _from_unpadded(jwk.x)
        y = int.from_bytes(raw, "little") & (SIGN_BIT - 1)
        if y >= FIELD_PRIME:
            raise InvalidInput("This public key is not in canonical form.", code="bad_key")
        if y in SMALL_ORDER_Y:
            raise InvalidInput("This public key has small order: anyone could sign for it.", code="bad_key")
        self.jwk = jwk
        self.jkt = _thumbprint(jwk.x)
        self.raw = raw
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` is this key's signature of `message`."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """An Ed25519 private key; its bytes are given by the caller and never shown."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        x = unpadded(self._key.public_key().public_bytes_raw())
        self.public = VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=x))

    @classmethod
    def from_jwk(cls, d: str, x: str) -> SigningKey:
        """Load the private part `d` of a JWK, which must belong to its public part `x`."""
        key = cls(_from_unpadded(d))
        if key.public.jwk.x != x:
            raise InvalidInput("The device key's private and public part do not belong together.", code="bad_key")
        return key

    @property
    def jkt(self) -> str:
        """The public key's thumbprint."""
        return self.public.jkt

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return self._key.sign(message)


def _thumbprint(x: str) -> str:
    return unpadded(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())
