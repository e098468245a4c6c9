"""What there is to do in the background, and how often the sweep of each comes.

A job opens its own, short transactions. It must bear being killed at any moment and being run
again. A new one is a function and a line in `JOBS`.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from huey import crontab
from sqlalchemy.exc import IntegrityError

from media.anchors import AnchorFolder
from media.darkroom import Darkroom
from schemas.ops import check_op
from server import clock
from server.config import Settings
from server.db import Database
from server.failpoints import reach
from server.services.accounts.draining import end_overdue_drains
from server.services.accounts.refresh_tokens import forget_old_tokens
from server.services.accounts.throttle import forget_old_failures
from server.services.audit.chain import seal_batch
from server.services.conflicts import escalation
from server.services.conflicts.care import adopt_conflicts
from server.services.custody import anchoring, sealing
from server.services.drawing.opening import due_draws, open_in_time
from server.services.evidence import comparing, derivatives
from server.services.evidence.sweep import sweep_uploads
from server.services.ledger.heads import anchor_audit
from server.services.retention import deleting
from server.services.sync.compaction import compact
from server.services.sync.epoch import begin_epoch, is_set_back
from server.services.sync.held import devices_with_held_ops, put_to_review
from server.services.sync.push import go_on_with_held
from server.services.tasks.frequency import FrequencyRules
from server.services.tasks.handover import release_due
from server.stores import MediaStores

Due = Callable[[datetime], bool]

EVERY_MINUTE: Due = crontab(minute="*")
TEN_MINUTELY: Due = crontab(minute="*/10")
EVERY_HOUR: Due = crontab(minute="7")
SIX_HOURLY: Due = crontab(minute="17", hour="*/6")
FRESH = timedelta(hours=1)  # what is held longer is looked at by the hour


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What jobs work with."""

    settings: Settings
    database: Database
    media: MediaStores


Work = Callable[[Workshop], None]


@dataclass(frozen=True)
class Job:
    """Something to do; `due` says at which minutes (UTC) its sweep comes."""

    name: str
    work: Work
    due: Due


def seal_audit(shop: Workshop) -> None:
    """Chain what the audit trail has gained."""
    _seal(shop.database, everywhere=False)


def seal_late_audit(shop: Workshop) -> None:
    """Chain entries that became visible very late."""
    _seal(shop.database, everywhere=True)


def anchor_heads(shop: Workshop) -> None:
    """Put the head of the audit trail into the ledger, once a day, where there is a key."""
    signer = shop.settings.signer
    if signer is not None:
        with shop.database.write() as session:
            anchor_audit(session, signer=signer, now=clock.now())


def seal_custody(shop: Workshop) -> None:
    """Chain what happened to photos since."""
    sealing.seal_waiting(shop.database, now=clock.now())


def seal_late_custody(shop: Workshop) -> None:
    """Chain events that became visible very late."""
    sealing.seal_waiting(shop.database, now=clock.now(), everywhere=True)


def anchor_custody(shop: Workshop) -> None:
    """Write yesterday's heads outside the database, once everything is chained."""
    _seal(shop.database, everywhere=True)
    sealing.seal_waiting(shop.database, now=clock.now(), everywhere=True)
    anchoring.anchor_heads(shop.database, AnchorFolder(shop.settings.anchors), now=clock.now())


def make_small_pictures(shop: Workshop) -> None:
    """Make the derivatives that are due, on all processors; what fails waits for its next turn."""
    moment = clock.now()
    with shop.database.read() as session:
        if not derivatives.any_due(session, now=moment):
            return
    count = os.cpu_count() or 1
    with ThreadPoolExecutor(count) as hands:
        for work in [hands.submit(_develop, shop, moment) for _ in range(count)]:
            work.result()


def adopt_pictures(shop: Workshop) -> None:
    """Have derivatives made of pictures that a server of the version before took in."""
    taken = derivatives.ADOPTED_AT_ONCE
    while taken == derivatives.ADOPTED_AT_ONCE:
        with shop.database.write() as session:
            taken = derivatives.adopt_pictures(session, now=clock.now())


def open_draws(shop: Workshop) -> None:
    """Give out what seals withheld until today, and what could not be given out before."""
    today = clock.china_date(clock.now())
    rules = FrequencyRules(exempt_checks_count=shop.settings.exempt_checks_count)
    with shop.database.read() as session:
        due = due_draws(session, today=today)
    for draw_id in due:
        open_in_time(shop.database, draw_id, rules=rules, now=clock.now())


def compare_photos(shop: Workshop) -> None:
    """Compare verified photos with what is known of them, and with those of other tasks."""
    taken = comparing.BATCH
    while taken == comparing.BATCH:
        taken = comparing.compare_photos(shop.database, shop.media, now=clock.now())


