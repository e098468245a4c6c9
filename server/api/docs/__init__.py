"""The API's description as a page that needs no internet: Swagger UI, served from here.

The assets come from the wheel `flask-swagger-ui`, which repackages each release of Swagger UI
(Apache-2.0); the page around them is ours, because theirs starts with an inline script that a
strict Content-Security-Policy refuses.
"""

from importlib.resources import files

import flask
from flask import Response, render_template, send_from_directory

#: what the page loads; the wheel holds more
ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the icons inside Swagger UI's own style sheet
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

docs = flask.Blueprint("docs", __name__, template_folder="templates", static_folder="static")

ASSET_FOLDER = str(files("flask_swagger_ui") / "dist")


@docs.route("", strict_slashes=False)
def page() -> str:
    """The description of every route, with a way to try them."""
    return render_template("docs.html")


@docs.route(f"/assets/<any({', '.join(map(repr, ASSETS))}):name>")
def asset(name: str) -> Response:
    """One of Swagger UI's own files."""
    return send_from_directory(ASSET_FOLDER, name, max_age=3600)


@docs.after_request
def protect(response: Response) -> Response:
    """Let the page load nothing from anywhere else."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
