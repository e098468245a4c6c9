"""The checkpoint (检查点): the one line of figures that all of the ledger hangs on.

Source: C2SP tlog-checkpoint.
"""

import base64
import binascii
import re
from typing import NamedTuple

from ledger.faults import LedgerFault
from ledger.merkle import HASH_BYTES

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """Whose ledger, how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def from_text(text: str) -> Checkpoint:
    """The checkpoint that a note's text says; further lines are passed over, as nobody can audit
    them. Error: `checkpoint_invalid`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise LedgerFault("checkpoint_invalid", "should be origin, size and root, a line each")
    origin, size, encoded = lines[:3]
    try:
        root = base64.b64decode(encoded, validate=True)
    except binascii.Error as fault:
        raise LedgerFault("checkpoint_invalid", "the root is no base64") from fault
    canonical = base64.b64encode(root).decode() == encoded
    if not _SIZE.fullmatch(size) or len(root) != HASH_BYTES or not canonical:
        raise LedgerFault("checkpoint_invalid", "the size or the root is none")
    return Checkpoint(origin, int(size), root)
