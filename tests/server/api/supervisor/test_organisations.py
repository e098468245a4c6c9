"""Organisations over HTTP: a tree by division, each with who answers for it."""

import pytest

from server.models import InspectionObject


def asked(**changes):
    return {
        "name": "赛罕大队", "kind": "brigade", "division_code": "150105", "parent_id": "det",
        "responsible_person": "某某", **changes,
    }  # fmt: skip


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def test_a_body_stands_under_another(world):
    answer = world.admin.post("/organisations", asked())
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    assert body["path"] == f"/corps/det/{body['id']}/"
    assert body["responsible_person"] == "某某"
    assert world.admin.get(f"/organisations/{body['id']}").get_json() == body


def test_a_new_body_takes_over_the_objects_it_covers(world):
    covered = world.object(organisation="det", division_code="150105")
    waiting = world.object(organisation="det", division_code="150100")
    elsewhere = world.object(organisation="brig-a", division_code="150105")
    body = world.admin.post("/organisations", asked()).get_json()
    with world.parts.database.read() as session:
        holders = {
            id_: session.get_one(InspectionObject, id_).organisation_id
            for id_ in (covered, waiting, elsewhere)
        }
    assert holders == {covered: body["id"], waiting: "det", elsewhere: "brig-a"}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"parent_id": "nowhere"}, 404, "not_found"),
        ({"division_code": "150199"}, 422, "division_unknown"),
        ({"division_code": "150203"}, 422, "organisation_misplaced"),
        ({"kind": "detachment"}, 422, "organisation_misplaced"),
        ({"parent_id": "brig-a", "division_code": "150102"}, 422, "organisation_misplaced"),
        ({"division_code": "150102"}, 409, "organisation_exists"),
        ({"kind": "corps"}, 422, "invalid_request"),
        ({"path": "/x/"}, 422, "invalid_request"),
    ],
)
def test_a_body_that_fits_nowhere_is_refused(world, changes, status, code):
    refused(world.admin.post("/organisations", asked(**changes)), status, code)


def test_name_and_responsible_person_change_and_nothing_else(world):
    answer = world.admin.call(
        "PATCH", "/organisations/brig-a", json={"name": "新城区大队", "responsible_person": "某某"}
    )
    assert (answer.get_json()["name"], answer.get_json()["responsible_person"]) == (
        "新城区大队", "某某",
    )  # fmt: skip
    answer = world.admin.call("PATCH", "/organisations/brig-a", json={"parent_id": "corps"})
    refused(answer, 422, "invalid_request")


def test_bodies_are_listed_within_ones_part_of_the_tree(world):
    def ids(caller, query=""):
        return [item["id"] for item in caller.get(f"/organisations{query}").get_json()["items"]]

    assert ids(world.admin) == ["brig-a", "brig-b", "corps", "det"]
    assert ids(world.supervisor) == ["brig-a"]
    assert ids(world.admin, "?kind=brigade") == ["brig-a", "brig-b"]
    assert ids(world.admin, "?parent_id=corps") == ["det"]
    assert ids(world.admin, "?division_code=150103") == ["brig-b"]
    assert ids(world.admin, "?q=回民") == ["brig-b"]
    page = world.admin.get("/organisations?limit=1").get_json()
    assert page["next"] == "brig-a"
    assert ids(world.admin, f"?limit=1&after={page['next']}") == ["brig-b"]


def test_what_lies_outside_is_not_shown_to_exist(world):
    refused(world.supervisor.get("/organisations/brig-b"), 404, "not_found")
    refused(world.supervisor.get("/organisations/nowhere"), 404, "not_found")


def test_only_administrators_change_the_tree(world):
    refused(world.supervisor.post("/organisations", asked()), 403, "forbidden")
    answer = world.supervisor.call("PATCH", "/organisations/brig-a", json={"name": "x"})
    refused(answer, 403, "forbidden")
