"""For witnesses (见证人) of a draw: their own phone, their own token, nothing else."""

from typing import Any

from flask import request
from flask.views import MethodView

from schemas.draws import RevealSchema, ShareSchema, WatchSchema
from server import clock
from server.api.glue import Blueprint, error_responses
from server.errors import DomainError
from server.models import Draw, DrawWitness
from server.parts import parts
from server.services.drawing.witnesses import (
    hand_in_commitment,
    reveal,
    shares_for,
    sign_record,
    witness_of,
)

witness = Blueprint("witness", __name__, authenticated=False, description="Witnesses of a draw")

HEADER = "X-Witness-Token"
TOKEN = {
    "name": HEADER, "in": "header", "required": True, "schema": {"type": "string"},
    "description": "what the supervisor handed over at the sign-in",
}  # fmt: skip
MAX_TOKEN = 200


@witness.route("")
class Watch(MethodView):
    """The ceremony as it goes on."""

    @error_responses(401)
    @witness.response(200, WatchSchema)
    @witness.doc(parameters=[TOKEN])
    def get(self) -> dict[str, Any]:
        """How the draw stands: what is committed to, which shares are open, what the clerk typed"""
        with parts().database.read() as session:
            return _seen(*witness_of(session, _token(), lock=False))


@witness.route("/commitment", methods=["PUT"])
@error_responses(400, 401, 409, 415)
@witness.arguments(ShareSchema)
@witness.response(200, WatchSchema)
@witness.doc(parameters=[TOKEN])
def commit(asked: dict[str, Any]) -> dict[str, Any]:
    """Hand in the commitment to one's 32 bytes, before the draw is committed to"""
    with parts().database.write(in_a_hurry=True) as session:
        token = _token()
        hand_in_commitment(session, token=token, now=clock.now(), **asked)
        return _seen(*witness_of(session, token))


@witness.route("/reveal", methods=["PUT"])
@error_responses(400, 401, 409, 415)
@witness.arguments(RevealSchema)
@witness.response(200, WatchSchema)
@witness.doc(parameters=[TOKEN])
def open_share(asked: dict[str, Any]) -> dict[str, Any]:
    """Open one's share, until the deadline"""
    with parts().database.write(in_a_hurry=True) as session:
        token = _token()
        reveal(session, token=token, value=asked["reveal"], now=clock.now())
        return _seen(*witness_of(session, token))


@witness.route("/signature", methods=["PUT"])
@error_responses(401, 409)
@witness.response(200, WatchSchema)
@witness.doc(parameters=[TOKEN])
def sign() -> dict[str, Any]:
    """Sign the record: one saw it"""
    with parts().database.write(in_a_hurry=True) as session:
        token = _token()
        sign_record(session, token=token, now=clock.now())
        return _seen(*witness_of(session, token))


def _token() -> str:
    token = request.headers.get(HEADER, "")
    if not token or len(token) > MAX_TOKEN:
        raise DomainError("witness_token_wrong")
    return token


def _seen(who: DrawWitness, drawing: Draw) -> dict[str, Any]:
    names = ("slot", "state", "pool_root", "commitment", "reveal_until", "dice", "practice")
    shown = {name: getattr(drawing, name) for name in names}
    shares = shares_for(drawing, who, now=clock.now())
    return {
        **shown,
        "draw_id": drawing.id,
        "shares": shares,
        "code": who.code,
        "signed_at": who.signed_at,
    }
