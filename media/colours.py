"""Colours as they were seen (色彩): from the profile of a picture to sRGB, which all screens show.

A phone writes Display P3: numbers that, read as sRGB, are a duller red and green than was seen. A
small picture carries no metadata and so no profile; it has to be sRGB itself (IEC 61966-2-1).
Source of profiles: ISO 15076-1 (ICC).
"""

import io
from functools import cache

from PIL import Image, ImageCms

RGB_SPACE = "RGB "


def as_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGB picture whose colours its ICC profile explains, in sRGB. One without a profile, with
    one of another colour space (the grey of a scanner), or with one that is broken, stays as it is.
    """
    if not profile:
        return image
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if meant.profile.xcolor_space != RGB_SPACE:
            return image
        return ImageCms.profileToProfile(image, meant, _srgb()) or image
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):  # of the profile, not the pixels
        return image


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
