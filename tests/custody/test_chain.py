"""The chain of one photo, pure: whatever is done to it shows, but for a cut of its end."""

import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from custody.verify import broken_at, canonical, follow, genesis

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
Links = list[tuple[dict[str, Any], str]]


@st.composite
def chains(draw: st.DrawFn, *, least: int = 1) -> Links:
    """The whole chain of photo `p`."""
    kinds = draw(st.lists(st.sampled_from(["declared", "viewed"]), min_size=least, max_size=6))
    digest, links = genesis("p"), []
    for number, kind in enumerate(kinds):
        event = {
            "id": f"e{number}", "photo_id": "p", "kind": kind, "at": "2026-11-26T08:00:00.000Z",
            "user_id": draw(st.none() | texts), "device_id": None,
            "details": draw(st.dictionaries(texts, json_values, max_size=2)),
        }  # fmt: skip
        digest = follow(digest, event)
        links.append((event, digest))
    return links


@given(chains())
def test_a_whole_chain_holds(links: Links):
    assert broken_at("p", links) is None


@given(chains(), st.data())
def test_a_changed_field_shows_where_it_was_changed(links: Links, data: st.DataObject):
    place = data.draw(st.integers(0, len(links) - 1))
    event, digest = links[place]
    field = data.draw(st.sampled_from(sorted(event)))
    changed = {**event, field: data.draw(json_values.filter(lambda v: not _same(v, event[field])))}
    assert broken_at("p", [*links[:place], (changed, digest), *links[place + 1 :]]) == place + 1


@given(chains(least=2), st.data())
def test_a_removed_event_shows_unless_it_was_the_last(links: Links, data: st.DataObject):
    place = data.draw(st.integers(0, len(links) - 2))
    assert broken_at("p", links[:place] + links[place + 1 :]) == place + 1


@given(chains(least=3), st.data())
def test_a_cut_in_the_middle_shows(links: Links, data: st.DataObject):
    start = data.draw(st.integers(0, len(links) - 2))
    end = data.draw(st.integers(start + 1, len(links) - 1))
    assert broken_at("p", links[:start] + links[end:]) == start + 1


@given(chains(), st.data())
def test_an_inserted_event_shows(links: Links, data: st.DataObject):
    place = data.draw(st.integers(0, len(links)))
    event = {**links[0][0], "id": "foreign"}
    assert broken_at("p", [*links[:place], (event, "0" * 64), *links[place:]]) == place + 1


@given(chains(least=2), st.data())
def test_an_event_inserted_with_a_digest_that_fits_breaks_the_link_after_it(
    links: Links, data: st.DataObject
):
    place = data.draw(st.integers(0, len(links) - 1))
    before = links[place - 1][1] if place else genesis("p")
    event = {**links[0][0], "id": "foreign"}
    forged = [*links[:place], (event, follow(before, event)), *links[place:]]
    assert broken_at("p", forged) == place + 2


@given(chains(least=2), st.data())
def test_two_events_that_changed_places_show(links: Links, data: st.DataObject):
    first, second = sorted(
        data.draw(st.lists(st.integers(0, len(links) - 1), min_size=2, max_size=2, unique=True))
    )
    swapped = list(links)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert broken_at("p", swapped) == first + 1


@given(chains())
def test_a_chain_is_of_its_photo_alone(links: Links):
    assert broken_at("q", links) == 1


@given(chains())
def test_an_event_of_another_photo_does_not_belong_even_if_its_link_fits(links: Links):
    foreign = {**links[-1][0], "photo_id": "q"}
    before = links[-2][1] if len(links) > 1 else genesis("p")
    assert broken_at("p", [*links[:-1], (foreign, follow(before, foreign))]) == len(links)


@given(chains(least=2), st.data())
def test_only_a_cut_of_the_end_does_not_show_by_itself(links: Links, data: st.DataObject):
    assert broken_at("p", links[: data.draw(st.integers(1, len(links) - 1))]) is None


def test_what_no_json_can_say_breaks_the_chain_and_not_the_verifier():
    for value in (float("nan"), "\ud800"):
        event = {"photo_id": "p", "details": value}
        assert broken_at("p", [(event, "0" * 64)]) == 1


def test_anyone_can_compute_it_from_its_description():
    event = {"photo_id": "p", "kind": "viewed", "at": "…", "details": {"b": [1, None], "a": "照片"}}
    written = '{"at":"…","details":{"a":"照片","b":[1,null]},"kind":"viewed","photo_id":"p"}'
    assert canonical(event) == written.encode()
    zero = hashlib.sha256(b"suijian-custody-1\np").digest()
    assert follow(genesis("p"), event) == hashlib.sha256(zero + written.encode()).hexdigest()


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)
