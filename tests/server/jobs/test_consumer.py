"""The consumer as an operator runs it: nudged, killed, failing."""

import pytest
from sqlalchemy import text

from server.clock import now
from server.db import after_commit
from server.services.audit.acts import record_act
from server.services.audit.chain import SEALER_LOCK, verify
from tests.server.jobs.consumer import consumer

pytestmark = pytest.mark.slow


def act(world, *, nudge):
    with world.parts.database.write() as session:
        record_act(session, actor=None, action="a", target_type="t", target_id="i", now=now())
        if nudge:
            after_commit(session, lambda: world.parts.jobs.nudge("seal_audit"))


def unsealed(world):
    with world.parts.database.read() as session:
        return verify(session).unsealed


def status(app):
    return app.test_cli_runner().invoke(args=["jobs", "status"])


def test_a_nudge_after_commit_is_worked_off_by_the_consumer(app, settings, world):
    act(world, nudge=True)
    assert (unsealed(world), world.parts.jobs.huey.pending_count()) == (1, 1)
    with consumer(settings, "--no-periodic") as running:
        running.wait_for("job_done", "seal_audit")
    assert (unsealed(world), world.parts.jobs.huey.pending_count()) == (0, 0)
    assert status(app).exit_code == 0


def test_what_nobody_nudged_is_found_by_the_sweep(settings, world):
    act(world, nudge=False)
    with consumer(settings) as running:
        running.wait_for("job_done", "seal_audit")
    assert unsealed(world) == 0


def test_what_a_killed_consumer_was_at_is_found_by_the_next_ones_sweep(settings, world):
    act(world, nudge=True)
    with world.parts.database.write() as session:  # SQLite: the sealer now has to wait
        if not world.parts.database.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEALER_LOCK})
        with consumer(settings, "--no-periodic") as running:
            running.wait_for("job_started", "seal_audit")
            running.kill()
    assert (unsealed(world), world.parts.jobs.huey.pending_count()) == (1, 0)  # the nudge is gone
    with consumer(settings) as running:
        running.wait_for("job_done", "seal_audit")
    assert unsealed(world) == 0


def test_a_failing_job_is_one_event_stays_visible_and_is_tried_again(app, settings, world):
    act(world, nudge=True)
    rename(world, "audit_seals", "audit_seals_away")
    with consumer(settings, "--no-periodic") as running:
        event = running.wait_for("job_failed", "seal_audit")
        assert event["failures"] == 1
        assert "audit_seals" in event["traceback"]
        shown = status(app)
        assert shown.exit_code == 1
        assert "failing: seal_audit" in shown.output
        rename(world, "audit_seals_away", "audit_seals")
        running.wait_for("job_done", "seal_audit")  # huey's retry
    assert unsealed(world) == 0
    assert status(app).exit_code == 0


def rename(world, table, name):
    with world.parts.database.engine.begin() as connection:
        if world.parts.database.is_sqlite:  # or triggers and keys would follow the name
            connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def test_a_consumer_told_to_stop_at_once_still_ends_well(settings, world):
    act(world, nudge=True)
    with consumer(settings, "--no-periodic") as running:
        running.wait_for("job_started", "seal_audit")
