"""`flask evidence verify` finds what was done to files, chains and anchors, and names it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from custody.verify import follow
from media.uploads import LocalUploads
from server.clock import now
from server.models import CustodyEvent, CustodySeal, Upload
from server.services.custody.faults import Checked, Selection
from server.services.custody.quarantined import verify_quarantine
from server.services.custody.sealing import as_sealed
from tests.server.services.custody.evidence import (
    anchor,
    anchored_day,
    faults_of,
    folder_of,
    happen,
    harm,
    look_at,
    make_small,
    names_of,
    path_of,
    seal,
    verified,
    verified_photo,
)
from tests.server.services.custody.packages import call_lost
from tests.server.tus.speaker import (
    begin,
    declare,
    digest,
    new_photo_id,
    patch,
    photo,
    upload,
)

SHA = digest(photo(1))


def rewrite(path, content):
    path.chmod(0o640)
    path.write_bytes(content)


# -- files: each act harms the one that it is given ---------------------------------------------


def missing_file(path):
    path.unlink()


def changed_byte(path):
    data = path.read_bytes()
    rewrite(path, data[:100] + bytes([data[100] ^ 1]) + data[101:])


def truncated_file(path):
    rewrite(path, path.read_bytes()[:-1])


def longer_file(path):
    rewrite(path, path.read_bytes() + b"\0")


FILE_HARM = {
    missing_file: "file-missing",
    changed_byte: "file-changed",
    truncated_file: "file-truncated",
    longer_file: "file-changed",
}


def test_what_was_done_to_files_has_a_name(world, task_id):
    for seed in range(len(FILE_HARM) + 1):
        verified_photo(world, task_id, seed)
    anchor(world)
    assert faults_of(world) == []
    shas = [digest(photo(seed)) for seed in range(len(FILE_HARM))]
    for act, sha256 in zip(FILE_HARM, shas, strict=True):
        act(path_of(world, sha256))
    found = {fault.subject.split()[1].rstrip(":"): fault.name for fault in faults_of(world)}
    assert found == dict(zip(shas, FILE_HARM.values(), strict=True))


def kept_aside(world, task_id, seed):
    """Bytes that are no photo, sent for a declared one; gives the photo's id and their digest."""
    data, photo_id = no_photo(seed), new_photo_id()
    declare(world.lead, task_id, photo_id, data)
    assert upload(world.lead, data, photo_id).status_code == 415
    return photo_id, digest(data)


def no_photo(seed):
    return f"%PDF-1.7 {seed} ".encode() + bytes(300)


def test_what_was_done_to_files_kept_aside_has_a_name(world, task_id):
    kept = [kept_aside(world, task_id, seed) for seed in range(len(FILE_HARM) + 1)]
    upload(world.assistant, no_photo(0))  # once more, from somebody else
    faults, checked = verified(world)
    assert (faults, checked.quarantined) == ([], len(kept))
    for act, (_, sha256) in zip(FILE_HARM, kept, strict=False):
        act(path_of(world, sha256, "quarantine"))
    faults, checked = verified(world)
    assert checked.quarantined == len(kept)
    found = {fault.subject.split()[2].rstrip(":"): fault.name for fault in faults}
    assert found == dict(zip((sha for _, sha in kept), FILE_HARM.values(), strict=False))
    assert {fault.subject.split()[0] for fault in faults} == {"quarantined"}
    assert names_of(faults_of(world, photo_id=kept[1][0])) == ["file-changed"]
    assert verified(world, photo_id=kept[-1][0])[1].quarantined == 1


def test_more_files_kept_aside_than_a_page_are_all_read(world, task_id, monkeypatch):
    monkeypatch.setattr("server.services.custody.quarantined.PAGE", 2)
    for seed in range(5):
        _, sha256 = kept_aside(world, task_id, seed)
    assert verified(world)[1].quarantined == 5
    path_of(world, sha256, "quarantine").unlink()
    assert faults_of(world) == [("file-missing", f"quarantined file {sha256}")]


def test_a_file_kept_aside_that_nobody_brought_has_a_name(world):
    path = path_of(world, "ab" * 32, "quarantine")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"?")
    assert faults_of(world) == [("file-unknown", f"quarantined file {'ab' * 32}")]


