"""What the pure draw refuses (拒绝), told in the one envelope."""

from draw.faults import Refused
from server.errors import DomainError


def as_domain_error(refused: Refused) -> DomainError:
    """What the draw's own rules say, in the one envelope."""
    faults = [fault._asdict() for fault in refused.faults]
    return DomainError("draw_refused", details={"faults": faults})
