"""The bare address, which people type first: it leads to what is for everyone."""

import flask
from werkzeug.wrappers import Response

home = flask.Blueprint("home", __name__)


@home.route("/")
def begin() -> Response:
    """On to the published results."""
    return flask.redirect(flask.url_for("public_pages.results_page"))
