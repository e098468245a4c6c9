"""The page for a witness's own phone (见证人页面): it makes the share, keeps it, hands in its seal.

The token stands behind `#` in the address: a browser sends that to nobody, so no log ever has it.
"""

import flask
from flask import Response, render_template, url_for

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

witness_pages = flask.Blueprint(
    "witness_pages", __name__, template_folder="templates", static_folder="static"
)


def page_of(token: str) -> str:
    """Where a witness goes on with their phone."""
    return f"{url_for('witness_pages.phone')}#{token}"


@witness_pages.route("", strict_slashes=False)
def phone() -> str:
    """The same page for every witness and every draw."""
    return render_template("witness.html")


@witness_pages.after_request
def protect(response: Response) -> Response:
    """Add the Content-Security-Policy (CSP level 3) and tell nobody where a reader came from."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response
