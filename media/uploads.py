"""Unfinished uploads, and the folder that holds them for all processes of a machine (上传目录).

In `LocalUploads` the file `<folder>/ab/abcd…` holds the bytes of upload `abcd…`; nothing else is
kept about it, so a killed server goes on where the file ends. One `flock` per upload lets one
writer in at a time. For several machines see `media.s3.uploads`.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from media.errors import UploadLocked, UploadNotFound
from media.folders import ensure_folder, sync_up_to
from media.partial import LocalPartialUpload, PartialUpload, UnverifiedMark

UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
"""Made by the server (uuid4, hexadecimal); anything else never becomes a path."""

WRITABLE = 0o600
"""Permissions of an upload: the server's alone."""


class Uploads(Protocol):
    """Unfinished uploads by id. Every method raises `UploadNotFound` on an id that is none."""

    def create(self, upload_id: str) -> None:
        """An empty upload under a new id, durable when this returns. Error: `FileExistsError`."""

    def offset(self, upload_id: str) -> int:
        """Bytes received and not in doubt, asked without the lock while others may write."""

    def open(self, upload_id: str) -> BinaryIO:
        """A stream of the bytes of an upload that nobody writes any more; the caller closes it."""

    def locked(self, upload_id: str) -> AbstractContextManager[PartialUpload]:
        """Hold the upload alone, against all threads, processes and servers, until the block ends.

        The lock dies with its process, so a killed server leaves none behind.
        Errors: `UploadLocked` at once if someone else holds it, `UploadNotFound`.
        """

    def remove(self, upload_id: str) -> None:
        """Delete an upload. Error: `UploadLocked` while someone writes it."""

    def sweep(self, *, untouched_since: datetime) -> list[str]:
        """Remove what nobody has written since then and nobody holds; the removed ids."""


class LocalUploads:
    """`Uploads` in a local folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ensure_folder(folder)

    def create(self, upload_id: str) -> None:
        """See `Uploads.create`."""
        path = self._path(upload_id)
        path.parent.mkdir(exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, WRITABLE))
        sync_up_to(self._folder, path.parent)

    def offset(self, upload_id: str) -> int:
        """See `Uploads.offset`."""
        path = self._path(upload_id)
        try:
            size_bytes = path.stat().st_size
        except FileNotFoundError as fault:
            raise UploadNotFound from fault
        verified = UnverifiedMark(path).offset()
        return size_bytes if verified is None else verified

    def open(self, upload_id: str) -> BinaryIO:
        """See `Uploads.open`."""
        try:
            return self._path(upload_id).open("rb")
        except FileNotFoundError as fault:
            raise UploadNotFound from fault

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[LocalPartialUpload]:
        """See `Uploads.locked`."""
        path = self._path(upload_id)
        try:
            descriptor = _opened(path)
        except FileNotFoundError as fault:
            raise UploadNotFound from fault
        try:
            _lock(descriptor)
            check_still_there(descriptor, path)
            yield LocalPartialUpload(path, descriptor)
        finally:
            os.close(descriptor)

    def remove(self, upload_id: str) -> None:
        """See `Uploads.remove`."""
        with self.locked(upload_id) as upload:
            upload.remove()

    def sweep(self, *, untouched_since: datetime) -> list[str]:
        """See `Uploads.sweep`."""
        return [
            upload_id
            for upload_id in self._untouched_since(untouched_since)
            if self._removed(upload_id)
        ]

    def _untouched_since(self, moment: datetime) -> Iterator[str]:
        for path in self._folder.glob("??/*"):
            if not UPLOAD_ID.fullmatch(path.name):
                continue
            with suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
                    yield path.name

    def _removed(self, upload_id: str) -> bool:
        try:
            self.remove(upload_id)
        except (UploadLocked, UploadNotFound):
            return False
        return True

    def _path(self, upload_id: str) -> Path:
        if not UPLOAD_ID.fullmatch(upload_id):
            raise UploadNotFound
        return self._folder / upload_id[:2] / upload_id


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_APPEND)
    except PermissionError:  # killed when it had the permissions of an original, not yet its name
        _make_writable(path)
        return os.open(path, os.O_RDWR | os.O_APPEND)


def _make_writable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _lock(descriptor)  # else somebody is making it an original at this moment
        check_still_there(descriptor, path)
        os.fchmod(descriptor, WRITABLE)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        raise UploadLocked from fault


def check_still_there(descriptor: int, path: Path) -> None:
    """Raise `UploadNotFound` unless `path` is still the open file.

    Between open and lock it may have been removed, or have become an immutable original.
    """
    try:
        same = os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        same = False
    if not same:
        raise UploadNotFound
