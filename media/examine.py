"""The one question asked of a file that has arrived: is it evidence, and what does it say?"""

import os
from dataclasses import dataclass

from media.containers import check_complete
from media.errors import FileTooLarge, MediaTypeUnsupported
from media.images import ImageFacts, Source, image_facts, opened
from media.sniff import MediaType, sniff

MAX_IMAGE_BYTES = 64 * 1024 * 1024
"""A 108-megapixel JPEG of a phone is about 40 MB."""
MAX_VIDEO_BYTES = 256 * 1024 * 1024
"""A short clip: about half a minute of 4K, or two minutes of 1080p."""


@dataclass(frozen=True)
class MediaFacts:
    """`image` is None for a video, which is stored and never decoded."""

    media_type: MediaType
    size_bytes: int
    image: ImageFacts | None


def type_of(source: Source) -> str:
    """What a file is by its content, for people: a media type or `unknown`; never raises on it."""
    with opened(source) as file:
        try:
            return str(sniff(file))
        except MediaTypeUnsupported as refusal:
            return str(refusal.details["detected"])


def examine(source: Source) -> MediaFacts:
    """Type by content, size, wholeness and, for a picture, what `image_facts` says.

    Errors: `MediaTypeUnsupported`, `FileTooLarge`, `ImageTooLarge`, `ImageTruncated`,
    `VideoTruncated`, `ImageUnreadable`. Each means: these bytes make no photo, keep them aside.
    """
    with opened(source) as file:
        media_type = sniff(file)
        size_bytes = file.seek(0, os.SEEK_END)
        limit_bytes = MAX_VIDEO_BYTES if media_type.is_video else MAX_IMAGE_BYTES
        if size_bytes > limit_bytes:
            raise FileTooLarge(size_bytes=size_bytes, limit_bytes=limit_bytes)
        check_complete(file, media_type)
        image = None if media_type.is_video else image_facts(file)
    return MediaFacts(media_type, size_bytes, image)