def test_a_file_kept_aside_is_read_where_it_arrived_until_it_is_moved(world, task_id):
    """As a kill between noting and moving leaves it."""
    _, sha256 = kept_aside(world, task_id, 1)
    with world.parts.database.read() as session:
        upload_id = session.scalars(select(Upload.id)).one()
    arrived = world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id
    path_of(world, sha256, "quarantine").rename(arrived)
    faults, checked = verified(world)
    assert (faults, checked.quarantined) == ([], 1)
    changed_byte(arrived)
    assert names_of(faults_of(world)) == ["file-changed"]


def test_a_file_kept_aside_that_is_moved_while_it_is_looked_for_is_not_missed(world, task_id):
    _, sha256 = kept_aside(world, task_id, 1)
    kept, coming = path_of(world, sha256, "quarantine"), world.parts.settings.data_dir / "coming"
    kept.rename(coming)

    class MovedMeanwhile(LocalUploads):
        """The sweep moves the file after the quarantine was asked and before it is asked itself."""

        def open(self, upload_id):
            coming.rename(kept)
            return super().open(upload_id)

    uploads = MovedMeanwhile(world.parts.settings.data_dir / "uploads")
    faults = verify_quarantine(
        world.parts.database, replace(world.parts.media, uploads=uploads),
        selection=Selection(), checked=Checked(), advance=lambda _: None,
    )  # fmt: skip
    assert list(faults) == []


def test_a_file_kept_aside_that_is_being_deleted_is_not_missed(world, task_id):
    _, sha256 = kept_aside(world, task_id, 1)
    path_of(world, sha256, "quarantine").unlink()
    assert names_of(faults_of(world)) == ["file-missing"]
    harm(world, "UPDATE uploads SET state = 'deleting'")
    assert faults_of(world) == []


def test_a_file_that_no_row_knows_has_a_name(world, photo_id):
    path = path_of(world, "ab" * 32)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"?")
    assert faults_of(world) == [("file-unknown", f"file {'ab' * 32}")]


def test_a_small_picture_that_is_lost_or_another_has_a_name(world, photo_id):
    make_small(world)
    assert faults_of(world) == []
    folder = world.parts.settings.data_dir / "derivatives"
    screen, thumbnail = sorted(folder.rglob(f"{SHA}*"))
    screen.unlink()
    rewrite(thumbnail, photo(2))
    assert faults_of(world) == [
        ("derivative-missing", f"screen of {SHA}"),
        ("derivative-changed", f"thumbnail of {SHA}"),
    ]


def test_a_small_picture_that_cannot_be_read_hides_no_other(world, photo_id):
    make_small(world)
    screen, thumbnail = sorted((world.parts.settings.data_dir / "derivatives").rglob(f"{SHA}*"))
    screen.unlink()
    screen.mkdir()
    thumbnail.unlink()
    assert names_of(faults_of(world)) == ["derivative-unreadable", "derivative-missing"]


# -- chains: each act harms that of the photo it is given ----------------------------------------


def event_at(photo_id, position):
    return (
        "id = (SELECT event_id FROM custody_seals "
        f"WHERE photo_id = '{photo_id}' AND position = {position})"
    )


def changed_event(world, photo_id):
    harm(world, f"UPDATE custody_events SET user_id = 'u-nobody' WHERE {event_at(photo_id, 3)}")


def changed_time(world, photo_id):
    harm(world, f"UPDATE custody_events SET at = '2026-01-01' WHERE {event_at(photo_id, 6)}")


def changed_details(world, photo_id):
    harm(world, f"UPDATE custody_events SET details = '{{}}' WHERE {event_at(photo_id, 1)}")


def changed_seal(world, photo_id):
    harm(
        world,
        f"UPDATE custody_seals SET digest = '{'0' * 64}' "
        f"WHERE photo_id = '{photo_id}' AND position = 2",
    )


def event_of_another_photo(world, photo_id):
    harm(world, f"UPDATE custody_events SET photo_id = 'other' WHERE {event_at(photo_id, 1)}")


def swapped_events(world, photo_id):
    harm(
        world,
        "UPDATE custody_events SET kind = CASE kind WHEN 'received' THEN 'verified' "
        f"WHEN 'verified' THEN 'received' ELSE kind END WHERE photo_id = '{photo_id}'",
    )


def removed_event(world, photo_id):
    harm(world, f"DELETE FROM custody_events WHERE {event_at(photo_id, 4)}")


def remove_link(world, photo_id, position):
    harm(
        world,
        f"DELETE FROM custody_events WHERE {event_at(photo_id, position)}",
        f"DELETE FROM custody_seals WHERE photo_id = '{photo_id}' AND position = {position}",
    )


def removed_link(world, photo_id):
    remove_link(world, photo_id, 2)


