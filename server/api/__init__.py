"""One blueprint per audience. A route parses, calls a service, answers."""

from flask import Blueprint

from server.api.device import device, entrance
from server.api.device.compat import compat
from server.api.device.files import files
from server.api.docs import docs
from server.api.health import health
from server.api.home import home
from server.api.ledger import ledger_files
from server.api.public import public, public_pages
from server.api.supervisor import supervisor
from server.api.witness import witness
from server.api.witness.pages import witness_pages

API = "/api/v1"
BLUEPRINTS = [
    (entrance, API),
    (device, API),
    (files, f"{API}/files"),
    (compat, f"{API}/compat"),
    (supervisor, API),
    (public, f"{API}/public"),
    (witness, f"{API}/draw-watch"),
    (health, "/"),
]
#: what people look at; no part of the API's description
PAGES: list[tuple[Blueprint, str]] = [
    (home, "/"),
    (public_pages, "/public"),
    (witness_pages, "/witness"),
    (ledger_files, "/ledger"),
    (docs, f"{API}/docs"),
]
