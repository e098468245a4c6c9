"""A stored file read again (重新核对), whichever store it lies in."""

import hashlib
from collections.abc import Callable
from typing import BinaryIO

from media.errors import OriginalMissing, UploadNotFound
from server.services.custody.faults import Fault

BLOCK_BYTES = 1 << 20


def verify_file(
    opened: Callable[[], BinaryIO],
    subject: str,
    sha256: str,
    size_bytes: int,
    advance: Callable[[int], object],
) -> Fault | None:
    """Whether what `opened` gives still has the digest that names it; `advance` is told how many
    bytes were read."""
    hasher, size = hashlib.sha256(), 0
    try:
        with opened() as stream:
            while block := stream.read(BLOCK_BYTES):
                hasher.update(block)
                size += len(block)
                advance(len(block))
    except (OriginalMissing, UploadNotFound):
        return Fault("file-missing", subject)
    except OSError as error:  # a failing disk must not hide what else is wrong
        return Fault("file-unreadable", f"{subject}: {error.strerror}")
    if hasher.hexdigest() == sha256:
        return None
    name = "file-truncated" if size < size_bytes else "file-changed"
    return Fault(name, f"{subject}: {size} of {size_bytes} bytes")
