"""A package verifies offline, whoever looks; and whatever was done to it is found and named."""

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from custody.verify import (
    FORMAT,
    MANIFEST,
    SUMS,
    follow,
    genesis,
    in_zip,
    sums_text,
    verify,
    verify_path,
)
from server import put_together
from server.clock import now
from server.config import Settings
from server.models import AuditEntry, CustodySeal
from tests.conftest import SECRET
from tests.databases import fresh_database
from tests.media.pictures import clip
from tests.server.evidence.facts import kinds_of_custody
from tests.server.services.custody.evidence import (
    faults_of,
    happen,
    harm,
    names_of,
    path_of,
    seal,
    verified_photo,
)
from tests.server.services.custody.packages import (
    WAYS,
    contents,
    exported,
    inspected,
    unpacked,
    zipped,
)
from tests.server.tus.speaker import digest, photo
from tests.server_process import PROJECT
from tests.world import World

#: keys of members, so that what is made up comes near to what is looked for
WORDS = (
    "id",
    "data",
    "state",
    "items",
    "links",
    "event",
    "digest",
    "kind",
    "details",
    "sha256",
    "day",
    "position",
    "index",
    "path",
    "heads",
    "root",
    "count",
    "previous",
    "format",
)


@pytest.fixture
def case(world):
    return inspected(world)


@pytest.fixture(scope="module")
def made(routes, tmp_path_factory):
    """A package and the inspection it is of, for tests that look at nothing but its bytes."""
    with fresh_database("sqlite") as url:
        folder = tmp_path_factory.mktemp("made")
        settings = Settings(secret_key=SECRET, database_url=url, data_dir=folder)
        routes.extensions["suijian"] = put_together(settings)
        world = World(routes)
        case = inspected(world)
        return case, exported(world, case.task_id)


def found_in(package):
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return verify(in_zip(archive))


def said(members, name):
    return json.loads(members[name])


def resealed(members):
    """The package as somebody makes it who changes a member and then everything that names it."""
    listed = {
        name: {"sha256": digest(content), "size_bytes": len(content)}
        for name, content in members.items()
        if name not in (MANIFEST, SUMS)
    }
    manifest = json.dumps({**said(members, MANIFEST), "members": listed}).encode()
    return {**members, MANIFEST: manifest, SUMS: sums_text(listed, digest(manifest))}


def test_it_holds_the_record_the_originals_the_chains_and_where_they_are_anchored(world, case):
    package = exported(world, case.task_id)
    members = contents(package)
    found = found_in(package)
    assert (found.faults, found.photos, found.anchored) == ([], 5, 4)
    assert found.members == len(members) - 2
    assert members[f"photos/{case.shared}.jpg"] == members[f"photos/{case.twin}.jpg"] == photo(1)
    assert members[f"photos/{case.video}.mp4"] == clip()
    assert members[f"photos/{case.late}.jpg"] == photo(4)
    assert not any(name.startswith(f"photos/{case.lost}") for name in members)
    assert said(members, MANIFEST)["format"] == FORMAT
    assert len([name for name in members if name.startswith("anchors/2")]) == 2
    lost = said(members, f"custody/{case.lost}.json")["links"]
    assert [link["event"]["kind"] for link in lost] == [
        "captured", "declared", "lost_asked", "lost",
    ]  # fmt: skip
    assert lost[-1]["event"]["details"]["reason"] == "手机损坏，无法恢复"
    shared = said(members, f"custody/{case.shared}.json")["links"]
    assert [link["event"]["kind"] for link in shared] == [
        "captured", "declared", "received", "verified", "viewed",
    ]  # fmt: skip
    assert shared[0]["event"]["details"]["taken_at"] == "2026-11-23T08:00:00.000Z"


def test_the_record_tells_everything_that_the_supervisor_sees(world, case):
    record = said(contents(exported(world, case.task_id)), "record.json")
    assert record["task"]["id"] == case.task_id
    assert [finding["data"]["photos"] for finding in record["findings"]] == [[case.shared]] * 2
    states = {photo["id"]: photo["data"]["state"] for photo in record["photos"]["items"]}
    assert states == dict.fromkeys(case[1:], "verified") | {case.lost: "lost"}
    assert record["people"] == {"u-lead": "lead", "u-supervisor": "supervisor"}
    assert record["devices"] == {"d-lead": "d-lead", "d-supervisor": "d-supervisor"}
    assert any(each["type"] == "finding" for each in record["history"])
    assert "password" not in json.dumps(record)