def settle_uploads(shop: Workshop) -> None:
    """Finish, move or remove what kills, lost connections and expiry left behind."""
    sweep_uploads(shop.database, shop.media, shop.settings, now=clock.now())


def carry_out_deletions(shop: Workshop) -> None:
    """Remove what approved acts of deletion name, and go on where a kill broke off."""
    for _ in deleting.carry_out(shop.database, shop.media, now=clock.now()):
        pass


def release_former_holders(shop: Workshop) -> None:
    """Have devices drop the tasks that their officers left long enough ago."""
    with shop.database.write() as session:
        release_due(session, now=clock.now(), salvage_days=shop.settings.salvage_days)


def compact_feeds(shop: Workshop) -> None:
    """Note where the feeds stand, and drop the tombstones that are old enough."""
    for _ in compact(shop.database, now=clock.now(), tombstone_days=shop.settings.tombstone_days):
        pass


def escalate_conflicts(shop: Workshop) -> None:
    """Take conflicts into care that have none, and escalate those that nobody settled in time."""
    with shop.database.write() as session:
        adopt_conflicts(session)
    taken = escalation.BATCH
    while taken == escalation.BATCH:
        with shop.database.write() as session:
            taken = escalation.escalate_conflicts(
                session, term=shop.settings.conflict_term, now=clock.now()
            )


def renew_epoch(shop: Workshop) -> None:
    """Begin a new epoch once a device has proved that a backup was restored without one."""
    with shop.database.read() as session:
        if not is_set_back(session):
            return
    with shop.database.write() as session:
        if is_set_back(session):  # nobody was faster
            begin_epoch(session, actor=None, reason="a device knew more", now=clock.now())


def go_on_with_fresh(shop: Workshop) -> None:
    """Do what was held because two pushes missed each other."""
    _go_on(shop, since=clock.now() - FRESH)


def settle_held(shop: Workshop) -> None:
    """Do what can be done of all that is held; put to people what waited too long."""
    _go_on(shop, since=None)
    with shop.database.write() as session:
        put_to_review(session, now=clock.now())


def stop_drained(shop: Workshop) -> None:
    """Revoke devices whose time to send what they held is over."""
    with shop.database.write() as session:
        end_overdue_drains(session, now=clock.now())


def forget_old_logins(shop: Workshop) -> None:
    """Drop login failures, known addresses and refresh tokens that no longer mean anything."""
    with shop.database.write() as session:
        forget_old_failures(session, now=clock.now())
        forget_old_tokens(session, now=clock.now())


def _develop(shop: Workshop, moment: datetime) -> None:
    with closing(Darkroom()) as darkroom:
        derivatives.make_derivatives(shop.database, shop.media, now=moment, darkroom=darkroom)


def _go_on(shop: Workshop, *, since: datetime | None) -> None:
    with shop.database.read() as session:
        devices = devices_with_held_ops(session, since=since)
    for device_id in devices:
        # A push that makes the same entity at this moment wins; the next sweep looks again.
        with suppress(IntegrityError), shop.database.write() as session:
            go_on_with_held(session, device_id=device_id, check_op=check_op, now=clock.now())


def _seal(database: Database, *, everywhere: bool) -> None:
    sealed = 1
    while sealed:
        with database.write() as session:
            sealed = seal_batch(session, now=clock.now(), everywhere=everywhere)
            reach("seal.chained")


JOBS: tuple[Job, ...] = (
    Job("seal_audit", seal_audit, EVERY_MINUTE),
    Job("seal_late_audit", seal_late_audit, SIX_HOURLY),
    Job("anchor_heads", anchor_heads, EVERY_HOUR),
    Job("seal_custody", seal_custody, EVERY_MINUTE),
    Job("seal_late_custody", seal_late_custody, SIX_HOURLY),
    Job("anchor_custody", anchor_custody, EVERY_HOUR),
    Job("open_draws", open_draws, TEN_MINUTELY),
    Job("sweep_uploads", settle_uploads, EVERY_HOUR),
    Job("carry_out_deletions", carry_out_deletions, TEN_MINUTELY),
    Job("release_due", release_former_holders, EVERY_HOUR),
    Job("renew_epoch", renew_epoch, EVERY_MINUTE),
    Job("compact_feeds", compact_feeds, SIX_HOURLY),
    Job("escalate_conflicts", escalate_conflicts, TEN_MINUTELY),
    Job("go_on_with_held", go_on_with_fresh, EVERY_MINUTE),
    Job("stop_drained", stop_drained, EVERY_HOUR),
    Job("settle_held", settle_held, EVERY_HOUR),
    Job("make_derivatives", make_small_pictures, EVERY_MINUTE),
    Job("adopt_pictures", adopt_pictures, EVERY_HOUR),
    Job("compare_photos", compare_photos, EVERY_MINUTE),
    Job("forget_old_logins", forget_old_logins, EVERY_HOUR),
)
