"""For supervisors and admins: registers, checklists, tasks, review, devices, audit."""

from server.api.glue import Blueprint

supervisor = Blueprint("supervisor", __name__, description="Supervisors: registers, tasks, review")

from server.api.supervisor import (  # routes register themselves
    audit,
    checklists,
    devices,
    draws,
    explaining,
    holds,
    items,
    objects,
    officers,
    organisations,
    oversight,
    photos,
    plans,
    publications,
    quarantine,
    registers,
    retention,
    review,
    tasks,
    users,
    weights,
)
