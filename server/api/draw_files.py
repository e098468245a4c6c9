"""A draw as the two files that anyone can replay with `python -m draw verify` (docs/draw.md)."""

from collections.abc import Iterator

from flask import Response

from draw import bundle as bundles
from server.db import Database
from server.models import Draw
from server.parts import parts
from server.services.drawing.finding import lines_of
from server.services.drawing.rolling import bundle_of


def bundle_file(drawing: Draw) -> Response:
    """`NAME.json`, without the pool, which lies beside it."""
    content = bundles.write(bundle_of(drawing, late=True))
    return _download(Response(content), f"{drawing.id}.json", "application/json")


def pool_file(draw_id: str) -> Response:
    """`NAME.pool.ndjson`, a row a line, as a stream."""
    lines = _lines(parts().database, draw_id)
    return _download(Response(lines), f"{draw_id}.pool.ndjson", "application/x-ndjson")


def _lines(database: Database, draw_id: str) -> Iterator[bytes]:
    with database.read() as session:
        for line in lines_of(session, draw_id):
            yield f"{line}\n".encode()


def _download(answer: Response, name: str, media_type: str) -> Response:
    answer.content_type = media_type
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
