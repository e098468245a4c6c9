"""The ledger of a photo says when a result that rests on it went to the public, and came back."""

from sqlalchemy import select

from server.models import CustodyEvent, Photo
from tests.server.retention.closed import closed
from tests.server.services.custody.evidence import faults_of, seal
from tests.server.tus.speaker import digest, photo
from tests.world import World


def told(world: World, *kinds: str) -> list[tuple[str, str, str | None, dict]]:
    """(photo, kind, by whom, details) of the events of these kinds, in order."""
    with world.parts.database.read() as session:
        events = session.scalars(
            select(CustodyEvent)
            .where(CustodyEvent.kind.in_(kinds))
            .order_by(CustodyEvent.at, CustodyEvent.photo_id)
        )
        return [(each.photo_id, each.kind, each.user_id, each.details) for each in events]


def test_every_photo_of_the_inspection_and_no_other_is_told_of_the_notice(world: World):
    other = closed(world, photo(1))
    before = len(told(world, "published"))
    task_id = closed(world, photo(2), photo(3))
    first, second = told(world, "published")[before:]
    assert (first[0], second[0]) == (f"p0-{task_id}", f"p1-{task_id}")
    for number, (_, _, by, details) in enumerate((first, second), start=2):
        assert by == "u-supervisor"
        assert details.pop("notice_id")
        assert details == {"sha256": digest(photo(number)), "version": 1}
    assert [each[0] for each in told(world, "published")[:before]] == [f"p0-{other}"]
    seal(world)
    assert faults_of(world) == []


def test_a_correction_and_the_withdrawal_are_told_too(world: World):
    """Of a photo that was never verified, or is no more, nothing that the public reads rests."""
    task_id = closed(world, photo(1), photo(2))
    with world.parts.database.write() as session:
        session.get_one(Photo, f"p1-{task_id}").state = "lost"
    again = {"result": "pending", "reason": "结果更正"}
    answer = world.supervisor.post(f"/tasks/{task_id}/publish", again)
    assert answer.status_code == 201, answer.text
    notice_id = answer.get_json()["notice_id"]
    answer = world.supervisor.post(f"/publications/{notice_id}/withdraw", {"reason": "公示有误"})
    assert answer.status_code == 200, answer.text
    events = told(world, "published", "withdrawn")
    assert [(photo_id[:2], kind, details["version"]) for photo_id, kind, _, details in events] == [
        ("p0", "published", 1), ("p1", "published", 1), ("p0", "published", 2),
        ("p0", "withdrawn", 2),
    ]  # fmt: skip
    assert {details["notice_id"] for *_, details in events} == {notice_id}
