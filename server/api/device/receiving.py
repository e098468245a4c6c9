"""Bytes stream in. No transaction is open meanwhile: who may go on with an upload is read first,
and the row is written when the last byte has come, while the file's lock is still held."""

from flask import request

from media.digests import Checksum
from media.errors import MediaError, OffsetMismatch, UploadNotFound
from media.partial import PartialUpload, Readable
from server import clock
from server.api.glue import looking, reading, writing
from server.db import after_commit
from server.errors import DomainError
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
from server.services.evidence.joining import begin_joined, join_parts, part_ids_of
from server.services.evidence.uploads import (
    NewUpload,
    begin_upload,
    find_upload,
    set_length,
    terminate_upload,
)


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
    with looking() as (glance, actor):
        return find_upload(glance, actor=actor, upload_id=upload_id, now=clock.now())


def begin(asked: NewUpload, part_ids: list[str] | None) -> Upload:
    """Note what was announced, its empty file first. What is to be joined of parts may have been
    noted before: then this gives that upload."""
    uploads = parts().media.uploads
    uploads.create(asked.id)
    reach("upload.file_made")
    try:
        upload = _noted(asked, part_ids)
    except (DomainError, MediaError):
        uploads.remove(asked.id)
        raise
    if upload.id != asked.id:
        uploads.remove(asked.id)
    reach("upload.begun")
    return upload


def _noted(asked: NewUpload, part_ids: list[str] | None) -> Upload:
    settings, now = parts().settings, clock.now()
    expiry_hours = settings.upload_expiry_hours
    with writing() as (session, actor):
        if part_ids is None:
            return begin_upload(
                session, actor=actor, asked=asked, now=now, expiry_hours=expiry_hours
            )
        return begin_joined(
            session, actor=actor, asked=asked, part_ids=part_ids, uploads=parts().media.uploads,
            now=now, expiry_hours=expiry_hours, max_bytes=settings.max_photo_bytes,
        )  # fmt: skip


def terminate(upload_id: str) -> bool:
    """Take an upload's address away; gives whether its bytes are wanted no more."""
    with writing() as (session, actor):
        return terminate_upload(session, actor=actor, upload_id=upload_id, now=clock.now())


def give_up(upload_id: str) -> None:
    """Remove an unfinished upload. The row first: a file without a row is only waste, a row
    without a file would say that the store has its bytes."""
    with parts().media.uploads.locked(upload_id) as partial:
        if terminate(upload_id):
            partial.remove()


def receive(
    upload: Upload, offset: int, checksum: Checksum | None, *, told_bytes: int | None = None
) -> int:
    """Write the request's body behind `offset`; gives how far the upload has come.

    `told_bytes` is the length as this request tells it, if it does.
    """
    with parts().media.uploads.locked(upload.id) as partial:
        if upload.length_bytes is None:
            upload = _with_length(upload.id, partial, offset, told_bytes)
        limit_bytes = upload.length_bytes
        if limit_bytes is None:
            limit_bytes = parts().settings.max_photo_bytes
        # One byte more than may come, so that the upload's own limit is the one that is felt.
        request.max_content_length = max(0, limit_bytes - offset) + 1
        reached = partial.append(
            Body(request.stream), offset=offset, limit_bytes=limit_bytes, checksum=checksum
        )
        reach("upload.flushed")
        if reached == upload.length_bytes and not upload.is_partial:
            _complete(upload, partial)
    return reached


def _with_length(
    upload_id: str, partial: PartialUpload, offset: int, told_bytes: int | None
) -> Upload:
    """The upload as it is now that nobody else writes it, with the length that is told."""
    if told_bytes is None:
        return find(upload_id)
    if offset != partial.offset:
        raise OffsetMismatch(offset=partial.offset)
    if told_bytes < offset:
        raise DomainError("upload_header_invalid", details={"header": "Upload-Length"})
    with writing() as (session, actor):
        upload = set_length(
            session, actor=actor, upload_id=upload_id, length_bytes=told_bytes, now=clock.now()
        )
    reach("upload.length_set")
    return upload


def _join(upload: Upload) -> None:
    with reading() as (session, _):
        part_ids = part_ids_of(session, upload)
    uploads = parts().media.uploads
    with uploads.locked(upload.id) as partial:
        join_parts(uploads, upload, partial, part_ids)
        _complete(upload, partial)


def _complete(upload: Upload, partial: PartialUpload) -> None:
    with completing(parts().database, parts().media, upload, partial) as arrival:
        _note(upload, arrival)
    if arrival.fault is not None:
        raise_fault(arrival.fault)


def _note(upload: Upload, arrival: Arrival) -> None:
    with writing() as (session, actor):
        complete_upload(session, actor=actor, upload=upload, arrival=arrival, now=clock.now())
        jobs = parts().jobs
        after_commit(session, lambda: jobs.nudge("make_derivatives"))


def offset_of(upload: Upload) -> int:
    """How many bytes have arrived.

    An upload that a kill left between its last byte and its row is completed here, and one that is
    made of parts is joined. Raises what was wrong with one that is quarantined, `UploadNotFound`.
    """
    if upload.fault is not None:
        raise_fault(upload.fault)
    media, length_bytes = parts().media, upload.length_bytes or 0
    if upload.state != "open":
        return length_bytes
    if upload.is_partial:
        return media.uploads.offset(upload.id)
    try:
        if upload.is_final:
            _join(upload)
            return length_bytes
        reached = media.uploads.offset(upload.id)
        if reached == upload.length_bytes:
            with media.uploads.locked(upload.id) as partial:
                _complete(upload, partial)
    except UploadNotFound:
        _note(upload, recovered(parts().database, media.originals, upload))
        return length_bytes
    return reached