def cut_end(world, photo_id):
    remove_link(world, photo_id, 6)


def inserted_event(world, photo_id):
    """One that claims to have been there, which the sealer then seals like any other."""
    happen(world, photo_id, "viewed", at=now() - timedelta(days=20))
    seal(world)


def inserted_event_not_yet_sealed(world, photo_id):
    happen(world, photo_id, "viewed", at=now() - timedelta(days=20))


def insert_link(world, photo_id, digest):
    """An event pushed between the second and the third."""
    harm(
        world,
        f"UPDATE custody_seals SET position = position + 100 WHERE photo_id = '{photo_id}' "
        "AND position > 2",
        "UPDATE custody_seals SET position = position - 99 WHERE position > 100",
        "INSERT INTO custody_events (id, photo_id, kind, at, user_id, device_id, details) "
        "SELECT 'f' || id, photo_id, 'viewed', at, 'u-x', device_id, details "
        f"FROM custody_events WHERE {event_at(photo_id, 2)}",
        "INSERT INTO custody_seals (number, photo_id, position, event_id, digest, sealed_at_ms) "
        f"SELECT number + 1000, photo_id, 3, 'f' || event_id, {digest}, sealed_at_ms "
        f"FROM custody_seals WHERE photo_id = '{photo_id}' AND position = 2",
    )


def inserted_link(world, photo_id):
    insert_link(world, photo_id, f"'{'0' * 64}'")


def make_fit(world, photo_id, position):
    """Compute a link anew from the one before."""
    mine = CustodySeal.photo_id == photo_id
    with world.parts.database.read() as session:
        seals = {seal.position: seal for seal in session.scalars(select(CustodySeal).where(mine))}
        event = session.get_one(CustodyEvent, seals[position].event_id)
    fitting = follow(seals[position - 1].digest, as_sealed(event))
    harm(
        world,
        f"UPDATE custody_seals SET digest = '{fitting}' "
        f"WHERE photo_id = '{photo_id}' AND position = {position}",
    )


def inserted_link_that_fits_the_one_before(world, photo_id):
    insert_link(world, photo_id, f"'{'0' * 64}'")
    make_fit(world, photo_id, 3)


def event_of_another_photo_whose_link_fits(world, photo_id):
    harm(world, f"UPDATE custody_events SET photo_id = 'other' WHERE {event_at(photo_id, 6)}")
    make_fit(world, photo_id, 6)


def whole_chain_gone(world, photo_id):
    harm(
        world,
        f"DELETE FROM custody_seals WHERE photo_id = '{photo_id}'",
        f"DELETE FROM custody_events WHERE photo_id = '{photo_id}'",
    )


def remade_chain(world, photo_id):
    """The owner of the database changes an event and computes the chain anew."""
    harm(
        world,
        f"UPDATE custody_events SET user_id = 'u-nobody' WHERE {event_at(photo_id, 5)}",
        f"DELETE FROM custody_seals WHERE photo_id = '{photo_id}'",
    )
    seal(world)


def photo_of_another_file(world, photo_id):
    """The photo's row shows other bytes, which are stored and whole."""
    upload(world.lead, photo(77))
    harm(
        world,
        f"UPDATE photos SET received_sha256 = '{digest(photo(77))}' WHERE id = '{photo_id}'",
    )


def photo_declared_otherwise(world, photo_id):
    harm(world, f"UPDATE photos SET sha256 = '{digest(photo(7))}' WHERE id = '{photo_id}'")


def photo_called_lost(world, photo_id):
    harm(world, f"UPDATE photos SET state = 'lost' WHERE id = '{photo_id}'")


def photo_set_back(world, photo_id):
    """As if no bytes had ever come."""
    harm(
        world,
        f"UPDATE photos SET state = 'declared', received_sha256 = NULL WHERE id = '{photo_id}'",
    )


def photo_called_deleted(world, photo_id):
    """Only something that was sent for it and kept aside was."""
    happen(world, photo_id, "deleted", at=now(), sha256="0" * 64, reason="保管期限届满")
    harm(world, f"UPDATE photos SET state = 'deleted' WHERE id = '{photo_id}'")


