import hashlib
from pathlib import Path

import pytest

from media.derivatives import Derivatives
from media.errors import DigestMalformed

NAME = hashlib.sha256(b"an original").hexdigest()


def test_one_that_is_not_made_is_not_there(tmp_path: Path):
    assert Derivatives(tmp_path / "small").open(NAME) is None


def test_one_made_again_replaces_the_other_and_leaves_nothing_beside_it(tmp_path: Path):
    small = Derivatives(tmp_path)
    for content in (b"first", b"second, and longer"):
        small.put(NAME, content)
        with small.open(NAME) as stream:
            assert stream.read() == content
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{NAME}.jpg"]


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", NAME[:-1], f"{NAME}/x"])
def test_only_a_digest_is_a_name(tmp_path: Path, name: str):
    with pytest.raises(DigestMalformed):
        Derivatives(tmp_path).open(name)
