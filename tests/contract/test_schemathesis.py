"""A property-based client tries the whole API: no 5xx, and no answer outside its schema."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks as openapi_checks

from server.clock import now
from server.models import PhotoFlag
from tests.server.sync.ops import new_finding, op
from tests.server.tus.speaker import begin, declare, new_photo_id, photo, upload

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
EXAMPLES = 15
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@pytest.fixture
def known(world):
    """Ids that exist, so that half of the tries get past `not_found`."""
    task = world.task()
    world.lead.push(new_finding("known", task), op("answer", f"{task}.1.1", {"value": "pass"}))
    [disputed] = world.assistant.push(op("answer", f"{task}.1.1", {"value": "fail"}))
    sent, waiting = new_photo_id(), new_photo_id()
    upload(world.lead, photo(1), sent)
    declare(world.lead, task, sent, photo(1))
    declare(world.lead, task, waiting, photo(2))
    return {
        "task_id": task,
        "photo_id": sent,
        "flag_id": flag_of(world, task, sent),
        "upload_id": begin(world.lead, photo(2), waiting).rpartition("/")[2],
        "conflict_id": disputed["conflict_ids"][0],
        "checklist_id": "list-1",
        "object_id": "obj-1",
        "officer_id": "o-outsider",
        "organisation_id": "brig-a",
        "device_id": "d-outsider",
        "user_id": "u-outsider",
    }


def flag_of(world, task_id, photo_id):
    with world.parts.database.write() as session:
        session.add(
            PhotoFlag(
                id="known-flag", photo_id=photo_id, task_id=task_id, code="far_from_object",
                subject="camera", details={"distance_m": 9e3, "tolerance_m": 1e3}, flagged_at=now(),
            )
        )  # fmt: skip
    return "known-flag"


@pytest.mark.parametrize("role", ["lead", "supervisor", "admin"])
def test_every_answer_is_one_that_the_description_allows(app, world, known, role):
    """Each role meets other answers; all operations are tried before the test tells."""
    api = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    api = api.exclude(
        path_regex="/(events|stream)$"
    )  # their answers do not end (tests/server/pokes)
    token = getattr(world, role).token
    faults = []
    for found in api.get_all_operations():
        operation = found.ok()
        try:
            try_out(operation, token, known)
        except (Failure, FailureGroup) as failure:
            faults.append(f"{operation.label}: {failure}")
    assert not faults, "\n\n".join(faults)


def try_out(operation, token, known):
    # schemathesis offers zstd, but does not unpack what comes straight from the WSGI application
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), meet=st.booleans())
    def call(case, meet):
        if meet:
            case.path_parameters = {
                name: known.get(name, value) for name, value in case.path_parameters.items()
            }
        case.call_and_validate(headers=headers, checks=CHECKS)

    call()
