"""The WSGI entry point: `granian --interface wsgi wsgi:app`."""

import gc

from server import create_app
from server.commands.draw import app_for_draw_alone, is_asked_for
from server.parts import parts_of
from server.pokes.stopping import when_told_to_stop

#: objects made before the collector looks for cycles: more than a large push makes, because what a
#: request makes goes away with it, without the collector
OBJECTS_OF_SEVERAL_REQUESTS = 50_000

if is_asked_for():  # `flask draw verify FILE` replays a draw where nothing is set
    app = app_for_draw_alone()
else:
    app = create_app()
    when_told_to_stop(parts_of(app).pokes.end_all)
gc.collect()
gc.freeze()  # what was made so far stays as long as the process: never look through it again
gc.set_threshold(OBJECTS_OF_SEVERAL_REQUESTS)
