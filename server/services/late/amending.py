"""Amendment (补正): what follows when an approved record is changed after all.

The record gets a new version, the original stays in the history. A notice that stands gets its
correction, a further version that says why; the object's history is told anew.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from server.models import InspectionObject, Task
from server.services.publishing.notices import correct_notice
from server.services.publishing.public_record import derived_result
from server.services.review.decisions import tell_of_settled
from server.services.review.inspections import gather
from server.services.scope import Actor
from server.services.sync.feed import hold_feeds, holders
from server.services.tasks.handover import items_for_object_holders


class Amended:
    """An approved task that is being amended: how it stood, and what its change brings about."""

    def __init__(self, session: Session, task_id: str, *, now: datetime) -> None:
        self.session, self.now = session, now
        self.task = session.get_one(Task, task_id, populate_existing=True)
        self.derived_before = derived_result(gather(session, self.task))

    def hold_feeds(self) -> None:
        """Lock object and feeds in the order that everyone keeps, before anything is announced."""
        site_id = self.task.object_id
        self.session.get_one(InspectionObject, site_id, with_for_update={"key_share": True})
        told = items_for_object_holders(self.session, [("history", site_id)])
        own = holders(self.session, [self.task.id])[self.task.id]
        hold_feeds(self.session, {*own, *(item.officer_id for item in told)})

    def follow_up(self, *, actor: Actor, reason: str) -> None:
        """Correct what was published of it, and tell those who go to the object next."""
        correct_notice(
            self.session, actor=actor, task=self.task, derived_before=self.derived_before,
            reason=reason, now=self.now,
        )  # fmt: skip
        tell_of_settled(self.session, self.task, self.now)
