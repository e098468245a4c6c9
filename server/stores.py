"""Where the bytes of photos lie (照片文件): below DATA_DIR, or in a bucket (MEDIA_STORE)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from media.derivatives import Derivatives, LocalDerivatives
from media.small import SIZES
from media.store import LocalStore, Store
from media.uploads import LocalUploads, Uploads
from server.config import LOCAL, Settings, SettingsError
from server.db import Database
from server.upload_locks import upload_lock

if TYPE_CHECKING:
    from media.s3.bucket import Bucket
    from media.s3.uploads import Lock

NO_CREDENTIALS = (
    "MEDIA_STORE is {store}, but nothing says with which keys: "
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)


@dataclass(frozen=True, kw_only=True)
class MediaStores:
    """Unfinished uploads; originals; what makes no photo but is kept for a person; derivatives by
    their kind."""

    uploads: Uploads
    originals: Store
    quarantine: Store
    derivatives: Mapping[str, Derivatives]

    @classmethod
    def in_folder(cls, data_dir: Path) -> "MediaStores":
        """All of them on the local disk; the folders are made where they lack."""
        return cls(
            uploads=LocalUploads(data_dir / "uploads"),
            originals=LocalStore(data_dir / "originals"),
            quarantine=LocalStore(data_dir / "quarantine"),
            derivatives={
                size.name: LocalDerivatives(data_dir / "derivatives" / size.name) for size in SIZES
            },
        )

    @classmethod
    def in_bucket(cls, bucket: "Bucket", lock: "Lock") -> "MediaStores":
        """All of them in object storage."""
        from media.s3.derivatives import S3Derivatives
        from media.s3.store import S3Store
        from media.s3.uploads import S3Uploads

        return cls(
            uploads=S3Uploads(bucket, lock),
            originals=S3Store(bucket, "originals"),
            quarantine=S3Store(bucket, "quarantine"),
            derivatives={
                size.name: S3Derivatives(bucket, f"derivatives/{size.name}") for size in SIZES
            },
        )


def stores_of(settings: Settings, database: Database) -> MediaStores:
    """The stores that the settings call for. Raises SettingsError without keys for a bucket."""
    if settings.media_store == LOCAL:
        return MediaStores.in_folder(settings.data_dir)
    return MediaStores.in_bucket(bucket_of(settings), upload_lock(settings, database))


def bucket_of(settings: Settings) -> "Bucket":
    """The bucket that the settings name; nothing is asked of it yet. Raises SettingsError."""
    from media.s3.bucket import has_credentials, open_bucket

    if not has_credentials():
        raise SettingsError(NO_CREDENTIALS.format(store=settings.media_store))
    return open_bucket(
        settings.media_store,
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        link_minutes=settings.s3_link_minutes,
    )
