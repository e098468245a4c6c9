"""The ledger on the database: read over HTTP as a stranger would, and broken on purpose."""

import json
import threading

import pytest
from sqlalchemy import text, update

from ledger import checkpoint, merkle, note, proof, tiles
from ledger.entries import decoded, unbundled
from server.clock import now
from server.errors import DomainError
from server.models import LedgerBody, LedgerCheckpoint, LedgerEntry, LedgerTile
from server.services.ledger.appending import append, append_body, size_of
from server.services.ledger.heads import anchor_audit
from server.services.ledger.monitor import walk
from server.signing import check_signature
from tests.server.ledger.conftest import ORIGIN

DIGEST = "ab" * 32


def fill(world, signer, count, start=0):
    said = [("draw_result", f"slot-{number}", DIGEST) for number in range(start, start + count)]
    with world.parts.database.write() as session:
        append(session, signer=signer, said=said, now=now())


def walked(world, signer, known=None):
    with world.parts.database.read() as session:
        return walk(session, key=signer.key, known=known)


def got(http, path):
    answer = http.get(f"/ledger/{path}")
    assert answer.status_code == 200, path
    return answer.data


def test_a_stranger_checks_every_entry_from_files_alone(http, world, signer):
    for start, count in ((0, 3), (3, 256), (259, 20)):
        fill(world, signer, count, start)
    signed = note.parsed(got(http, "checkpoint"))
    key = note.key_from(got(http, "key").decode())
    note.verify(signed, [key], check_signature)
    said = checkpoint.from_text(signed.text)
    assert (said.origin, said.size) == (ORIGIN, 279)
    entries = [
        *unbundled(got(http, "tile/entries/000")),
        *unbundled(got(http, "tile/entries/001.p/23")),
    ]
    assert merkle.root_of_leaves(map(merkle.leaf_hash, entries)) == said.root
    read = tiles.reader(said.size, lambda tile: got(http, tile.path))
    assert merkle.root(said.size, read) == said.root
    assert decoded(entries[278]).name == "slot-278"


def test_a_proof_verifies_offline(http, world, signer):
    fill(world, signer, 7)
    entry, shown = got(http, "entry/4"), proof.parsed(got(http, "proof/4"))
    covered = proof.verify(shown, entry, origin=ORIGIN, keys=[signer.key], check=check_signature)
    assert covered.size == 7


def test_the_tree_of_yesterday_begins_the_tree_of_today(http, world, signer):
    fill(world, signer, 5)
    old = checkpoint.from_text(note.parsed(got(http, "checkpoint")).text)
    fill(world, signer, 9, 5)
    new = checkpoint.from_text(note.parsed(got(http, "checkpoint")).text)
    read = tiles.reader(new.size, lambda tile: got(http, tile.path))
    merkle.verify_consistency(
        old_size=old.size, old_root=old.root, new_size=new.size, new_root=new.root,
        proof=merkle.consistency_proof(old.size, new.size, read),
    )  # fmt: skip


def test_a_body_is_kept_beside_its_entry(http, world, signer):
    with world.parts.database.write() as session:
        position = append_body(
            session,
            signer=signer,
            kind="draw_result",
            name="slot",
            body={"b": 1, "a": "二"},
            now=now(),
        )
    said = decoded(got(http, f"entry/{position}"))
    assert json.loads(got(http, f"body/{said.digest}")) == {"a": "二", "b": 1}


def test_appenders_take_turns(world, signer):
    together = threading.Barrier(4)

    def add(number):
        together.wait()
        fill(world, signer, 5, number * 5)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert walked(world, signer) == (20, None)


def test_without_a_key_nothing_is_appended(world):
    with pytest.raises(DomainError, match="ledger_key_missing"):
        with world.parts.database.write() as session:
            append(session, signer=None, said=[("heads", "x", DIGEST)], now=now())
    with world.parts.database.read() as session:
        assert size_of(session) == 0


