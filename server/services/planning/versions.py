"""What lists and tables share: they hold from a day on, and a later version never holds earlier."""

from datetime import date
from typing import Any

from server.errors import DomainError


def require_later(effective_from: date, last: Any, *, today: date) -> None:
    """Raise `date_out_of_range` for a day that is over or lies before what the last version,
    if there is one, holds from."""
    earliest = max(today, last.effective_from) if last else today
    if effective_from < earliest:
        details = {"field": "effective_from", "earliest": earliest.isoformat()}
        raise DomainError("date_out_of_range", details=details)
