"""Publication (公示) of an approved result, its correction and its withdrawal (撤回).

A version is never changed. A correction is a new version that names the one it supersedes and why;
the old one stays reachable and marked. A withdrawal hides the content of all versions and leaves
their numbers, days and the reason to be seen. Reasons are public, so they are masked like any text;
as typed they stand in the audit.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.failpoints import reach
from server.ids import new_id
from server.models import Organisation, Photo, Publication, Task
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.publishing.masking import mask
from server.services.publishing.public_record import Inspection, derived_result, public_record
from server.services.publishing.results import contradicts
from server.services.review.inspections import gather, require_reviewer
from server.services.scope import Actor
from server.services.sync.feed import announce_to_holders
from server.services.tasks.lifecycle import find_task, move
from server.services.tasks.projections import project_task
from sync.tasks import SETTLED


def publish(
    session: Session,
    *,
    actor: Actor,
    task_id: str,
    result: str | None = None,
    reason: str | None = None,
    now: datetime,
) -> Publication:
    """Publish an approved task and close it; of a published one, a corrected version.

    `result` overrules the derived result type where the record alone cannot say it; `reason` is
    needed from the second version on. Raises `not_found`, `practice_never_published`,
    `reviewer_on_task`, `state_invalid`, `result_contradicts`, `correction_reason_needed` or
    `nothing_to_correct`.
    """
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    require_reviewer(session, actor=actor, task_id=task_id)
    if session.get_one(Organisation, task.organisation_id).practice:
        raise DomainError("practice_never_published")
    if task.status not in SETTLED:
        raise DomainError("state_invalid", details={"step": "publish", "status": task.status})
    inspection = gather(session, task)
    data = public_record(inspection, result=_result(inspection, result))
    last = next(reversed(versions_of_task(session, task_id)), None)
    if last:
        _require_correction(last, data, reason)
    published = _add_version(
        session, actor=actor, task=task, last=last, data=data, reason=reason,
        names=inspection.names, now=now,
    )  # fmt: skip
    reach("publish.written")
    if task.status == "reviewed":
        _close(session, task, now)
    return published


def correct_notice(
    session: Session, *, actor: Actor, task: Task, derived_before: str, reason: str, now: datetime
) -> Publication | None:
    """A corrected version of a notice that stands, after its record was amended; None where there
    is none or the public reads no difference.

    A result that was chosen against the record stays, unless it now contradicts it.
    """
    last = next(reversed(versions_of_task(session, task.id)), None)
    if last is None or last.withdrawn_at is not None:
        return None
    inspection = gather(session, task)
    result, derived = last.data["result"], derived_result(inspection)
    if result == derived_before or contradicts(result, derived):
        result = derived
    data = public_record(inspection, result=result)
    if data == last.data:
        return None
    return _add_version(
        session, actor=actor, task=task, last=last, data=data, reason=reason,
        names=inspection.names, now=now,
    )  # fmt: skip


def withdraw(
    session: Session, *, actor: Actor, notice_id: str, reason: str, now: datetime
) -> Publication:
    """Withdraw a notice: the content of every version goes, its record and the reason stay.

    Gives the newest version. Raises `not_found`, or `already_withdrawn`.
    """
    task_id = session.scalars(
        select(Publication.task_id).where(Publication.notice_id == notice_id).limit(1)
    ).one_or_none()
    if task_id is None:
        raise DomainError("not_found")
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    standing = [v for v in versions_of_task(session, task_id) if v.withdrawn_at is None]
    if not standing:
        raise DomainError("already_withdrawn")
    shown_reason = mask(reason, names=gather(session, task).names)
    for version in standing:
        version.withdrawn_at, version.withdrawal_reason = now, shown_reason
    _record(
        session, actor=actor, action="publication.withdraw", version=standing[-1], reason=reason,
        now=now,
    )  # fmt: skip
    _tell_photos(session, "withdrawn", actor=actor, version=standing[-1], now=now)
    return standing[-1]


def versions_of_task(session: Session, task_id: str) -> list[Publication]:
    """All versions of a task's notice, oldest first."""
    query = select(Publication).where(Publication.task_id == task_id)
    return list(session.scalars(query.order_by(Publication.version)))


def _add_version(
    session: Session, *, actor: Actor, task: Task, last: Publication | None, data: dict[str, Any],
    reason: str | None, names: Collection[str], now: datetime,
) -> Publication:  # fmt: skip
    """The next version after `last`; the reason of the first is nobody's business."""
    shown_reason = mask(reason, names=names) if last and reason else None
    published = Publication(
        id=new_id(), notice_id=last.notice_id if last else new_id(),
        version=last.version + 1 if last else 1, task_id=task.id,
        organisation_id=task.organisation_id, data=data, reason=shown_reason, published_at=now,
        published_by=actor.user_id,
    )  # fmt: skip
    session.add(published)
    _record(
        session, actor=actor, action="publication.publish", version=published, reason=reason,
        now=now,
    )  # fmt: skip
    _tell_photos(session, "published", actor=actor, version=published, now=now)
    return published


def _result(inspection: Inspection, chosen: str | None) -> str:
    derived = derived_result(inspection)
    if chosen is None:
        return derived
    if contradicts(chosen, derived):
        raise DomainError("result_contradicts", details={"chosen": chosen, "derived": derived})
    return chosen


def _require_correction(last: Publication, data: dict[str, Any], reason: str | None) -> None:
    if not reason:
        raise DomainError("correction_reason_needed", details={"version": last.version})
    if last.withdrawn_at is None and last.data == data:
        raise DomainError("nothing_to_correct", details={"version": last.version})


def _close(session: Session, task: Task, now: datetime) -> None:
    move(task, "close")
    project_task(session, task.id, now)
    announce_to_holders(session, [(task.id, "task", task.id)])


def _record(
    session: Session, *, actor: Actor, action: str, version: Publication, reason: str | None,
    now: datetime,
) -> None:  # fmt: skip
    after = {"version": version.version, "task_id": version.task_id, "reason": reason}
    record_act(
        session, actor=actor, action=action, target_type="publication",
        target_id=version.notice_id, after=after, now=now,
    )  # fmt: skip


def _tell_photos(
    session: Session, kind: str, *, actor: Actor, version: Publication, now: datetime
) -> None:
    """Say in the ledger of each photo that the result rests on what became of the result; the
    photo itself stays in."""
    photos = (
        select(Photo.id, Photo.received_sha256)
        .where(Photo.task_id == version.task_id, Photo.state == "verified")
        .order_by(Photo.id)
    )
    said, by = {"notice_id": version.notice_id, "version": version.version}, actor.user_id
    events = [
        Custody(photo_id, kind, by, actor.device_id, {"sha256": sha256, **said})
        for photo_id, sha256 in session.execute(photos)
    ]
    record_custody(session, events, now=now)
