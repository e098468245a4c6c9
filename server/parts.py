"""The parts that `create_app` puts together, and how the rest reaches them."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from server.config import Settings
from server.db import Database
from server.jobs import Jobs
from server.pokes import Pokes
from server.stores import MediaStores


@dataclass(frozen=True, kw_only=True)
class Parts:
    """One of each, made once per app."""

    settings: Settings
    database: Database
    jobs: Jobs
    media: MediaStores
    pokes: Pokes


def parts_of(app: Flask) -> Parts:
    """The parts of an app."""
    return cast(Parts, app.extensions["suijian"])


def parts() -> Parts:
    """The parts of the app that handles the present request or command."""
    return parts_of(current_app)
