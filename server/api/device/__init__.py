"""For field devices: log in, sync, upload photos."""

from server.api.glue import Blueprint

device = Blueprint("device", __name__, description="Field devices: login, sync, photos")
#: what is asked before there is an access token, or after it ran out
entrance = Blueprint(
    "entrance", __name__, authenticated=False, description="Log in, continue a session"
)

# routes register themselves
from server.api.device import (
    auth,
    conflicts,
    digests,
    events,
    kept_ops,
    late_ops,
    photos,
    small_pictures,
    sync,
    tasks,
)
