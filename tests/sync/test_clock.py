"""Rule 6: device time is corrected, and read in the forms that clients stamp it in."""

import pytest

from sync.clock import MAX_MS, effective_ms, is_implausible, parse_hlc

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z


@pytest.mark.parametrize(
    ("stamp", "milliseconds"),
    [
        (NOON, NOON),
        (f"{NOON}", NOON),
        (f"{NOON}:0", NOON),
        (f"{NOON}:00042:tablet-7", NOON),
        (f"{NOON:015d}-00001-node", NOON),
        (f"{NOON:018d}_3", NOON),
        ("2026-11-23T12:00:00Z", NOON),
        ("2026-11-23T12:00:00.000Z-0000-a219e7a71cc18912", NOON),
        ("2026-11-23T20:00:00.500+08:00", NOON + 500),
        (f"{MAX_MS}", MAX_MS),
        (f"{MAX_MS + 1}", None),
        ("2026-02-31T12:00:00Z", None),
        ("2026-11-23T12:00:00", None),
        ("20261123T120000Z", None),
        ("yesterday", None),
        ("-5", None),
        ("1.5e12", None),
        ("", None),
    ],
)
def test_a_stamp_is_read_in_the_forms_that_clients_use(stamp, milliseconds):
    assert parse_hlc(stamp) == milliseconds


def test_effective_time_is_the_stamp_corrected_and_never_after_arrival():
    assert effective_ms(stamped_ms=500, offset_ms=100, arrival_ms=1000) == 600
    assert effective_ms(stamped_ms=950, offset_ms=100, arrival_ms=1000) == 1000
    assert effective_ms(stamped_ms=50, offset_ms=-100, arrival_ms=1000) == 0
    assert effective_ms(stamped_ms=None, offset_ms=-100, arrival_ms=1000) == 1000


def test_a_clock_within_five_minutes_is_plausible_and_not_one_millisecond_more():
    five = 5 * 60 * 1000
    told = {"stamped_ms": NOON, "arrival_ms": NOON}
    assert not is_implausible(offset_ms=five, **told)
    assert is_implausible(offset_ms=five + 1, **told)
    assert not is_implausible(offset_ms=-five, **told)
    assert is_implausible(offset_ms=-five - 1, **told)
    assert is_implausible(stamped_ms=NOON + five + 1, offset_ms=0, arrival_ms=NOON)
