"""What a leaf says (账本条目): a digest with a kind, a name and a time, never a person's data.

The body that was digested lies beside the ledger as a file named by its digest. Where a body tells
of people, the digest is over a salt and the body: erase the salt, and the entry says nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from ledger.faults import LedgerFault

FORMAT = "suijian-ledger-entry/1"
MAX_BYTES = 65_535
"""A bundle tells an entry's length in two bytes (C2SP tlog-tiles)."""
SALT_BYTES = 32

KINDS = frozenset(
    {
        "draw_commitment",  # 抽取前的承诺
        "draw_result",  # 抽取结果
        "draw_abandoned",  # 放弃的抽取
        "draw_event",  # 抽取后的更换、回避
        "heads",  # 审计记录的链头，每日
    }
)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_NAME = re.compile(r"[\x21-\x7e]{1,256}")


class Entry(NamedTuple):
    """One leaf. `name` says what it is about in printable ASCII without blanks, as a slot does;
    `digest` is 64 hexadecimal signs; `at` is UTC, ISO 8601, ending in `Z`."""

    kind: str
    name: str
    digest: str
    at: str

    def encoded(self) -> bytes:
        """The bytes that are hashed: JSON as RFC 8785 writes it.

        Errors: `kind_unknown`, `name_invalid`, `digest_invalid`, `time_invalid`.
        """
        self._check()
        said = {"format": FORMAT, **self._asdict()}
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    def _check(self) -> None:
        if self.kind not in KINDS:
            raise LedgerFault("kind_unknown", self.kind)
        for value, form, code in (
            (self.name, _NAME, "name_invalid"),
            (self.digest, _DIGEST, "digest_invalid"),
            (self.at, _MOMENT, "time_invalid"),
        ):
            if not isinstance(value, str) or not form.fullmatch(value):
                raise LedgerFault(code, repr(value))


def decoded(content: bytes) -> Entry:
    """The entry that was encoded so, and in no other way. Errors: `entry_invalid`, and as of
    `Entry.encoded`."""
    try:
        said: dict[str, Any] = json.loads(content)
        entry = Entry(said["kind"], said["name"], said["digest"], said["at"])
    except (ValueError, LookupError, TypeError) as fault:
        raise LedgerFault("entry_invalid", "no entry of this ledger") from fault
    if entry.encoded() != content:
        raise LedgerFault("entry_invalid", "not the one way to write it")
    return entry


def salted_digest(salt: bytes, body: bytes) -> str:
    """SHA-256 over 32 bytes of salt and a body, in hexadecimal. Error: `salt_invalid`."""
    if len(salt) != SALT_BYTES:
        raise LedgerFault("salt_invalid", f"{len(salt)} bytes")
    return sha256(salt + body).hexdigest()


def bundled(entries: Iterable[bytes]) -> bytes:
    """Entries as one file, each behind its length in two bytes. Error: `entry_too_large`."""
    return b"".join(_with_length(entry) for entry in entries)


def unbundled(content: bytes) -> Iterator[bytes]:
    """The entries of a bundle. Error: `bundle_invalid` where it is cut."""
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content) or at + 2 > len(content):
            raise LedgerFault("bundle_invalid", f"cut at byte {at}")
        yield content[at + 2 : end]
        at = end


def _with_length(entry: bytes) -> bytes:
    if len(entry) > MAX_BYTES:
        raise LedgerFault("entry_too_large", f"{len(entry)} bytes, at most {MAX_BYTES}")
    return len(entry).to_bytes(2, "big") + entry
