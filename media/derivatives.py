"""Small pictures made from originals (衍生图): named by the original, made again when lost."""

import os
from pathlib import Path
from typing import BinaryIO, Protocol

from media.digests import parse_sha256
from media.folders import ensure_folder, move_durably, sync_folder

READABLE = 0o640


class Derivatives(Protocol):
    """One kind of derivative."""

    def put(self, sha256: str, content: bytes) -> None:
        """Keep the derivative of the original `sha256`; one made before is replaced."""

    def open(self, sha256: str) -> BinaryIO | None:
        """A stream of the derivative, which the caller closes; None if it is not there (yet)."""

    def delete(self, sha256: str) -> None:
        """Remove the derivative for good; nothing happens if it is gone already."""


class LocalDerivatives:
    """`Derivatives` in a local folder: `ab/cd/abcd….jpg`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ensure_folder(folder)

    def put(self, sha256: str, content: bytes) -> None:
        """See `Derivatives.put`."""
        destination = self._path(sha256)
        destination.parent.mkdir(parents=True, exist_ok=True)
        draft = destination.with_name(f".{destination.name}-{os.getpid()}-{os.urandom(4).hex()}")
        try:
            draft.write_bytes(content)
            move_durably(draft, destination, mode=READABLE, within=self._folder)
        finally:  # no half of one stays on a disk that is full already
            draft.unlink(missing_ok=True)

    def open(self, sha256: str) -> BinaryIO | None:
        """See `Derivatives.open`."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            return None

    def delete(self, sha256: str) -> None:
        """See `Derivatives.delete`."""
        path = self._path(sha256)
        if path.exists():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)

    def _path(self, sha256: str) -> Path:
        name = parse_sha256(sha256)
        return self._folder / name[:2] / name[2:4] / f"{name}.jpg"
