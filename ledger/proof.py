"""One file that shows that an entry is in the ledger (收录证明), checked without any network.

Source: C2SP tlog-proof.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ledger import checkpoint, merkle, note
from ledger.faults import LedgerFault
from ledger.merkle import HASH_BYTES, Read

FORMAT = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
MAX_HASHES = 63

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Proof:
    """Where the entry stands, the hashes from it to the root, and the signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: note.Note

    def encoded(self) -> bytes:
        """The proof as a file."""
        lines = [FORMAT, f"index {self.index}"]
        lines += [base64.b64encode(each).decode() for each in self.hashes]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint.encoded()


def proved(index: int, checkpoint_note: note.Note, read: Read) -> Proof:
    """The proof of an entry under a checkpoint. Errors: `index_outside`, `checkpoint_invalid`."""
    size = checkpoint.from_text(checkpoint_note.text).size
    return Proof(index, tuple(merkle.inclusion_proof(index, size, read)), checkpoint_note)


def parsed(content: bytes) -> Proof:
    """A proof from its file; what else it says (`extra`) is passed over, as nobody signed it.

    Errors: `proof_invalid`, `note_invalid`.
    """
    head, empty, signed = content.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as fault:
        raise LedgerFault("proof_invalid", "not ASCII") from fault
    if lines and lines[0].startswith("extra "):
        lines = lines[1:]
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if first != FORMAT or not empty or index is None or len(lines) > 1 + MAX_HASHES:
        raise LedgerFault("proof_invalid", f"should be {FORMAT}, an index, hashes, a checkpoint")
    return Proof(int(index[1]), tuple(_hash(line) for line in lines[1:]), note.parsed(signed))


def verify(
    proof: Proof, entry: bytes, *, origin: str, keys: Iterable[note.Key], check: note.Check
) -> checkpoint.Checkpoint:
    """Check that the entry is in the ledger `origin`, as one of the keys signed it; gives the
    checkpoint that covers it.

    Errors: `unsigned`, `signature_wrong`, `checkpoint_invalid`, `origin_other`, and those of
    `merkle.verify_inclusion`.
    """
    note.verify(proof.checkpoint, keys, check)
    reached = checkpoint.from_text(proof.checkpoint.text)
    if reached.origin != origin:
        raise LedgerFault("origin_other", reached.origin)
    merkle.verify_inclusion(
        merkle.leaf_hash(entry),
        index=proof.index,
        size=reached.size,
        proof=proof.hashes,
        root=reached.root,
    )
    return reached


def _hash(line: str) -> bytes:
    try:
        content = base64.b64decode(line, validate=True)
    except binascii.Error as fault:
        raise LedgerFault("proof_invalid", "a hash that is no base64") from fault
    if len(content) != HASH_BYTES or base64.b64encode(content).decode() != line:
        raise LedgerFault("proof_invalid", "a hash of another length")
    return content
