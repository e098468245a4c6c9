"""A task with all that hangs on it, read from the mirror."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from client import mirror
from client.mirror import Entity


@dataclass(frozen=True)
class TaskView:
    """What an app shows on the page of one task."""

    task: Entity
    object: Entity | None
    checklist: Entity | None
    record: Entity | None
    answers: list[Entity]
    findings: list[Entity]
    photos: list[Entity]
    conflicts: list[Entity]

    @classmethod
    def read(cls, db: sqlite3.Connection, user_id: str, task_id: str) -> TaskView:
        """Collect it; the object and the checklist come by the ids the task names."""
        task = mirror.get(db, user_id, "task", task_id)

        def named(type_: str) -> Entity | None:
            return mirror.find(db, user_id, type_, str(task.data.get(f"{type_}_id")))

        def hanging(type_: str) -> list[Entity]:
            return mirror.of_type(db, user_id, type_, task_id)

        return cls(
            task=task,
            object=named("object"),
            checklist=named("checklist"),
            record=mirror.find(db, user_id, "record", task_id),
            answers=hanging("answer"),
            findings=hanging("finding"),
            photos=hanging("photo"),
            conflicts=hanging("conflict"),
        )

    def answers_by_item(self) -> dict[str, dict[str, Any]]:
        """The answers' data by item code."""
        return {str(each.data["item_code"]): each.data for each in self.answers}
