"""The one place that reads the wall clock, so that everything else is told the time."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


def now() -> datetime:
    """The present moment, aware UTC, cut to whole milliseconds (what the wire can carry)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment."""
    return round(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC moment of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def wire_time(moment: datetime) -> str:
    """ISO 8601 with milliseconds and `Z`, as every time on the wire is written."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire_moment(moment: datetime | None) -> str | None:
    """`wire_time` of a moment that may not have come yet."""
    return None if moment is None else wire_time(moment)


def wire_day(day: date | None) -> str | None:
    """ISO 8601 day, or nothing."""
    return None if day is None else day.isoformat()


def china_date(moment: datetime) -> date:
    """The calendar day in China (UTC+8 all year since 1992), by which the law counts days."""
    return moment.astimezone(CHINA).date()


def parse_time(text: str | None) -> datetime | None:
    """The moment of a wire time that was checked before."""
    return datetime.fromisoformat(text) if text else None