def test_an_act_that_fails_leaves_no_entry(world, signer):
    def fail():
        with world.parts.database.write() as session:
            append(session, signer=signer, said=[("heads", "x", DIGEST)], now=now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert walked(world, signer) == (0, None)


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_tiles", "ledger_checkpoints"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_rows_are_only_ever_added(world, signer, table, act):
    fill(world, signer, 2)
    column = {"ledger_tiles": "path", "ledger_checkpoints": "size"}.get(table, "position")
    with pytest.raises(Exception, match="only ever added"):
        with world.parts.database.write() as session:
            session.execute(text(act.format(table, column, column)))


APPENDED = (LedgerEntry, LedgerTile, LedgerCheckpoint)


def force(world, statement, model):
    """As the owner of the database, who can drop the triggers."""
    table = model.__tablename__ if model in APPENDED else None
    with world.parts.database.write() as session:
        if table and world.parts.database.is_sqlite:
            session.execute(text(f"DROP TRIGGER {table}_no_update"))
            session.execute(text(f"DROP TRIGGER {table}_no_delete"))
        elif table:
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        session.execute(statement)


@pytest.mark.parametrize(
    ("model", "statement", "fault"),
    [
        (
            LedgerEntry,
            update(LedgerEntry).where(LedgerEntry.position == 1).values(content=b"{}"),
            "entry_invalid",
        ),
        (
            LedgerEntry,
            update(LedgerEntry).where(LedgerEntry.position == 1).values(name="other"),
            "entry_changed",
        ),
        (LedgerEntry, text("DELETE FROM ledger_entries WHERE position = 1"), "entry_missing"),
        (LedgerEntry, text("DELETE FROM ledger_entries WHERE position = 3"), "entries_cut_off"),
        (LedgerTile, update(LedgerTile).values(content=b"\0" * 32), "tile_changed"),
        (LedgerTile, text("DELETE FROM ledger_tiles"), "tile_changed"),
        (LedgerBody, update(LedgerBody).values(content=b"{}"), "body_changed"),
        (
            LedgerCheckpoint,
            text("UPDATE ledger_checkpoints SET note = replace(note, '\n4\n', '\n3\n')"),
            "signature_wrong",
        ),
    ],
)
def test_the_monitor_names_the_first_difference(world, signer, model, statement, fault):
    fill(world, signer, 3)
    with world.parts.database.write() as session:
        append_body(session, signer=signer, kind="heads", name="x", body={"a": 1}, now=now())
    assert walked(world, signer) == (4, None)
    force(world, statement, model)
    assert walked(world, signer).fault.startswith(fault)


def test_a_ledger_made_anew_shows_by_a_checkpoint_kept_elsewhere(http, world, signer):
    fill(world, signer, 3)
    known = got(http, "checkpoint").decode()
    for model in APPENDED:
        force(world, text(f"DELETE FROM {model.__tablename__}"), model)
    fill(world, signer, 4, start=100)
    assert walked(world, signer) == (4, None)
    assert walked(world, signer, known).fault.startswith("root_mismatch")


def test_a_checkpoint_of_another_key_proves_nothing(world, signer, stranger):
    fill(world, stranger, 2)
    assert walked(world, signer).fault.startswith("unsigned")


def test_the_head_of_the_audit_goes_in_once_a_day(http, world, signer):
    with world.parts.database.write() as session:
        assert not anchor_audit(session, signer=signer, now=now())
    world.task()
    world.parts.jobs.run_now("seal_audit")
    world.parts.jobs.run_now("anchor_heads")
    world.parts.jobs.run_now("anchor_heads")
    said = decoded(got(http, "entry/0"))
    assert said.kind == "heads"
    assert set(json.loads(got(http, f"body/{said.digest}"))) == {"audit"}
    assert http.get("/ledger/entry/1").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint", "tile/0/000", "tile/entries/000", "entry/0", "proof/0", "body/00",
        "tile/entries/..%2f000", "tile/entries/000.p/999", "tile/x", "entry/-1", "nothing",
        "entry/99999999999999999999", "proof/99999999999999999999",
        "tile/entries/x999/x999/x999/x999/x999/x999/999",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(http, world, path):
    assert http.get(f"/ledger/{path}").status_code == 404


def test_files_that_never_change_may_be_kept_for_ever(http, world, signer):
    fill(world, signer, 1)
    assert "immutable" in http.get("/ledger/tile/0/000.p/1").headers["Cache-Control"]
    assert "immutable" not in http.get("/ledger/checkpoint").headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "tile/%00", "tile/0/%00", "tile/entries/" + "x999/" * 1500 + "000", "tile/entries/٠٠٠",
        "tile/entries/000.p/0", "tile/entries/000.p/257", "tile/0/x", "body/%00", "body/x",
        "entry/99999999999999999999", "proof/99999999999999999999",
    ],
)  # fmt: skip
def test_an_odd_address_is_not_found(http, world, signer, path):
    fill(world, signer, 3)
    assert http.get(f"/ledger/{path}").status_code == 404
