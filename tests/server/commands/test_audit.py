"""`flask audit …`: an operator asks whether the trail is what it was."""

from server.clock import now
from server.services.audit.acts import record_act
from tests.server.services.audit.test_chain import behind_the_triggers


def act(world, *names):
    with world.parts.database.write() as session:
        for name in names:
            record_act(session, actor=None, action="a", target_type="t", target_id=name, now=now())
            session.flush()


def test_it_says_that_all_is_well_and_what_still_waits(app, world):
    run = app.test_cli_runner().invoke
    act(world, "first", "second")
    assert "sealed 2 entries" in run(args=["audit", "seal"]).output
    act(world, "third")
    done = run(args=["audit", "verify"])
    assert done.exit_code == 0
    assert "2 entries are sealed and unchanged" in done.output
    assert "1 wait to be sealed" in done.output


def test_it_fails_and_names_the_changed_entry(app, world):
    run = app.test_cli_runner().invoke
    act(world, "first", "second", "third")
    run(args=["audit", "seal"])
    behind_the_triggers(
        world.parts.database, "UPDATE audit SET action = 'b' WHERE target_id = 'second'"
    )
    done = run(args=["audit", "verify"])
    assert done.exit_code == 1
    assert "fault at seal 2, audit entry 2: the entry or its seal was changed" in done.output
