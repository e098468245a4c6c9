import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from server.models import Upload
from tests.server.tus.speaker import FILES, RESUMABLE, begin, head, metadata_of, new_photo_id, photo
from tests.world import World

EXPOSED = (
    "Upload-Offset", "Location", "Upload-Length", "Tus-Version", "Tus-Resumable", "Tus-Max-Size",
    "Tus-Extension", "Upload-Metadata", "Upload-Defer-Length", "Upload-Concat", "Upload-Expires",
    "Tus-Checksum-Algorithm",
)  # fmt: skip


@pytest.mark.parametrize("path", [FILES, f"{FILES}/", f"{FILES}/{'0' * 32}"])
def test_anyone_may_ask_what_is_spoken_here(http: FlaskClient, path: str):
    answer = http.options(path)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(200 * 1024 * 1024)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration",
        "termination", "concatenation",
    }  # fmt: skip


def test_a_page_of_another_origin_may_speak_it(http: FlaskClient):
    answer = http.options(FILES, headers={"Origin": "http://field.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "Upload-Checksum" in answer.headers["Access-Control-Allow-Headers"]


def test_every_answer_exposes_its_headers_and_names_the_version(world: World):
    path = begin(world.lead, photo())
    for answer in (
        head(world.lead, path),
        world.lead.call("PATCH", path, headers=RESUMABLE),
        world.lead.call("GET", path, headers=RESUMABLE),
        world.lead.http.post(FILES),
    ):
        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert all(name in exposed for name in EXPOSED)
        assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("version", ["0.2.2", "1.0.1", "", None])
def test_another_version_is_refused_before_anything_is_done(world: World, version: str | None):
    data = photo()
    path = begin(world.lead, data)
    named = {} if version is None else {"Tus-Resumable": version}
    announced = {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
    }
    for method, where in (("POST", "/files"), ("HEAD", path), ("PATCH", path), ("DELETE", path)):
        answer = world.lead.call(method, where, headers={**announced, **named})
        assert answer.status_code == 412
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert head(world.lead, path).headers["Upload-Offset"] == "0"
    with world.parts.database.read() as session:
        assert session.scalars(select(func.count(Upload.id))).one() == 1  # none begun, none ended


def test_other_methods_are_answered_in_the_envelope(world: World):
    answer = world.lead.call("GET", begin(world.lead, photo()), headers=RESUMABLE)
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
