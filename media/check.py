"""Whether uploads and a store work together: everything done once that photos will need (自检)."""

import hashlib
import io
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from media.errors import StoreRefused, UploadNotFound
from media.store import Store
from media.uploads import Uploads

PROBE_BYTES = 5 * 1024 * 1024 + 1
"""More than one part of a multipart upload."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def try_out(uploads: Uploads, store: Store) -> Iterator[str]:
    """Do it step by step, and say after each what was done; whatever happens, nothing stays behind
    that could be removed. Raises what goes wrong."""
    upload_id, content = uuid.uuid4().hex, _probe()
    sha256 = hashlib.sha256(content).hexdigest()
    uploads.create(upload_id)
    yield "begun an upload"
    try:
        with uploads.locked(upload_id) as upload:
            upload.append(io.BytesIO(content), offset=0, limit_bytes=len(content))
            yield "written in two parts"
            store.take(upload.finish(len(content)))
            yield "put together, read back and moved into the store"
            upload.remove()
        with store.open(sha256) as stream:
            if stream.read() != content:
                raise StoreRefused("the store gave other bytes than it was given")
        yield "read from the store"
        uploads.sweep(untouched_since=LONG_AGO)
        yield "listed"
    finally:
        with suppress(UploadNotFound):  # what went wrong before that left it there
            uploads.remove(upload_id)
        store.delete(sha256)
    yield "deleted"


def _probe() -> bytes:
    """Like no photo, and like no other probe."""
    head = f"suijian probe {uuid.uuid4()} ".encode()
    return head + bytes(PROBE_BYTES - len(head))
