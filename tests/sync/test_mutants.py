"""The laws hold for the core as it is, and notice each wrong variant of each policy."""

from typing import get_args

import pytest

from sync.policies import PolicyName
from tests.sync.laws import LAWS, broken_laws
from tests.sync.mutants import MUTANTS


@pytest.mark.parametrize("law", LAWS)
def test_the_core_keeps_every_law(law):
    LAWS[law]()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.of}: {mutant.does}")
def test_a_wrong_core_breaks_a_law(mutant, monkeypatch):
    mutant.put(monkeypatch)
    assert next(broken_laws(mutant.of), None), (
        f"nobody notices that, under {mutant.of}, {mutant.does}"
    )


def test_there_is_a_wrong_variant_of_every_policy():
    assert set(get_args(PolicyName)) <= {mutant.of for mutant in MUTANTS}
