"""The vectors: verified, and made again by our own writer and by the twin."""

import io
import json

import pytest

from draw import bundle as bundles
from draw.pool import pool_lines
from draw.verify import verify
from tests.draw.own_vectors import OWN
from tests.draw.plainly import replay
from tests.draw.worlds import NAMES, VECTORS, made, vector

ALL = pytest.mark.parametrize("name", NAMES)


@ALL
def test_every_vector_holds(name):
    report = verify(vector(name))
    assert report.faults == []
    assert report.holds


@ALL
def test_our_writer_makes_each_vector_again_from_its_inputs(name):
    given = vector(name)
    made_again = made(
        given["pool"], given["officers"], given["rules"], given["entropy"], given["events"],
        given["slot"],
    )  # fmt: skip
    beside = VECTORS / f"{name}.pool.ndjson"
    if beside.exists():
        assert b"".join(pool_lines(made_again.pop("pool"))) == beside.read_bytes()
    text = bundles.write(made_again)
    published = (VECTORS / f"{name}.json").read_bytes()
    assert json.loads(text) == json.loads(published)
    assert text.decode().split() == published.decode().split()


@ALL
def test_the_twin_written_from_the_page_says_the_same(name):
    given = vector(name)
    assert {key: given[key] for key in replay(given)} == replay(given)


@ALL
def test_a_pool_beside_the_bundle_is_the_same_pool(name):
    bundle = vector(name)
    lines = io.BytesIO(b"".join(pool_lines(bundle.pop("pool"))))
    assert verify(bundle, lines).faults == []


def test_the_given_vectors_are_here_unchanged(real_data):
    for given in (real_data.parent / "design" / "vectors").glob("*.json"):
        assert (VECTORS / given.name).read_bytes() == given.read_bytes()


@pytest.mark.parametrize("name", OWN)
def test_our_own_vectors_are_what_our_code_makes(name):
    assert vector(name) == OWN[name]()


def test_our_own_vectors_show_what_they_are_for():
    reasons = [
        p["reason"] for a in vector("own-look-ahead")["assignments"] for p in a["passed_over"]
    ]
    assert {"look_ahead", "recusal", "on_object", "specialty", "jurisdiction"} <= set(reasons)
    assert None in [each["reveal"] for each in vector("own-beacon")["entropy"]["shares"]]
    assert len(vector("own-events")["after"]) == 4
