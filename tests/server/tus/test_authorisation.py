"""Every verb is its owner's alone: whoever else knocks hears nothing and changes nothing."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.ids import new_id
from server.models import Device, Upload
from tests.server.tus.speaker import (
    FILES,
    PIECE,
    RESUMABLE,
    begin,
    head,
    join,
    metadata_of,
    new_photo_id,
    patch,
    photo,
    send_parts,
)
from tests.world import World

DATA = photo()
VERBS = ("HEAD", "PATCH", "DELETE")


def ask(http: FlaskClient, verb: str, path: str, token: str | None, **more: str) -> TestResponse:
    """One request of a verb that would be answered well, were it the owner's."""
    headers = {**RESUMABLE, **PIECE, "Upload-Offset": "100", **more}
    if verb == "POST":
        said = {"Upload-Metadata": metadata_of(DATA, new_photo_id())}
        headers = {**RESUMABLE, "Upload-Length": str(len(DATA)), **said}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = DATA[100:] if verb == "PATCH" else None
    return http.open(f"/api/v1{path}", method=verb, headers=headers, data=data)


@pytest.fixture
def path(world: World) -> str:
    """An upload of the lead that has its first hundred bytes."""
    begun = begin(world.lead, DATA)
    patch(world.lead, begun, DATA[:100], 0)
    return begun


def assert_untouched(world: World, path: str) -> None:
    with world.parts.database.read() as session:
        (upload,) = session.scalars(select(Upload)).all()
    assert (upload.id, upload.state) == (path.rpartition("/")[2], "open")
    assert head(world.lead, path).headers["Upload-Offset"] == "100"


@pytest.mark.parametrize("verb", [*VERBS, "POST"])
def test_without_a_valid_token_nothing_is_answered(world: World, path: str, verb: str):
    for token in (None, "", "nonsense", "a.b.c"):
        answer = ask(world.lead.http, verb, "/files" if verb == "POST" else path, token)
        assert answer.status_code == 401
        assert "Upload-Offset" not in answer.headers
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert_untouched(world, path)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("overridden", [False, True])
def test_to_everybody_else_it_is_not_there(world: World, path: str, verb: str, overridden: bool):
    more = {"X-HTTP-Method-Override": verb} if overridden else {}
    others = (world.assistant, world.outsider, world.supervisor, world.admin, world.auditor)
    for caller in others:
        answer = ask(caller.http, "PATCH" if overridden else verb, path, caller.token, **more)
        assert answer.status_code == 404
        assert "Upload-Offset" not in answer.headers
    assert_untouched(world, path)


@pytest.mark.parametrize("verb", [*VERBS, "POST"])
def test_a_stopped_device_sends_nothing_more(world: World, path: str, verb: str):
    for state, code in (("revoked", "device_revoked"), ("wipe", "device_wipe")):
        become(world, state)
        answer = ask(world.lead.http, verb, "/files" if verb == "POST" else path, world.lead.token)
        assert answer.status_code == 403
        assert verb == "HEAD" or answer.get_json()["code"] == code
    become(world, "active")
    assert_untouched(world, path)


def become(world: World, state: str) -> None:
    with world.parts.database.write() as session:
        session.get_one(Device, world.lead.device_id).state = state


@pytest.mark.parametrize("origin", ["", "http://localhost", "https://elsewhere.example:8443"])
def test_the_addresses_in_a_final_upload_are_authorised_whatever_host_they_name(
    world: World, origin: str
):
    """A host proves nothing and opens nothing: the path names an upload here, and it must be
    one's own."""
    (own,) = send_parts(world.lead, DATA[:1000])
    (others,) = send_parts(world.assistant, DATA[1000:])
    for second in (others, f"/files/{new_id()}"):
        said = f"final;{origin}{FILES}/{own.rpartition('/')[2]} {origin}/api/v1{second}"
        answer = join(world.lead, [], DATA, **{"Upload-Concat": said})
        assert (answer.status_code, answer.get_json()["code"]) == (404, "upload_not_found")
    with world.parts.database.read() as session:
        assert set(session.scalars(select(Upload.state))) == {"open"}
