"""The device's own copies of photo bytes, named by their sha256.

The gallery of a phone is not ours: pictures there are edited, moved and deleted. So the bytes are
copied once, when the photo is attached, and stay until some days after the server verified them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from pathlib import Path

READ_BYTES = 1 << 20


class PhotoFolder:
    """A folder of files `<sha256 in hex>`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, source: Path) -> tuple[str, int]:
        """Copy a file in; answers its sha256 (hex) and size in bytes.

        Bytes first, then fsync, then the name: a file that has its name is whole.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f".{uuid.uuid4().hex}"
        try:
            digest, size_bytes = _copy(source, unfinished)
            os.replace(unfinished, self.path(digest))
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(self.folder)
        return digest, size_bytes

    def path(self, sha256: str) -> Path:
        """Where the bytes with this digest lie, if they are here."""
        return self.folder / sha256

    def drop(self, sha256: str) -> None:
        """Remove the copy."""
        self.path(sha256).unlink(missing_ok=True)

    def wipe(self) -> None:
        """Remove the folder and all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _copy(source: Path, target: Path) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(READ_BYTES):
            digest.update(block)
            writer.write(block)
            size_bytes += len(block)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest(), size_bytes


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable (POSIX; Windows has no such call and needs none)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
