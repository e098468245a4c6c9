"""What tests say in tus, and small photos to say it about."""

import base64
import hashlib
import io
import random
import uuid
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from PIL import Image
from werkzeug.test import TestResponse

from tests.world import Caller

RESUMABLE = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}
FILES = "/api/v1/files"


def photo(seed: int = 1, *, width_px: int = 96, height_px: int = 64) -> bytes:
    """A JPEG like no other: noise of a seed."""
    pixels = random.Random(seed).randbytes(width_px * height_px * 3)
    written = io.BytesIO()
    Image.frombytes("RGB", (width_px, height_px), pixels).save(written, "JPEG")
    return written.getvalue()


def big_photo() -> bytes:
    """More than a megabyte: several pieces for a server that reads a quarter at a time."""
    return photo(width_px=1600, height_px=1200)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def new_photo_id() -> str:
    return str(uuid.uuid4())


def encoded(**metadata: str) -> str:
    """An `Upload-Metadata` header."""
    pairs = (f"{key} {_base64(value.encode())}" for key, value in metadata.items())
    return ",".join(pairs)


def metadata_of(data: bytes, photo_id: str, **more: str) -> str:
    """What a device says of a photo."""
    said = {"photo_id": photo_id, "sha256": digest(data), "filename": "楼梯间.jpg", **more}
    return encoded(**said, filetype="image/jpeg")


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    """An `Upload-Checksum` header."""
    raw = hashlib.new(algorithm, data).digest()
    return {"Upload-Checksum": f"{algorithm} {_base64(raw)}"}


def post(caller: Caller, headers: dict[str, str], **kwargs: Any) -> TestResponse:
    """A raw creation."""
    return caller.call("POST", "/files", headers={**RESUMABLE, **headers}, **kwargs)


def begin(
    caller: Caller, data: bytes, photo_id: str | None = None, *, length: int | None = None
) -> str:
    """Begin an upload that must be accepted; gives its path under `/api/v1`."""
    answer = post(
        caller,
        {
            "Upload-Length": str(len(data) if length is None else length),
            "Upload-Metadata": metadata_of(data, photo_id or new_photo_id()),
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].removeprefix("/api/v1")


def begin_later(caller: Caller, data: bytes, photo_id: str | None = None) -> str:
    """Begin an upload whose length is told later; gives its path under `/api/v1`."""
    said = {"Upload-Metadata": metadata_of(data, photo_id or new_photo_id())}
    answer = post(caller, {"Upload-Defer-Length": "1", **said})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].removeprefix("/api/v1")


def begin_part(caller: Caller, length: int) -> str:
    """Begin a part that must be accepted; gives its path under `/api/v1`."""
    answer = post(caller, {"Upload-Concat": "partial", "Upload-Length": str(length)})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].removeprefix("/api/v1")


def send_parts(caller: Caller, data: bytes, *ends: int) -> list[str]:
    """Send a photo in whole parts that end there; gives their paths under `/api/v1`."""
    paths = []
    for start, end in pairwise((0, *ends, len(data))):
        path = begin_part(caller, end - start)
        assert patch(caller, path, data[start:end], 0).status_code == 204
        paths.append(path)
    return paths


def join(
    caller: Caller, paths: Sequence[str], data: bytes, photo_id: str | None = None, **headers: str
) -> TestResponse:
    """Join parts to a photo."""
    said = {
        "Upload-Concat": "final;" + " ".join(f"/api/v1{path}" for path in paths),
        "Upload-Metadata": metadata_of(data, photo_id or new_photo_id()),
    }
    return post(caller, {**said, **headers})


def patch(caller: Caller, path: str, data: bytes, offset: int, **headers: str) -> TestResponse:
    """Send a piece."""
    sent = {**RESUMABLE, **PIECE, "Upload-Offset": str(offset), **headers}
    return caller.call("PATCH", path, data=data, headers=sent)


def head(caller: Caller, path: str) -> TestResponse:
    return caller.call("HEAD", path, headers=RESUMABLE)


def delete(caller: Caller, path: str) -> TestResponse:
    return caller.call("DELETE", path, headers=RESUMABLE)


def upload(caller: Caller, data: bytes, photo_id: str | None = None) -> TestResponse:
    """Begin and send all; gives the last answer."""
    return patch(caller, begin(caller, data, photo_id), data, 0)


def declare_op(task_id: str, photo_id: str, data: bytes, **facts: Any) -> dict[str, Any]:
    """The op that declares a photo of a task's record."""
    said = {
        "task_id": task_id, "of_type": "record", "of_id": task_id, "kind": "evidence",
        "sha256": digest(data), "size_bytes": len(data), "filename": "a.jpg",
        "media_type": "image/jpeg", "taken_at": "2026-11-23T08:00:00.000Z", **facts,
    }  # fmt: skip
    return {
        "op_id": uuid.uuid4().hex, "type": "photo", "id": photo_id, "action": "create",
        "base_rev": None, "patch": said,
    }  # fmt: skip


def declare(caller: Caller, task_id: str, photo_id: str, data: bytes, **facts: Any) -> None:
    """Declare a photo by a push that must be applied."""
    (result,) = caller.push(declare_op(task_id, photo_id, data, **facts))
    assert result["status"] == "applied", result


def state_of(caller: Caller, photo_id: str) -> dict[str, Any] | None:
    """What the photo's document says on a device that pulls everything."""
    found = None
    cursor = None
    while True:
        page = caller.pull(cursor)
        for change in page["changes"]:
            if (change["type"], change["id"]) == ("photo", photo_id):
                found = change["data"]
        if not page["has_more"]:
            return found
        cursor = page["cursor"]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
