"""What the creation of an upload announces (上传的创建): a photo, a part of one, or its joining."""

import base64
import binascii
import re

from flask import request

from media.digests import parse_sha256
from server.api.device.tus import FILES, has_body, length_in
from server.errors import DomainError
from server.ids import is_id
from server.models.evidence import PARTIAL
from server.services.evidence.joining import MAX_PARTS
from server.services.evidence.uploads import NewUpload

MAX_METADATA_CHARS = 4096
MAX_FILENAME_CHARS = 255
_ADDRESS = re.compile(r"(?:https?://[\w.:\[\]-]+)?(/[^?#]*/)([^/?#]+)", re.ASCII)
_FINAL = re.compile(r"final;(.*)", re.ASCII | re.DOTALL)
_PAIR = re.compile(r"([\x21-\x2b\x2d-\x7e]+)(?: ([A-Za-z0-9+/=]*))?", re.ASCII)


def creation(upload_id: str, *, max_bytes: int) -> NewUpload:
    """What a POST announces. Raises `upload_header_invalid`, `file_too_large`,
    `upload_metadata_invalid`, `DigestMalformed`, `upload_final_sealed`."""
    concat = request.headers.get("Upload-Concat")
    if concat in (None, PARTIAL):
        length_bytes = _length(max_bytes)
    else:
        length_bytes = None
        _require_no_bytes()
    raw = request.headers.get("Upload-Metadata", "").strip()
    said = parse_metadata(raw)
    photo_id, sha256 = (None, None) if concat == PARTIAL else _photo_in(said)
    return NewUpload(
        id=upload_id,
        length_bytes=length_bytes,
        photo_id=photo_id,
        sha256=sha256,
        filename=said.get("filename", "")[:MAX_FILENAME_CHARS] or None,
        tus_metadata=raw,
        concat=concat,
    )


def _length(max_bytes: int) -> int | None:
    """The length, or None if it is to be told later."""
    deferred = request.headers.get("Upload-Defer-Length")
    if deferred is None:
        return length_in(max_bytes=max_bytes)
    if deferred != "1" or "Upload-Length" in request.headers:
        raise DomainError("upload_header_invalid", details={"header": "Upload-Defer-Length"})
    return None


def _require_no_bytes() -> None:
    """What is joined has the length of its parts, and no bytes of its own."""
    for name in ("Upload-Length", "Upload-Defer-Length"):
        if name in request.headers:
            raise DomainError("upload_header_invalid", details={"header": name})
    if has_body():
        raise DomainError("upload_final_sealed")


def part_ids_in(concat: str | None) -> list[str] | None:
    """The parts that `final;…` names, in their order; None for what is not joined.

    An address counts by its path, relative or absolute: a proxy may call this server otherwise, and
    whose upload it is decides the service. Raises `upload_concat_invalid`.
    """
    if concat is None or concat == PARTIAL:
        return None
    found = _FINAL.fullmatch(concat)
    addresses = [each for each in found[1].split(" ") if each] if found else []
    if not addresses:
        raise DomainError("upload_concat_invalid", details={"expected": "partial | final;url url"})
    if len(addresses) > MAX_PARTS:
        raise DomainError("upload_concat_invalid", details={"limit_parts": MAX_PARTS})
    part_ids = [_id_in(address) for address in addresses]
    if len(set(part_ids)) < len(part_ids):
        raise DomainError("upload_concat_invalid", details={"wrong": ["twice"]})
    return part_ids


def _id_in(address: str) -> str:
    folder = f"{request.root_path.rstrip('/')}{FILES}/"
    found = _ADDRESS.fullmatch(address)
    if found is None or found[1] != folder or not is_id(found[2]):
        raise DomainError("upload_concat_invalid", details={"wrong": [address[:200]]})
    return found[2]


def _photo_in(said: dict[str, str]) -> tuple[str, str]:
    """Which photo it is, and its sha256."""
    missing = [name for name in ("photo_id", "sha256") if not said.get(name)]
    if missing:
        raise DomainError("upload_metadata_invalid", details={"missing": missing})
    if not is_id(said["photo_id"]):
        raise DomainError("upload_metadata_invalid", details={"wrong": ["photo_id"]})
    return said["photo_id"], parse_sha256(said["sha256"])


def parse_metadata(raw: str) -> dict[str, str]:
    """`key base64` by commas, keys unique, values may be empty. Raises `upload_metadata_invalid`.

    tuspy sends the header empty when it has nothing to say.
    """
    if len(raw) > MAX_METADATA_CHARS:
        raise DomainError("upload_metadata_invalid", details={"limit_chars": MAX_METADATA_CHARS})
    said: dict[str, str] = {}
    for pair in raw.split(",") if raw else ():
        found = _PAIR.fullmatch(pair.strip())
        if found is None or found[1] in said:
            raise DomainError("upload_metadata_invalid", details={"wrong": [pair[:80]]})
        said[found[1]] = _decoded(found[1], found[2] or "")
    return said


def _decoded(key: str, encoded: str) -> str:
    try:
        value = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise DomainError("upload_metadata_invalid", details={"wrong": [key]}) from None
    if "\x00" in value:  # no database keeps it
        raise DomainError("upload_metadata_invalid", details={"wrong": [key]})
    return value
