"""The device's clock, and the stamps made from it.

The clock is a plain function, so that a simulator can hand in one that is an hour, or a year, off.
Nothing on the device compares its own times with the server's: the server does that (rule 6).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment as an aware UTC datetime."""


def system_clock() -> datetime:
    """The clock of the machine."""
    return datetime.now(UTC)


def wire_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, as every time on the wire."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def next_hlc(last: str | None, now: datetime) -> str:
    """The stamp `"<milliseconds>:<counter>"` that follows `last`; never smaller than it.

    A clock that stands still or runs back raises the counter instead: the order in which one
    person wrote things is kept whatever the clock does (Kulkarni et al. 2014, hybrid logical
    clocks, here with a single node).
    """
    present = milliseconds(now)
    if last is None:
        return f"{present}:0"
    last_ms, last_counter = (int(part) for part in last.split(":"))
    if present > last_ms:
        return f"{present}:0"
    return f"{last_ms}:{last_counter + 1}"


def hlc_moment(hlc: str) -> datetime:
    """The device time inside a stamp."""
    return datetime.fromtimestamp(int(hlc.partition(":")[0]) / 1000, UTC)
