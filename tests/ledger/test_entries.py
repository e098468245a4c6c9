"""Entries are written in one way only, and say nothing of people."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ledger import entries
from ledger.entries import Entry
from ledger.faults import LedgerFault

ENTRY = Entry("draw_commitment", "2026-12/150100/monthly#1", "ab" * 32, "2026-11-26T08:00:00Z")
ENCODED = (
    b'{"at":"2026-11-26T08:00:00Z","digest":"' + b"ab" * 32 + b'","format":'
    b'"suijian-ledger-entry/1","kind":"draw_commitment","name":"2026-12/150100/monthly#1"}'
)


def test_an_entry_has_one_spelling():
    assert ENTRY.encoded() == ENCODED
    assert entries.decoded(ENCODED) == ENTRY


@pytest.mark.parametrize(
    "content",
    [
        ENCODED + b"\n", ENCODED.replace(b":", b": ", 1), b"[]", b"", b"\xff", b"null",
        ENCODED.replace(b'"at"', b'"aa":1,"at"'), ENCODED.replace(b"entry/1", b"entry/2"),
        ENCODED.replace(b'"kind":"draw_commitment",', b""),
    ],
)  # fmt: skip
def test_another_spelling_is_refused(content):
    with pytest.raises(LedgerFault, match="entry_invalid"):
        entries.decoded(content)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "gossip"}, "kind_unknown"),
        ({"name": "张三"}, "name_invalid"),
        ({"name": "a b"}, "name_invalid"),
        ({"name": ""}, "name_invalid"),
        ({"name": "a" * 257}, "name_invalid"),
        ({"digest": "AB" * 32}, "digest_invalid"),
        ({"digest": "ab" * 31}, "digest_invalid"),
        ({"at": "2026-11-26T08:00:00+08:00"}, "time_invalid"),
        ({"at": "2026-11-26T08:00:00Z\n"}, "time_invalid"),
        ({"digest": None}, "digest_invalid"),
    ],
)
def test_what_is_no_entry_is_refused_by_name(changed, code):
    with pytest.raises(LedgerFault, match=code):
        ENTRY._replace(**changed).encoded()


def test_a_name_may_have_256_signs():
    assert entries.decoded(ENTRY._replace(name="a" * 256).encoded()).name == "a" * 256


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_give_back_what_went_in(listed):
    assert list(entries.unbundled(entries.bundled(listed))) == listed


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=5), st.data())
def test_a_cut_bundle_is_noticed_unless_cut_between_entries(listed, data):
    whole = entries.bundled(listed)
    cut = data.draw(st.integers(0, len(whole) - 1))
    ends = {len(entries.bundled(listed[:count])) for count in range(len(listed))}
    if cut in ends:
        assert list(entries.unbundled(whole[:cut])) == listed[: sorted(ends).index(cut)]
        return
    with pytest.raises(LedgerFault, match="bundle_invalid"):
        list(entries.unbundled(whole[:cut]))


def test_an_entry_may_have_65535_bytes_and_no_more():
    longest = bytes(entries.MAX_BYTES)
    assert list(entries.unbundled(entries.bundled([longest]))) == [longest]
    with pytest.raises(LedgerFault, match="entry_too_large"):
        entries.bundled([longest + b"\0"])


def test_without_its_salt_a_digest_fits_no_body():
    told = entries.salted_digest(b"\1" * 32, b"body")
    assert told == entries.salted_digest(b"\1" * 32, b"body")
    assert told != entries.salted_digest(b"\2" * 32, b"body")
    with pytest.raises(LedgerFault, match="salt_invalid"):
        entries.salted_digest(b"short", b"body")
