"""The Merkle tree against the vectors of Certificate Transparency and against its definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.tree import Tree
from custody.verify import leaf_digest, node_digest, root_by_path
from ledger.merkle import leaf_hash, root_of_leaves

# RFC 6962 as google/certificate-transparency tests it: the first n of these leaves
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "60" * 8)
]
LEAVES[7] = bytes.fromhex("606162636465666768696a6b6c6d6e6f")
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
entries = st.lists(st.binary(max_size=5), min_size=1, max_size=40)


@pytest.mark.parametrize("size", ROOTS)
def test_the_root_is_that_of_rfc_6962(size: int):
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree.add(leaf)
    assert tree.close().hex() == ROOTS[size]


@given(entries)
def test_the_streamed_root_is_the_recursive_one_and_the_ledgers(leaves: list[bytes]):
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.close() == recursive_root(leaves) == root_of_leaves(map(leaf_hash, leaves))


@given(entries, st.data())
def test_the_path_of_each_followed_leaf_leads_to_the_root(leaves: list[bytes], data: st.DataObject):
    followed = data.draw(st.sets(st.integers(0, len(leaves) - 1)))
    tree = Tree()
    paths = [tree.add(leaf, followed=place in followed) for place, leaf in enumerate(leaves)]
    root = tree.close()
    assert {place for place, path in enumerate(paths) if path} == followed
    for path in filter(None, paths):
        reached = root_by_path(leaves[path.index], path.index, len(leaves), path.digests)
        assert reached == root


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=40, unique=True), st.data())
def test_no_other_entry_place_size_or_path_leads_there(leaves: list[bytes], data: st.DataObject):
    index = data.draw(st.integers(0, len(leaves) - 1))
    tree = Tree()
    paths = [tree.add(leaf, followed=place == index) for place, leaf in enumerate(leaves)]
    root, size = tree.close(), len(leaves)
    path = paths[index].digests
    assert root_by_path(leaves[index] + b"x", index, size, path) != root
    assert root_by_path(leaves[index], index, size, [*path, root]) is None
    assert root_by_path(leaves[index], size, size, path) is None
    assert root_by_path(leaves[index], -1, size, path) is None
    if path:
        assert root_by_path(leaves[index], index, size, path[:-1]) != root
        assert root_by_path(leaves[index], index ^ 1, size, path) != root


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition, RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaf_digest(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_digest(recursive_root(leaves[:split]), recursive_root(leaves[split:]))
