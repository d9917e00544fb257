"""The published figures of CDNOW come out of our data, and the models say what their stories say."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, roots_jacobi

from helpers import btyd
from helpers.authoring.bench import SLACK
from helpers.data import cdnow

PAPER_BG = btyd.BGNBD(.243, 4.414, .793, 2.426)
PAPER_PARETO = btyd.ParetoNBD(.553, 10.578, .606, 11.669)
WEEKS = 39


@pytest.fixture(scope="module")
def log():
    return cdnow.purchases(sample=True)


@pytest.fixture(scope="module")
def people(log):
    return btyd.summary(log, "1997-09-30")


@pytest.fixture(scope="module")
def data(people):
    return tuple(people[name].to_numpy() for name in ("x", "tx", "T"))


@pytest.fixture(scope="module")
def later(log, people):
    return btyd.future(log, "1997-10-01", "1998-06-30").loc[people.index].to_numpy()


@pytest.fixture(scope="module")
def bg(data):
    return btyd.BGNBD.fit(*data)


# Data ----------------------------------------------------------------------------------------------------------------


def test_a_customer_of_new_years_day_is_272_days_or_38_86_weeks_old_at_the_end_of_september(people):
    first = people[people["T"] == people["T"].max()]
    assert round(first["T"].iloc[0], 2) == 38.86
    assert first["T"].iloc[0] * 7 == 272
    assert people.loc[4].round(2).tolist() == [2, 30.43, 38.86]
    assert people.loc[18].tolist()[:2] == [0, 0]


def test_the_holdout_is_39_weeks_and_has_the_published_number_of_purchases_of_who_had_bought_once(people, later):
    assert pd.Timestamp("1998-06-30") - pd.Timestamp("1997-09-30") == pd.Timedelta(weeks=WEEKS)
    assert later.sum() == 1882
    assert later[people["x"] == 0].sum() == 334
    assert (people["x"] == 0).sum() == 1411


def test_orders_of_one_day_are_one_purchase_and_hours_do_not_count():
    log = pd.DataFrame({"customer": [1, 1, 1, 2], "time": pd.to_datetime(
        ["2024-01-01 23:00", "2024-01-08 00:30", "2024-01-08 19:00", "2024-01-15 12:00"])})
    assert btyd.summary(log, "2024-01-15").to_dict("index") == {1: {"x": 1, "tx": 1, "T": 2}, 2: {"x": 0, "tx": 0, "T": 0}}
    assert btyd.summary(log, "2024-01-15 08:00", unit_days=1).loc[1].tolist() == [1, 7, 14]


def test_the_last_day_of_the_calibration_is_seen_and_the_next_is_not():
    log = pd.DataFrame({"customer": [1, 1, 1], "time": pd.to_datetime(["2024-01-01", "2024-01-15", "2024-01-16"])})
    assert btyd.summary(log, "2024-01-15").loc[1].tolist() == [1, 2, 2]
    assert btyd.future(log, "2024-01-16", "2024-02-01").tolist() == [1]
    assert btyd.future(log, "2024-01-17", "2024-02-01").tolist() == [0]


def test_a_customer_whose_first_purchase_is_in_the_holdout_is_in_neither_table():
    log = pd.DataFrame({"who": ["a", "b"], "time": pd.to_datetime(["2024-01-01", "2024-02-01"])})
    assert btyd.summary(log, "2024-01-15", who="who").index.tolist() == ["a"]
    assert btyd.future(log, "2024-01-16", "2024-03-01", who="who").to_dict() == {"a": 0}


# The published figures -----------------------------------------------------------------------------------------------


def test_bg_nbd_is_the_papers_to_every_published_digit(bg, data):
    assert np.round(list(btyd.parameters(bg).values()), 3).tolist() == [.243, 4.414, .793, 2.426]
    assert round(bg.loglik(*data), 1) == -9582.4


def test_pareto_nbd_is_the_papers_to_every_published_digit(data):
    model = btyd.ParetoNBD.fit(*data)
    assert np.round(list(btyd.parameters(model).values()), 3).tolist() == [.553, 10.578, .606, 11.669]
    assert round(model.loglik(*data), 1) == -9595.0


def test_the_forecasts_correlate_with_the_holdout_as_published(bg, data, later):
    x, _, T = data
    expected = bg.expected(WEEKS, *data)
    assert round(np.corrcoef(expected, later)[0, 1], 3) == .626
    assert round(np.corrcoef(PAPER_PARETO.expected(WEEKS, *data), later)[0, 1], 3) == .630
    assert round(np.corrcoef(x / T, later)[0, 1], 3) == .584


def test_who_had_bought_once_is_expected_to_buy_23_times_in_100_and_bought_24_times(bg, data, later):
    once = data[0] == 0
    assert round(bg.expected(WEEKS, *data)[once].mean(), 3) == .225
    assert round(later[once].mean(), 3) == .237


@pytest.mark.parametrize(("x", "tx", "loglik", "alive", "expected"), [
    (2, 30.43, -9.4586, .7266, 1.2260), (0, 0, -.5547, 1, .1951), (7, 29.43, -21.8633, .6418, 3.3371), (1, 1.71, -4.4691, .2121, .2032)])
def test_four_customers_have_the_values_worked_out_by_hand_from_the_papers_parameters(x, tx, loglik, alive, expected):
    history = np.array([x]), np.array([tx]), np.array([38.86])
    assert PAPER_BG.log_likelihoods(*history).round(4).tolist() == [loglik]
    assert PAPER_BG.p_alive(*history).round(4).tolist() == [alive]
    assert PAPER_BG.expected(WEEKS, *history)[0] == pytest.approx(expected, abs=6e-5)


def test_by_hand_one_purchase_at_week_one_seen_to_week_three_has_likelihood_5_32_and_is_alive_with_one_fifth():
    model = btyd.BGNBD(1, 1, 1, 1)
    assert np.exp(model.loglik([1], [1], [3])) == pytest.approx(5 / 32, rel=1e-12)
    assert model.p_alive([1], [1], [3])[0] == pytest.approx(1 / 5, rel=1e-12)
    assert btyd.BGNBD(1, 1, 2, 1).expected(2, [0], [0], [1])[0] == pytest.approx(2 * (1 - np.log(2)), rel=1e-12)
    assert model.expected(2, [0], [0], [1])[0] == pytest.approx(np.log(2), rel=1e-7)


def test_one_age_for_all_has_the_known_wrong_likelihood(data):
    x, tx, T = data
    wrong = x, tx, np.full(len(T), T.max())
    assert round(btyd.BGNBD.fit(*wrong).loglik(*wrong), 1) == -9820.1


def test_recency_from_the_end_has_a_better_likelihood_and_is_refused(data):
    x, tx, T = data
    wrong = x, np.where(x > 0, T - tx, 0), T
    assert round(btyd.BGNBD.fit(*wrong, check=False).loglik(*wrong), 1) == -7463.5
    with pytest.raises(ValueError, match="from the end"):
        btyd.BGNBD.fit(*wrong)


def test_a_counted_first_purchase_has_no_optimum_and_is_refused(data):
    x, tx, T = data
    with pytest.warns(RuntimeWarning, match="no optimum inside"):
        btyd.BGNBD.fit(x + 1, tx, T, check=False)
    with pytest.raises(ValueError, match="first purchase counted"):
        btyd.BGNBD.fit(x + 1, tx, T)


# What the formulas are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [btyd.BGNBD, btyd.ParetoNBD])
def test_in_days_the_times_are_seven_times_as_large_and_nothing_else_changes(model, data):
    x, tx, T = data
    weeks, days = model.fit(x, tx, T), model.fit(x, 7 * tx, 7 * T)
    for name, value in btyd.parameters(weeks).items():
        assert getattr(days, name) == pytest.approx(value * (7 if name in ("alpha", "beta") else 1), rel=1e-4)
    assert days.loglik(x, 7 * tx, 7 * T) == pytest.approx(weeks.loglik(x, tx, T) - x.sum() * np.log(7), abs=1e-4)
    assert days.p_alive(x, 7 * tx, 7 * T) == pytest.approx(weeks.p_alive(x, tx, T), rel=1e-3)
    assert days.expected(7 * WEEKS, x, 7 * tx, 7 * T) == pytest.approx(weeks.expected(WEEKS, x, tx, T), rel=1e-3)


def test_the_likelihood_of_bg_nbd_is_the_mean_of_both_stories_over_rate_and_probability_of_leaving():
    m, x, tx, T = btyd.BGNBD(.8, 5., .7, 2.), 3, 20., 30.
    nodes, weights = roots_jacobi(60, m.b + x - 2, m.a - 1)                     # over p ~ beta, a factor (1 - p)^(x - 1) taken out
    p = (1 + nodes) / 2
    mean_p = weights / 2 ** (m.a + m.b + x - 2) * np.exp(gammaln(m.a + m.b) - gammaln(m.a) - gammaln(m.b))

    def rate(age: float) -> float:                                              # over λ ~ gamma
        density = m.alpha**m.r / np.exp(gammaln(m.r))
        return quad(lambda w: density * w ** (m.r - 1 + x) * np.exp(-w * (m.alpha + age)), 0, np.inf, epsabs=0, epsrel=1e-11)[0]

    both = mean_p @ (1 - p) * rate(T) + mean_p @ p * rate(tx)
    assert m.loglik([x], [tx], [T]) == pytest.approx(np.log(both), rel=1e-9)
    assert m.p_alive([x], [tx], [T])[0] == pytest.approx(mean_p @ (1 - p) * rate(T) / both, rel=1e-9)


@pytest.mark.parametrize("model", [btyd.ParetoNBD(.5, 12., .6, 9.), btyd.ParetoNBD(.5, 9., .6, 12.), btyd.ParetoNBD(2., 7., 1., 7.)])
@pytest.mark.parametrize(("x", "tx", "T"), [(0, 0., 30.), (1, 3., 38.), (6, 37.5, 38.), (30, 12., 39.)])
def test_the_likelihood_of_pareto_nbd_is_alive_at_the_end_or_gone_at_some_age_before_whichever_rate_is_larger(model, x, tx, T):
    m = model
    alive = (m.alpha + T) ** -(m.r + x) * (m.beta + T) ** -m.s
    left = m.s * quad(lambda y: (m.alpha + y) ** -(m.r + x) * (m.beta + y) ** -(m.s + 1), tx, T, epsabs=0, epsrel=1e-11)[0]
    common = gammaln(m.r + x) - gammaln(m.r) + m.r * np.log(m.alpha) + m.s * np.log(m.beta)
    assert m.loglik([x], [tx], [T]) == pytest.approx(common + np.log(alive + left), rel=1e-9)
    assert m.p_alive([x], [tx], [T])[0] == pytest.approx(alive / (alive + left), rel=1e-9)


@pytest.mark.parametrize("a", [.3, .999, 1 - 1e-6, 1., 1 + 2e-5, 1.3, 2.])
@pytest.mark.parametrize("x", [0, 1, 30])
def test_the_expectation_is_the_mean_over_the_probability_of_leaving_also_where_its_formula_has_a_hole(a, x):
    m, T, t = btyd.BGNBD(.8, 5., a, 2.), 30., 26.
    nodes, weights = roots_jacobi(100, m.b + x - 1, m.a - 1)
    p = (1 + nodes) / 2
    mean = weights @ (-np.expm1(-(m.r + x) * np.log1p(p * t / (m.alpha + T))) / p) / weights.sum()
    assert m.expected(t, [x], [0.9 * T * (x > 0)], [T])[0] == pytest.approx(mean * m.p_alive([x], [0.9 * T * (x > 0)], [T])[0], rel=1e-6)


def test_the_expectation_has_a_second_hole_where_a_and_b_sum_to_one_and_is_finite_there():
    here = btyd.BGNBD(.8, 5., .4, .6).expected(26, [0, 2], [0, 9.], [30., 30.])
    beside = btyd.BGNBD(.8, 5., .4, .601).expected(26, [0, 2], [0, 9.], [30., 30.])
    assert here == pytest.approx(beside, rel=3e-3)


@pytest.mark.parametrize("model", [PAPER_BG, PAPER_PARETO])
def test_a_thousand_purchases_are_finite(model):
    history = np.array([1000, 1000, 1000]), np.array([38.9, 36., 5.]), np.array([39., 39., 39.])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (model.log_likelihoods(*history), model.p_alive(*history), model.expected(WEEKS, *history)):
            assert np.isfinite(value).all()
    assert (np.diff(model.p_alive(*history)) < 0).all()


@pytest.mark.parametrize("model", [PAPER_BG, PAPER_PARETO, btyd.ParetoNBD(.5, 9., 1., 12.)])
def test_in_no_time_nobody_buys_and_in_more_time_more(model):
    history = np.array([0, 3]), np.array([0, 20.]), np.array([30., 30.])
    assert model.expected(0, *history).tolist() == [0, 0]
    assert (model.expected(20, *history) > model.expected(10, *history)).all()


def test_who_never_came_back_is_alive_under_bg_nbd_and_perhaps_under_pareto_nbd():
    assert PAPER_BG.p_alive(0, 0, 38.86) == 1
    assert 0 < PAPER_PARETO.p_alive(0, 0, 38.86) < 1


# Simulated customers -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd():
    truth, ages = btyd.BGNBD(.6, 6., .9, 2.5), np.tile([26., 39.], 20_000)
    lives = btyd.simulate(np.random.default_rng(0), truth, ages + WEEKS)
    return truth, lives, lives.seen(ages), lives.seen(ages + WEEKS)[0]


def test_simulated_customers_are_alive_as_often_and_buy_as_much_as_the_model_says(crowd):
    truth, lives, (x, tx, T), in_the_end = crowd
    alive, expected = truth.p_alive(x, tx, T), truth.expected(WEEKS, x, tx, T)
    for low in np.arange(0, 1, .25):
        some = (alive >= low) & (alive < low + .25) & (x > 0)
        assert np.mean(lives.left[some] > T[some]) == pytest.approx(alive[some].mean(), abs=5 * .5 / np.sqrt(some.sum()))
        bought = (in_the_end - x)[some]
        assert bought.mean() == pytest.approx(expected[some].mean(), abs=5 * bought.std() / np.sqrt(some.sum()))


def test_a_fit_to_simulated_customers_finds_the_parameters_they_were_made_of(crowd):
    truth, _, seen, _ = crowd
    found = btyd.BGNBD.fit(*seen)
    assert found.loglik(*seen) >= truth.loglik(*seen)
    assert found.r / found.alpha == pytest.approx(truth.r / truth.alpha, rel=.05)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=.05)


def test_a_simulated_log_counts_as_its_own_summary_says(crowd):
    _, lives, (x, tx, T), _ = crowd
    assert (np.bincount(lives.customer[lives.age == 0]) == 1).all()
    who = int(np.argmax(x))
    mine = lives.age[lives.customer == who]
    assert (np.diff(mine) > 0).all()
    assert x[who] == np.sum(mine <= T[who]) - 1
    assert tx[who] == mine[mine <= T[who]].max()
    assert (mine <= lives.left[who]).all()


# Errors and time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "tx", "T", "said"), [
    ([0, 0], [0., 0.], [9., 9.], "nobody came back"), ([1, 0], [2., 3.], [9., 9.], "from the end"), ([1, 0], [0., 0.], [9., 9.], "first purchase"),
    ([1, 0], [10., 0.], [9., 9.], "0 <= tx <= T"), ([1.5, 0], [1., 0.], [9., 9.], "whole numbers"), ([1], [1., 0.], [9., 9.], "equally long"),
    ([], [], [], "equally long"), ([1, 0], [1., 0.], [9., np.nan], "finite")])
def test_impossible_data_are_refused_with_the_reason(x, tx, T, said):
    with pytest.raises(ValueError, match=said):
        btyd.BGNBD.fit(x, tx, T)


@pytest.mark.parametrize(("model", "seconds"), [(btyd.BGNBD, 2), (btyd.ParetoNBD, 6)])
def test_a_fit_ends_in_its_time(model, seconds, data):
    started = time.perf_counter()
    model.fit(*data)
    assert time.perf_counter() - started < SLACK * seconds
