"""Checkpoints, and the file that shows an entry to be in the ledger."""

import base64

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger import checkpoint, merkle, note, proof, tiles
from ledger.checkpoint import Checkpoint
from ledger.faults import LedgerFault
from tests.ledger import twins
from tests.ledger.keys import Signer, check

LOG = Signer("log.example/ledger", 1)
ORIGIN = "log.example/ledger"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
TEXT = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"


def ledger_of(size):
    entries, folder = [b"entry %d" % number for number in range(size)], twins.Folder()
    folder.append([merkle.leaf_hash(entry) for entry in entries], tiles)
    read = tiles.reader(size, folder.fetch)
    text = Checkpoint(ORIGIN, size, merkle.root(size, read)).text()
    return entries, read, note.signed(text, LOG.key, LOG.sign)


def verify(content, entry, *, origin=ORIGIN, keys=(LOG.key,)):
    return proof.verify(proof.parsed(content), entry, origin=origin, keys=keys, check=check)


def test_a_checkpoint_is_read_as_it_is_written():
    read = checkpoint.from_text(TEXT)
    assert read == Checkpoint("example.com/behind-the-sofa", 20852163, base64.b64decode(ROOT))
    assert read.text() == TEXT
    assert checkpoint.from_text(TEXT + "more\n") == read


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n1\n", f"\n1\n{ROOT}\n", f"a\n01\n{ROOT}\n", f"a\n-1\n{ROOT}\n", f"a\n1\n{ROOT}",
        f"a\n1\n{ROOT[:-4]}\n", f"a\n1\n{ROOT}\n\n", "a\n1\n!\n", f"a\n１\n{ROOT}\n",
        f"a\n1\n{ROOT[:-2]}J=\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(LedgerFault, match="checkpoint_invalid"):
        checkpoint.from_text(text)


@given(st.integers(1, 600), st.data())
@settings(max_examples=40, deadline=None)
def test_any_entry_is_proved_by_one_file(size, data):
    entries, read, signed = ledger_of(size)
    index = data.draw(st.integers(0, size - 1))
    content = proof.proved(index, signed, read).encoded()
    assert verify(content, entries[index]).size == size
    assert proof.parsed(content).encoded() == content


def test_a_proof_fits_nothing_else():
    entries, read, signed = ledger_of(7)
    content = proof.proved(3, signed, read).encoded()
    with pytest.raises(LedgerFault, match="root_mismatch"):
        verify(content, entries[4])
    with pytest.raises(LedgerFault, match="origin_other"):
        verify(content, entries[3], origin="other.example")
    with pytest.raises(LedgerFault, match="unsigned"):
        verify(content, entries[3], keys=[Signer(ORIGIN, 9).key])
    with pytest.raises(LedgerFault, match="root_mismatch"):
        verify(content.replace(b"index 3", b"index 2"), entries[3])
    with pytest.raises(LedgerFault, match="signature_wrong"):
        verify(content.replace(b"\n7\n", b"\n8\n"), entries[3])


def test_every_byte_of_a_proof_counts():
    entries, read, signed = ledger_of(6)
    content = proof.proved(2, signed, read).encoded()
    for at in range(len(content)):
        forged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        with pytest.raises(LedgerFault):
            verify(forged, entries[2])


def test_extra_data_is_passed_over():
    entries, read, signed = ledger_of(2)
    content = proof.proved(1, signed, read).encoded()
    assert verify(content.replace(b"index", b"extra YQ==\nindex", 1), entries[1]).size == 2


@pytest.mark.parametrize(
    "head",
    [
        b"", b"c2sp.org/tlog-proof@v2\nindex 0", b"c2sp.org/tlog-proof@v1",
        b"c2sp.org/tlog-proof@v1\nindex 00", b"c2sp.org/tlog-proof@v1\nindex -1",
        b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA", b"c2sp.org/tlog-proof@v1\nindex 0\n!",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"\n".join([base64.b64encode(bytes(32))] * 64),
        b"\xff",
    ],
)  # fmt: skip
def test_what_is_no_proof_is_refused(head):
    with pytest.raises(LedgerFault, match="proof_invalid"):
        proof.parsed(head + b"\n\n" + ledger_of(1)[2].encoded())


def test_no_proof_is_made_of_what_the_checkpoint_does_not_cover():
    _, read, signed = ledger_of(3)
    with pytest.raises(LedgerFault, match="index_outside"):
        proof.proved(3, signed, read)
