"""Bytes stream in. No transaction is open meanwhile: who may go on with an upload is read first,
and the row is written when the last byte has come, while the file's lock is still held."""

from flask import request

from media.digests import Checksum
from media.errors import UploadNotFound
from media.partial import PartialUpload, Readable
from server import clock
from server.api.glue import reading, writing
from server.db import after_commit
from server.failpoints import reach
from server.models import Upload
from server.parts import parts
from server.services.evidence.arrivals import (
    Arrival,
    complete_upload,
    completing,
    raise_fault,
    recovered,
)
from server.services.evidence.uploads import find_upload, terminate_upload


class Body:
    """A request's body, with a fail point behind each block that was written."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self._written = stream, False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; whoever asks again has written what came before."""
        if self._written:
            reach("upload.written")
        block = self._stream.read(size)
        self._written = True
        return block


def find(upload_id: str) -> Upload:
    """The caller's own upload, as it is now."""
    with reading() as (session, actor):
        return find_upload(session, actor=actor, upload_id=upload_id, now=clock.now())


def terminate(upload_id: str) -> None:
    """Take an upload's address away."""
    with writing() as (session, actor):
        terminate_upload(session, actor=actor, upload_id=upload_id, now=clock.now())


def give_up(upload_id: str) -> None:
    """Remove an unfinished upload. The row first: a file without a row is only waste, a row
    without a file would say that the store has its bytes."""
    with parts().media.uploads.locked(upload_id) as partial:
        terminate(upload_id)
        partial.remove()


def receive(upload: Upload, offset: int, checksum: Checksum | None) -> int:
    """Write the request's body behind `offset`; gives how far the upload has come."""
    length_bytes = upload.length_bytes or 0
    # One byte more than may come, so that the upload's own limit is the one that is felt.
    request.max_content_length = max(0, length_bytes - offset) + 1
    with parts().media.uploads.locked(upload.id) as partial:
        reached = partial.append(
            Body(request.stream), offset=offset, limit_bytes=length_bytes, checksum=checksum
        )
        reach("upload.flushed")
        if reached == length_bytes:
            _complete(upload, partial)
    return reached


def _complete(upload: Upload, partial: PartialUpload) -> None:
    with completing(parts().media, upload, partial) as arrival:
        _note(upload, arrival)
    if arrival.fault is not None:
        raise_fault(arrival.fault)


def _note(upload: Upload, arrival: Arrival) -> None:
    with writing() as (session, actor):
        complete_upload(session, actor=actor, upload_id=upload.id, arrival=arrival, now=clock.now())
        jobs = parts().jobs
        after_commit(session, lambda: jobs.nudge("make_derivatives"))


def offset_of(upload: Upload) -> int:
    """How many bytes have arrived. An upload that a kill left between its last byte and its row
    is completed here. Raises what was wrong with one that is quarantined, `UploadNotFound`."""
    if upload.fault is not None:
        raise_fault(upload.fault)
    media, length_bytes = parts().media, upload.length_bytes or 0
    if upload.state != "open":
        return length_bytes
    try:
        reached = media.uploads.offset(upload.id)
        if reached == length_bytes:
            with media.uploads.locked(upload.id) as partial:
                _complete(upload, partial)
    except UploadNotFound:
        _note(upload, recovered(media.originals, upload))
        return length_bytes
    return reached
