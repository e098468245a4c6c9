"""`flask evidence …`: an operator asks whether the evidence is what it was."""

import pytest

from tests.server.services.custody.evidence import anchor, path_of, verified_photo
from tests.server.tus.speaker import digest, photo, upload


@pytest.fixture
def run(app):
    return app.test_cli_runner().invoke


def test_it_says_that_all_is_well(run, world):
    verified_photo(world, world.task())
    anchor(world)
    upload(world.lead, b"%PDF-1.7 " + bytes(300))
    done = run(args=["evidence", "verify"])
    assert (done.exit_code, done.output.splitlines()[-2:]) == (
        0,
        [
            "looked at: 1 anchors, 2 chains, 1 originals, 0 derivatives, 1 quarantined",
            "all files, chains and anchors hold",
        ],
    )


def test_what_does_not_exist_does_not_pass_for_evidence_that_holds(run, world):
    for chosen in ("photo", "task"):
        done = run(args=["evidence", "verify", f"--{chosen}", "nothing"])
        assert (done.exit_code, f"no {chosen} nothing" in done.output) == (1, True)


def test_it_fails_names_the_first_fault_and_says_what_to_do(run, world):
    task_id = world.task()
    for seed in (1, 2):
        verified_photo(world, task_id, seed)
        path_of(world, digest(photo(seed))).unlink()
    done = run(args=["evidence", "verify"])
    assert done.exit_code == 1
    assert done.output.count("file-missing: file ") == 1
    assert "next: bring the file back from a backup" in done.output
    every = run(args=["evidence", "verify", "--all"])
    assert every.exit_code == 1
    assert every.output.count("file-missing: file ") == 2
    assert "2 faults found" in every.output


def test_it_looks_at_what_is_chosen_alone(run, world):
    task_id, other = world.task(), world.task()
    photo_id = verified_photo(world, task_id)
    path_of(world, digest(photo(1))).unlink()
    assert run(args=["evidence", "verify", "--task", other]).exit_code == 0
    assert run(args=["evidence", "verify", "--since", "2999-01-01"]).exit_code == 0
    assert run(args=["evidence", "verify", "--photo", photo_id]).exit_code == 1
    assert run(args=["evidence", "verify", "--since", "yesterday"]).exit_code == 2


def test_a_package_is_written_whole_and_checked(run, world, tmp_path):
    task_id, file = world.task(), tmp_path / "package.zip"
    verified_photo(world, task_id)
    done = run(args=["evidence", "export", task_id, str(file)])
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["package.zip"]
    good = run(args=["evidence", "check", str(file)])
    assert (good.exit_code, "1 条保管链" in good.output) == (0, True)
    stated = done.output.split()[-1]
    assert stated in good.output
    again = run(args=["evidence", "export", task_id, str(file)])
    assert (again.exit_code, "exists" in again.output) == (1, True)
    file.write_bytes(file.read_bytes()[:-1])
    bad = run(args=["evidence", "check", str(file)])
    assert (bad.exit_code, bad.output.startswith("package-unreadable")) == (1, True)


def test_a_damaged_photo_leaves_no_half_a_package(run, world, tmp_path):
    task_id, file = world.task(), tmp_path / "package.zip"
    verified_photo(world, task_id)
    path = path_of(world, digest(photo(1)))
    path.chmod(0o640)
    path.write_bytes(photo(1)[:-1] + b"?")
    done = run(args=["evidence", "export", task_id, str(file)])
    assert (done.exit_code, "original_damaged" in done.output) == (1, True)
    assert list(tmp_path.glob("*.zip*")) + list(tmp_path.glob(".*.zip*")) == []


def test_an_unknown_task_has_none(run, world, tmp_path):
    done = run(args=["evidence", "export", "nothing", str(tmp_path / "package.zip")])
    assert (done.exit_code, "no task nothing" in done.output) == (1, True)
