"""The process that makes small pictures: one for many, a new one after a death, none left over."""

import subprocess
import sys
from contextlib import closing

import psutil
import pytest

from media.darkroom import Darkroom, PictureNotMade, develop
from tests.media.pictures import clip, encoded, noise
from tests.server.evidence.fates import DEADLY, die_of_one, tell_pid

PHOTO = encoded(noise())
SERVED = """
from media.darkroom import Darkroom
from tests.server.evidence.fates import tell_pid
print(Darkroom(tell_pid).pictures(b"")["pid"].decode(), flush=True)
input()
"""


def test_it_makes_what_would_be_made_here() -> None:
    with closing(Darkroom()) as darkroom:
        assert darkroom.pictures(PHOTO) == develop(PHOTO)


def test_one_process_serves_many_pictures_and_ends_with_the_room() -> None:
    with closing(Darkroom(tell_pid)) as darkroom:
        first, second = (darkroom.pictures(b"")["pid"] for _ in range(2))
    assert first == second
    assert not psutil.pid_exists(int(first))


def test_a_refusal_says_why_and_costs_no_process() -> None:
    with closing(Darkroom()) as darkroom:
        for data, why in ((PHOTO[:2000], "image_truncated"), (clip(), "image_unreadable")):
            with pytest.raises(PictureNotMade, match=why):
                darkroom.pictures(data)
        assert darkroom.pictures(PHOTO)


def test_after_a_death_the_next_picture_finds_a_new_process() -> None:
    with closing(Darkroom(die_of_one)) as darkroom:
        for _ in range(2):
            with pytest.raises(PictureNotMade, match="died"):
                darkroom.pictures(PHOTO + DEADLY)
            assert darkroom.pictures(PHOTO) == develop(PHOTO)


def test_who_is_killed_leaves_no_process_behind() -> None:
    command = [sys.executable, "-c", SERVED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as served:
        worker = psutil.Process(int(served.stdout.readline()))
        served.kill()
        served.wait()
    worker.wait(timeout=30)
