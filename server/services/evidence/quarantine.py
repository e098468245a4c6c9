"""Files that make no photo, for people (隔离文件): seen, fetched, settled, never lost.

A declaration is immutable, so a file that was kept aside never becomes the photo it was sent for.
What is sound after all comes in again under a declaration of its own; `ADVICE` says so.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from media.errors import OriginalMissing
from server.errors import DomainError
from server.ids import is_id
from server.models import (
    Device,
    Organisation,
    Photo,
    QuarantineSettlement,
    Task,
    Upload,
    User,
)
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.review.inspections import require_reviewer
from server.services.scope import Actor, in_scope
from server.stores import MediaStores

FILTERS = ("user_id", "device_id", "photo_id")
_Decider = aliased(User)

SOUND_BUT_OTHER = (
    "文件本身完好，但与申报的 sha256 不一致。申报一经作出不可更改，不能以本文件顶替："
    "请该人员在终端上以新的照片编号重新申报并上传，核对后在此注明情况。"
)
ADVICE = {
    "sha256_mismatch": "文件已损坏，且与申报的 sha256 不一致。请该人员从手机里的原图重新上传；"
    "原图已不在的，由负责人申报遗失。",
    "media_type_unsupported": "内容不是照片或视频。请下载后用可靠的工具核对，切勿直接打开；"
    "现场情况请重新拍摄，以新的照片编号申报。",
    "image_truncated": "后面的内容缺失。请该人员从手机里的原图重新上传；原图已不在的，申报遗失。",
    "video_truncated": "后面的内容缺失。请该人员从手机里的原视频重新上传；已不在的，申报遗失。",
    "image_unreadable": "无法解码。请该人员从手机里的原图重新上传；原图已不在的，申报遗失。",
    "image_too_large": "像素超过上限，内容未必有误。请调低相机分辨率重新拍摄，以新的照片编号申报。",
    "file_too_large": "大小超过上限，内容未必有误。请降低质量或缩短后重拍，以新的照片编号申报。",
}


def list_quarantined(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> dict[str, Any]:
    """Files kept aside that people of one's part of the tree sent, oldest first.

    `filters` may name `user_id`, `device_id`, `photo_id` and `settled`. Raises `not_found` for an
    unknown mark.
    """
    query = _query(actor).order_by(Upload.completed_at, Upload.id).limit(limit + 1)
    for name in FILTERS:
        if name in filters:
            query = query.where(getattr(Upload, name) == filters[name])
    if "settled" in filters:
        settled = QuarantineSettlement.upload_id.is_not(None)
        query = query.where(settled if filters["settled"] else ~settled)
    if after is not None:
        mark = find_quarantined(session, actor=actor, upload_id=after)
        later = (Upload.completed_at == mark.completed_at) & (Upload.id > mark.id)
        query = query.where(or_(Upload.completed_at > mark.completed_at, later))
    rows = session.execute(query).all()
    more = rows[limit - 1].Upload.id if len(rows) > limit else None
    return {"items": [_shown(row) for row in rows[:limit]], "next": more}


def read_quarantined(session: Session, *, actor: Actor, upload_id: str) -> dict[str, Any]:
    """One file kept aside. Raises `not_found`."""
    row = session.execute(_query(actor).where(Upload.id == upload_id)).one_or_none()
    if row is None:
        raise DomainError("not_found")
    return _shown(row)


def find_quarantined(
    session: Session, *, actor: Actor, upload_id: str, lock: bool = False
) -> Upload:
    """The upload of a file kept aside, of somebody in the actor's part of the tree. Raises
    `not_found`."""
    own = (
        select(Upload)
        .join(User, User.id == Upload.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(Upload.id == upload_id, Upload.state == "quarantined", in_scope(actor))
    )
    if lock:
        own = own.with_for_update(of=Upload)
    found = session.scalars(own).one_or_none() if is_id(upload_id) else None
    if found is None:
        raise DomainError("not_found")
    return found


def fetch_quarantined(session: Session, *, actor: Actor, upload_id: str, now: datetime) -> Upload:
    """As `find_quarantined`; that it was fetched stands in the audit trail and in the custody of
    the photo that it was sent for."""
    upload = find_quarantined(session, actor=actor, upload_id=upload_id)
    details = {"upload_id": upload.id, "sha256": upload.received_sha256, "purpose": "quarantine"}
    _note_custody(session, upload, "viewed", details, actor=actor, now=now)
    record_act(
        session, actor=actor, action="quarantine.fetch", target_type="upload", target_id=upload.id,
        after={"photo_id": upload.photo_id, "sha256": upload.received_sha256}, now=now,
    )  # fmt: skip
    return upload


def open_quarantined(media: MediaStores, upload: Upload) -> BinaryIO:
    """The bytes; a kill may have left them, for an hour at most, where they arrived. Raises
    `OriginalMissing`, `UploadNotFound`."""
    with suppress(OriginalMissing):
        return media.quarantine.open(upload.received_sha256 or "")
    return media.uploads.open(upload.id)


def settle_quarantined(
    session: Session, *, actor: Actor, upload_id: str, outcome: str, reason: str, now: datetime
) -> None:
    """Say what was found: `explained`, or `kept` because it may matter yet. The file stays; of
    those that were `kept` no term ends one before it is explained.

    Raises `not_found`, `quarantine_own`, `reviewer_on_task`, `state_invalid` when it is settled,
    but for one that was kept and is explained now.
    """
    # one settles, the other hears of it; and so does who would remove the file meanwhile
    upload = find_quarantined(session, actor=actor, upload_id=upload_id, lock=True)
    if upload.user_id == actor.user_id:
        raise DomainError("quarantine_own")
    photo = session.get(Photo, upload.photo_id) if upload.photo_id else None
    if photo is not None:
        require_reviewer(session, actor=actor, task_id=photo.task_id)
    settled = session.get(QuarantineSettlement, upload.id)
    before = {"outcome": settled.outcome, "reason": settled.reason} if settled else None
    if before is not None and (before["outcome"], outcome) != ("kept", "explained"):
        raise DomainError("state_invalid", details={"state": before["outcome"]})
    said = {"outcome": outcome, "reason": reason}
    session.merge(
        QuarantineSettlement(
            upload_id=upload.id, settled_by=actor.user_id, settled_at=now, **said
        )
    )  # fmt: skip
    details = {"upload_id": upload.id, "sha256": upload.received_sha256, **said}
    _note_custody(session, upload, "settled", details, actor=actor, now=now)
    record_act(
        session, actor=actor, action="quarantine.settle", target_type="upload",
        target_id=upload.id, before=before, after=said, now=now,
    )  # fmt: skip


def _note_custody(
    session: Session,
    upload: Upload,
    kind: str,
    details: dict[str, Any],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    if upload.photo_id:
        event = Custody(upload.photo_id, kind, actor.user_id, actor.device_id, details)
        record_custody(session, [event], now=now)


def _query(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Upload, QuarantineSettlement, User.name.label("user_name"), User.officer_id,
            Device.name.label("device_name"), Photo.state.label("photo_state"), Photo.task_id,
            Task.number.label("task_number"), _Decider.name.label("settled_by_name"),
        )
        .join(User, User.id == Upload.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .outerjoin(Device, Device.id == Upload.device_id)
        .outerjoin(Photo, Photo.id == Upload.photo_id)
        .outerjoin(Task, Task.id == Photo.task_id)
        .outerjoin(QuarantineSettlement, QuarantineSettlement.upload_id == Upload.id)
        .outerjoin(_Decider, _Decider.id == QuarantineSettlement.settled_by)
        .where(Upload.state == "quarantined", in_scope(actor))
    )  # fmt: skip


def _shown(row: Any) -> dict[str, Any]:
    upload, settled = row.Upload, row.QuarantineSettlement
    fault = upload.fault or {}
    sound = fault.get("sound")
    return {
        **{name: getattr(upload, name) for name in _OWN},
        **{name: getattr(row, name) for name in _BESIDE},
        **{name: getattr(settled, name, None) for name in _SETTLED},
        "size_bytes": upload.length_bytes,
        "quarantined_at": upload.completed_at,
        "stated_sha256": upload.sha256,
        "code": fault.get("code"),
        "message": fault.get("message"),
        "details": fault.get("details") or {},
        "detected_type": fault.get("detected"),
        "sound": sound,
        "advice": SOUND_BUT_OTHER if sound else ADVICE.get(fault.get("code", ""), ""),
    }


_OWN = ("id", "user_id", "device_id", "photo_id", "filename", "received_sha256")
_BESIDE = (
    "user_name", "officer_id", "device_name", "photo_state", "task_id", "task_number",
    "settled_by_name",
)  # fmt: skip
_SETTLED = ("outcome", "reason", "settled_by", "settled_at")
