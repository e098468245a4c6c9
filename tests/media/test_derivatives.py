import hashlib

import pytest

from media.errors import DigestMalformed
from tests.media.places import Place

NAME = hashlib.sha256(b"an original").hexdigest()


def test_one_that_is_not_made_is_not_there(place: Place):
    assert place.derivatives().open(NAME) is None


def test_one_made_again_replaces_the_other_and_leaves_nothing_beside_it(place: Place):
    small = place.derivatives()
    for content in (b"first", b"second, and longer"):
        small.put(NAME, content)
        with small.open(NAME) as stream:
            assert stream.read() == content
    assert place.kept() == [f"{NAME}.jpg"]


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", NAME[:-1], f"{NAME}/x"])
def test_only_a_digest_is_a_name(place: Place, name: str):
    with pytest.raises(DigestMalformed):
        place.derivatives().open(name)


def test_one_that_was_deleted_is_gone_and_deleting_again_does_nothing(place: Place):
    small = place.derivatives()
    small.put(NAME, b"small")
    for _ in range(2):
        small.delete(NAME)
    assert small.open(NAME) is None
    assert place.kept() == []
