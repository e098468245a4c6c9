"""Wrong draws: what one could easily write instead, and must not.

Each mutant is put in place of a part of the package; the checks of `tests.draw.checks` have to
notice. A name that is looked up in a module hides the built-in function of that name.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from draw import (
    board,
    canonical,
    ceremony,
    choice,
    drum,
    entropy,
    events,
    merkle,
    pool,
    rules,
    shapes,
    staffing,
    tickets,
    verify,
)
from draw.hashing import lp, u32
from draw.merkle import LEAF, node_hash
from draw.officers import Roster


class Mutant(NamedTuple):
    """A wrong variant, and what it does."""

    does: str
    put: Callable[[pytest.MonkeyPatch], None]


def replaces(where, name, wrong):
    """One name stands for something else."""
    return lambda patch: patch.setattr(where, name, wrong, raising=False)


def wraps(where, name, wrong):
    """`wrong` gets what stood there first."""
    right = getattr(where, name)
    return replaces(where, name, lambda *args, **named: wrong(right, *args, **named))


def both(*puts):
    return lambda patch: [put(patch) for put in puts]


# -- hashes -------------------------------------------------------------------------------------


def twin_of_the_last(leaves):
    level = list(leaves)
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [node_hash(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0] if level else merkle.tree_hash([])


def unsorted_rows(right, records, spread):
    return right(list(reversed(records)), spread)


def nothing_of_an_unopened_share(share):
    return bytes.fromhex(share["reveal"] or "")


def with_reveals(shares):
    return canonical.canonical(list(shares))


def seed_without_beacon(right, commitment, given):
    return right(commitment, {**given, "beacon": None})


# -- the draw -----------------------------------------------------------------------------------


def by_key_alone(parts):
    whole = [candidate for part in parts for candidate in reversed(part)]
    return sorted(whole, key=lambda candidate: candidate.key)


def ranks_from_nought(right, *args):
    return [chosen._replace(rank=chosen.rank - 1) for chosen in right(*args)]


def by_id(chosen):
    return sorted(chosen, key=lambda each: each.id)


def by_stratum(chosen):
    return list(chosen)


def whoever_is_able(self, seat):
    right = staffing.Staffing._search(self, seat)
    able = self._board.able[seat] & self._with_balls()
    return right and able


def one_wave(self, seat):
    self._waves = [self._free]
    return self._takers(seat)


def no_chain_on_one_object(self, movable):
    return None


def a_bald_reason(right, self, opening, admissible):
    passed = right(self, opening, admissible)
    for each in passed:
        if each["reason"] == "look_ahead":
            each["reason"] = "no_ball"
    return passed


def specialty_before_lead(right, self, opening, admissible):
    passed, roster = right(self, opening, admissible), self.roster
    fit = roster.fit_specialty(self.rules, opening.role, opening.object.kind.needs)
    for each in passed:
        if each["reason"] == "on_object" and not fit >> roster.number[each["officer"]] & 1:
            each["reason"] = "specialty"
    return passed


def only_who_could(right, self, opening, admissible):
    return [p for p in right(self, opening, admissible) if p["reason"] != "jurisdiction"]


# -- late events --------------------------------------------------------------------------------


def to_anybody(self, officer):
    self.balls[officer] += 1


def never_barred(standing, event, path):
    table = standing.drum.copy()
    officer = events._officer(table, event, path)
    opening = events._leave(standing, table, officer, event["object"], path)
    table.give_back(officer)
    return events._drawn_again(standing, table, event, [opening])


def balls_kept(standing, event, path):
    table = standing.drum.copy()
    officer = events._officer(table, event, path)
    openings = [events._leave(standing, table, officer, o, path) for o in event["objects"]]
    return events._drawn_again(standing, table, event, openings)


def substitutes_from_behind(right, chosen, table):
    standing = right(chosen, table)
    turned = {name: list(reversed(rest)) for name, rest in standing.substitutes.items()}
    return events.Standing(standing.objects, turned, table)


# -- the verifier -------------------------------------------------------------------------------


def does_not_compare(name):
    def compare(right, computed, published, at):
        return [] if at == name else right(computed, published, at)

    return wraps(verify, "_compare", compare)


def by_equality(right, computed, published, name):
    return [] if computed == published else right(computed, published, name)


def never_a_fault(*_args, **_named):
    return iter(())


def anything_further(right, value, path, fields, *, further=False):
    return right(value, path, fields, further=True)


MUTANTS = [
    Mutant("keys are not sorted", both(
        replaces(canonical, "encode", canonical.json.JSONEncoder(separators=(",", ":")).encode),
        replaces(pool, "encode", canonical.json.JSONEncoder(separators=(",", ":")).encode))),
    Mutant("a last node is doubled", replaces(pool, "tree_hash", twin_of_the_last)),
    Mutant("leaves look like nodes", replaces(
        pool, "leaf_hash", lambda entry: merkle.sha256(b"\x01" + entry).digest())),
    Mutant("rows are hashed as they came", wraps(pool, "_root", unsorted_rows)),
    Mutant("the bare rows are the leaves", replaces(
        pool, "leaf_hash", lambda entry: merkle.sha256(LEAF[:0] + entry).digest())),
    Mutant("an unopened share gives nothing", replaces(
        entropy, "share_value", nothing_of_an_unopened_share)),
    Mutant("shares count in the order of the list", replaces(entropy, "sorted", list)),
    Mutant("reveals are committed to", replaces(ceremony, "committed_shares", with_reveals)),
    Mutant("the beacon does not count", wraps(ceremony, "seed_of", seed_without_beacon)),
    Mutant("the largest ball counts", replaces(tickets, "min", max)),
    Mutant("the first ball counts alone", replaces(
        tickets, "_BALLS", [balls[:1] for balls in tickets._BALLS])),
    Mutant("balls are numbered from one", replaces(
        tickets, "_BALLS", [tuple(lp(u32(b + 1)) for b in range(w)) for w in range(101)])),
    Mutant("equal keys go as they came", replaces(choice, "merge", by_key_alone)),
    Mutant("ranks begin with nought", wraps(choice, "_ranked", ranks_from_nought)),
    Mutant("objects are in the order of ids", replaces(choice, "_across_strata", by_id)),
    Mutant("objects are in the order of strata", replaces(choice, "_across_strata", by_stratum)),
    Mutant("nobody looks ahead", replaces(staffing.Staffing, "admissible", whoever_is_able)),
    Mutant("the look-ahead ends too early", replaces(staffing.Staffing, "_search", one_wave)),
    Mutant("the seat that is drawn is given on", wraps(
        staffing.Staffing, "_exit", lambda right, self, officer, asked: right(self, officer, -1))),
    Mutant("two roles of an object never change", replaces(
        board.Board, "_pass_on", no_chain_on_one_object)),
    Mutant("an officer's largest ball counts", replaces(drum, "_smallest", lambda stem, balls: max(
        drum.sha256(stem + ball).digest() for ball in drum._BALLS[:balls]))),
    Mutant("an officer's balls are numbered from one", replaces(drum, "_BALLS", drum._BALLS[1:])),
    Mutant("whoever is on the object may come twice", replaces(
        drum.Drum, "present", lambda self, object_: 0)),
    Mutant("anybody leads", replaces(Roster, "fit_role", lambda self, role: self.everyone)),
    Mutant("every role needs the specialty", replaces(
        Roster, "fit_specialty", lambda self, rules_, role, needs: (
            self.everyone if needs is None else self.of_specialty.get(needs, 0)))),
    Mutant("recusals do not count", replaces(drum, "recused", lambda roster, rules_: {})),
    Mutant("the look-ahead is called no ball", wraps(drum.Drum, "_passed_over", a_bald_reason)),
    Mutant("reasons come in another order", wraps(
        drum.Drum, "_passed_over", specialty_before_lead)),
    Mutant("who is far away is not listed", wraps(drum.Drum, "_passed_over", only_who_could)),
    Mutant("balls come back to who is unavailable", replaces(drum.Drum, "give_back", to_anybody)),
    Mutant("no ball comes back", replaces(drum.Drum, "give_back", lambda self, officer: None)),
    Mutant("a recused officer may come again", lambda patch: patch.setitem(
        events._APPLY, "officer_recused", never_barred)),
    Mutant("who is unavailable keeps the balls", lambda patch: patch.setitem(
        events._APPLY, "officer_unavailable", balls_kept)),
    Mutant("substitutes come from behind", wraps(ceremony, "begin", substitutes_from_behind)),
    Mutant("an event changes what stood before", replaces(drum.Drum, "copy", lambda self: self)),
    *[Mutant(f"{name} is believed", does_not_compare(name)) for name in verify._DIFFERS],
    Mutant("true is as good as 1", wraps(verify, "_compare", by_equality)),
    Mutant("a share opens with anything", replaces(entropy, "_opens", lambda share: True)),
    Mutant("dice may be anything", replaces(entropy, "dice_faults", never_a_fault)),
    Mutant("rules need not fit the pool", replaces(ceremony, "fit_faults", never_a_fault)),
    Mutant("a role may be there twice", replaces(rules, "repeated", never_a_fault)),
    Mutant("ids may be there twice", replaces(pool, "_repeated_ids", never_a_fault)),
    Mutant("a witness may be there twice", replaces(entropy, "repeated", never_a_fault)),
    Mutant("entropy may say more", wraps(entropy, "misshapen", anything_further)),
    Mutant("events may say more", wraps(events, "misshapen", anything_further)),
    Mutant("text need not be NFC", replaces(canonical, "_unfit_text", never_a_fault)),
    Mutant("floats are as good as integers", replaces(canonical, "_unfit_scalar", never_a_fault)),
    Mutant("codes may hold blanks", replaces(
        shapes, "_CODE", shapes.re.compile(r"[ -~]{1,64}"))),
    Mutant("codes may be longer", replaces(shapes, "_CODE", shapes.re.compile(r"[!-~]{1,65}"))),
    Mutant("a line may follow", replaces(shapes, "_SLOT", shapes.re.compile(
        shapes._SLOT.pattern + r"\n?"))),
]  # fmt: skip
