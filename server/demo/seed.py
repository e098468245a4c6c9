"""Fill an empty database with the demo brigade, in one transaction, once."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.checklist_forms.statutory import statutory_drafts
from server.clock import china_date
from server.db import Database
from server.demo import brigade
from server.demo.accounts import make_logins
from server.demo.items import ITEMS
from server.models import Checklist, InspectionObject, Officer, Organisation, User
from server.models.organisations import practice_path
from server.services.accounts.passwords import hash_password
from server.services.accounts.users import create_user
from server.services.planning.items import publish_items
from server.services.scope import Actor
from server.services.tasks.assignments import assign
from server.services.tasks.checklists import store_version
from server.services.tasks.eligibility import Post
from server.services.tasks.frequency import FrequencyRules
from server.services.tasks.tasks import NewTask, create_task

CERTIFICATE_DAYS = 3 * 365


def seed_demo_once(database: Database, *, data_dir: Path, now: datetime) -> bool:
    """Seed a database that has no organisation yet, and say whether that was so. One that somebody
    works with is never touched."""
    with database.read() as session:
        if _is_in_use(session):
            return False
    hashes = {login.username: hash_password(login.password) for login in make_logins(data_dir)}
    with database.write() as session:
        if _is_in_use(session):
            return False
        seed_demo(session, password_hashes=hashes, now=now)
    return True


def seed_demo(session: Session, *, password_hashes: dict[str, str], now: datetime) -> None:
    """The whole brigade: organisations, officers, objects, checklists, accounts and tasks."""
    _add_register(session, now=now)
    checklists = {
        draft.code: store_version(
            session, actor=None, owner_id=brigade.CORPS, draft=draft, now=now
        )[0]
        for draft in statutory_drafts()
    }
    users = {
        account.username: create_user(
            session, actor=None, password_hash=password_hashes[account.username], now=now,
            **account._asdict(),
        )
        for account in brigade.ACCOUNTS
    }  # fmt: skip
    organisation = session.get_one(Organisation, brigade.BRIGADE)
    supervisor = Actor(
        user_id=users["zhuguan"].id, name=users["zhuguan"].name, role="supervisor",
        organisation_id=organisation.id, path=organisation.path,
    )  # fmt: skip
    _publish_items(session, users["guanli"], now=now)
    for task in brigade.TASKS:
        _send(session, supervisor, task, checklists[task.checklist_code], now=now)


def _is_in_use(session: Session) -> bool:
    return session.scalar(select(Organisation.id).limit(1)) is not None


def _add_register(session: Session, *, now: datetime) -> None:
    """Organisations, officers and objects as plain rows: the services that people use would
    refuse, rightly, divisions that exist nowhere."""
    path = "/"
    for facts in brigade.ORGANISATIONS:
        path += f"{facts['id']}/"
        session.add(Organisation(path=path, **facts))
        session.flush()
    above = session.get_one(Organisation, brigade.DETACHMENT).path
    school = f"{practice_path(above)}{brigade.PRACTICE}/"
    session.add(Organisation(path=school, **brigade.PRACTICE_BRIGADE))
    expires_on = china_date(now) + timedelta(days=CERTIFICATE_DAYS)
    for facts in brigade.OFFICERS:
        session.add(
            Officer(
                organisation_id=brigade.BRIGADE, post="专职消防监督员",
                certificate_expires_on=expires_on, **facts,
            )
        )  # fmt: skip
    for facts in brigade.OBJECTS:
        session.add(
            InspectionObject(
                organisation_id=brigade.BRIGADE, division_code=brigade.DIVISION, source="演示数据",
                source_key=facts["id"], updated_at=now, **facts,
            )
        )  # fmt: skip
    session.flush()


def _publish_items(session: Session, admin: User, *, now: datetime) -> None:
    """The corps' item list, as its administrator would publish it."""
    corps = session.get_one(Organisation, brigade.CORPS)
    actor = Actor(
        user_id=admin.id, name=admin.name, role="admin", organisation_id=corps.id, path=corps.path
    )
    publish_items(
        session, actor=actor, organisation_id=corps.id, items=ITEMS,
        effective_from=china_date(now), reason="演示：首次公布", now=now,
    )  # fmt: skip


def _send(
    session: Session, supervisor: Actor, wanted: brigade.DemoTask, checklist: Checklist, *,
    now: datetime,
) -> None:  # fmt: skip
    """Make one task and send its two officers, as the supervisor would."""
    today = china_date(now)
    asked = NewTask(
        origin=wanted.origin, source_document=wanted.source_document, object_id=wanted.object_id,
        checklist_id=checklist.id, planned_on=today,
        due_on=today + timedelta(days=wanted.due_in_days),
    )  # fmt: skip
    task = create_task(session, actor=supervisor, asked=asked, rules=FrequencyRules(), now=now)
    posts = [Post(wanted.lead, "lead"), Post(wanted.assistant, "assistant")]
    assign(session, actor=supervisor, task_id=task.id, posts=posts, reason=None, now=now)
