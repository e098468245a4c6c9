"""The ledger's key (账本签名密钥): Ed25519, from the environment, never from the database."""

import base64
import binascii
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.note import Key

SEED_BYTES = 32


class KeyUnusable(ValueError):
    """The text is no seed of a key."""


@dataclass(frozen=True)
class Signer:
    """Who signs checkpoints: the ledger's origin, and the key's 32-byte seed."""

    origin: str
    seed: bytes

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def key(self) -> Key:
        """The public key with its name, as whoever verifies configures it."""
        return Key(self.origin, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature (RFC 8032), 64 bytes."""
        return self._private.sign(message)


def seed_from(text: str) -> bytes:
    """The seed from base64 of 32 bytes. Raises KeyUnusable."""
    try:
        seed = base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise KeyUnusable("no base64") from fault
    if len(seed) != SEED_BYTES:
        raise KeyUnusable(f"{len(seed)} bytes instead of {SEED_BYTES}")
    return seed


def origin_from(public_url: str) -> str:
    """The ledger's name: its public address without the scheme (C2SP tlog-tiles)."""
    address = urlsplit(public_url)
    return f"{address.netloc}{address.path}".rstrip("/") + "/ledger"


def check_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether Ed25519 says so; what `ledger.note.verify` is given."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
