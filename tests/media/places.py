"""The places where bytes can lie, so that one suite asks the same of each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from media.derivatives import Derivatives, LocalDerivatives
from media.errors import UploadLocked
from media.s3.bucket import Bucket, open_bucket
from media.s3.derivatives import S3Derivatives
from media.s3.store import S3Store
from media.s3.uploads import S3Uploads
from media.store import LocalStore, Store
from media.uploads import LocalUploads, Uploads
from tests.object_storage import REGION, ObjectStorage


class Place(Protocol):
    """Gives the implementations of one kind, and looks behind them."""

    memory_blocks: int
    """How many blocks may be in memory, however large a file is."""

    def uploads(self) -> Uploads:
        """A new one on the same bytes, as another server would have it."""

    def store(self, name: str = "originals") -> Store:
        """A store of its own for each name."""

    def derivatives(self) -> Derivatives:
        """Small pictures."""

    def kept(self) -> list[str]:
        """The names of all files or objects, multipart uploads too."""

    def overwrite(self, name: str, content: bytes) -> None:
        """Put other bytes in the place of a file or object, past its store."""


class LocalPlace:
    """A folder."""

    memory_blocks = 4

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def uploads(self) -> LocalUploads:
        return LocalUploads(self.folder / "uploads")

    def store(self, name: str = "originals") -> LocalStore:
        return LocalStore(self.folder / name)

    def derivatives(self) -> LocalDerivatives:
        return LocalDerivatives(self.folder / "small")

    def kept(self) -> list[str]:
        return [path.name for path in self.folder.rglob("*") if not path.is_dir()]

    def overwrite(self, name: str, content: bytes) -> None:
        (path,) = self.folder.rglob(name)
        path.chmod(0o640)
        path.write_bytes(content)


class S3Place:
    """A bucket on a server of its own; locks that all its uploads share, as one database would."""

    memory_blocks = 12  # botocore reads a part by the megabyte to sign it

    def __init__(self, storage: ObjectStorage, *, url: str | None = None) -> None:
        self.storage, self.name = storage, storage.new_bucket()
        self.locks = Locks()
        self._url = url or storage.url

    def bucket(self) -> Bucket:
        return open_bucket(f"s3://{self.name}/photos", endpoint_url=self._url, region=REGION)

    def uploads(self) -> S3Uploads:
        return S3Uploads(self.bucket(), self.locks.taken)

    def store(self, name: str = "originals") -> S3Store:
        return S3Store(self.bucket(), name)

    def derivatives(self) -> S3Derivatives:
        return S3Derivatives(self.bucket(), "small")

    def kept(self) -> list[str]:
        keys = [*self.storage.keys(self.name), *self.storage.multiparts(self.name)]
        assert all(key.startswith("photos/") for key in keys)
        return [key.rpartition("/")[2] for key in keys]

    def overwrite(self, name: str, content: bytes) -> None:
        (key,) = (each for each in self.storage.keys(self.name) if each.endswith(f"/{name}"))
        self.storage.client.put_object(Bucket=self.name, Key=key, Body=content)


class Locks:
    """Locks within a process; those of a deployment are tried in tests/server."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        with self._guard:
            if name in self._held:
                raise UploadLocked
            self._held.add(name)
        try:
            yield
        finally:
            self._held.discard(name)

    def lose(self, name: str) -> None:
        """As when the connection that holds the lock breaks and its holder does not know."""
        self._held.discard(name)
