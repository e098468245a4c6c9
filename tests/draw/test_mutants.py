"""The checks hold for the draw as it is, and notice each wrong variant."""

import pytest

from tests.draw.checks import CHECKS
from tests.draw.mutants import MUTANTS


@pytest.mark.parametrize("check", CHECKS)
def test_the_draw_passes_every_check(check):
    check()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.does)
def test_a_wrong_draw_fails_a_check(mutant, monkeypatch):
    mutant.put(monkeypatch)
    assert any(fails(check) for check in CHECKS), f"nobody notices that {mutant.does}"


def fails(check):
    try:
        check()
    except (AssertionError, pytest.fail.Exception, ValueError, LookupError):
        return True  # it said something else, or got stuck on the way
    return False
