"""What the benchmark of uploads sends is what it says."""

import hashlib
import io

import pytest

from bench.uploads.photos import CLIP_BYTES, SIZE_PX, files
from media.examine import examine


@pytest.mark.parametrize(("kind", "media_type"), [("photos", "image/jpeg"), ("clips", "video/mp4")])
def test_files_are_of_2_5_megabytes_each_with_bytes_of_its_own(kind: str, media_type: str):
    made = files(kind, count=3, seed=1)
    for file in made:
        assert abs(len(file.content) - CLIP_BYTES) < CLIP_BYTES / 20
        assert hashlib.sha256(file.content).hexdigest() == file.sha256
        assert examine(io.BytesIO(file.content)).media_type == media_type
    assert len({file.sha256 for file in made}) == 3


def test_photos_have_twelve_megapixels():
    image = examine(io.BytesIO(files("photos", count=1, seed=1)[0].content)).image
    assert image is not None
    assert (image.width_px, image.height_px) == SIZE_PX
