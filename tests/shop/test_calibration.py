"""The shop's log beside real shops' logs."""

import pytest

from helpers.shop.facts import calibration, table


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_every_fact_of_the_log_lies_in_its_band(seed):
    facts = calibration(seed)
    print(table(facts))
    assert len(facts) == 12
    assert not [fact.name for fact in facts if not fact.held], table(facts)
