"""Signed text, by the example of the specification and against forgers."""

import pytest

from ledger import note
from ledger.faults import LedgerFault
from ledger.note import COSIGNATURE, Note
from tests.ledger.keys import Signer, check

FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn"
    "cAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
LOG, WITNESS, STRANGER = (
    Signer("log.example/ledger", 1),
    Signer("witness.example", 2, COSIGNATURE),
    Signer("log.example/ledger", 3),
)
TEXT = "log.example/ledger\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def signed():
    return note.signed(TEXT, LOG.key, LOG.sign)


def test_the_example_of_the_specification_is_verified():
    key = note.key_from(FOO)
    assert (key.name, key.id.hex(), key.encoded()) == ("example.com/foo", "530d903a", FOO)
    read = note.parsed(EXAMPLE)
    assert list(note.verify(read, [key], check)) == [key]
    assert read.encoded() == EXAMPLE


def test_a_note_is_read_as_it_was_written():
    assert note.parsed(signed().encoded()) == signed()
    assert list(note.verify(signed(), [LOG.key], check)) == [LOG.key]


def test_a_witness_signs_the_time_too():
    with_witness = signed()._replace(
        signatures=(
            *signed().signatures,
            note.cosigned(TEXT, WITNESS.key, WITNESS.sign, at=1679315147),
        )
    )
    read = note.parsed(with_witness.encoded())
    assert list(note.verify(read, [WITNESS.key, LOG.key], check)) == [LOG.key, WITNESS.key]
    line = read.signatures[1]
    later = line._replace(content=(1679315148).to_bytes(8, "big") + line.content[8:])
    with pytest.raises(LedgerFault, match="signature_wrong"):
        note.verify(read._replace(signatures=(later,)), [WITNESS.key], check)
    with pytest.raises(LedgerFault, match="signature_wrong"):
        note.verify(read._replace(signatures=(line._replace(content=b""),)), [WITNESS.key], check)


def test_a_changed_text_is_not_signed():
    forged = signed()._replace(text=TEXT.replace("\n0\n", "\n1\n"))
    with pytest.raises(LedgerFault, match="signature_wrong"):
        note.verify(forged, [LOG.key], check)


def test_unknown_keys_are_passed_over_and_prove_nothing():
    with pytest.raises(LedgerFault, match="unsigned"):
        note.verify(signed(), [STRANGER.key], check)
    with pytest.raises(LedgerFault, match="unsigned"):
        note.verify(signed(), [], check)
    both = note.signed(TEXT, STRANGER.key, STRANGER.sign)
    both = both._replace(signatures=(*both.signatures, *signed().signatures))
    assert list(note.verify(both, [LOG.key], check)) == [LOG.key]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"text\n", b"text\n\n", b"text\n\n- a AAAAAAAA\n", "text\n\n— a AAAAAAAA".encode(),
        "text\n\n— a AAAA\n".encode(), "text\n\n— a !!!\n".encode(),
        "text\n\n— AAAAAAAA\n".encode(),
        "text\n\n— a+b AAAAAAAA\n".encode(), "te\txt\n\n— a AAAAAAAA\n".encode(),
        "te\rxt\n\n— a AAAAAAAA\n".encode(), b"\xff\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "text\n\n— a AAAAAAB=\n".encode(), "text\n\n— a AAAAAAAA\n\n".encode(),
        ("text\n\n" + "— a AAAAAAAA\n" * 101).encode(), b"t" * 1_000_001,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(content):
    with pytest.raises(LedgerFault, match="note_invalid"):
        note.parsed(content)


def test_a_hundred_signatures_are_read():
    assert len(note.parsed(("text\n\n" + "— a AAAAAAAA\n" * 100).encode()).signatures) == 100


@pytest.mark.parametrize("text", ["no end", "", "bell\a\n"])
def test_no_text_is_signed_that_could_not_be_read_again(text):
    with pytest.raises(LedgerFault, match="note_invalid"):
        note.signed(text, LOG.key, LOG.sign)


@pytest.mark.parametrize(
    "text",
    [
        "", "a+b", FOO.replace("530d903a", "530d903b"), FOO.replace("+AeK", "+Ae", 1)[:-4],
        FOO.replace("example.com/foo", "exa mple"), "a+00000000+BQ==", "a+00000000+",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(text):
    with pytest.raises(LedgerFault, match="key_invalid"):
        note.key_from(text)


def test_text_with_empty_lines_is_split_at_the_last():
    poem = note.signed("one\n\ntwo\n", LOG.key, LOG.sign)
    assert note.parsed(poem.encoded()) == Note("one\n\ntwo\n", poem.signatures)
