"""Where finished files are kept, named by their sha256 (原件库).

Two stores of the same kind stand beside each other: the originals, and the quarantine
(`LocalStore(data_dir / "quarantine")`) for bytes that make no photo but are never thrown away.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from media.digests import SHA256_HEX, parse_sha256, sha256_of
from media.errors import OriginalDamaged, OriginalMissing
from media.folders import ensure_folder, move_durably, sync_folder, sync_up_to
from media.partial import FinishedUpload

READ_ONLY = 0o440
"""Permissions of an original: nobody writes it again, a backup's group may read it."""


class Store(Protocol):
    """Immutable files by sha256. Every method raises `DigestMalformed` on anything else."""

    def put(self, source: Path, sha256: str) -> None:
        """Take over a finished file whose digest is known; afterwards `source` is gone.

        The same bytes are stored once. When this returns, they survive a power cut.
        Error: `OriginalDamaged` if what is stored under the digest, read again, is something
        else, or has another size; then `source` stays.
        """

    def take(self, whole: FinishedUpload) -> None:
        """As `put`, of an upload in the same deployment; its bytes travel no further than they
        must. Whoever holds the upload then removes what is left of it."""

    def open(self, sha256: str) -> BinaryIO:
        """A seekable stream of the bytes; the caller closes it. Error: `OriginalMissing`."""

    def link(self, sha256: str, *, media_type: str, name: str) -> str | None:
        """An address under which a browser may fetch the bytes for some minutes, as a file called
        `name`; None where they can only be had through `open`."""

    def size_bytes(self, sha256: str) -> int:
        """Error: `OriginalMissing`."""

    def exists(self, sha256: str) -> bool:
        """Whether the bytes are here."""

    def delete(self, sha256: str) -> None:
        """Remove the bytes for good; nothing happens if they are gone already."""

    def digests(self) -> Iterator[str]:
        """The sha256 of everything that is stored, in no order; also while others store more."""


class LocalStore:
    """A `Store` in a local folder: `ab/cd/abcd…`, at most 65,536 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ensure_folder(folder)

    def put(self, source: Path, sha256: str) -> None:
        """See `Store.put`."""
        destination = self._path(sha256)
        if not destination.exists():
            # Two processes may both come here: each rename puts the same bytes in place.
            move_durably(source, destination, mode=READ_ONLY, within=self._folder)
            return
        same_size = destination.stat().st_size == source.stat().st_size
        if not same_size or sha256_of(destination) != destination.name:
            raise OriginalDamaged(sha256=sha256)
        # whoever brought it may have been killed before that
        sync_up_to(self._folder, destination.parent)
        source.unlink()

    def take(self, whole: FinishedUpload) -> None:
        """See `Store.take`. Flushed once more: a server killed in its last piece did not."""
        self.put(whole.path, whole.sha256)

    def link(self, sha256: str, *, media_type: str, name: str) -> str | None:
        """None: nobody but the server reaches the folder."""
        return None

    def open(self, sha256: str) -> BinaryIO:
        """See `Store.open`."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError as fault:
            raise OriginalMissing(sha256=sha256) from fault

    def size_bytes(self, sha256: str) -> int:
        """See `Store.size_bytes`."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError as fault:
            raise OriginalMissing(sha256=sha256) from fault

    def exists(self, sha256: str) -> bool:
        """See `Store.exists`."""
        return self._path(sha256).exists()

    def delete(self, sha256: str) -> None:
        """See `Store.delete`."""
        path = self._path(sha256)
        if path.exists():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)

    def digests(self) -> Iterator[str]:
        """See `Store.digests`."""
        for path in self._folder.glob("??/??/*"):
            if SHA256_HEX.fullmatch(path.name):
                yield path.name

    def _path(self, sha256: str) -> Path:
        name = parse_sha256(sha256)
        return self._folder / name[:2] / name[2:4] / name
