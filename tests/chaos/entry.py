"""A server whose fail points are armed: `granian --interface wsgi tests.chaos.entry:app`.

The one difference to `wsgi.py`. Nothing of the server arms them (docs/adr/0009).
"""

from server import create_app
from tests.chaos.hand import arm_points

arm_points()
app = create_app()
