"""Numbers that belong to a shopper and a day."""

import numpy as np
import pytest
from scipy import stats

from helpers.shop.draws import uniforms


def test_the_numbers_are_uniform():
    draw = uniforms(0, 1, np.arange(2000), 5, 50)
    assert draw.min() >= 0
    assert draw.max() < 1
    assert stats.kstest(draw.ravel(), "uniform").pvalue > .001


@pytest.mark.parametrize("other", [
    lambda ids: uniforms(0, 1, ids, 6, 1), lambda ids: uniforms(0, 2, ids, 5, 1), lambda ids: uniforms(1, 1, ids, 5, 1),
    lambda ids: uniforms(0, 1, ids + 1, 5, 1), lambda ids: uniforms(0, 1, ids, 5, 2)[:, 1:],
], ids=["day", "purpose", "seed", "shopper", "place"])
def test_another_day_purpose_seed_shopper_or_place_has_numbers_of_its_own(other):
    ids = np.arange(100_000)
    one, two = uniforms(0, 1, ids, 5, 1)[:, 0], other(ids)[:, 0]
    assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(len(ids))
    assert (one == two).sum() == 0


def test_a_shoppers_numbers_do_not_depend_on_who_else_is_asked_for_nor_on_how_many_are():
    everybody = uniforms(7, 1, np.arange(1000), 3, 9)
    some = np.array([900, 3, 512])
    np.testing.assert_array_equal(uniforms(7, 1, some, 3, 4), everybody[some, :4])
