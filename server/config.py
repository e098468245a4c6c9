"""Settings: read once from the environment, checked, frozen. A wrong one stops the start."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from server.signing import KeyUnusable, Signer, origin_from, seed_from

TRUE_WORDS = frozenset({"1", "true", "yes"})
FALSE_WORDS = frozenset({"0", "false", "no"})
MAY_BE_ZERO = frozenset({"trusted_proxies", "s3_link_minutes"})
LOCAL = "local"
#: a bucket's name as S3 allows it, then folders
S3_ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?", re.ASCII)
MIN_SECRET_BYTES = 32  # RFC 7518 §3.2: an HS256 key is at least as long as its hash


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which one and what it should be."""


def _setting(env: str, help_: str, default: Any) -> Any:
    return field(default=default, metadata={"env": env, "help": help_})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a deployment can choose. One environment variable each."""

    secret_key: str = _setting(
        "SECRET_KEY", "signs tokens and cursors; at least 32 bytes; no default", ""
    )
    ledger_key: str = _setting(
        "LEDGER_KEY", "signs the ledger's checkpoints: base64 of 32 random bytes; no default", ""
    )
    database_url: str = _setting(
        "DATABASE_URL", "`sqlite:///…` or `postgresql://…`", "sqlite:///DATA_DIR/suijian.sqlite"
    )
    data_dir: Path = _setting("DATA_DIR", "photos, uploads and SQLite files", Path("data"))
    anchor_dir: Path = _setting(
        "ANCHOR_DIR",
        "daily anchors of the chains of custody; best on another machine's or write-once storage",
        Path("DATA_DIR/anchors"),
    )
    media_store: str = _setting(
        "MEDIA_STORE",
        "where photos and uploads lie: `local` (in DATA_DIR) or `s3://bucket/prefix`; then the "
        "keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; try it with `flask media check`",
        "local",
    )
    s3_endpoint_url: str = _setting(
        "S3_ENDPOINT_URL", "address of an S3-compatible storage (MinIO, Ceph, …); empty for AWS", ""
    )
    s3_region: str = _setting("S3_REGION", "region of the bucket", "us-east-1")
    s3_link_minutes: int = _setting(
        "S3_LINK_MINUTES",
        "how long an address holds under which a browser fetches a photo from the storage; 0 where "
        "browsers can't reach it: photos then pass through the server",
        5,
    )
    host: str = _setting("HOST", "address that `make run` listens on", "127.0.0.1")
    port: int = _setting("PORT", "port that `make run` listens on", 8000)
    workers: int = _setting("WORKERS", "server processes", 1)
    threads: int = _setting("THREADS", "threads per server process", 32)
    public_url: str = _setting(
        "PUBLIC_URL", "address under which citizens reach the pages", "http://127.0.0.1:8000"
    )
    access_token_minutes: int = _setting("ACCESS_TOKEN_MINUTES", "life of an access token", 15)
    refresh_token_days: int = _setting("REFRESH_TOKEN_DAYS", "life of a refresh token", 30)
    max_request_bytes: int = _setting("MAX_REQUEST_BYTES", "largest JSON request", 4 * 1024 * 1024)
    max_photo_bytes: int = _setting("MAX_PHOTO_BYTES", "largest photo or clip", 200 * 1024 * 1024)
    upload_expiry_hours: int = _setting("UPLOAD_EXPIRY_HOURS", "life of an unfinished upload", 168)
    salvage_days: int = _setting("SALVAGE_DAYS", "how long a former holder may still push", 14)
    tombstone_days: int = _setting(
        "TOMBSTONE_DAYS", "how long devices may stay away without fetching all anew", 90
    )
    conflict_term_hours: int = _setting(
        "CONFLICT_TERM_HOURS", "how long a conflict may wait before it is escalated", 48
    )
    keep_sent_days: int = _setting(
        "KEEP_SENT_DAYS", "how long devices keep what they sent; no backup should be older", 14
    )
    exempt_checks_count: bool = _setting(
        "EXEMPT_CHECKS_COUNT", "whether complaint and transfer checks fill the yearly cap", True
    )
    trusted_proxies: int = _setting("TRUSTED_PROXIES", "reverse proxies in front of the server", 0)
    log_level: str = _setting("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO")

    @property
    def signer(self) -> Signer | None:
        """Who signs the ledger's checkpoints; None where no key is set."""
        if not self.ledger_key:
            return None
        return Signer(origin_from(self.public_url), seed_from(self.ledger_key))

    @property
    def conflict_term(self) -> timedelta:
        """How long a conflict may wait before it is escalated."""
        return timedelta(hours=self.conflict_term_hours)

    @property
    def anchors(self) -> Path:
        """Where anchors are written: below DATA_DIR unless another place is named."""
        below = self.anchor_dir.parts[:1] == ("DATA_DIR",)
        return self.data_dir.joinpath(*self.anchor_dir.parts[1:]) if below else self.anchor_dir

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database serves."""
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check the settings. Raises SettingsError naming the first wrong one."""
        values: dict[str, Any] = {}
        for spec in fields(cls):
            raw = environ.get(spec.metadata["env"])
            if raw is not None and raw != "":
                values[spec.name] = _convert(spec.metadata["env"], raw, spec.default)
        data_dir = Path(values.get("data_dir", "data")).resolve()
        values["data_dir"] = data_dir
        values.setdefault("database_url", f"sqlite:///{data_dir / 'suijian.sqlite'}")
        values["database_url"] = values["database_url"].replace("postgres://", "postgresql://", 1)
        settings = cls(**values)
        settings.check()
        return settings

    def check(self) -> None:
        """Raise SettingsError unless every value can be worked with."""
        if len(self.secret_key.encode()) < MIN_SECRET_BYTES:
            raise SettingsError(
                f"SECRET_KEY must have at least {MIN_SECRET_BYTES} bytes; make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        if self.ledger_key:
            self._check_ledger_key()
        if not self.database_url.startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
            raise SettingsError("DATABASE_URL must begin with sqlite: or postgresql:")
        self._check_media_store()
        for spec in fields(self):
            value = getattr(self, spec.name)
            minimum = 0 if spec.name in MAY_BE_ZERO else 1
            if type(value) is int and value < minimum:
                raise SettingsError(f"{spec.metadata['env']} must be at least {minimum}")

    def _check_ledger_key(self) -> None:
        try:
            seed_from(self.ledger_key)
        except KeyUnusable as fault:
            raise SettingsError(
                f"LEDGER_KEY is unusable ({fault}); make one with: "
                'python -c "import base64, secrets; '
                'print(base64.b64encode(secrets.token_bytes(32)).decode())"'
            ) from None

    def _check_media_store(self) -> None:
        if self.media_store == LOCAL:
            return
        if not S3_ADDRESS.fullmatch(self.media_store):
            raise SettingsError("MEDIA_STORE must be local or s3://bucket/prefix")
        if self.s3_endpoint_url and not self.s3_endpoint_url.startswith(("http://", "https://")):
            raise SettingsError("S3_ENDPOINT_URL must begin with http:// or https://")


def _convert(name: str, raw: str, default: object) -> Any:
    if isinstance(default, bool):
        if raw.lower() not in TRUE_WORDS | FALSE_WORDS:
            raise SettingsError(f"{name} must be true or false, not {raw!r}")
        return raw.lower() in TRUE_WORDS
    if isinstance(default, int):
        try:
            return int(raw)
        except ValueError:
            raise SettingsError(f"{name} must be a whole number, not {raw!r}") from None
    return Path(raw) if isinstance(default, Path) else raw