def test_that_it_went_out_stands_in_ledger_and_audit_and_the_next_shows_it(world, case):
    manifest_sha256 = digest(contents(exported(world, case.task_id))[MANIFEST])
    assert kinds_of_custody(world, case.shared)[-1] == "exported"
    with world.parts.database.read() as session:
        act = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "evidence.export")
        ).one()
    assert (act.user_id, act.target_id) == ("u-supervisor", case.task_id)
    assert act.after["manifest_sha256"] == manifest_sha256
    links = said(contents(exported(world, case.task_id)), f"custody/{case.shared}.json")["links"]
    assert links[-1]["event"]["details"]["manifest_sha256"] == manifest_sha256


def test_the_same_state_gives_the_same_bytes_but_for_the_export_itself(world, case):
    first, second = (contents(exported(world, case.task_id)) for _ in range(2))
    own = {MANIFEST, SUMS, *(name for name in first if name.startswith("custody/"))}
    assert list(first) == list(second)
    assert {name for name in first if first[name] != second[name]} == own


def test_the_zip_can_be_streamed_and_nothing_in_it_is_packed(made):
    _, package = made
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert [info.filename for info in infos][:2] == [MANIFEST, SUMS]


def test_it_verifies_with_nothing_of_ours_installed(made, tmp_path):
    _, package = made
    folder = unpacked(contents(package), tmp_path / "unpacked")
    file = tmp_path / "package.zip"
    file.write_bytes(package)
    for arguments in (["verify.py"], ["verify.py", str(file)]):
        done = subprocess.run(
            [sys.executable, "-I", *arguments], cwd=folder, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "5 条保管链，其中 4 条已锚定" in done.stdout
    done = subprocess.run(["sha256sum", "-c", SUMS], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0
    (folder / "record.json").write_bytes(b"{}")
    done = subprocess.run(
        [sys.executable, "-I", "verify.py"], cwd=folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("member-changed  record.json")


def test_it_is_checked_without_database_secret_or_setting(made, tmp_path):
    file = tmp_path / "package.zip"
    file.write_bytes(made[1])
    bare = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "none")}
    for command in (["-m", "server", "evidence", "check"], ["custody/verify.py"]):
        done = subprocess.run(
            [sys.executable, *command, str(file)], cwd=PROJECT, env=bare, capture_output=True
        )
        assert (done.returncode, "完好" in done.stdout.decode()) == (0, True), done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_each_member_changed_by_one_byte_is_named(made, tmp_path, way):
    _, package = made
    members = contents(package)
    for number, name in enumerate(members):
        content = members[name]
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        faults = way({**members, name: changed}, tmp_path / str(number)).faults
        expected = {MANIFEST: "manifest-", SUMS: "sums-changed"}.get(name, "member-changed")
        assert faults, name
        assert name in {fault.member for fault in faults}
        assert any(fault.name.startswith(expected) for fault in faults), (name, faults)


@pytest.mark.parametrize("way", WAYS)
def test_each_member_removed_is_named(made, tmp_path, way):
    _, package = made
    members = contents(package)
    for number, name in enumerate(members):
        left = {other: content for other, content in members.items() if other != name}
        (fault,) = way(left, tmp_path / str(number)).faults
        missing = "manifest-unreadable" if name == MANIFEST else "member-missing"
        assert (fault.name, fault.member) == (missing, name)


@pytest.mark.parametrize("way", WAYS)
def test_a_member_added_or_two_swapped_are_named(made, tmp_path, way):
    case, package = made
    members = contents(package)
    added = way({**members, "photos/more.jpg": photo(9)}, tmp_path / "added").faults
    assert added == [("member-unknown", "photos/more.jpg", "")]
    one, other = f"photos/{case.shared}.jpg", f"photos/{case.late}.jpg"
    swapped = {**members, one: members[other], other: members[one]}
    faults = way(swapped, tmp_path / "swapped").faults
    assert faults == [("member-changed", name, "") for name in sorted([one, other])]


def test_what_was_changed_together_with_the_manifest_contradicts_the_chain(made):
    case, package = made
    members = contents(package)
    name = f"photos/{case.late}.jpg"
    other = f"photos/{case.shared}.jpg"
    chain, proofs = f"custody/{case.shared}.json", "anchors/proofs.json"
    anchor = sorted(name for name in members if name.startswith("anchors/2"))[0]

    def faults():
        return names_of(found_in(zipped(resealed(changed))).faults)

    changed = {**members, name: photo(9)}
    assert faults() == ["photo-contradicts"]
    changed = {**members, name: members[other], other: members[name]}
    assert faults() == ["photo-contradicts"] * 2
    changed = {each: content for each, content in members.items() if each != name}
    assert faults() == ["photo-missing"]
    changed = {each: content for each, content in members.items() if each != chain}
    assert faults() == ["chain-missing", "anchor-unproven"]
    changed = {**members, chain: members[chain].replace(b'"viewed"', b'"stored"')}
    assert faults() == ["chain-broken"]
    changed = {**members, proofs: members[proofs].replace(b'"position": 5', b'"position": 4')}
    assert faults() == ["anchor-unproven"]
    changed = {**members, anchor: members[anchor].replace(b'"seals"', b'"sealz"')}
    assert faults()[0] == "anchor-broken"
    changed = {**members, proofs: b"[]", "record.json": b"[]"}
    assert faults() == ["member-unreadable"] * 2


def test_a_chain_computed_anew_is_betrayed_by_its_anchor(made):
    case, package = made
    members = contents(package)
    name = f"custody/{case.shared}.json"
    chain, before = said(members, name), genesis(case.shared)
    chain["links"][4]["event"]["user_id"] = "u-nobody"
    for link in chain["links"]:
        link["digest"] = before = follow(before, link["event"])
    forged = resealed({**members, name: json.dumps(chain).encode()})
    (fault,) = found_in(zipped(forged)).faults
    assert (fault.name, fault.where) == ("anchor-unproven", case.shared)


def test_a_photo_that_was_verified_and_has_neither_file_nor_event_of_it_is_missed(made):
    """Somebody takes the file out, and cuts the chain before it says that there was one."""
    case, package = made
    members = contents(package)
    name = f"custody/{case.late}.json"
    chain = said(members, name)
    kinds = [link["event"]["kind"] for link in chain["links"]]
    chain["links"] = chain["links"][: kinds.index("verified")]
    left = {each: content for each, content in members.items() if case.late not in each}
    forged = resealed({**left, name: json.dumps(chain).encode()})
    assert names_of(found_in(zipped(forged)).faults) == ["photo-missing"]


def test_whatever_bit_of_a_package_is_flipped_the_verifier_gives_a_verdict(made, tmp_path):
    """A member's head and the directory hold sizes, places, and flags such as "encrypted"."""
    _, package = made
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        directory = archive.start_dir
    file, end = tmp_path / "flipped.zip", len(package)
    for place in [*range(30), *range(directory, directory + 150), *range(end - 22, end)]:
        flipped = bytearray(package)
        flipped[place] ^= 1
        file.write_bytes(flipped)
        verify_path(file)


def test_a_container_that_plays_tricks_is_refused(made, tmp_path):
    case, package = made
    members = contents(package)
    twice = io.BytesIO(zipped(members))
    with pytest.warns(UserWarning, match="Duplicate name"):
        zipfile.ZipFile(twice, "a").writestr("record.json", b"{}")
    assert found_in(twice.getvalue()).faults == [("member-twice", "record.json", "")]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, members[MANIFEST])
    assert found_in(packed.getvalue()).faults == [("member-packed", MANIFEST, "")]
    half = tmp_path / "half.zip"
    half.write_bytes(package[: len(package) // 2])
    assert names_of(verify_path(half).faults) == ["package-unreadable"]
    flipped = bytearray(package)
    flipped[package.index(photo(4)) + 50] ^= 1  # the ZIP's own checksum does not fit either
    assert found_in(bytes(flipped)).faults == [("member-changed", f"photos/{case.late}.jpg", "")]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(anything, st.data())
def test_whatever_stands_in_a_member_the_verifier_gives_a_verdict(made, content, data):
    members = contents(made[1])
    name = data.draw(st.sampled_from([each for each in members if each.endswith(".json")]))
    written = json.dumps(content).encode()
    changed = {**members, name: written}
    found_in(zipped(changed if name == MANIFEST else resealed(changed)))
    whole = said(members, name)
    key = data.draw(st.sampled_from(sorted(whole)))
    changed = {**members, name: json.dumps({**whole, key: content}).encode()}
    found_in(zipped(changed if name == MANIFEST else resealed(changed)))


@pytest.mark.parametrize(
    "manifest",
    [
        b"", b"[]", b"{}", b"[" * 100_000, b'{"format": "suijian-evidence", "version": 2}',
        b'{"format": "suijian-evidence", "version": 1, "members": {"a": {}}}',
        b'{"format": "suijian-evidence", "version": 1, "members": []}', b"\xff",
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_said_to_be_none(manifest):
    assert names_of(found_in(zipped({MANIFEST: manifest})).faults) == ["manifest-unreadable"]


@pytest.mark.parametrize(
    ("who", "status"),
    [("lead", 403), ("outsider", 403), ("other_supervisor", 404), ("auditor", 200), ("admin", 200)],
)
def test_only_those_in_charge_get_it(world, case, who, status):
    answer = getattr(world, who).get(f"/tasks/{case.task_id}/evidence-package")
    assert answer.status_code == status
    assert ("exported" in kinds_of_custody(world, case.shared)) == (status == 200)


def test_what_would_not_verify_is_not_handed_out(world, case):
    def code():
        answer = world.supervisor.get(f"/tasks/{case.task_id}/evidence-package")
        return answer.status_code, answer.get_json()["code"]

    path = path_of(world, digest(photo(4)))
    path.rename(path.with_suffix(".aside"))
    assert code() == (404, "original_missing")
    path.write_bytes(b"short")
    assert code() == (500, "original_damaged")
    path.with_suffix(".aside").replace(path)
    harm(world, f"UPDATE photos SET received_sha256 = '{digest(clip())}' WHERE id = '{case.late}'")
    assert code() == (409, "custody_contradicts")
    harm(world, f"UPDATE photos SET received_sha256 = sha256 WHERE id = '{case.late}'")
    harm(world, f"UPDATE custody_seals SET digest = '{'0' * 64}' WHERE position = 2")
    assert code() == (409, "custody_contradicts")
    assert "exported" not in kinds_of_custody(world, case.shared)


def test_a_photo_that_rots_on_the_disk_breaks_the_download_off(world, case):
    path = path_of(world, digest(photo(4)))
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.chmod(0o640)
    path.write_bytes(data)
    with pytest.raises(Exception, match="original_damaged"):
        _ = world.supervisor.get(f"/tasks/{case.task_id}/evidence-package").data
    assert names_of(faults_of(world)) == ["file-changed"]


def test_an_export_passes_over_nothing_that_still_waits_for_the_sealer(world):
    happen(world, "elsewhere", "viewed", at=now() - timedelta(hours=5))
    seal(world)
    happen(world, "elsewhere", "viewed", at=now() - timedelta(hours=3))
    task_id = world.task()
    verified_photo(world, task_id)
    exported(world, task_id)
    world.parts.jobs.run_now("seal_custody")
    with world.parts.database.read() as session:
        seals = select(CustodySeal.position).where(CustodySeal.photo_id == "elsewhere")
        assert sorted(session.scalars(seals)) == [1, 2]


def test_a_task_without_photos_has_a_package_too(world):
    found = found_in(exported(world, world.task()))
    assert (found.faults, found.photos, found.members) == ([], 0, 4)


def test_before_the_first_anchor_it_says_that_nothing_is_anchored(world):
    task_id = world.task()
    verified_photo(world, task_id)
    found = found_in(exported(world, task_id))
    assert (found.faults, found.photos, found.anchored) == ([], 1, 0)
