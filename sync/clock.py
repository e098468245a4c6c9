"""Device time, corrected. No comparison ever uses raw device time.

A device stamps each op with its own clock (`hlc`) and tells its clock again when it sends. The
difference to the server's clock at that moment is the offset; an op's *effective* time is its
stamp plus the offset, and never later than its arrival.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

#: beyond this a clock is called implausible and the record says so
IMPLAUSIBLE_OFFSET_MS = 5 * 60 * 1000
#: nobody keeps work on a device for so long: such a stamp counts something else than milliseconds
IMPLAUSIBLE_AGE_MS = 5 * 365 * 24 * 60 * 60 * 1000
#: the largest stamp that is read at all: the year 9999
MAX_MS = 253_402_300_799_999

_MS = re.compile(r"(\d{1,20})(?:[:_-][A-Za-z0-9:._-]{0,100})?", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))"
    r"(?:[:._-][A-Za-z0-9:._-]{0,100})?",
    re.ASCII,
)
#: a year with its month begins a calendar time, whose digits are no milliseconds
_CALENDAR = re.compile(r"\d{4}-\d\d|\d{8}T", re.ASCII)


def parse_hlc(text: str | int) -> int | None:
    """Milliseconds since 1970 of a stamp; None if it is not one.

    A stamp is `"<ms>"` or `"<ms>:<counter>…"`; that of other clients' clocks, an ISO 8601 time
    with its offset before the counter, is read too. The counter only keeps a device's own stamps
    apart; its ops arrive in its own order anyway.
    """
    stamp = str(text)
    if _CALENDAR.match(stamp):
        return _from_iso(stamp)
    found = _MS.fullmatch(stamp)
    if not found:
        return None
    milliseconds = int(found[1])
    return milliseconds if milliseconds <= MAX_MS else None


def _from_iso(stamp: str) -> int | None:
    found = _ISO.fullmatch(stamp)
    if not found:
        return None
    try:
        return max(0, round(datetime.fromisoformat(found[1]).timestamp() * 1000))
    except (ValueError, OverflowError):  # the 31st of February
        return None


def effective_ms(*, stamped_ms: int | None, offset_ms: int, arrival_ms: int) -> int:
    """When an op was written, by the server's clock: corrected, and never after its arrival."""
    if stamped_ms is None:
        return arrival_ms
    return max(0, min(arrival_ms, stamped_ms + offset_ms))


def is_implausible(*, stamped_ms: int | None, offset_ms: int, arrival_ms: int) -> bool:
    """Whether a clock is off by more than can be corrected in silence: far from ours when it
    sent, or stamping what still lies in the future, or years back, when it arrives."""
    if abs(offset_ms) > IMPLAUSIBLE_OFFSET_MS:
        return True
    if stamped_ms is None:
        return False
    age_ms = arrival_ms - stamped_ms - offset_ms
    return not -IMPLAUSIBLE_OFFSET_MS <= age_ms <= IMPLAUSIBLE_AGE_MS


@lru_cache(maxsize=1024)  # one moment of arrival is written into many values
def wire_time(milliseconds: int) -> str:
    """ISO 8601 with milliseconds and `Z`, as every time on the wire is written."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
