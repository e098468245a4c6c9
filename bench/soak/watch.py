"""How much memory a server holds: all processes of its session, as Linux counts them."""

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SESSION_FIELD = 3  # of /proc/<pid>/stat, counted from behind the name, which may hold blanks
RESIDENT_FIELD = 21


def resident_bytes(session_id: int) -> int:
    """Resident memory of every process of a session. What they share is counted for each, so the
    figure is too high by a constant, which is all one to a question about growth."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        if int(fields[SESSION_FIELD]) == session_id:
            total += int(fields[RESIDENT_FIELD]) * PAGE_BYTES
    return total
