"""The tree against the vectors of the design, against RFC 6962 itself, and against forgers."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pymerkle import InmemoryTree

from ledger import merkle, tiles
from ledger.faults import LedgerFault
from tests.ledger import twins

LEAVES = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
SIZES = st.integers(1, 70)


def entries_of(size):
    return [size.to_bytes(2, "big") + number.to_bytes(2, "big") for number in range(size)]


def reading(entries):
    folder = twins.Folder()
    folder.append([merkle.leaf_hash(entry) for entry in entries], tiles)
    return tiles.reader(folder.size, folder.fetch)


def included(entries, index, proof, root, *, size=None, leaf=None):
    merkle.verify_inclusion(
        leaf or merkle.leaf_hash(entries[index]), index=index, size=size or len(entries),
        proof=proof, root=root,
    )  # fmt: skip


def consistent(entries, old_size, proof, *, old_root=None, new_root=None):
    merkle.verify_consistency(
        old_size=old_size, old_root=old_root or twins.mth(entries[:old_size]),
        new_size=len(entries), new_root=new_root or twins.mth(entries), proof=proof,
    )  # fmt: skip


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_the_vectors(size):
    leaves = [merkle.leaf_hash(entry) for entry in LEAVES[:size]]
    assert merkle.root_of_leaves(iter(leaves)).hex() == ROOTS[size]
    assert merkle.root(size, reading(LEAVES[:size])).hex() == ROOTS[size]


@given(SIZES)
def test_streamed_and_tiled_roots_are_those_of_the_rfc(size):
    entries = entries_of(size)
    assert merkle.root_of_leaves(map(merkle.leaf_hash, entries)) == twins.mth(entries)
    assert merkle.root(size, reading(entries)) == twins.mth(entries)


@given(st.data(), SIZES)
def test_every_entry_is_proved_as_the_rfc_says(data, size):
    entries, index = entries_of(size), data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, reading(entries))
    assert proof == twins.path(index, entries)
    included(entries, index, proof, twins.mth(entries))


@given(st.data(), SIZES)
def test_every_beginning_is_proved_as_the_rfc_says(data, size):
    entries, old_size = entries_of(size), data.draw(st.integers(0, size))
    proof = merkle.consistency_proof(old_size, size, reading(entries))
    if 0 < old_size < size:
        assert proof == twins.subproof(old_size, entries, True)
    consistent(entries, old_size, proof)


@given(st.data(), st.integers(2, 40))
@settings(max_examples=200)
def test_no_proof_shows_another_entry_place_or_size(data, size):
    entries = entries_of(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    proof, root = twins.path(index, entries), twins.mth(entries)
    with pytest.raises(LedgerFault):
        included(entries, index, proof, root, leaf=merkle.leaf_hash(entries[other]))
    with pytest.raises(LedgerFault):
        included(entries, other, proof, root, leaf=merkle.leaf_hash(entries[index]))


@given(st.data(), st.integers(2, 40))
@settings(max_examples=200)
def test_a_proof_that_was_changed_shows_nothing(data, size):
    entries = entries_of(size)
    index, old_size = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    root = twins.mth(entries)
    forged = data.draw(st.sampled_from(["longer", "shorter", "changed"]))
    with pytest.raises(LedgerFault):
        included(entries, index, forge(twins.path(index, entries), forged), root)
    with pytest.raises(LedgerFault):
        consistent(entries, old_size, forge(twins.subproof(old_size, entries, True), forged))


def forge(proof, how):
    if how == "longer":
        return [*proof, bytes(32)]
    return proof[:-1] if how == "shorter" else [*proof[:-1], bytes(32)]


@given(st.data(), st.integers(2, 40))
def test_a_rewritten_past_is_never_consistent(data, size):
    entries, old_size = entries_of(size), data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old_size - 1))
    rewritten = [*entries[:changed], b"other", *entries[changed + 1 :]]
    proof = twins.subproof(old_size, rewritten, True)
    with pytest.raises(LedgerFault, match="root_mismatch"):
        consistent(rewritten, old_size, proof, old_root=twins.mth(entries[:old_size]))


@pytest.mark.parametrize("size", [0, 1, 7])
def test_nothing_is_proved_outside_the_tree(size):
    read = reading(entries_of(size))
    for index in (-1, size):
        with pytest.raises(LedgerFault, match="index_outside"):
            merkle.inclusion_proof(index, size, read)
        with pytest.raises(LedgerFault, match="index_outside"):
            merkle.verify_inclusion(bytes(32), index=index, size=size, proof=[], root=bytes(32))
    with pytest.raises(LedgerFault, match="size_outside"):
        merkle.consistency_proof(size + 1, size, read)


def test_what_needs_no_proof_is_compared():
    entries = entries_of(5)
    consistent(entries, 0, [])
    consistent(entries, 5, [])
    with pytest.raises(LedgerFault, match="proof_length"):
        consistent(entries, 5, [bytes(32)])
    with pytest.raises(LedgerFault, match="root_mismatch"):
        consistent(entries, 5, [], old_root=bytes(32))
    with pytest.raises(LedgerFault, match="root_mismatch"):
        consistent(entries, 0, [], old_root=bytes(32))


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40))
def test_another_implementation_finds_the_same_roots(entries):
    other = InmemoryTree(algorithm="sha256")
    for entry in entries:
        other.append_entry(entry)
    assert merkle.root_of_leaves(map(merkle.leaf_hash, entries)) == other.get_root()
