"""How parts become one hash: `lp`, `H` and the labels `T` of the page."""

from hashlib import sha256

HASH_BYTES = 32
#: put before every label, so that no hash of the draw is a hash of anything else
LABELS = "suijian/draw/v1/"


def u32(number: int) -> bytes:
    """4 bytes, big-endian."""
    return number.to_bytes(4, "big")


def lp(*parts: bytes) -> bytes:
    """Each part with its length before it (4 bytes, big-endian); an empty part counts too."""
    return b"".join(u32(len(part)) + part for part in parts)


def label(name: str) -> bytes:
    """`T"name"` of the page."""
    return (LABELS + name).encode()


def digest(name: str, *parts: bytes) -> bytes:
    """`H(T"name", parts…)`: SHA-256 of the length-prefixed label and parts, 32 bytes."""
    return sha256(lp(label(name), *parts)).digest()
