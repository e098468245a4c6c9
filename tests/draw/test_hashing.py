"""Length prefixes, labels, the tree of RFC 6962."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from draw.hashing import digest, lp, u32
from draw.merkle import Root, leaf_hash, root, tree_hash
from tests.draw import plainly

#: the leaves and roots that the ledger's page gives (certificate-transparency's test vectors)
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                 "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def test_an_empty_part_counts():
    assert lp(b"ab", b"") == b"\x00\x00\x00\x02ab\x00\x00\x00\x00"
    assert u32(258) == b"\x00\x00\x01\x02"


@given(st.lists(st.binary(max_size=5)), st.lists(st.binary(max_size=5)))
def test_no_two_lists_of_parts_are_written_alike(one, other):
    assert (lp(*one) == lp(*other)) == (one == other)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_labels_and_parts_are_hashed_as_the_page_says(parts):
    assert digest("seed", *parts) == plainly.h(b"seed", *parts)


@pytest.mark.parametrize(("size", "expected"), ROOTS.items())
def test_roots_are_those_of_the_published_vectors(size, expected):
    assert root(LEAVES[:size]).hex() == expected


@given(st.integers(0, 70), st.sampled_from([1, 2, 4, 8, 16]))
def test_subtrees_grow_into_the_root_that_the_rfc_defines(size, block):
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    growing = Root()
    for start in range(0, size, block):
        part = leaves[start : start + block]
        growing.add(tree_hash(part), len(part))
    assert growing.value() == plainly.mth([bytes([n]) for n in range(size)])


def test_a_root_holds_one_hash_per_power_of_two():
    growing = Root()
    for number in range(5000):
        growing.add(leaf_hash(u32(number)))
    assert len(growing._peaks) == (5000).bit_count()
