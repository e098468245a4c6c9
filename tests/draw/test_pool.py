"""The pool as a stream: NDJSON in whatever order, in several processes, line by line refused."""

import io
import json
import tracemalloc

import pytest

from draw.canonical import canonical
from draw.faults import MAX_FAULTS, Refused
from draw.pool import MAX_ROW_BYTES, freeze_rows, freeze_stream, pool_lines
from draw.processes import crew
from tests.draw import plainly
from tests.draw.worlds import row

ROWS = [row(f"o-{n}", stratum="ab"[n % 2], weight=1 + n % 3, name="单位") for n in range(500)]


def stream(lines):
    return io.BytesIO(b"".join(lines))


def faults_of(lines):
    with pytest.raises(Refused) as refused:
        freeze_stream(stream(lines))
    return [(fault.code, fault.path) for fault in refused.value.faults]


def test_rows_and_stream_are_the_same_pool_in_every_order():
    whole = freeze_rows(ROWS)
    assert whole.root == plainly.root(ROWS)
    assert (whole.size, whole.strata) == (500, {"a", "b"})
    assert (whole.eligible("a"), whole.eligible("b"), whole.eligible("c")) == (250, 250, 0)
    assert freeze_stream(stream(pool_lines(ROWS))).root == whole.root
    assert freeze_stream(stream(pool_lines(reversed(ROWS)))).root == whole.root


def test_how_a_row_is_written_makes_no_difference():
    lines = [b" " + json.dumps(each, indent=None).encode() + b" \r\n" for each in ROWS]
    assert freeze_stream(stream(lines)).root == plainly.root(ROWS)
    assert freeze_stream(stream([*lines[:-1], lines[-1].strip()])).root == plainly.root(ROWS)


def test_an_empty_pool_has_the_root_of_no_leaf():
    assert freeze_stream(io.BytesIO(b"")).root == freeze_rows([]).root == plainly.mth([])


@pytest.mark.parametrize("size", [1, 7, 100])
def test_lines_that_cross_the_blocks_are_read_whole(size, monkeypatch):
    monkeypatch.setattr("draw.pool.BATCH_BYTES", size)
    assert freeze_stream(stream(pool_lines(ROWS))).root == plainly.root(ROWS)


def test_several_processes_say_the_same(monkeypatch):
    monkeypatch.setattr("draw.pool.BATCH_BYTES", 10_000)
    monkeypatch.setattr("draw.pool.SUBTREE_LEAVES", 64)
    with crew(2) as spread:
        assert freeze_stream(stream(pool_lines(ROWS)), spread=spread) == freeze_stream(
            stream(pool_lines(ROWS))
        )


def test_a_refusal_comes_out_of_the_processes_too(monkeypatch):
    monkeypatch.setattr("draw.pool.BATCH_BYTES", 10_000)
    lines = [*pool_lines(ROWS), b"{}\n"]
    with crew(2) as spread, pytest.raises(Refused) as refused:
        freeze_stream(stream(lines), spread=spread)
    assert {fault.path.partition(".")[0] for fault in refused.value.faults} == {"pool[500]"}


def test_each_line_that_is_wrong_is_named():
    good = canonical(row("x")) + b"\n"
    assert faults_of([good, b'{"id": 1.5}\n', good.replace(b"x", b"y"), b"\n", b"[]\n"]) == [
        ("float", "pool[1].id"), ("not_json", "pool[3]"), ("wrong_type", "pool[4]")
    ]  # fmt: skip
    assert faults_of([good, good]) == [("repeated_id", "pool")]
    assert len(faults_of([b"x\n"] * 1000)) == MAX_FAULTS


def test_a_row_may_be_so_long_and_no_longer(monkeypatch):
    bare = canonical(row("x", note=""))
    fits = bare.replace(b'"note":""', b'"note":"%b"' % (b"n" * (MAX_ROW_BYTES - len(bare))))
    assert len(fits) == MAX_ROW_BYTES
    for block_bytes in (100, 4 << 20):
        monkeypatch.setattr("draw.pool.BATCH_BYTES", block_bytes)
        assert freeze_stream(stream([fits, b"\n"])).size == 1
        too_long = fits.replace(b'"n', b'"nn')
        assert faults_of([too_long, b"\n"]) == [("row_too_large", "pool[0]")]


def test_a_line_without_end_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr("draw.pool.BATCH_BYTES", 1 << 16)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"x" * size if self.given < 64 << 20 else b""

        def readline(self, size=-1):
            return self.read(size)

    tracemalloc.start()
    with pytest.raises(Refused):
        freeze_stream(Endless())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
