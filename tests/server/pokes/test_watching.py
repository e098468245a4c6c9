"""The reference device listens, and polls where it may not."""

from dataclasses import replace

import pytest

from client import Device, Patience
from tests.server.pokes.listener import listening_at
from tests.server.sync.ops import new_finding
from tests.server_process import serving
from tests.world import PASSWORD


@pytest.fixture
def server(settings, world, tmp_path):
    """Two threads: one stream."""
    with serving(replace(settings, threads=2), folder=tmp_path, threads=2) as running:
        yield running


@pytest.fixture
def device(server):
    slept = []
    with Device(":memory:", server=server.url, patience=Patience(sleep=slept.append)) as device:
        device.slept = slept
        device.login("assistant", PASSWORD)
        yield device


def test_it_syncs_when_it_is_poked(world, device):
    task = world.task()
    reports = device.watch()
    next(reports)  # at once
    next(reports)  # the stream is open: what came in between is here
    world.lead.push(new_finding("f1", task))
    next(reports)
    assert [each.id for each in device.all("finding")] == ["f1"]
    assert device.slept == []


def test_it_polls_when_all_seats_are_taken(world, server, device):
    task = world.task()
    with listening_at(server.api, world.lead) as stream:
        assert stream.next()
        reports = device.watch()
        next(reports)
        world.lead.push(new_finding("f1", task))
        next(reports)
        assert [each.id for each in device.all("finding")] == ["f1"]
        assert device.slept == [60.0]


def test_it_goes_on_when_the_server_was_away(world, server, device):
    task = world.task()
    reports = device.watch()
    next(reports)
    next(reports)
    server.kill()
    world.lead.push(new_finding("f1", task))
    server.start()
    next(reports)
    assert [each.id for each in device.all("finding")] == ["f1"]
