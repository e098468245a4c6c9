"""What object storage answers when it does not do as asked, told apart by who can help."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from media.errors import StoreRefused, StoreUnavailable

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; MinIO's and Ceph's own words
# for a full disk or quota.
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity"})
_PASSING = frozenset(
    {
        "BadDigest", "ConditionalRequestConflict", "IncompleteBody", "InvalidDigest",
        "OperationAborted", "RequestTimeout", "RequestTimeTooSkewed", "SlowDown",
        "XAmzContentSHA256Mismatch",
    }
)  # fmt: skip
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchUpload", "NotFound"})
_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, ParamValidationError)


class Missing(StoreUnavailable):
    """There is no such object, or no such multipart upload. Where nobody reckons with that, it has
    gone this moment."""


class Changed(StoreUnavailable):
    """It is not (or no longer) as the request said it must be."""


class NotOffered(StoreRefused):
    """The storage does not know a header that was sent."""


@contextmanager
def faults() -> Iterator[None]:
    """Raise `Missing`, `Changed`, `NotOffered`, `StoreUnavailable`, `StoreRefused`, or ENOSPC as a
    full disk would, instead of botocore's errors."""
    try:
        yield
    except ClientError as fault:
        raise _told(fault) from fault
    except _CREDENTIALS as fault:
        raise StoreRefused(str(fault)) from fault
    except BotoCoreError as fault:  # the line: refused, timed out, broken off
        raise StoreUnavailable(str(fault)) from fault


def _told(fault: ClientError) -> Exception:
    code = fault.response["Error"].get("Code", "")
    status = fault.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    if code in _MISSING:
        return Missing(code)
    if status == 412:
        return Changed(code)
    if status == 501:
        return NotOffered(code)
    if code in _FULL or status == 507:
        return OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} ({code})")
    passes = code in _PASSING or status >= 500 or status == 429
    return (StoreUnavailable if passes else StoreRefused)(str(fault))
