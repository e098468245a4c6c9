"""Unfinished uploads in object storage, for all app servers of a deployment (上传).

`uploads/<id>` is the one truth about an upload: its bytes are those that no part holds yet, its
notes say how many parts went before them. Putting it replaces all of that at once, so a server
killed anywhere leaves the state before or the state after. See `media.s3.partial`.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from typing import BinaryIO

from media.errors import UploadLocked, UploadNotFound
from media.s3.bucket import Bucket
from media.s3.faults import Changed
from media.s3.partial import S3PartialUpload, State
from media.s3.reader import opened_object
from media.uploads import UPLOAD_ID

Lock = Callable[[str], AbstractContextManager[None]]
"""Holds an upload's name alone on all servers, or raises `UploadLocked` at once; a holder that dies
lets go. Object storage has no such thing, so whoever has a database brings it."""

FOLDER = "uploads/"


class S3Uploads:
    """`Uploads` in a bucket."""

    def __init__(self, bucket: Bucket, lock: Lock) -> None:
        self._bucket, self._lock = bucket, lock

    def create(self, upload_id: str) -> None:
        """See `Uploads.create`."""
        try:
            self._bucket.put(_key(upload_id), io.BytesIO(), IfNoneMatch="*")
        except Changed:
            raise FileExistsError(upload_id) from None

    def offset(self, upload_id: str) -> int:
        """See `Uploads.offset`."""
        return self._state(upload_id).offset

    def open(self, upload_id: str) -> BinaryIO:
        """See `Uploads.open`. What came in parts is made one object first."""
        partial = S3PartialUpload(self._bucket, _key(upload_id), self._state(upload_id))
        stream = opened_object(self._bucket, partial.made_whole())
        if stream is None:
            raise UploadNotFound
        return stream

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[S3PartialUpload]:
        """See `Uploads.locked`."""
        key = _key(upload_id)
        with self._lock(upload_id):
            with closing(S3PartialUpload(self._bucket, key, self._state(upload_id))) as partial:
                try:
                    yield partial
                except Changed:  # our lock was lost with its connection, and another has it
                    raise UploadLocked from None

    def remove(self, upload_id: str) -> None:
        """See `Uploads.remove`."""
        with self.locked(upload_id) as upload:
            upload.remove()

    def sweep(self, *, untouched_since: datetime) -> list[str]:
        """See `Uploads.sweep`; so goes what killed servers left of multipart uploads."""
        old = (each for each in self._bucket.list(FOLDER) if each.changed_at < untouched_since)
        names = dict.fromkeys(each.key.removeprefix(FOLDER).partition(".")[0] for each in old)
        removed = [name for name in names if UPLOAD_ID.fullmatch(name) and self._removed(name)]
        for each in self._bucket.list_multiparts(FOLDER):
            if each.changed_at < untouched_since:
                self._bucket.abort_multipart(each.key, each.upload_id)
        return removed

    def _removed(self, upload_id: str) -> bool:
        """Whether it was there and nobody held it; a whole object without its state goes too."""
        try:
            with self._lock(upload_id):
                found = self._bucket.find(_key(upload_id))
                state = State.told_by(found) if found else State()
                S3PartialUpload(self._bucket, _key(upload_id), state).remove()
        except UploadLocked:
            return False
        return True

    def _state(self, upload_id: str) -> State:
        found = self._bucket.find(_key(upload_id))
        if found is None:
            raise UploadNotFound
        return State.told_by(found)


def _key(upload_id: str) -> str:
    if not UPLOAD_ID.fullmatch(upload_id):
        raise UploadNotFound
    return FOLDER + upload_id
