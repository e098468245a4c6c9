"""Deleting: asked by one, approved by another, carried out whole, and what stays stays for ever."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from media.darkroom import Darkroom
from server.clock import now
from server.models import AuditEntry, CustodyEvent, Photo, PictureHash, Publication, Task, Upload
from server.services.evidence.derivatives import make_derivatives
from server.services.evidence.verification import find_waiting, verify_photos
from server.services.retention.due import judge, tally_due
from server.services.retention.terms import cutoff
from tests.media.pictures import encoded
from tests.media.test_likeness import scene
from tests.server.evidence.facts import kinds_of_custody
from tests.server.retention.closed import (
    REASON,
    approved_act,
    carry_out,
    closed,
    due,
    file_row,
    hold,
    is_stored,
    items,
    long_ago,
    put_term,
    release,
    request,
    seal,
    set_terms,
    states,
)
from tests.server.sync.ops import op
from tests.server.tus.speaker import (
    begin,
    declare,
    digest,
    metadata_of,
    new_photo_id,
    patch,
    photo,
    post,
    state_of,
    upload,
)
from tests.world import World

NO_PHOTO = b"%PDF-1.7 " + bytes(300)


def test_the_bytes_go_and_who_why_and_what_it_was_stay(world: World):
    data = photo()
    task_id = closed(world, data)
    photo_id = f"p0-{task_id}"
    with closing(Darkroom()) as darkroom:
        make_derivatives(world.parts.database, world.parts.media, now=now(), darkroom=darkroom)
    long_ago(world, task_id)
    set_terms(world)
    assert due(world.supervisor) == {("with_findings", None): 1}
    act_id = approved_act(world)
    assert is_stored(world, data)
    carry_out(world)
    assert not is_stored(world, data)
    for kept in world.parts.media.derivatives.values():
        assert kept.open(digest(data)) is None
    assert states(world, task_id) == {photo_id: "deleted"}
    assert file_row(world, data).deleted_at is not None
    shown = state_of(world.lead, photo_id)
    assert (shown["state"], shown["sha256"]) == ("deleted", digest(data))
    assert shown["deletion"].pop("at")
    assert shown["deletion"] == {
        "reason": REASON["reason"], "approved_by": "u-admin", "approved_by_name": "admin",
    }  # fmt: skip
    assert kinds_of_custody(world, photo_id)[-1] == "deleted"
    with world.parts.database.read() as session:
        event = session.scalars(select(CustodyEvent).where(CustodyEvent.kind == "deleted")).one()
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "photo.deleted")).one()
    facts = {
        "kind": "with_findings", "sha256": digest(data), "size_bytes": len(data), "act_id": act_id,
        "reason": REASON["reason"], "approved_by": "u-admin",
    }  # fmt: skip
    assert event.details == act.after == facts
    told = world.supervisor.get(f"/retention/acts/{act_id}").get_json()
    assert (told["state"], told["requested_by"], told["decided_by"]) == (
        "done", "u-supervisor", "u-admin",
    )  # fmt: skip
    page = world.auditor.get(f"/retention/acts/{act_id}/items").get_json()
    assert [(i["subject_id"], i["sha256"], i["state"]) for i in page["items"]] == [
        (photo_id, digest(data), "deleted")
    ]


def test_whoever_asks_for_the_original_later_hears_what_their_rights_allow(world: World):
    data = photo()
    task_id = closed(world, data)
    long_ago(world, task_id)
    set_terms(world)
    act_id = approved_act(world)
    carry_out(world)
    for file in ("original", "thumbnail"):
        for caller, knows in ((world.lead, False), (world.supervisor, True), (world.auditor, True)):
            answer = caller.get(f"/photos/p0-{task_id}/{file}")
            assert (answer.status_code, answer.get_json()["code"]) == (410, "photo_deleted")
            details = answer.get_json()["details"]
            assert (details["sha256"], details["reason"]) == (digest(data), REASON["reason"])
            assert (details.get("act_id") == act_id) is knows
            assert ("approved_by_name" in details) is knows
        assert world.outsider.get(f"/photos/p0-{task_id}/{file}").status_code == 404


def test_nothing_is_due_until_the_corps_has_set_a_term(world: World):
    task_id = closed(world, photo())
    long_ago(world, task_id)
    assert due(world.admin) == {}
    answer = request(world.supervisor, 409)
    assert (answer["code"], answer["details"]) == ("nothing_due", {"kept": []})
    put_term(world.admin, "corps", "without_findings", 10)
    assert due(world.admin) == {}
    put_term(world.admin, "corps", "with_findings", None)
    assert due(world.admin) == {}
    put_term(world.admin, "corps", "with_findings", 10)
    assert due(world.admin) == {("with_findings", None): 1}


def test_a_term_counts_whole_years_after_the_year_of_the_last_notice(world: World):
    """One second decides: of the year in which the matter came to rest nothing counts."""
    task_id = closed(world, photo(), hazard=False)
    set_terms(world)
    edge = cutoff(10, now=now())
    for reviewed, published, files in (
        (edge, edge, 0),
        (edge - timedelta(seconds=1), edge, 0),
        (edge, edge - timedelta(seconds=1), 0),
        (edge - timedelta(seconds=1), edge - timedelta(seconds=1), 1),
    ):
        with world.parts.database.write() as session:
            session.execute(update(Task).values(reviewed_at=reviewed))
            session.execute(update(Publication).values(published_at=published))
        with world.parts.database.read() as session:
            found = tally_due(session, path="/corps/", now=now())
        assert sum(each.files for each in found) == files
    assert states(world, task_id) == {f"p0-{task_id}": "verified"}


def test_what_an_open_task_or_a_late_op_may_still_need_is_kept(world: World):
    object_id = world.object()
    task_id = closed(world, photo(), object_id=object_id)
    long_ago(world, task_id)
    set_terms(world)
    recheck = world.task(object_id=object_id, origin="recheck")
    assert due(world.supervisor) == {("with_findings", "task_open"): 1}
    world.supervisor.post(f"/tasks/{recheck}/cancel", {"reason": "误建"})
    assert due(world.supervisor) == {("with_findings", None): 1}
    act_id = approved_act(world)
    (result,) = world.lead.push(op("record", task_id, {"structure": "砖混"}, base_rev=1))
    assert result["status"] == "salvaged"
    carry_out(world)
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "late_work_open")}
    assert states(world, task_id) == {f"p0-{task_id}": "verified"}


def test_what_has_an_event_that_is_not_sealed_yet_is_not_due_yet(world: World):
    task_id = closed(world, photo())
    long_ago(world, task_id)
    set_terms(world)
    photo_id = f"p0-{task_id}"
    assert world.supervisor.get(f"/photos/{photo_id}/original").status_code == 200
    assert due(world.supervisor) == {("with_findings", "custody_unsealed"): 1}
    assert request(world.supervisor, 409)["code"] == "nothing_due"
    act_id = approved_act(world)
    assert world.supervisor.get(f"/photos/{photo_id}/original").status_code == 200
    with world.parts.database.read() as session:
        judged = judge(session, [photo_id], act_id=act_id, path="/corps/", now=now())
    assert judged == {("with_findings", photo_id): "custody_unsealed"}
    carry_out(world)  # it seals before it judges
    assert items(world, act_id) == {photo_id: ("deleted", None)}


def test_rubbish_whose_photo_has_an_event_that_is_not_sealed_yet_is_not_due_yet(world: World):
    upload(world.lead, NO_PHOTO)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - timedelta(days=800)))
        upload_id = session.scalars(select(Upload.id)).one()
    set_terms(world, quarantined=1)
    assert world.supervisor.get(f"/quarantine/{upload_id}/file").status_code == 200
    assert due(world.supervisor) == {("quarantined", "custody_unsealed"): 1}
    seal(world)
    assert due(world.supervisor) == {("quarantined", None): 1}


def test_bytes_that_another_photo_shows_stay_until_all_of_them_are_due(world: World):
    data = photo()
    old, young = closed(world, data), closed(world, data, hazard=False)
    set_terms(world)
    long_ago(world, old)
    assert due(world.supervisor) == {("with_findings", "shared"): 1}
    long_ago(world, young)
    assert due(world.supervisor) == {("with_findings", None): 1, ("without_findings", None): 1}
    placed = hold(world.supervisor, "photo", f"p0-{young}")
    assert due(world.supervisor) == {
        ("with_findings", "shared"): 1, ("without_findings", "held"): 1,
    }  # fmt: skip
    release(world.supervisor, placed["id"])
    act_id = approved_act(world)
    carry_out(world)
    assert set(items(world, act_id).values()) == {("deleted", None)}
    assert not is_stored(world, data)


@pytest.mark.parametrize("asked", ["declared", "being sent"])
def test_bytes_that_somebody_counts_on_since_the_act_was_approved_stay(world: World, asked: str):
    data, photo_id = photo(), new_photo_id()
    task_id = closed(world, data)
    long_ago(world, task_id)
    set_terms(world)
    act_id = approved_act(world)
    if asked == "declared":  # the lead has seen these bytes: they prove the new photo at once
        declare(world.lead, world.task(), photo_id, data)
    else:
        path = begin(world.outsider, data, photo_id)
    carry_out(world)
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "shared")}
    assert is_stored(world, data)
    if asked == "declared":
        assert world.lead.get(f"/photos/{photo_id}/original").data == data
    else:
        assert patch(world.outsider, path, data, 0).status_code == 204


def test_a_photo_of_a_cancelled_task_that_never_came_holds_nothing_up(world: World):
    data = photo()
    task_id = closed(world, data)
    declare(world.outsider, strange_task(world), new_photo_id(), data)
    long_ago(world, task_id)
    set_terms(world)
    assert due(world.admin) == {("with_findings", "shared"): 1}
    with world.parts.database.write() as session:
        session.execute(update(Task).where(Task.id != task_id).values(status="cancelled"))
    assert due(world.admin) == {("with_findings", None): 1}


def strange_task(world: World) -> str:
    """A task of the other brigade."""
    return world.task(
        lead=world.outsider, assistant=world.officer("b2", organisation="brig-b"),
        supervisor=world.other_supervisor, object_id=world.object(organisation="brig-b"),
    )  # fmt: skip


def test_bytes_found_for_a_photo_and_deleted_meanwhile_verify_nothing(world: World):
    """Between looking and noting: the check finds the bytes, the deletion is faster."""
    data, waiting = photo(), new_photo_id()
    task_id, other = closed(world, data), world.task()
    declare(world.lead, other, waiting, data)
    with world.parts.database.write() as session:
        values = {"state": "declared", "received_sha256": None}
        session.execute(update(Photo).where(Photo.id == waiting).values(**values))
        session.execute(update(Task).where(Task.id == other).values(status="cancelled"))
    with world.parts.database.read() as session:
        found = find_waiting(session)
    assert [each.id for each in found] == [waiting]
    long_ago(world, task_id)
    set_terms(world)
    approved_act(world)
    carry_out(world)
    with world.parts.database.write() as session:
        verify_photos(session, found, actor=None, now=now())
    assert states(world, other) == {waiting: "declared"}


def test_the_same_bytes_may_come_anew_and_the_deleted_photo_stays_deleted(world: World):
    data, anew = photo(), new_photo_id()
    task_id = closed(world, data)
    long_ago(world, task_id)
    set_terms(world)
    approved_act(world)
    carry_out(world)
    other = world.task()
    declare(world.lead, other, anew, data)
    assert state_of(world.lead, anew)["state"] == "declared"
    needed = world.lead.post("/photos/check", {"sha256": [digest(data)]}).get_json()
    assert needed == {"have": [], "need": [digest(data)]}
    assert upload(world.lead, data, anew).status_code == 204
    assert world.lead.get(f"/photos/{anew}/original").data == data
    assert states(world, task_id) == {f"p0-{task_id}": "deleted"}
    file = file_row(world, data)
    assert (file.deleting_at, file.deleted_at) == (None, None)
    with closing(Darkroom()) as darkroom:
        make_derivatives(world.parts.database, world.parts.media, now=now(), darkroom=darkroom)
    assert world.lead.get(f"/photos/{anew}/thumbnail").status_code == 200
    assert world.lead.get(f"/photos/p0-{task_id}/original").status_code == 410


@pytest.mark.parametrize("step", ["retention.marked", None])
def test_bytes_of_a_photo_that_was_deleted_are_not_taken_again_for_it(
    world: World, break_off: Callable[[str], None], step: str | None
):
    """Nothing would show them, and so no term would ever end them."""
    data = photo()
    task_id = closed(world, data)
    long_ago(world, task_id)
    set_terms(world)
    approved_act(world)
    if step:
        break_off(step)
    else:
        carry_out(world)
    said = {"Upload-Length": str(len(data)), "Upload-Metadata": metadata_of(data, f"p0-{task_id}")}
    answer = post(world.lead, said)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "photo_deleted")
    assert answer.get_json()["details"]["reason"] == REASON["reason"]
    carry_out(world)
    assert not is_stored(world, data)


def test_a_photo_declared_after_its_bytes_were_deleted_asks_for_them_anew(world: World):
    """They were what it declares: nothing doubtful came."""
    data, photo_id = photo(), new_photo_id()
    upload(world.lead, data, photo_id)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - timedelta(days=800)))
    set_terms(world, undeclared=1)
    approved_act(world)
    carry_out(world)
    assert not is_stored(world, data)
    declare(world.lead, world.task(), photo_id, data)
    assert state_of(world.lead, photo_id)["state"] == "declared"
    assert upload(world.lead, data, photo_id).status_code == 204
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_what_was_kept_of_a_pictures_look_goes_with_it(world: World):
    data = encoded(scene(1))
    long_ago(world, closed(world, data))
    set_terms(world)
    world.parts.jobs.run_now("make_derivatives")
    world.parts.jobs.run_now("compare_photos")
    with world.parts.database.read() as session:
        assert session.get_one(PictureHash, digest(data)).hash is not None
    approved_act(world)
    carry_out(world)
    with world.parts.database.read() as session:
        assert session.get(PictureHash, digest(data)) is None


def test_files_that_are_no_photo_and_those_never_declared_have_terms_of_their_own(world: World):
    upload(world.lead, NO_PHOTO)
    upload(world.lead, photo(7))
    task_id = world.task()
    declare(world.lead, task_id, "bad", NO_PHOTO[:-1])
    upload(world.lead, NO_PHOTO[:-1], "bad")
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - timedelta(days=800)))
    set_terms(world, quarantined=1, undeclared=1)
    quarantine = world.parts.media.quarantine
    assert due(world.supervisor) == {("quarantined", None): 1, ("undeclared", None): 1}
    act_id = approved_act(world)
    carry_out(world)
    assert set(items(world, act_id).values()) == {("deleted", None)}
    assert not quarantine.exists(digest(NO_PHOTO))
    assert not is_stored(world, photo(7))
    assert quarantine.exists(digest(NO_PHOTO[:-1]))  # its task is open: a person may look yet
    world.parts.jobs.run_now("sweep_uploads")
    with world.parts.database.read() as session:
        assert sorted(session.scalars(select(Upload.state))) == [
            "deleted", "deleted", "quarantined",
        ]  # fmt: skip


def test_a_file_that_a_person_kept_stays_until_it_is_explained(world: World):
    upload(world.lead, NO_PHOTO)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - timedelta(days=800)))
        upload_id = session.scalars(select(Upload.id)).one()
    set_terms(world, quarantined=1)
    early = approved_act(world)  # before it was settled
    settle = f"/quarantine/{upload_id}/settle"
    body = {"outcome": "kept", "reason": "可能与投诉有关"}
    assert world.supervisor.post(settle, body).status_code == 200
    assert due(world.supervisor) == {("quarantined", "settled_kept"): 1}
    carry_out(world)
    assert items(world, early) == {upload_id: ("kept", "settled_kept")}
    assert world.parts.media.quarantine.exists(digest(NO_PHOTO))
    explained = {"outcome": "explained", "reason": "投诉已办结"}
    assert world.supervisor.post(settle, explained).status_code == 200
    seal(world)
    assert due(world.supervisor) == {("quarantined", None): 1}
    approved_act(world)
    carry_out(world)
    assert not world.parts.media.quarantine.exists(digest(NO_PHOTO))


def test_rubbish_that_came_again_is_kept_with_its_older_copy(world: World):
    upload(world.lead, NO_PHOTO)
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(completed_at=now() - timedelta(days=800)))
    set_terms(world, quarantined=1)
    act_id = approved_act(world)
    upload(world.assistant, NO_PHOTO)
    carry_out(world)
    assert set(items(world, act_id).values()) == {("kept", "shared")}
    assert world.parts.media.quarantine.exists(digest(NO_PHOTO))


def test_an_act_is_a_list_of_one_moment_and_repeating_it_changes_nothing(world: World):
    tasks = [closed(world, photo(n)) for n in range(2)]
    long_ago(world, tasks[0])
    set_terms(world)
    act_id = approved_act(world)
    long_ago(world, tasks[1])
    carry_out(world)
    carry_out(world)
    assert items(world, act_id) == {f"p0-{tasks[0]}": ("deleted", None)}
    assert states(world, tasks[1]) == {f"p0-{tasks[1]}": "verified"}
    assert kinds_of_custody(world, f"p0-{tasks[0]}").count("deleted") == 1
    assert due(world.supervisor) == {("with_findings", None): 1}
