"""Wrong cores: for each policy what one could easily write instead, and must not.

Each mutant is put in place of a part of `sync.policies`, `sync.merge` or `sync.disputes`; the laws
of `tests.sync.laws` have to notice.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from sync import disputes, merge, policies
from sync.disputes import NO_TRAIL
from sync.policies import OFFICE, Claim, Field, Refused, Stamp

Put = Callable[[pytest.MonkeyPatch], None]
_standing, _show = policies.standing, policies.show
_replace_seen, _set = policies._replace_seen, policies._three_way_set
_only_forward, _write_once = policies._only_forward, policies._write_once
_follow = disputes.follow


class Mutant(NamedTuple):
    """A wrong variant of a policy, or of one of the rules that all share."""

    of: str
    does: str
    put: Put


def absorbs(policy: str, wrong: Any) -> Put:
    """Writes under a policy are taken in another way."""
    return lambda patch: patch.setitem(policies._ABSORB, policy, wrong)


def stands(policy: str, wrong: Callable[[Field, Any], Claim]) -> Put:
    """Another of the claims under a policy stands."""

    def standing(field: Field, claims: Any) -> Claim:
        return wrong(field, claims) if field.policy == policy else _standing(field, claims)

    return lambda patch: patch.setattr(policies, "standing", standing)


def replaces(module: Any, name: str, wrong: Any) -> Put:
    """A shared rule is another."""
    return lambda patch: patch.setattr(module, name, wrong)


# -- ways to take a write -----------------------------------------------------------------------


def the_last_to_arrive(field, claims, stamp, saw, value):
    return [Claim(stamp, value)]


def the_first_to_arrive(field, claims, stamp, saw, value):
    return list(claims) or [Claim(stamp, value)]


def drop_the_loser(field, claims, stamp, saw, value):
    return [_standing(field, _replace_seen(field, claims, stamp, saw, value))]


def never_replace(field, claims, stamp, saw, value):
    return sorted([*claims, Claim(stamp, value)], key=lambda claim: claim.stamp.rank)


def replace_only_by_later_clocks(field, claims, stamp, saw, value):
    newest = max([*claims, Claim(stamp, value)], key=lambda claim: claim.stamp.rank)
    return _replace_seen(field, claims, stamp, saw, value) if newest.stamp == stamp else claims


def forget_own_unless_seen(field, claims, stamp, saw, value):
    others = [claim for claim in claims if claim.stamp.device != stamp.device]
    return _replace_seen(field, others, stamp, lambda _: False, value)


def keep_in_order_of_arrival(field, claims, stamp, saw, value):
    texts = [value] if isinstance(value, str) else value or ()
    return [*claims, *(Claim(stamp, text) for text in texts)]


def keep_equal_notes_once(field, claims, stamp, saw, value):
    kept = policies._add_to_list(field, claims, stamp, saw, value)
    return list({claim.value: claim for claim in reversed(kept)}.values())[::-1]


def only_add(field, claims, stamp, saw, value):
    kept = _set(field, claims, stamp, saw, value)
    return [claim for claim in kept if not isinstance(claim.value, dict)]


def remove_without_a_trace(field, claims, stamp, saw, value):
    gone = [c for c in policies._present(claims) if saw(c.stamp) and c.value not in (value or ())]
    left = [claim for claim in claims if claim not in gone]
    return only_add(field, left, stamp, saw, value)


def remove_what_was_not_seen(field, claims, stamp, saw, value):
    return _set(field, claims, stamp, lambda _: True, value)


def add_again_what_was_seen(field, claims, stamp, saw, value):
    kept = _set(field, claims, stamp, saw, value)
    again = [Claim(stamp, each) for each in value or () if Claim(stamp, each) not in kept]
    return sorted([*kept, *again], key=lambda claim: claim.stamp.rank)


def the_office_is_one_of_many(field, claims, stamp, saw, value):
    return [_standing(field, [*claims, Claim(stamp, value)])]


def forget_the_round(field, claims, stamp, saw, value):
    kept = _only_forward(field, claims, stamp, saw, value)
    return [_standing(field, kept)] if len(kept) > 1 else kept


def count_what_had_not_seen_the_round(field, claims, stamp, saw, value):
    return _only_forward(field, claims, stamp, lambda _: True, value)


def go_back_when_seen(field, claims, stamp, saw, value):
    if stamp.device == OFFICE:
        return [Claim(stamp, value)]
    return _replace_seen(field, claims, stamp, saw, value)


def never_refuse(field, claims, stamp, saw, value):
    return never_replace(field, claims, stamp, saw, value)


def refuse_who_did_not_know(field, claims, stamp, saw, value):
    return _write_once(field, claims, stamp, lambda _: True, value)


def let_devices_write(field, claims, stamp, saw, value):
    return [Claim(stamp, value)]


def refuse_the_office(field, claims, stamp, saw, value):
    raise Refused("field_server_owned")


# -- which claim stands -------------------------------------------------------------------------


def latest(field, claims):
    return max(claims, key=lambda claim: claim.stamp.rank)


def earliest(field, claims):
    return min(claims, key=lambda claim: claim.stamp.rank)


def lightest(field, claims):
    return min(claims, key=lambda claim: (field.weight(claim.value), claim.stamp.rank))


def last_listed(field, claims):
    return claims[-1]


# -- shared rules -------------------------------------------------------------------------------


def any_two_dispute(field, claims):
    return field.policy == "review" and len(claims) > 1


def deleted_beats_edited():
    return Field("review", order=(True, False))


def remember_only_disputes_that_were_open(trail, before, after, written, saw):
    return _follow(trail._replace(past=()) if trail.past else trail, before, after, written, saw)


def remember_only_the_last(trail, before, after, written, saw):
    known = _follow(trail, before, after, written, saw)
    own = [claim for claim in known.past if claim.stamp.device != written.stamp.device]
    return known if known is NO_TRAIL else known._replace(past=own)


def remember_the_first_two(writes):
    kept = {}
    for write in sorted(writes, key=lambda each: each.stamp.n):
        of_device = kept.setdefault(write.stamp.device, [])
        if len(of_device) < 2 and write.value not in [each.value for each in of_device]:
            of_device.append(write)
    return [write for of_device in kept.values() for write in of_device]


def remember_the_last_two_alike(writes):
    kept = {}
    for write in sorted(writes, key=lambda each: -each.stamp.n):
        kept.setdefault(write.stamp.device, []).append(write)
    return [write for of_device in kept.values() for write in of_device[:2]]


def what_was_seen_met_too(trail, before, after, written, saw):
    return _follow(trail, before, after, written, lambda _: False)


def ties_go_by_arrival():
    return property(lambda stamp: (stamp.at, stamp.rev, stamp.n))


def ties_go_by_number():
    return property(lambda stamp: (stamp.at, stamp.n, stamp.device))


MUTANTS = [
    Mutant("lww", "the last to arrive stands", absorbs("lww", the_last_to_arrive)),
    Mutant("lww", "the loser is dropped", absorbs("lww", drop_the_loser)),
    Mutant("lww", "a clock beats what was seen", absorbs("lww", replace_only_by_later_clocks)),
    Mutant("lww", "the earliest stands", stands("lww", earliest)),
    Mutant("max", "the last to arrive stands", absorbs("max", the_last_to_arrive)),
    Mutant("max", "the loser is dropped", absorbs("max", drop_the_loser)),
    Mutant("max", "it is never lowered", absorbs("max", never_replace)),
    Mutant("max", "the latest stands", stands("max", latest)),
    Mutant("max", "the lightest stands", stands("max", lightest)),
    Mutant("union", "nothing is ever removed", absorbs("union", only_add)),
    Mutant("union", "removals leave no trace", absorbs("union", remove_without_a_trace)),
    Mutant("union", "what was not seen is removed", absorbs("union", remove_what_was_not_seen)),
    Mutant("union", "a repeated value is a new one", absorbs("union", add_again_what_was_seen)),
    Mutant("append", "what was seen is replaced", absorbs("append", _replace_seen)),
    Mutant("append", "the order is that of arrival", absorbs("append", keep_in_order_of_arrival)),
    Mutant("append", "equal notes are one", absorbs("append", keep_equal_notes_once)),
    Mutant("monotonic", "who saw may go back", absorbs("monotonic", go_back_when_seen)),
    Mutant(
        "monotonic", "the office is one of many", absorbs("monotonic", the_office_is_one_of_many)
    ),
    Mutant("monotonic", "the round is forgotten", absorbs("monotonic", forget_the_round)),
    Mutant(
        "monotonic",
        "what had not seen the round counts",
        absorbs("monotonic", count_what_had_not_seen_the_round),
    ),
    Mutant("monotonic", "the latest stands", stands("monotonic", latest)),
    Mutant("immutable", "the first to arrive stands", absorbs("immutable", the_first_to_arrive)),
    Mutant("immutable", "nothing is refused", absorbs("immutable", never_refuse)),
    Mutant(
        "immutable", "who did not know is refused", absorbs("immutable", refuse_who_did_not_know)
    ),
    Mutant("immutable", "the latest stands", stands("immutable", latest)),
    Mutant("server", "devices may write", absorbs("server", let_devices_write)),
    Mutant("server", "the office may not", absorbs("server", refuse_the_office)),
    Mutant("review", "the last to arrive stands", absorbs("review", the_last_to_arrive)),
    Mutant("review", "the loser is dropped", absorbs("review", drop_the_loser)),
    Mutant("review", "nothing settles it", absorbs("review", never_replace)),
    Mutant("review", "own writes alone count", absorbs("review", forget_own_unless_seen)),
    Mutant("review", "the latest stands", stands("review", latest)),
    Mutant("review", "the lightest stands", stands("review", lightest)),
    Mutant("review", "it settles itself", replaces(merge, "is_disputed", lambda *_: False)),
    Mutant("review", "equal values dispute", replaces(merge, "is_disputed", any_two_dispute)),
    Mutant("existence", "a delete wins", replaces(merge, "EXISTENCE", deleted_beats_edited())),
    Mutant("existence", "the latest wins", replaces(merge, "EXISTENCE", Field("lww"))),
    Mutant("standing order", "ties go by arrival", replaces(Stamp, "rank", ties_go_by_arrival())),
    Mutant("standing order", "ties go by number", replaces(Stamp, "rank", ties_go_by_number())),
    Mutant("standing order", "claims are unordered", replaces(policies, "_in_order", list)),
    Mutant("own order", "held undoes later", replaces(policies, "_is_overtaken", lambda *_: False)),
    Mutant("own order", "any other is later", replaces(policies, "_is_overtaken", lambda c, s: c)),
    Mutant(
        "trail",
        "what was taken back is forgotten",
        replaces(merge, "follow", remember_only_disputes_that_were_open),
    ),
    Mutant("trail", "one write is enough", replaces(merge, "follow", remember_only_the_last)),
    Mutant(
        "trail",
        "the first two are kept",
        replaces(disputes, "_last_two_of_each", remember_the_first_two),
    ),
    Mutant(
        "trail",
        "the last two may be alike",
        replaces(disputes, "_last_two_of_each", remember_the_last_two_alike),
    ),
    Mutant("trail", "what was seen met too", replaces(merge, "follow", what_was_seen_met_too)),
    Mutant("trail", "nothing is remembered", replaces(merge, "follow", lambda *_: NO_TRAIL)),
]
