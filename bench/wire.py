"""Bytes on the wire (线上字节): what a device pays for a document of a cold pull, in each coding.

Held against gzip -6 of the same documents bare: `[{"id":…,…fields…}, …]`, all in one piece, without
the version, number and kind that a change carries, and without HTTP's own heads, which are counted
here. `python -m bench.wire` prints what each level would cost and save.
"""

import itertools
import random
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from bench.documents import SEED, findings
from bench.load import Volley, fire
from bench.sides import ANSWERED, COLD_DOCUMENTS, PAGE, Suijian
from server.api.codings import zstd

CODINGS = ("identity", "gzip", "zstd")
REFERENCE_LEVEL = 6
TRIES = 9


class WireSize(NamedTuple):
    """What a document takes in a coding, and its share of gzip -6 of the bare documents."""

    coding: str
    bytes_per_document: float
    share: float


def wire_sizes(side: Suijian) -> Iterator[WireSize]:
    """Pull everything once in each coding, and count what comes over the connection."""
    changes = [change for page in side.cold_pages() for change in page["changes"]]
    bare = bare_size([{"id": change["id"], **change["data"]} for change in changes])
    for coding in CODINGS:
        requests = side.cold_requests({"Accept-Encoding": coding})
        received = fire(Volley(side.port, [requests], ANSWERED)).received_bytes
        yield WireSize(coding, received / len(changes), received / bare)


def bare_size(documents: Sequence[dict[str, Any]]) -> int:
    """Bytes of the documents alone, with gzip -6."""
    return len(zlib.compress(orjson.dumps(documents), REFERENCE_LEVEL, wbits=31))


def _pages() -> tuple[list[bytes], int]:
    """Pages as the server writes them, and the size that they are held against."""
    dice = random.Random(SEED)
    ids = (f"{dice.getrandbits(128):032x}" for _ in itertools.count())
    documents = list(itertools.islice(findings(0, next(ids)), COLD_DOCUMENTS))
    named = [{"id": next(ids), **document} for document in documents]
    changes = [
        {
            "type": "finding",
            "id": each["id"],
            "rev": 1,
            "seq": seq,
            "op": "upsert",
            "data": document,
        }
        for seq, (each, document) in enumerate(zip(named, documents, strict=True), start=1)
    ]
    starts = range(0, COLD_DOCUMENTS, PAGE)
    return [orjson.dumps(changes[s : s + PAGE]) for s in starts], bare_size(named)


def _line(name: str, encode: Callable[[bytes], bytes], pages: list[bytes], bare: int) -> str:
    spent = []
    for _ in range(TRIES):
        began = time.process_time()
        size = sum(len(encode(page)) for page in pages)
        spent.append(time.process_time() - began)
    return f"{name:8} {size / bare:.3f}  {min(spent) / COLD_DOCUMENTS * 1e6:5.1f} µs a document"


def main() -> None:
    """Print every level's share and cost."""
    pages, bare = _pages()
    for level in range(1, 10):
        print(_line(f"gzip {level}", lambda b, n=level: zlib.compress(b, n, wbits=31), pages, bare))
    for level in range(1, 14):
        print(_line(f"zstd {level}", lambda b, n=level: zstd.compress(b, level=n), pages, bare))


if __name__ == "__main__":
    main()
