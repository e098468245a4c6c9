"""A real S3 server for the tests: moto's, over HTTP, in a process of its own.

It keeps everything in memory and verifies no checksum; what that leaves unproved, the tests that
need it prove by looking at what travels (`tests/relay.py`).
"""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from functools import cache
from threading import Thread

from botocore.session import Session

from tests.postgres import at_the_end

KEYS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "tests-only",
    "AWS_SECRET_ACCESS_KEY": "tests-only-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}
REGION = "us-east-1"
_LISTENS = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")


class ObjectStorage:
    """The server; each test makes a bucket of its own."""

    def __init__(self) -> None:
        os.environ.update(KEYS)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.port = self._port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Session().create_client("s3", region_name=REGION, endpoint_url=self.url)

    def new_bucket(self) -> str:
        """An empty bucket; gives its name."""
        name = f"b{uuid.uuid4().hex}"
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str) -> list[str]:
        """Everything that lies there."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def multiparts(self, bucket: str) -> list[str]:
        """The keys of multipart uploads under way."""
        said = self.client.list_multipart_uploads(Bucket=bucket)
        return [each["Key"] for each in said.get("Uploads", ())]

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _port(self) -> int:
        assert self._process.stderr is not None
        heard = []
        for line in self._process.stderr:
            heard.append(line)
            if found := _LISTENS.search(line):
                self._hear_on()
                return int(found[1])
        raise AssertionError("no S3 server:\n" + "".join(heard))

    def _hear_on(self) -> None:
        """Nobody reads its log of requests; a full pipe would stop it."""
        Thread(target=lambda: [None for _ in self._process.stderr or ()], daemon=True).start()


@cache
def object_storage() -> ObjectStorage:
    """The one of this test process."""
    started = ObjectStorage()
    at_the_end.callback(started.stop)
    return started
