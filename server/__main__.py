"""`python -m server …`: every command of `flask …`, on this machine's data folder.

It needs no SECRET_KEY in the environment: the one that the folder keeps serves.
"""

import os
import sys

from flask.cli import FlaskGroup

from server import create_app
from server.commands.draw import draw_commands, is_asked_for
from server.local import local_environment


def main() -> None:
    """Run one command."""
    if is_asked_for():
        draw_commands.main(sys.argv[2:], prog_name="python -m server draw")
    os.environ.update(local_environment())
    FlaskGroup(add_default_commands=False, create_app=create_app).main(prog_name="python -m server")


if __name__ == "__main__":
    main()
