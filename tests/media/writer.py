"""A server process that stops in the middle of a piece, so that a test can kill it there.

`python -m tests.media.writer FOLDER UPLOAD_ID [CHECKSUM]`: appends one block, says so, waits.
"""

import sys
from pathlib import Path

from media.digests import parse_checksum
from media.uploads import LocalUploads

BLOCK = b"b" * 1000
LIMIT_BYTES = 1_000_000


class OneBlockThenSilence:
    """A client that sends a block, then keeps the line open and sends no more."""

    def __init__(self) -> None:
        self._sent = False

    def read(self, size: int, /) -> bytes:
        """The block; the next call means it was written, and never returns data."""
        if not self._sent:
            self._sent = True
            return BLOCK
        print("block written", flush=True)
        return sys.stdin.buffer.read()


def main() -> None:
    """Append as the arguments say."""
    folder, upload_id, *header = sys.argv[1:]
    checksum = parse_checksum(header[0]) if header else None
    with LocalUploads(Path(folder)).locked(upload_id) as upload:
        upload.append(
            OneBlockThenSilence(), offset=upload.offset, limit_bytes=LIMIT_BYTES, checksum=checksum
        )


if __name__ == "__main__":
    main()
