"""A mirror that went wrong is found out and healed, and nothing that waits there is touched."""

import json

import pytest

from client.doctor import Doctor
from tests.server.sync.ops import new_finding
from tests.simulator.checks import check_mirrors
from tests.simulator.crew import LEAD, Crew

MANY = 300


@pytest.fixture
def crew(world):
    crew = Crew(world)
    crew.everybody_syncs()
    yield crew
    crew.close()


def fill(crew, count):
    task = crew.tasks[0]
    ops = [
        new_finding(f"f{number:03}", task, title=f"第{number}处", description="通道被占用" * 30)
        for number in range(count)
    ]
    crew.readers[LEAD].push(*ops)
    crew.everybody_syncs()


def spoil(pocket, statement, *values):
    """Behind the client's back, as a bad disk or a bug would."""
    with pocket.device.store.transaction() as db:
        db.execute(statement, values)
    pocket.network.answers.clear()


def asked(pocket):
    """What was asked to compare and to heal."""
    return [
        (path, size)
        for path, size in pocket.network.answers
        if path in ("/sync/digest", "/sync/entities")
    ]


def heal(pocket, wrong):
    """Compare and mend; what was wrong was as much as is said."""
    assert pocket.device.sync(check=True).healed == wrong
    needed = asked(pocket)
    pocket.network.answers.clear()
    assert pocket.device.sync(check=True).healed == 0
    assert [path for path, _ in asked(pocket)] == ["/sync/digest"]
    return needed


@pytest.mark.parametrize(
    "harm",
    [
        """UPDATE mirror SET server = '{"task_id": "x"}' WHERE type = 'finding' AND id = 'f007'""",
        "UPDATE mirror SET rev = 9 WHERE type = 'finding' AND id = 'f007'",
        "UPDATE mirror SET leaving = 1 WHERE type = 'finding' AND id = 'f007'",
        "DELETE FROM mirror WHERE type = 'finding' AND id = 'f007'",
        """INSERT INTO mirror (user_id, type, id, rev, server, shown)
           SELECT user_id, type, 'ghost', 1, server, shown FROM mirror WHERE id = 'f007'""",
        """INSERT INTO mirror (user_id, type, id, rev, server, shown)
           SELECT user_id, 'photo', 'ghost', 1, server, shown FROM mirror WHERE id = 'f007'""",
    ],
    ids=["changed", "wrong version", "taken for leaving", "dropped", "ghost", "ghost of a type"],
)
def test_whatever_went_wrong_with_one_entity_is_healed_in_three_requests(crew, harm):
    fill(crew, 12)
    spoil(crew.pockets["phone"], harm)
    assert len(heal(crew.pockets["phone"], wrong=1)) <= 3
    check_mirrors(crew)


def test_one_of_many_is_found_in_four_small_requests(crew):
    fill(crew, MANY)
    spoil(crew.pockets["phone"], "DELETE FROM mirror WHERE id = 'f123'")
    needed = heal(crew.pockets["phone"], wrong=1)
    assert [path for path, _ in needed] == [*["/sync/digest"] * 3, "/sync/entities"]
    all_that_is_held = sum(len(json.dumps(each)) for each in crew.held_by(LEAD).values())
    assert sum(size for _, size in needed) < all_that_is_held / 10


def test_a_mirror_that_is_lost_as_a_whole_is_fetched_again(crew):
    fill(crew, 12)
    spoil(crew.pockets["phone"], "DELETE FROM mirror")
    held = len(crew.held_by(LEAD))
    heal(crew.pockets["phone"], wrong=held)
    check_mirrors(crew)


def test_what_waits_survives_the_healing_and_lies_on_top_again(crew):
    fill(crew, 12)
    pocket = crew.pockets["phone"]
    device, task = pocket.device, crew.tasks[0]
    device.sync()
    spoil(pocket, "UPDATE mirror SET server = NULL, rev = NULL WHERE id IN ('f001', 'f002')")
    device.edit("finding", "f001", location="二层")
    born = device.add_finding(task, title="新的一处")
    assert pocket.sync("request lost") is None  # the push: so it waits all the while
    waiting = [op.op_id for op in device.pending().ops]
    assert len(waiting) == 2
    doctor = Doctor(device.store, device._api(), device.account)
    assert doctor.heal(lambda: None) == 2
    assert [op.op_id for op in device.pending().ops] == waiting
    assert device.get("finding", "f001").data["location"] == "二层"
    assert device.get("finding", "f001").data["title"] == "第1处"
    assert device.get("finding", born).data["title"] == "新的一处"
    crew.everybody_syncs()
    assert crew.held_by(LEAD)["finding", "f001"][1]["location"] == "二层"
    check_mirrors(crew)


def test_what_came_meanwhile_is_pulled_first_and_not_taken_for_a_fault(crew):
    fill(crew, 3)
    pocket, came = crew.pockets["phone"], []

    def pull():
        came.append(pocket.device.sync().pulled)

    crew.pockets["handheld"].device.edit("finding", "f001", location="三层")
    crew.pockets["handheld"].sync()
    doctor = Doctor(pocket.device.store, pocket.device._api(), pocket.device.account)
    assert doctor.heal(pull) == 0
    assert came == [1]


def test_a_day_later_it_compares_by_itself(crew):
    fill(crew, 3)
    pocket = crew.pockets["phone"]
    spoil(pocket, "DELETE FROM mirror WHERE id = 'f001'")
    assert pocket.device.sync().healed == 0
    spoil(pocket, "UPDATE meta SET value = value - 86400000 WHERE key LIKE 'checked_ms:%'")
    assert pocket.device.sync().healed == 1
    assert pocket.device.find("finding", "f001")