CHAIN_HARM = {
    changed_event: {"event-changed"},
    changed_time: {"event-changed"},
    changed_details: {"event-changed"},
    changed_seal: {"event-changed"},
    event_of_another_photo: {"event-changed"},
    swapped_events: {"event-changed"},
    removed_event: {"event-removed"},
    removed_link: {"event-removed"},
    cut_end: {"chain-short"},
    inserted_event: {"event-inserted"},
    inserted_event_not_yet_sealed: {"event-inserted"},
    inserted_link: {"event-inserted", "chain-rewritten"},
    inserted_link_that_fits_the_one_before: {"event-inserted", "chain-rewritten"},
    event_of_another_photo_whose_link_fits: {"event-changed", "chain-rewritten"},
    whole_chain_gone: {"chain-short", "chain-missing"},
    remade_chain: {"chain-rewritten"},
    photo_of_another_file: {"photo-changed"},
    photo_declared_otherwise: {"photo-changed"},
    photo_called_lost: {"photo-changed"},
    photo_set_back: {"photo-changed"},
    photo_called_deleted: {"photo-changed"},
}


def test_what_was_done_to_chains_has_a_name_each(world, task_id):
    """All at once, each to a photo of its own: no fault hides another."""
    photos = {verified_photo(world, task_id, seed): act for seed, act in enumerate(CHAIN_HARM)}
    untouched = verified_photo(world, task_id, 99)
    for photo_id in [*photos, untouched]:
        look_at(world, photo_id)  # events 5 and 6
        look_at(world, photo_id)
    anchor(world)
    assert faults_of(world) == []
    for photo_id, act in photos.items():
        act(world, photo_id)
    found = {act: set() for act in CHAIN_HARM}
    for fault in faults_of(world):
        found[photos[fault.subject.split()[1].rstrip(",:")]].add(fault.name)
    assert found == CHAIN_HARM


# -- anchors: each act harms that of the day it is given ------------------------------------------


def missing_anchor(folder, day):
    folder.path(day).unlink()


def missing_heads(folder, day):
    folder.heads_path(day).unlink()


def changed_anchor(folder, day):
    rewrite(folder.path(day), folder.read(day).replace(b'"seals": ', b'"seals": 1'))


def broken_anchor(folder, day):
    rewrite(folder.path(day), b'{"half": ')


def changed_heads(folder, day):
    rewrite(folder.heads_path(day), b'{"digest":"","photo_id":"p","position":1}\n')


def heads_that_are_none(folder, day):
    rewrite(folder.heads_path(day), b"[1]\n")


ANCHOR_HARM = {
    missing_anchor: "anchor-missing",
    missing_heads: "anchor-missing",
    changed_anchor: "anchor-changed",
    broken_anchor: "anchor-changed",
    changed_heads: "anchor-changed",
    heads_that_are_none: "anchor-changed",
}


def test_what_was_done_to_anchors_has_a_name_each(world, photo_id):
    folder, days = folder_of(world), [anchored_day(day) for day in range(len(ANCHOR_HARM))]
    for day in range(len(ANCHOR_HARM) + 1):
        anchor(world, day)
    assert faults_of(world) == []
    for act, day in zip(ANCHOR_HARM, days, strict=True):
        act(folder, day)
    found = [(fault.name, fault.subject[:17]) for fault in faults_of(world)]
    names = ANCHOR_HARM.values()
    assert found == [(name, f"anchor {day}") for name, day in zip(names, days, strict=True)]


def test_an_anchor_changed_together_with_its_row_is_betrayed_by_the_next(world, photo_id):
    anchor(world)
    anchor(world, 1)
    changed_anchor(folder_of(world), anchored_day())
    content = folder_of(world).read(anchored_day())
    harm(
        world,
        f"UPDATE custody_anchors SET sha256 = '{digest(content)}' WHERE day = '{anchored_day()}'",
    )
    assert faults_of(world) == [
        ("anchor-changed", f"anchor {anchored_day(1)}: what it says of the day before")
    ]


def test_an_anchor_that_nobody_made_has_a_name(world, photo_id):
    anchor(world)
    folder_of(world).keep(date(2020, 1, 1), folder_of(world).read(anchored_day()))
    assert faults_of(world) == [("anchor-unknown", "anchor 2020-01-01")]


def test_an_audit_trail_made_anew_contradicts_the_anchor(world, photo_id):
    anchor(world)
    harm(world, f"UPDATE audit_seals SET digest = '{'0' * 64}'")
    assert names_of(faults_of(world)) == ["audit-rewritten"]


# -- and otherwise ------------------------------------------------------------------------------


@pytest.fixture
def evidence(world, photo_id):
    """A photo of which everything is anchored."""
    anchor(world)
    return photo_id


def test_the_fault_names_photo_event_and_file(world, evidence):
    changed_event(world, evidence)
    missing_file(path_of(world, SHA))
    event, file = faults_of(world)
    assert event.subject.startswith(f"photo {evidence}, event 3 (received, ")
    assert file.subject == f"file {SHA}"
    assert "backup" in event.next_step


