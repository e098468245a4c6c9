"""What every route shares: the blueprint, the bearer token, the transaction with its actor."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import flask_smorest
import marshmallow as ma
import orjson
from flask import Request, g, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict

from schemas.common import ErrorEnvelopeSchema
from server import clock
from server.auth import Claims, bearer_token, read_access_token
from server.db import Glance
from server.errors import DomainError
from server.ids import is_id
from server.parts import parts
from server.services.accounts.devices import note_told_to_wipe
from server.services.audit.acts import record_act
from server.services.scope import Actor, Role, in_practice, load_actor, require_role

T = TypeVar("T")

BEARER = "bearerAuth"
#: `?practice=true`: among practice organisations alone, with all that one may there
PRACTICE = "practice"
#: what a device that is being stopped may still ask: to send what it holds, and what became of it
WHILE_DRAINING = frozenset(
    {
        "device.capabilities", "device.push", "device.receipts", "device.kept_ops", "device.check",
        "files.Uploads", "files.OneUpload", "device.log_out", "compat.push_for_rxdb",
        "compat.push_from_watermelon",
    }
)  # fmt: skip
#: what a helper may do besides what names their role: end the session, change the password
FOR_EVERYBODY = frozenset({"device.log_out", "device.change_own_password"})
#: losing the race for a new id twice in a row takes two rivals; more is a fault of ours
FOUNDING_TRIES = 3


class StrictParser(FlaskParser):
    """Reads JSON with orjson (no recursion to exhaust) and refuses unknown fields everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
    }

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query; of who has a token, `practice` is for `_actor` to read."""
        given = MultiDict(req.args)
        if "claims" in g:
            given.poplist(PRACTICE)
        return self._makeproxy(given, schema)

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The JSON body. Raises `unsupported_media_type` or `invalid_json`."""
        if not req.is_json:
            raise DomainError("unsupported_media_type", details={"expected": "application/json"})
        return parse_json(req.get_data(cache=True))


def parse_json(raw: bytes) -> Any:
    """Parse strictly; a text that orjson refuses for a lone surrogate alone is still read, so
    that one bad op does not hold back the others of its push."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "surrogate" in str(error):
            try:
                return json.loads(raw, parse_constant=_refuse, parse_float=_finite)
            except (ValueError, RecursionError):
                pass
        raise DomainError("invalid_json", details={"reason": str(error)}) from None


def _refuse(constant: str) -> NoReturn:
    """`NaN` and `Infinity` are no JSON, though Python's own parser reads them."""
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


