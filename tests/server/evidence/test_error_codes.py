from collections.abc import Iterator

from media.errors import MediaError
from server.errors import CATALOGUE


def kinds(of: type[MediaError]) -> Iterator[type[MediaError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_everything_that_can_be_wrong_with_bytes_has_its_status():
    assert {kind.code for kind in kinds(MediaError)} <= set(CATALOGUE)