def test_one_photo_or_task_or_time_is_looked_at_alone(world, evidence, task_id):
    other_task = world.task()
    other = verified_photo(world, other_task, 2)
    anchor(world, 1)
    changed_byte(path_of(world, SHA))
    changed_event(world, evidence)
    assert faults_of(world, photo_id=other) == []
    assert faults_of(world, task_id=other_task) == []
    assert faults_of(world, since=now() + timedelta(days=1)) == []
    both = ["event-changed", "file-changed"]
    assert names_of(faults_of(world, photo_id=evidence)) == both
    assert names_of(faults_of(world, task_id=task_id)) == both
    assert names_of(faults_of(world, since=now() - timedelta(days=1))) == both


def test_a_fault_of_one_chain_does_not_hide_that_of_another(world, evidence, task_id):
    other = verified_photo(world, task_id, 2)
    seal(world)
    harm(world, "UPDATE custody_events SET user_id = 'u-x' WHERE kind = 'verified'")
    subjects = [fault.subject for fault in faults_of(world)]
    assert len(subjects) == 2
    assert any(other in subject for subject in subjects)


def test_more_photos_than_a_page_are_all_walked(world, task_id, monkeypatch):
    for module in ("chains", "files"):
        monkeypatch.setattr(f"server.services.custody.{module}.PAGE", 2)
    photos = [verified_photo(world, task_id, seed) for seed in range(5)]
    anchor(world)
    for photo_id in photos:
        harm(
            world,
            f"UPDATE custody_events SET user_id = 'u-x' WHERE photo_id = '{photo_id}' "
            "AND kind = 'declared'",
        )
    for seed in range(5):
        path_of(world, digest(photo(seed))).unlink()
    assert names_of(faults_of(world)) == ["event-changed"] * 5 + ["file-missing"] * 5


def test_what_is_on_its_way_is_no_fault(world, evidence, task_id):
    """Declared without bytes, bytes without declaration, lost, kept aside, not yet sealed."""
    declare(world.lead, task_id, new_photo_id(), photo(2))
    upload(world.lead, photo(3), new_photo_id())
    lost = new_photo_id()
    declare(world.lead, task_id, lost, photo(4))
    call_lost(world, lost)
    doubted = new_photo_id()
    declare(world.lead, task_id, doubted, photo(5))
    other = photo(6)[: len(photo(5))].ljust(len(photo(5)))
    assert patch(world.lead, begin(world.lead, photo(5), doubted), other, 0).status_code == 422
    assert faults_of(world) == []
    anchor(world, 1)
    assert faults_of(world) == []


def test_a_file_that_an_upload_is_just_bringing_is_no_fault(world, evidence):
    """The store takes the bytes before the row says so."""
    begin(world.lead, photo(2), new_photo_id())
    coming = world.parts.settings.data_dir / "coming"
    coming.write_bytes(photo(2))
    world.parts.media.originals.put(coming, digest(photo(2)))
    assert faults_of(world) == []


def deleted(world, photo_id, *, told=SHA):
    """As the act of deletion leaves it."""
    path_of(world, SHA).unlink()
    harm(
        world,
        f"UPDATE photos SET state = 'deleted' WHERE id = '{photo_id}'",
        "UPDATE evidence_files SET deleting_at = stored_at, deleted_at = stored_at "
        f"WHERE sha256 = '{SHA}'",
    )
    happen(world, photo_id, "deleted", at=now(), sha256=told, reason="保管期限届满")


def test_a_file_that_was_deleted_as_an_act_is_not_missed(world, evidence):
    deleted(world, evidence)
    assert faults_of(world) == []


def test_a_deletion_does_not_excuse_another_photo_that_shows_the_same_bytes(
    world, evidence, task_id
):
    verified_photo(world, task_id, 1)
    deleted(world, evidence)
    assert names_of(faults_of(world)) == ["file-missing"]


def test_a_deletion_of_other_bytes_excuses_nothing(world, evidence):
    deleted(world, evidence, told="0" * 64)
    assert names_of(faults_of(world)) == ["photo-changed", "file-missing"]


def test_a_row_that_only_says_deleted_excuses_nothing(world, evidence):
    deleted(world, evidence)
    harm(world, "DELETE FROM custody_events WHERE kind = 'deleted'")
    assert names_of(faults_of(world)) == ["photo-changed", "file-missing"]
