import stat

import pytest
from sqlalchemy import func, select

from server.clock import now
from server.demo.accounts import known_logins, make_logins
from server.demo.seed import seed_demo_once
from server.models import AuditEntry, FeedEntry, InspectionObject, Organisation, Task, User
from server.parts import parts_of
from server.services.accounts.passwords import check_password


@pytest.fixture
def database(app):
    return parts_of(app).database


def counts(database) -> list[int]:
    tables = (Organisation, InspectionObject, User, Task, FeedEntry, AuditEntry)
    with database.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_an_empty_database_is_filled_once(database, tmp_path):
    assert seed_demo_once(database, data_dir=tmp_path, now=now()) is True
    filled = counts(database)
    assert all(filled)
    assert seed_demo_once(database, data_dir=tmp_path, now=now()) is False
    assert counts(database) == filled


def test_a_database_that_somebody_works_with_is_not_touched(database, world, tmp_path):
    before = counts(database)
    assert seed_demo_once(database, data_dir=tmp_path, now=now()) is False
    assert counts(database) == before
    assert known_logins(tmp_path) == []


def test_each_demo_officer_finds_tasks_with_object_and_checklist_on_the_device(database, tmp_path):
    seed_demo_once(database, data_dir=tmp_path, now=now())
    with database.read() as session:
        rows = session.execute(select(FeedEntry.officer_id, FeedEntry.type).distinct()).all()
    for name in ("jia", "yi", "bing"):
        types = {type_ for officer_id, type_ in rows if officer_id == f"demo-officer-{name}"}
        assert {"task", "object", "checklist"} <= types


def test_the_printed_passwords_are_the_accounts_passwords(database, tmp_path):
    seed_demo_once(database, data_dir=tmp_path, now=now())
    with database.read() as session:
        hashes = dict(session.execute(select(User.username, User.password_hash)).all())
    logins = known_logins(tmp_path)
    assert {login.username for login in logins} == set(hashes)
    assert all(check_password(hashes[login.username], login.password).right for login in logins)


def test_demo_passwords_differ_by_account_and_folder_and_are_private(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    logins = [*make_logins(tmp_path / "a"), *make_logins(tmp_path / "b")]
    assert len({login.password for login in logins}) == len(logins)
    assert make_logins(tmp_path / "a") == logins[: len(logins) // 2]
    assert stat.S_IMODE((tmp_path / "a" / "demo-accounts.txt").stat().st_mode) == 0o600
