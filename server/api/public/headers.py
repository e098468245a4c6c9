"""What a browser may do with our pages: show them, load our own style sheet, send our own form."""

from flask import Response

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def protect(response: Response) -> Response:
    """Add the Content-Security-Policy (CSP level 3) and tell nobody where a reader came from."""
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
