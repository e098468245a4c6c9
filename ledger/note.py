"""Signed text (签名文本): lines that people can read, and who signed them.

A note is text, an empty line, and signatures, one a line: an em dash, the key's name, and base64 of
the key's id and the signature. What no known key signed says nothing.
Source: C2SP signed-note; of witnesses (见证) C2SP tlog-cosignature, Ed25519.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from ledger.faults import LedgerFault

ED25519 = 0x01
COSIGNATURE = 0x04
"""A witness's Ed25519 key, which signs the time too."""
MAX_SIGNATURES = 100
MAX_BYTES = 1_000_000

_DASH = "— "
_KEY_BYTES = 32
_TIME_BYTES = 8

Check = Callable[[bytes, bytes, bytes], bool]
"""`(public key, message, signature)` → whether Ed25519 (RFC 8032) says so."""
Sign = Callable[[bytes], bytes]
"""message → signature, by the private key."""


class Key(NamedTuple):
    """A public key with its name: 32 bytes of Ed25519, for notes or for cosignatures."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        """Four bytes that tell this key from others of its name."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def encoded(self) -> str:
        """`name+id+base64(kind ‖ public key)`, as configured by whoever verifies."""
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{material}"


class Signature(NamedTuple):
    """One line: the key's name and id, and what it signed; checked by nobody yet."""

    name: str
    key_id: bytes
    content: bytes

    @property
    def line(self) -> str:
        """The line with its end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.content).decode()}\n"


class Note(NamedTuple):
    """Text, ending with a line's end, and its signatures in their order."""

    text: str
    signatures: tuple[Signature, ...]

    def encoded(self) -> bytes:
        """The note as a file."""
        return (self.text + "\n" + "".join(sign.line for sign in self.signatures)).encode()


def key_from(text: str) -> Key:
    """A key as `Key.encoded` writes it. Error: `key_invalid`."""
    try:
        name, id_, material = text.strip().split("+", 2)
        kind, public = _material(material)
        key = Key(named(name), public, kind)
    except (ValueError, IndexError) as fault:
        raise LedgerFault("key_invalid", "should be name+id+base64") from fault
    if key.id.hex() != id_:
        raise LedgerFault("key_invalid", "the id is not this key's")
    return key


def named(name: str) -> str:
    """A key's name, if it is one. Error: `key_invalid`."""
    if not name or "+" in name or any(sign.isspace() or ord(sign) < 0x20 for sign in name):
        raise LedgerFault("key_invalid", f"{name!r} is no key's name")
    return name


def signed(text: str, key: Key, sign: Sign) -> Note:
    """The text with its first signature. Error: `note_invalid`."""
    _check_text(text)
    return Note(text, (Signature(key.name, key.id, sign(text.encode())),))


def cosigned(text: str, key: Key, sign: Sign, *, at: int) -> Signature:
    """What a witness adds to a checkpoint at a time, in seconds of POSIX."""
    signature = sign(_cosigned_message(text, at))
    return Signature(key.name, key.id, at.to_bytes(_TIME_BYTES, "big") + signature)


def parsed(content: bytes) -> Note:
    """A note from its file. Error: `note_invalid`."""
    if len(content) > MAX_BYTES:
        raise LedgerFault("note_invalid", f"{len(content)} bytes, at most {MAX_BYTES}")
    try:
        whole = content.decode()
    except UnicodeDecodeError as fault:
        raise LedgerFault("note_invalid", "not UTF-8") from fault
    text, empty, lines = whole.rpartition("\n\n")
    if not empty or not lines.endswith("\n"):
        raise LedgerFault("note_invalid", "no signatures behind an empty line")
    _check_text(text + "\n")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MAX_SIGNATURES:
        raise LedgerFault("note_invalid", f"{len(signatures)} signatures")
    return Note(text + "\n", signatures)


def verify(note: Note, keys: Iterable[Key], check: Check) -> Sequence[Key]:
    """Those of the keys that signed the note, in the order of its lines; unknown keys are passed
    over. Errors: `signature_wrong` of a known key, `unsigned` where none of the keys signed."""
    known = {(key.name, key.id): key for key in keys}
    signers = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None or key in signers:
            continue
        if not _is_right(note.text, key, signature.content, check):
            raise LedgerFault("signature_wrong", key.name)
        signers.append(key)
    if not signers:
        raise LedgerFault("unsigned", "no known key signed this")
    return signers


def _is_right(text: str, key: Key, content: bytes, check: Check) -> bool:
    if key.kind == ED25519:
        return check(key.public, text.encode(), content)
    at, signature = content[:_TIME_BYTES], content[_TIME_BYTES:]
    message = _cosigned_message(text, int.from_bytes(at, "big"))
    return len(at) == _TIME_BYTES and check(key.public, message, signature)


def _cosigned_message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _check_text(text: str) -> None:
    if not text.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", text):
        raise LedgerFault("note_invalid", "lines of text, each with its end, without control signs")


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error as fault:
        raise LedgerFault("note_invalid", "a signature that is no base64") from fault
    if (
        not line.startswith(_DASH)
        or len(content) < 5
        or base64.b64encode(content).decode() != encoded
    ):
        raise LedgerFault("note_invalid", "a line that is no signature")
    try:
        return Signature(named(name), content[:4], content[4:])
    except LedgerFault as fault:
        raise LedgerFault("note_invalid", "a signature without a name") from fault


def _material(encoded: str) -> tuple[int, bytes]:
    material = base64.b64decode(encoded, validate=True)
    if material[0] not in (ED25519, COSIGNATURE) or len(material) != 1 + _KEY_BYTES:
        raise LedgerFault("key_invalid", "neither Ed25519 nor a witness's Ed25519")
    return material[0], material[1:]
