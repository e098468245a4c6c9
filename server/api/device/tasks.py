"""Tasks as those see them who are on them: what is there without the network's feed."""

from typing import Any

from schemas.review import TaskDevicesSchema
from server.api.device import device
from server.api.glue import error_responses, reading
from server.services.review.devices import read_devices


@device.route("/tasks/<task_id>/devices")
@error_responses(401, 403, 404)
@device.response(200, TaskDevicesSchema)
def task_devices(task_id: str) -> dict[str, Any]:
    """The devices of a task: their last contact, and what they said still waits on them"""
    with reading() as (session, actor):
        return {"items": read_devices(session, actor=actor, task_id=task_id)}
