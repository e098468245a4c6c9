"""`flask media …`: what an operator does for the stores of photos."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import with_appcontext

from media.check import try_out
from media.errors import MediaError, StoreRefused, StoreUnavailable
from server.config import LOCAL, Settings
from server.parts import parts

CHECK_HELP = """Try the store of photos out (MEDIA_STORE): write, read, list and delete a probe.

Run it after every change of MEDIA_STORE, S3_ENDPOINT_URL or the keys, as the user that the server
runs as. The probe is 5 MiB, so that a bucket is also asked for a multipart upload; it goes into
the quarantine's part of the store and is removed again.

\b
Examples:
  flask media check
  MEDIA_STORE=s3://photos S3_ENDPOINT_URL=http://10.0.0.5:9000 flask media check"""

UNAVAILABLE = """\
The storage did not answer. See that S3_ENDPOINT_URL ({endpoint}) is right and can be reached from
this machine, for instance with: curl -sS -o /dev/null -w '%{{http_code}}\\n' {endpoint}"""

REFUSED = """\
The storage refused. See that
  - the bucket of MEDIA_STORE ({store}) exists, in the region S3_REGION ({region});
  - AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are the keys of an account of that storage;
  - the account may, in that bucket: s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject,
    s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts."""

LOCAL_FAULT = "See that {folder} is a folder with room that this user may write to."


@click.group("media")
def media_commands() -> None:
    """The stores of photos and uploads: do they work?"""


@media_commands.command("check", help=CHECK_HELP)
@with_appcontext
def check() -> None:
    """Try everything, and say what to do where something fails."""
    settings, media = parts().settings, parts().media
    click.echo(f"MEDIA_STORE={settings.media_store}")
    with _explained(settings):
        for done in try_out(media.uploads, media.quarantine):
            click.echo(f"  {done}")
    click.echo(_way_to_browsers(settings))


@contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (OSError, MediaError) as fault:
        click.echo(f"FAILED: {fault}", err=True)
        click.echo(_next_step(settings, fault), err=True)
        sys.exit(1)


def _next_step(settings: Settings, fault: Exception) -> str:
    if settings.media_store == LOCAL:
        return LOCAL_FAULT.format(folder=settings.data_dir)
    endpoint = settings.s3_endpoint_url or "https://s3.amazonaws.com"
    if isinstance(fault, StoreUnavailable):
        return UNAVAILABLE.format(endpoint=endpoint)
    if isinstance(fault, StoreRefused):
        return REFUSED.format(store=settings.media_store, region=settings.s3_region)
    return "See that the storage and this machine's folder for temporary files have room."


def _way_to_browsers(settings: Settings) -> str:
    if settings.media_store == LOCAL or not settings.s3_link_minutes:
        return "ok; photos reach people through the server"
    return (
        f"ok; photos reach people from the storage, under addresses that hold for "
        f"{settings.s3_link_minutes} minutes (S3_LINK_MINUTES=0 where browsers can't reach it)"
    )
