"""The index over perceptual hashes finds exactly what looking at each would find."""

import json
import random
import re
from collections.abc import Iterable, Sequence

import pytest
from sqlalchemy import delete, insert, text

from media.likeness import BITS, RADIUS_BITS, distance_bits, signed
from server.clock import now
from server.models import EvidenceFile, Photo, PictureHash
from server.services.bulk import as_json
from server.services.evidence import likeness
from server.services.evidence.likeness import find_alike, keep_hashes, probes, search_statement
from tests.world import World

Hashes = Sequence[int]


def put(world: World, hashes: Hashes, *, task_id: str = "task-of-others") -> None:
    """Verified photos `p0`, `p1`, … whose pictures have these hashes, in place of all others."""
    moment = now()
    names = [f"{place:064x}" for place in range(len(hashes))]
    with world.parts.database.write() as session:
        for model in (PictureHash, Photo, EvidenceFile):
            session.execute(delete(model))
        session.execute(
            insert(EvidenceFile),
            [{"sha256": name, "size_bytes": 1, "media_type": "image/jpeg", "stored_at": moment}
             for name in names],
        )  # fmt: skip
        session.execute(
            insert(Photo),
            [{"id": f"p{place}", "task_id": task_id, "user_id": "u-lead", "state": "verified",
              "sha256": name, "received_sha256": name, "declared_at": moment,
              "verified_at": moment} for place, name in enumerate(names)],
        )  # fmt: skip
        keep_hashes(session, dict(zip(names, hashes, strict=True)))


def found(world: World, hash_: int, *, task_id: str = "mine") -> list[tuple[int, str]]:
    with world.parts.database.read() as session:
        rows = find_alike(session, hash_=signed(hash_), sha256="-", task_id=task_id)
    return [(row.distance_bits, row.photo_id) for row in rows]


def by_looking_at_each(hashes: Hashes, hash_: int) -> list[tuple[int, str]]:
    distances = ((distance_bits(hash_, each), f"p{at}") for at, each in enumerate(hashes))
    return sorted(pair for pair in distances if pair[0] <= RADIUS_BITS)


def flipped(hash_: int, places: Iterable[int]) -> int:
    for place in places:
        hash_ ^= 1 << place
    return hash_


@pytest.fixture(autouse=True)
def _all_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "MOST_SHOWN", 10_000)
    monkeypatch.setattr(likeness, "MOST_HASHES", 10_000)


def test_of_a_crowd_the_nearest_are_found(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(likeness, "MOST_HASHES", 3)
    monkeypatch.setattr(likeness, "MOST_SHOWN", 2)
    crowd = [flipped(0, range(bits)) for bits in (6, 5, 1, 4, 2, 3)]
    put(world, crowd)
    assert found(world, 0) == by_looking_at_each(crowd, 0)[:2]


def test_a_crowd_in_one_band_hides_nothing_that_another_finds(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(likeness, "MOST_CANDIDATES", 40)
    chance = random.Random(5)
    for band in range(4):
        own = range(band, BITS, 4)
        others = [place for place in range(BITS) if place not in own]
        crowd = [flipped(0, chance.sample(others, 30)) for _ in range(60)]
        put(world, [*crowd, flipped(0, own[:3])])
        assert [bits for bits, _ in found(world, 0)] == [3]


def test_the_index_finds_what_looking_at_each_finds(world: World):
    """Hashes at random, and in clusters around some, a few bits to either side of the radius."""
    chance = random.Random(64)
    centres = [chance.getrandbits(BITS) for _ in range(12)]
    hashes = [chance.getrandbits(BITS) for _ in range(600)]
    for centre in centres:
        for bits in range(RADIUS_BITS + 4):
            hashes += [flipped(centre, chance.sample(range(BITS), bits)) for _ in range(5)]
    put(world, hashes)
    asked = [*centres, *(chance.getrandbits(BITS) for _ in range(10))]
    asked += [flipped(centre, chance.sample(range(BITS), 5)) for centre in centres]
    some = 0
    for hash_ in asked:
        expected = by_looking_at_each(hashes, hash_)
        assert found(world, hash_) == expected
        some += len(expected)
    assert some > 400


def test_it_does_so_for_the_edges_of_a_signed_number_and_a_crowd_at_one_place(world: World):
    edges = [0, 1, 2**63 - 1, 2**63, 2**64 - 1, 0x5555555555555555, 0xAAAAAAAAAAAAAAAA]
    crowd = [flipped(0, range(bits)) for bits in range(12)] * 20
    hashes = [*edges, *crowd]
    put(world, hashes)
    for hash_ in edges:
        assert found(world, hash_) == by_looking_at_each(hashes, hash_)


@pytest.mark.parametrize(("bits", "times"), [(RADIUS_BITS, 1), (RADIUS_BITS + 1, 0)])
def test_the_radius_is_a_limit_wherever_the_bits_lie(world: World, bits: int, times: int):
    chance = random.Random(bits)
    places = [chance.sample(range(BITS), bits) for _ in range(200)]
    places += [range(at, at + bits) for at in range(BITS - bits)]  # neighbours in the picture
    places += [range(at, BITS, 4)[:bits] for at in range(4)]  # all in one band
    put(world, [flipped(2**64 - 1, each) for each in places])
    assert len(found(world, 2**64 - 1)) == len(places) * times


def test_ones_own_task_and_what_shows_too_little_are_not_compared(world: World):
    put(world, [7, 7])
    assert len(found(world, 7)) == 2
    assert found(world, 7, task_id="task-of-others") == []
    with world.parts.database.write() as session:
        session.execute(delete(PictureHash))
        keep_hashes(session, {f"{place:064x}": None for place in range(2)})
    assert found(world, 0) == []


def test_a_photo_that_is_not_verified_proves_nothing(world: World):
    put(world, [7])
    with world.parts.database.write() as session:
        session.execute(text("UPDATE photos SET state = 'lost'"))
    assert found(world, 7) == []


def test_the_search_seeks_in_all_four_indexes_and_reads_no_table_whole(world: World):
    chance = random.Random(4)
    put(world, [chance.getrandbits(BITS) for _ in range(3_000)])
    is_sqlite = world.parts.database.is_sqlite
    with world.parts.database.write() as session:
        session.execute(text("ANALYZE"))
    with world.parts.database.read() as session:
        wanted = {name: as_json(near) for name, near in probes(7).items()}
        how = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN (FORMAT JSON)"
        plan = session.execute(
            text(f"{how} {search_statement(session)}"),
            {**wanted, "hash": 7, "sha256": "-", "task": "mine"},
        ).all()
    told = json.dumps([list(row) for row in plan])
    for band in range(4):
        assert f"ix_picture_hashes_band_{band}_hash" in told
    for table in ("picture_hashes", "photos"):
        assert f"SCAN {table}" not in told
    assert read_whole(told) <= {"tasks", "organisations"}  # which are empty here, and sought by id


def read_whole(plan: str) -> set[str]:
    """The tables that a plan of PostgreSQL reads whole."""
    nodes = re.findall(
        r'"Node Type": "([^"]*)"(?:(?!"Node Type").)*?"Relation Name": "([^"]*)"', plan
    )
    return {table for kind, table in nodes if kind == "Seq Scan"}
