"""A flow as it stands in every textbook (Edmonds and Karp): whether seats can all be filled, for
worlds in which trying every way would take too long."""

from collections import defaultdict, deque


def can_be_filled(seats, able, left):
    """`seats` are (object, role), `able` says who may take each, `left` how many balls each has."""
    room = defaultdict(lambda: defaultdict(int))
    for seat in seats:
        room["source"][seat] = 1
        for officer in able[seat]:
            pair = ("pair", seat[0], officer)
            room[seat][pair] = room[pair][officer] = 1
            room[officer]["sink"] = left[officer]
    return all(augment(room) for _ in seats)


def augment(room):
    came_from, waiting = {"source": None}, deque(["source"])
    while waiting and "sink" not in came_from:
        node = waiting.popleft()
        for other, capacity in room[node].items():
            if capacity and other not in came_from:
                came_from[other] = node
                waiting.append(other)
    if "sink" not in came_from:
        return False
    node = "sink"
    while (before := came_from[node]) is not None:
        room[before][node] -= 1
        room[node][before] += 1
        node = before
    return True
