"""The soak's page says of each thing whether it grew."""

import pytest

from bench.soak.crowd import Seen
from bench.soak.report import FEW_WAITING, MIB, report

SECONDS = 30


def page(*, waiting=lambda second: 50, memory_mib=lambda second: 300, error=None):
    history = [
        Seen(
            latencies_ms={"pull": [3.0, 4.0], "push": [50.0, 60.0]},
            waiting=waiting(second),
            memory_bytes=memory_mib(second) * MIB,
        )
        for second in range(SECONDS)
    ]
    if error:
        history[7].errors[error] += 1
    lines = list(report("PostgreSQL", history))
    return {line.split("|")[1].strip(): line for line in lines if line.startswith("|")}, lines


def test_what_stays_as_it_was_passes():
    rows, _ = page()
    assert all("PASS" in rows[name] for name in ("requests waiting", "memory, MiB", "errors"))


@pytest.mark.parametrize(("last", "word"), [(330, "PASS"), (331, "SHORT")])
def test_memory_may_grow_by_a_tenth_and_no_more(last, word):
    rows, _ = page(memory_mib=lambda second: last if second >= SECONDS * 2 // 3 else 300)
    assert word in rows["memory, MiB"]


@pytest.mark.parametrize(("more", "word"), [(FEW_WAITING, "PASS"), (FEW_WAITING + 1, "SHORT")])
def test_a_queue_may_move_but_not_grow(more, word):
    rows, _ = page(waiting=lambda second: 50 + (more if second >= SECONDS * 2 // 3 else 0))
    assert word in rows["requests waiting"]


def test_one_wrong_answer_is_one_too_many_and_is_shown():
    rows, lines = page(error="a push was answered 500")
    assert "SHORT" in rows["errors"]
    assert "- 1 × a push was answered 500" in lines
