"""`/ledger/…`: the ledger as static files for whoever wants to check it (C2SP tlog-tiles)."""

import flask
from flask import Response

from server.parts import parts
from server.services.ledger.reading import (
    body_of,
    entry_at,
    file_at,
    newest_checkpoint,
    proof_of,
)

ledger_files = flask.Blueprint("ledger_files", __name__)

FOR_EVER = "public, max-age=31536000, immutable"
A_MOMENT = "public, max-age=5"
BYTES = "application/octet-stream"


@ledger_files.get("/checkpoint")
def checkpoint() -> Response:
    """The signed root over all entries."""
    with parts().database.read() as session:
        return _file(newest_checkpoint(session).encode(), "text/plain; charset=utf-8", A_MOMENT)


@ledger_files.get("/key")
def key() -> Response:
    """The public key, as whoever verifies configures it; compare it with one that you had
    elsewhere."""
    signer = parts().settings.signer
    content = f"{signer.key.encoded()}\n" if signer else ""
    return _file(content.encode(), "text/plain; charset=utf-8", A_MOMENT)


@ledger_files.get("/tile/<path:path>")
def tile(path: str) -> Response:
    """A tile, or a bundle of entries."""
    with parts().database.read() as session:
        return _file(file_at(session, f"tile/{path}"), BYTES, FOR_EVER)


@ledger_files.get("/entry/<int:position>")
def entry(position: int) -> Response:
    """One entry, as it is hashed."""
    with parts().database.read() as session:
        return _file(entry_at(session, position), "application/json", FOR_EVER)


@ledger_files.get("/body/<digest>")
def body(digest: str) -> Response:
    """What an entry is a digest of."""
    with parts().database.read() as session:
        return _file(body_of(session, digest), "application/json", FOR_EVER)


@ledger_files.get("/proof/<int:position>")
def proof(position: int) -> Response:
    """The proof of an entry, a file that verifies offline (C2SP tlog-proof)."""
    with parts().database.read() as session:
        answer = _file(proof_of(session, position), "text/plain; charset=utf-8", A_MOMENT)
    answer.headers["Content-Disposition"] = f'attachment; filename="{position}.tlog-proof"'
    return answer


def _file(content: bytes, media_type: str, caching: str) -> Response:
    answer = Response(content, content_type=media_type)
    answer.headers["Cache-Control"] = caching
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
