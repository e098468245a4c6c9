"""Suijian's server. `create_app` is the one place where the parts are put together."""

from collections.abc import Callable
from typing import Any

import flask_smorest
import orjson
from flask import Flask
from flask.json.provider import JSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from schemas.common import ErrorEnvelopeSchema
from server.api.codings import install_codings
from server.api.device.quiet_pulls import install_quiet_pulls
from server.api.errors import from_http, install_error_handlers
from server.api.patience import UnderWay, install_patience
from server.api.requests import install_request_log
from server.config import Settings
from server.db import Database
from server.jobs import Jobs, Workshop
from server.parts import Parts
from server.pokes import Pokes
from server.stores import stores_of

PROTOCOL_VERSION = "v1"


class Application(Flask):
    """Flask, for routes that are plain functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself. Flask would look at each call of each whether it is a coroutine."""
        return func


class OrjsonProvider(JSONProvider):
    """orjson for Flask; `sort_keys` is honoured because ETags are hashed from sorted JSON."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """JSON text of an object."""
        option = orjson.OPT_SORT_KEYS if kwargs.get("sort_keys") else 0
        return orjson.dumps(obj, option=option).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The object of a JSON text."""
        return orjson.loads(s)


class EnvelopeApi(flask_smorest.Api):
    """flask-smorest, answering its own errors in our envelope."""

    ERROR_SCHEMA = ErrorEnvelopeSchema

    def handle_http_exception(self, error: Any) -> Any:
        """One envelope for all."""
        return from_http(error)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Raises SettingsError when a setting is missing or wrong."""
    settings = settings or Settings.from_environment()
    app = Application("server")
    app.json = OrjsonProvider(app)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_request_bytes,
        API_TITLE="Suijian 随检",
        API_VERSION=PROTOCOL_VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.extensions["suijian"] = put_together(settings)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies
        )
    install_request_log(app, settings.log_level)
    install_codings(app)
    install_error_handlers(app)
    _install_api(app)
    under_way = UnderWay(settings.threads)
    install_quiet_pulls(app, under_way)
    install_patience(app, under_way)
    _install_commands(app)
    return app


def put_together(settings: Settings) -> Parts:
    """The parts that a deployment's settings call for."""
    database = Database(settings.database_url)
    media = stores_of(settings, database)
    shop = Workshop(settings=settings, database=database, media=media)
    # a stream holds a thread as long as it is open: half of them are kept for requests
    pokes = Pokes(database, seats=max(1, settings.threads // 2))
    return Parts(settings=settings, database=database, media=media, jobs=Jobs(shop), pokes=pokes)


def _install_api(app: Flask) -> None:
    from server.api import BLUEPRINTS, PAGES
    from server.api.device.tus import with_method_override

    app.wsgi_app = with_method_override(app.wsgi_app)  # type: ignore[method-assign, assignment]
    api = EnvelopeApi(app)
    api.spec.components.security_scheme(
        "bearerAuth", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    for blueprint, prefix in BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=prefix)
    for pages, prefix in PAGES:
        app.register_blueprint(pages, url_prefix=prefix)


def _install_commands(app: Flask) -> None:
    from server.cli import COMMANDS

    for command in COMMANDS:
        app.cli.add_command(command)
