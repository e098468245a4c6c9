"""What the servers wrote to their logs that nobody ordered."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ORDERED = "tests.chaos.hand.Struck"
MARK = "unforeseen error"
_RAISED = re.compile(r"^[\w.]+(?:Error|Exception|Struck|Interrupt|Failure)\b.*", re.MULTILINE)


def unforeseen(logs: Iterable[Path]) -> Iterator[str]:
    """The errors that the app had no answer to, but for those that a point raised by order."""
    for log in logs:
        _, *events = log.read_text(errors="replace").split(MARK)
        for event in events:
            raised = _RAISED.findall(event)
            if not raised or not any(line.startswith(ORDERED) for line in raised):
                yield f"{log.name}: {raised[-1] if raised else event[:500]}"
