"""Settings of a server whose photos lie in a bucket of the tests' own S3 server."""

from dataclasses import replace

from server.config import Settings
from tests.object_storage import REGION, object_storage


def in_bucket(settings: Settings, *, url: str | None = None, link_minutes: int = 0) -> Settings:
    """The same settings with an empty bucket; `url` is where the server believes it to be."""
    storage = object_storage()
    return replace(
        settings, media_store=f"s3://{storage.new_bucket()}/photos",
        s3_endpoint_url=url or storage.url, s3_region=REGION, s3_link_minutes=link_minutes,
    )  # fmt: skip


def bucket_name(settings: Settings) -> str:
    return settings.media_store.removeprefix("s3://").partition("/")[0]


def lying_in(settings: Settings) -> list[str]:
    """The keys of all that lies in the bucket, multipart uploads too."""
    storage, name = object_storage(), bucket_name(settings)
    keys = [*storage.keys(name), *storage.multiparts(name)]
    return sorted(key.removeprefix("photos/") for key in keys)
