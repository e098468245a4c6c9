"""For supervisors and admins: registers, checklists, tasks, review, devices, audit."""

from server.api.glue import Blueprint

supervisor = Blueprint(
    "supervisor",
    __name__,
    description="Supervisors: registers, tasks, review. `?practice=true` with any of these calls: "
    "the practice bodies (演练) below one's part of the tree, instead of the real ones",
)

from server.api.supervisor import (  # routes register themselves
    audit,
    checklists,
    cleaning,
    custody,
    devices,
    draws,
    duplicates,
    explaining,
    flags,
    holds,
    items,
    objects,
    officers,
    organisations,
    oversight,
    people,
    photos,
    plans,
    publications,
    quarantine,
    register_files,
    registers,
    retention,
    review,
    tagging,
    tasks,
    users,
    weights,
)