class Blueprint(flask_smorest.Blueprint):
    """A blueprint whose documented errors are the one envelope."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(
        self, name: str, import_name: str, *, authenticated: bool = True, **kw: Any
    ) -> None:
        super().__init__(name, import_name, **kw)
        if authenticated:
            self.before_request(check_token)
        self.before_request(check_ids)

    def add_url_rule(self, rule: str, *args: Any, **kwargs: Any) -> None:
        """As in Flask; every rule answers with and without a trailing slash alike."""
        kwargs.setdefault("strict_slashes", False)
        super().add_url_rule(rule, *args, **kwargs)


_documents = flask_smorest.Blueprint("documents", __name__)


def error_responses(*statuses: int) -> Any:
    """Document further statuses of a route that answer in the envelope."""

    def decorate(view: Any) -> Any:
        documented = view
        for status in statuses:
            documented = _documents.alt_response(status, schema=ErrorEnvelopeSchema)(documented)
        view._apidoc = documented._apidoc  # its words alone: each wrapper would cost every request
        return view

    return decorate


def check_token() -> None:
    """Refuse a request whose bearer token is missing, forged or expired, before reading it."""
    if request.method == "OPTIONS":
        return
    token = bearer_token(request.headers.get("Authorization", ""))
    g.claims = read_access_token(token, secret=parts().settings.secret_key)


def check_ids() -> None:
    """Answer `not_found` to an id in the address that can be none, before a database sees it."""
    if not all(is_id(value) for name, value in (request.view_args or {}).items() if "id" in name):
        raise DomainError("not_found")


@contextmanager
def _noting_wipes() -> Iterator[None]:
    """When a lost device was told to drop what it holds, keep the moment (in a transaction of its
    own: the request's own one leaves nothing)."""
    try:
        yield
    except DomainError as error:
        claims: Claims = g.claims
        if error.code == "device_wipe" and claims.device_id is not None:
            with parts().database.write() as session:
                note_told_to_wipe(session, device_id=claims.device_id, now=clock.now())
        raise


def _actor(session: Session | Glance, roles: tuple[Role, ...]) -> Actor:
    claims: Claims = g.claims
    actor = load_actor(
        session, user_id=claims.user_id, device_id=claims.device_id, request_id=g.request_id
    )
    if actor.draining and request.endpoint not in WHILE_DRAINING:
        raise DomainError("device_draining", details={"action": "drain"})
    if roles:
        require_role(actor, *roles)
    elif actor.role == "helper" and request.endpoint not in FOR_EVERYBODY:
        raise DomainError("forbidden")
    return in_practice(actor) if _asks_for_practice() else actor


def _asks_for_practice() -> bool:
    """Whether the query says `practice=true` (演练, N7). Raises `bad_request` for another word."""
    asked = request.args.get(PRACTICE)
    if asked not in (None, "true"):
        raise DomainError("bad_request", details={"field": PRACTICE})
    return asked is not None


@contextmanager
def reading(*roles: Role) -> Iterator[tuple[Session, Actor]]:
    """One snapshot and the person who asks, if they have one of the roles (none named: any)."""
    with _noting_wipes(), parts().database.read() as session:
        yield session, _actor(session, roles)


@contextmanager
def looking() -> Iterator[tuple[Glance, Actor]]:
    """A connection for statements that read, each a snapshot of its own, and the person who asks:
    for what is asked with every piece of a photo."""
    with _noting_wipes(), parts().database.glance() as glance:
        yield glance, _actor(glance, ())


@contextmanager
def glancing() -> Iterator[tuple[Glance, Claims]]:
    """A connection for one statement, and who the token says is asking; whether they still may is
    for the statement to see."""
    if _asks_for_practice():
        raise DomainError("forbidden")
    with parts().database.glance() as glance:
        yield glance, g.claims


@contextmanager
def writing(*roles: Role) -> Iterator[tuple[Session, Actor]]:
    """One transaction, committed at the end of the block, and the person who writes."""
    with _noting_wipes(), parts().database.write(in_a_hurry=True) as session:
        yield session, _actor(session, roles)


@contextmanager
def attempting(
    action: str, target_type: str, target_id: str, *roles: Role
) -> Iterator[tuple[Session, Actor]]:
    """As `writing`, and a refused try is in the audit too."""
    with (
        noting_refusals(action, target_type, target_id) as tried,
        writing(*roles) as (session, actor),
    ):
        tried.append(actor)
        yield session, actor


@contextmanager
def noting_refusals(action: str, target_type: str, target_id: str) -> Iterator[list[Actor]]:
    """Put a refused try into the audit, with its code, in a transaction of its own: for acts that
    somebody might want to steer. The block says who tries, once that is known."""
    tried: list[Actor] = []
    try:
        yield tried
    except DomainError as error:
        if tried:
            with parts().database.write() as session:
                record_act(
                    session, actor=tried[0], action=f"{action}.refused", target_type=target_type,
                    target_id=target_id, after={"code": error.code}, now=clock.now(),
                )  # fmt: skip
        raise


def written(service: Callable[..., T], *roles: Role) -> T:
    """What a service `(session, *, actor)` gives, in one transaction. Done anew where a row that
    it found missing was there after all: somebody else committed the same new id meanwhile, and
    now it is seen."""
    for _ in range(FOUNDING_TRIES - 1):
        try:
            with writing(*roles) as (session, actor):
                return service(session, actor=actor)
        except IntegrityError:
            continue
    with writing(*roles) as (session, actor):
        return service(session, actor=actor)
