"""The draw written a second time, straight from the page and as slowly as it reads: the twin that
the package is compared with. It shares no line with it, and asks every question by trying."""

import hashlib
import json
from functools import cache
from itertools import permutations


class Impossible(Exception):
    """Nobody can take a seat."""


def sha256(message):
    return hashlib.sha256(message).digest()


def lp(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def h(name, *parts, sha=sha256):
    return sha(lp(b"suijian/draw/v1/" + name, *parts))


def canonical(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def mth(entries):
    """RFC 6962, 2.1, by its recursive definition."""
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def root(rows):
    return mth([canonical(row) for row in sorted(rows, key=lambda row: row["id"].encode())])


def commitment(bundle):
    shares = [
        {"witness": s["witness"], "commitment": s["commitment"]}
        for s in bundle["entropy"]["shares"]
    ]
    return h(
        b"commitment", bundle["slot"].encode(), root(bundle["pool"]), root(bundle["officers"]),
        canonical(bundle["rules"]), canonical(shares),
    )  # fmt: skip


def seed(bundle):
    entropy = bundle["entropy"]
    values = [bytes.fromhex(s["reveal"] or s["commitment"]) for s in entropy["shares"]]
    beacon = bytes.fromhex(entropy["beacon"]) if entropy["beacon"] else b""
    return h(b"seed", commitment(bundle), entropy["dice"].encode(), beacon, *sorted(values))


def key(seed_, row, sha=sha256):
    balls = (t.to_bytes(4, "big") for t in range(row["weight"]))
    return min(h(b"ticket", seed_, b"object", row["id"].encode(), b, sha=sha) for b in balls)


def choose(bundle, seed_, sha=sha256):
    objects, reserve = [], []
    for stratum, rule in bundle["rules"]["strata"].items():
        rows = [r for r in bundle["pool"] if r["stratum"] == stratum and r["eligible"]]
        ranked = sorted((key(seed_, row, sha), row["id"]) for row in rows)
        for rank, (key_, id_) in enumerate(ranked, 1):
            entry = {"id": id_, "stratum": stratum, "key": key_.hex(), "rank": rank}
            if rank <= rule["quota"]:
                objects.append(entry)
            elif rank <= rule["quota"] + rule["reserve"]:
                reserve.append(entry)
    by_key = lambda entry: (entry["key"], entry["id"])  # noqa: E731
    return sorted(objects, key=by_key), sorted(reserve, key=by_key)


class Table:
    """Who has how many balls, who sits where."""

    def __init__(self, bundle, seed_, sha=sha256):
        self.sha, self.seed, self.rules = sha, seed_, bundle["rules"]
        self.rows = {row["id"]: row for row in bundle["pool"]}
        self.officers = {o["id"]: o for o in sorted(bundle["officers"], key=lambda o: o["id"])}
        self.left = {id_: o["balls"] for id_, o in self.officers.items()}
        self.seats = {}  # (object, role) → officer
        self.barred = {(r["officer"], r["object"]) for r in bundle["rules"]["recusals"]}
        self.gone = set()

    def on(self, object_):
        return {officer for (seat, _), officer in self.seats.items() if seat == object_}

    def why_not_able(self, officer, object_, role):
        row, facts = self.rows[object_], self.officers[officer]
        if row["jurisdiction"] not in facts["jurisdictions"]:
            return "jurisdiction"
        if (officer, object_) in self.barred:
            return "recusal"
        if officer in self.on(object_):
            return "on_object"
        if role == "lead" and not facts["lead"]:
            return "lead"
        if role == self.rules["needs_role"] and row["needs"] not in (None, *facts["specialties"]):
            return "specialty"
        return None

    def why_not(self, officer, object_, role, others):
        if reason := self.why_not_able(officer, object_, role):
            return reason
        if not self.left[officer]:
            return "no_ball"
        self.seats[object_, role] = officer
        self.left[officer] -= 1
        possible = self.can_be_filled(tuple(others))
        del self.seats[object_, role]
        self.left[officer] += 1
        return None if possible else "look_ahead"

    def can_be_filled(self, seats):
        """By trying every way to fill them."""
        ids = list(self.officers)

        @cache
        def fits(index, left, taken):
            if index == len(seats):
                return True
            object_, role = seats[index]
            here = taken if index and seats[index - 1][0] == object_ else ()
            return any(
                fits(index + 1, (*left[:n], left[n] - 1, *left[n + 1 :]), (*here, officer))
                for n, officer in enumerate(ids)
                if left[n] and officer not in here
                and self.why_not_able(officer, object_, role) is None
            )  # fmt: skip

        return fits(0, tuple(self.left[id_] for id_ in ids), ())

    def draw(self, seats):
        """`seats` must have the seats of an object side by side, as all callers have."""
        assignments = []
        for index, (object_, role) in enumerate(seats):
            reasons = {
                officer: self.why_not(officer, object_, role, seats[index + 1 :])
                for officer in self.officers
            }
            admissible = [officer for officer, reason in reasons.items() if reason is None]
            if not admissible:
                raise Impossible
            tickets = [
                (
                    h(
                        b"officer", self.seed, object_.encode(), role.encode(), o.encode(),
                        ball.to_bytes(4, "big"), sha=self.sha,
                    ),
                    o,
                )
                for o in admissible
                for ball in range(self.left[o])
            ]  # fmt: skip
            officer = min(tickets)[1]
            assignments.append(
                {
                    "object": object_,
                    "role": role,
                    "officer": officer,
                    "own_balls": self.left[officer],
                    "admissible_balls": len(tickets),
                    "passed_over": [
                        {"officer": o, "reason": reason} for o, reason in reasons.items() if reason
                    ],
                }
            )
            self.left[officer] -= 1
            self.seats[object_, role] = officer
        return assignments

    def give_back(self, officer):
        if officer not in self.gone:
            self.left[officer] += 1

    def role_of(self, officer, object_):
        roles = [r for (o, r), who in self.seats.items() if (o, who) == (object_, officer)]
        if not roles:
            raise Impossible
        return roles[0]


def replay(bundle, sha=sha256):
    """Every field that follows from the others. Raises Impossible."""
    seed_ = seed(bundle)
    objects, reserve = choose(bundle, seed_, sha)
    table = Table(bundle, seed_, sha)
    seats = [(o["id"], role) for o in objects for role in bundle["rules"]["roles"]]
    assignments = table.draw(seats)
    day = Day(table, objects, reserve)
    after = [day.happens(event) for event in bundle["events"]]
    return {
        "commitment": commitment(bundle).hex(), "seed": seed_.hex(), "objects": objects,
        "reserve": reserve, "assignments": assignments, "after": after,
    }  # fmt: skip


class Day:
    """What happens after the draw."""

    def __init__(self, table, objects, reserve):
        self.table, self.standing = table, {o["id"]: o["stratum"] for o in objects}
        self.reserve = sorted(reserve, key=lambda entry: entry["rank"])

    def happens(self, event):
        table, kind = self.table, event["kind"]
        if kind == "object_replaced":
            old = event["object"]
            stratum = self.standing.pop(old, None)
            new = next((entry for entry in self.reserve if entry["stratum"] == stratum), None)
            if new is None:
                raise Impossible
            self.reserve.remove(new)
            self.standing[new["id"]] = stratum
            for seat in [seat for seat in table.seats if seat[0] == old]:
                table.give_back(table.seats.pop(seat))
            assignments = table.draw([(new["id"], role) for role in table.rules["roles"]])
            return {
                "kind": kind, "object": old, "replacement": new["id"], "assignments": assignments
            }  # fmt: skip
        officer = event["officer"]
        objects = event["objects"] if kind == "officer_unavailable" else [event["object"]]
        seats = []
        for object_ in objects:
            seats.append((object_, table.role_of(officer, object_)))
            del table.seats[seats[-1]]
        if kind == "officer_unavailable":
            table.left[officer] = 0
            table.gone.add(officer)
        else:
            table.give_back(officer)
            table.barred.add((officer, objects[0]))
        return {"kind": kind, "officer": officer, "assignments": table.draw(seats)}


def chance_of_order(weights, order):
    """Exact probability that objects come out in this order: successive sampling."""
    from fractions import Fraction

    chance, left = Fraction(1), sum(weights.values())
    for id_ in order:
        chance *= Fraction(weights[id_], left)
        left -= weights[id_]
    return chance


def chances_of_choice(weights, quota):
    """Exact probability of each set of `quota` objects."""
    chances = {}
    for order in permutations(weights, quota):
        chosen = frozenset(order)
        chances[chosen] = chances.get(chosen, 0) + chance_of_order(weights, order)
    return chances
