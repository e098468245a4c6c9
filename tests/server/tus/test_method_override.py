"""`X-HTTP-Method-Override`: for clients behind a proxy that lets only GET and POST through."""

import pytest

from tests.server.tus.speaker import (
    PIECE,
    RESUMABLE,
    begin,
    declare_op,
    digest,
    head,
    new_photo_id,
    patch,
    photo,
    post,
)
from tests.world import World

DATA = photo()


def overriding(verb: str) -> dict[str, str]:
    return {**RESUMABLE, "X-HTTP-Method-Override": verb}


@pytest.mark.parametrize("verb", ["PATCH", "patch"])
def test_a_post_is_a_patch(world: World, verb: str):
    path = begin(world.lead, DATA)
    headers = {**overriding(verb), **PIECE, "Upload-Offset": "0"}
    answer = world.lead.call("POST", path, data=DATA, headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(DATA)))
    assert world.parts.media.originals.exists(digest(DATA))


def test_a_post_or_a_get_is_a_head_without_a_body(world: World):
    path = begin(world.lead, DATA)
    for sent_as in ("POST", "GET"):
        answer = world.lead.call(sent_as, path, headers=overriding("HEAD"))
        assert (answer.status_code, answer.headers["Upload-Offset"], answer.data) == (200, "0", b"")


def test_a_post_is_a_delete(world: World):
    path = begin(world.lead, DATA)
    assert world.lead.call("POST", path, headers=overriding("DELETE")).status_code == 204
    assert head(world.lead, path).status_code == 404


def test_a_post_asks_for_what_is_spoken_here(world: World):
    answer = world.lead.call("POST", "/files", headers={"X-HTTP-Method-Override": "OPTIONS"})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (204, "1.0.0")


@pytest.mark.parametrize("verb", ["GET", "PUT", "TRACE", "CONNECT", "", "PATCH, DELETE"])
def test_a_verb_that_is_not_of_tus_overrides_nothing(world: World, verb: str):
    path = begin(world.lead, DATA)
    answer = world.lead.call("POST", path, headers=overriding(verb))
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert patch(world.lead, path, DATA, 0, **overriding(verb)).status_code == 204


def test_it_means_nothing_elsewhere(world: World):
    op = declare_op(world.task(), new_photo_id(), DATA)
    body = {"device_time": None, "schema_version": 1, "ops": [op]}
    answer = world.lead.post("/sync/push", body, headers={"X-HTTP-Method-Override": "DELETE"})
    assert answer.status_code == 200
    for path in ("/files-else", "/filesystem"):
        assert world.lead.call("GET", path, headers=overriding("DELETE")).status_code == 404


def test_an_overridden_verb_of_another_version_does_nothing(world: World):
    path = begin(world.lead, DATA)
    for verb in ("DELETE", "PATCH"):
        headers = {"Tus-Resumable": "0.2.2", "X-HTTP-Method-Override": verb}
        answer = world.lead.call("POST", path, headers=headers)
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")
    assert post(world.lead, {"Upload-Length": "1"}).status_code == 422
    assert head(world.lead, path).status_code == 200
