"""Sending the photo queue: ask first what the server already has, then upload the rest."""

from __future__ import annotations

from collections.abc import Iterator

from client import photo_queue
from client.api import Api
from client.errors import ApiError, DeviceWiped, SignInNeeded, UpgradeRequired
from client.photo_queue import REFUSED, SENT, WAITING, QueuedPhoto
from client.store import Store
from client.tus import GONE_STATUS, LOOK_AGAIN_STATUS, TusClient
from client.wire import is_passing, json_object

CHECK_BATCH = 100
"""Digests asked for in one `photos/check`."""
STOPPING = (SignInNeeded, UpgradeRequired, DeviceWiped)


class PhotoSender:
    """Sends one person's waiting photos under that person's token."""

    def __init__(
        self, store: Store, api: Api, user_id: str, *, tus: TusClient | None = None
    ) -> None:
        self._store = store
        self._api = api
        self._tus = TusClient(api)
        self._user_id = user_id

    def send_waiting(self) -> Iterator[QueuedPhoto | ApiError]:
        """Yields each photo that reached the server, and each error that stopped only one photo.

        What ends the whole run (`Offline`, no valid token, program too old) is raised; the photos
        keep waiting, and the next run resumes them where the server says they stand.
        """
        waiting = photo_queue.of_user(self._store.db, self._user_id, WAITING)
        for start in range(0, len(waiting), CHECK_BATCH):
            yield from self._send(waiting[start : start + CHECK_BATCH])

    def _send(self, photos: list[QueuedPhoto]) -> Iterator[QueuedPhoto | ApiError]:
        known = self._known({photo.sha256 for photo in photos})
        for photo in photos:
            try:
                if photo.sha256 not in known:
                    self._upload(photo)
            except STOPPING:
                raise
            except ApiError as error:
                self._refuse(photo, error)
                yield error
                continue
            self._mark(photo, SENT)
            known.add(photo.sha256)
            yield photo

    def _known(self, digests: set[str]) -> set[str]:
        body = {"sha256": sorted(digests)}
        answer = json_object(self._api.call("POST", "/photos/check", body=body))
        return {str(sha256) for sha256 in answer.get("have", [])}

    def _upload(self, photo: QueuedPhoto) -> None:
        """Resume the upload that was begun; begin a new one if that is gone."""
        path = self._store.photos.path(photo.sha256)
        if not path.is_file() or path.stat().st_size != photo.size_bytes:
            raise ApiError(
                0, "bytes_missing", "本机找不到这张照片的文件，请重新拍摄或说明遗失原因。"
            )
        with path.open("rb") as source:
            if photo.upload_url is not None:
                try:
                    self._tus.send(photo.upload_url, source, photo.size_bytes)
                    return
                except ApiError as error:
                    if error.status not in GONE_STATUS:
                        raise
            self._tus.send(self._begin(photo), source, photo.size_bytes)

    def _begin(self, photo: QueuedPhoto) -> str:
        metadata = {
            "photo_id": photo.photo_id,
            "sha256": photo.sha256,
            "filename": photo.filename,
            "filetype": photo.media_type,
        }
        url = self._tus.create(photo.size_bytes, metadata)
        with self._store.transaction() as db:
            photo_queue.set_upload(db, photo.photo_id, url)
        return url

    def _refuse(self, photo: QueuedPhoto, error: ApiError) -> None:
        """What may pass keeps waiting; what would not is kept with its reason, for a person."""
        if not is_passing(error) and error.status not in LOOK_AGAIN_STATUS:
            self._mark(photo, REFUSED, error.reason())

    def _mark(self, photo: QueuedPhoto, state: str, reason: photo_queue.Json | None = None) -> None:
        with self._store.transaction() as db:
            photo_queue.set_state(db, [photo.photo_id], state, reason)
