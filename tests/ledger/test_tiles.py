"""The tree as files: named as tlog-tiles says, never changed, enough for every proof."""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ledger import merkle, tiles
from ledger.faults import LedgerFault
from tests.ledger import twins


def leaves(count, start=0):
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(start, start + count)]


@pytest.mark.parametrize(
    ("index", "width", "name"),
    [
        (0, 256, "000"), (999, 256, "999"), (1000, 256, "x001/000"),
        (1234067, 256, "x001/x234/067"), (273, 112, "273.p/112"), (5, 1, "005.p/1"),
    ],
)  # fmt: skip
def test_tiles_are_numbered_as_the_specification_does(index, width, name):
    assert tiles.numbered(index, width) == name


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts():
    by_level = itertools.groupby(tiles.tiles_of(70_000), key=lambda tile: tile.level)
    told = {level: [tile.width for tile in of_level] for level, of_level in by_level}
    assert told == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}


def test_a_full_tile_begins_the_level_above():
    assert [tile.path for tile in tiles.tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(tiles.tiles_of(0)) == []


@given(st.lists(st.integers(0, 600), max_size=6))
@settings(max_examples=60, deadline=None)
def test_however_it_grew_the_tiles_are_the_same_and_there(counts):
    folder = twins.Folder()
    for count in counts:
        folder.append(leaves(count, folder.size), tiles)
    whole = twins.Folder()
    whole.append(leaves(sum(counts)), tiles)
    wanted = {tile.path for tile in tiles.tiles_of(folder.size)}
    assert wanted <= set(folder.files)
    assert {path: folder.files[path] for path in wanted} == {
        path: whole.files[path] for path in wanted
    }


@given(st.integers(1, 3000), st.data())
@settings(max_examples=40, deadline=None)
def test_proofs_from_tiles_hold(size, data):
    folder = twins.Folder()
    folder.append(leaves(size), tiles)
    read = tiles.reader(size, folder.fetch)
    root = merkle.root_of_leaves(leaves(size))
    assert merkle.root(size, read) == root
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    merkle.verify_inclusion(
        leaves(1, index)[0], index=index, size=size, root=root,
        proof=merkle.inclusion_proof(index, size, read),
    )  # fmt: skip
    merkle.verify_consistency(
        old_size=old, old_root=merkle.root_of_leaves(leaves(old)), new_size=size, new_root=root,
        proof=merkle.consistency_proof(old, size, read),
    )  # fmt: skip


def test_a_proof_of_a_large_tree_reads_few_tiles():
    folder, asked = twins.Folder(), []
    folder.append(leaves(70_000), tiles)

    def fetch(tile):
        asked.append(tile)
        return folder.fetch(tile)

    merkle.inclusion_proof(12_345, 70_000, tiles.reader(70_000, fetch))
    assert len(asked) == len(set(asked)) <= 5


def test_a_cut_tile_is_none():
    folder = twins.Folder()
    folder.append(leaves(3), tiles)
    read = tiles.reader(3, lambda tile: folder.fetch(tile)[:-1])
    with pytest.raises(LedgerFault, match="tile_size"):
        read(0, 0)


def test_what_is_not_all_there_has_no_hash():
    folder = twins.Folder()
    folder.append(leaves(3), tiles)
    read = tiles.reader(3, folder.fetch)
    with pytest.raises(LedgerFault, match="subtree_outside"):
        read(1, 1)
