"""Checksums of pieces (tus `Upload-Checksum`) and sha256 of whole files (摘要)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from media.errors import (
    ChecksumAlgorithmUnknown,
    ChecksumMalformed,
    ChecksumMismatch,
    DigestMalformed,
)

SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class Hasher(Protocol):
    """What `hashlib` gives: fed in blocks, asked once."""

    @property
    def digest_size(self) -> int:
        """Bytes of the raw digest."""

    def update(self, data: bytes, /) -> None:
        """Take one more block."""

    def digest(self) -> bytes:
        """The raw digest of all blocks so far."""


def _sha1() -> Hasher:
    return hashlib.sha1(usedforsecurity=False)


def _sha256() -> Hasher:
    return hashlib.sha256()


# tus 1.0.0 checksum extension: sha1 is a must. It only finds transport errors here; what a photo
# *is* always rests on sha256.
_HASHERS: dict[str, Callable[[], Hasher]] = {"sha1": _sha1, "sha256": _sha256}
CHECKSUM_ALGORITHMS = tuple(_HASHERS)


@dataclass(frozen=True)
class Checksum:
    """What the sender says of one piece; `expected` is the raw digest."""

    algorithm: str
    expected: bytes

    def hasher(self) -> Hasher:
        """A new hasher of this checksum's algorithm."""
        return _HASHERS[self.algorithm]()

    def check(self, hasher: Hasher) -> None:
        """Raise `ChecksumMismatch` unless `hasher` saw the bytes that the sender hashed."""
        if hasher.digest() != self.expected:
            raise ChecksumMismatch


def parse_checksum(header: str) -> Checksum:
    """Read an `Upload-Checksum` header: algorithm, one space, base64 of the raw digest.

    Errors: `ChecksumMalformed`, `ChecksumAlgorithmUnknown`.
    Source: tus 1.0.0, checksum extension.
    """
    algorithm, _, encoded = header.strip().partition(" ")
    if not algorithm or not encoded:
        raise ChecksumMalformed
    if algorithm not in _HASHERS:
        raise ChecksumAlgorithmUnknown(supported=",".join(CHECKSUM_ALGORITHMS))
    try:
        expected = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise ChecksumMalformed from fault
    checksum = Checksum(algorithm, expected)
    if len(expected) != checksum.hasher().digest_size:
        raise ChecksumMalformed
    return checksum


def parse_sha256(text: str) -> str:
    """A whole-file sha256 as 64 lower-case hexadecimal digits, whatever case the client wrote.

    Error: `DigestMalformed`.
    """
    digest = text.lower()
    if not SHA256_HEX.fullmatch(digest):
        raise DigestMalformed
    return digest


def sha256_of(path: Path) -> str:
    """sha256 of a file, read in blocks, as lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
