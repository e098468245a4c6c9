"""Distances on the earth, against what geodesists measured on the ellipsoid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.exif import Position
from media.places import EARTH_RADIUS_M, distance_m

HOHHOT = Position(40.84, 111.75)
positions = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("other", "ellipsoid_m"),
    [
        (Position(41.84, 111.75), 111_059.4),  # a degree north of Hohhot, along the meridian
        (Position(40.84, 112.75), 84_345.8),  # a degree east, along the parallel's geodesic
        (Position(40.84, 111.762), 1_012.2),
        (Position(40.849, 111.75), 999.4),
    ],
)
def test_a_distance_is_right_to_six_metres_in_a_kilometre(
    other: Position, ellipsoid_m: float
) -> None:
    assert distance_m(HOHHOT, other) == pytest.approx(ellipsoid_m, rel=0.006)


def test_the_date_line_is_no_wall() -> None:
    assert distance_m(Position(0, 179.999), Position(0, -179.999)) == pytest.approx(222.4, abs=0.1)


@given(positions, positions)
def test_there_and_back_is_as_far_and_never_more_than_half_around(
    one: Position, other: Position
) -> None:
    there = distance_m(one, other)
    assert 0 <= there <= EARTH_RADIUS_M * 3.1415927
    assert there == pytest.approx(distance_m(other, one), abs=1e-3)
    assert distance_m(one, one) == 0
