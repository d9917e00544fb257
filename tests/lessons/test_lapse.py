"""A churn model's inputs see nothing from their cut-off on; its label is the lapse that the lesson states."""

import numpy as np
import pandas as pd
import pytest

from helpers.lapse import HORIZON, LOOK_BACK, Diary, Rows

DAYS = 7 * (LOOK_BACK + HORIZON)
FIRST = pd.Timestamp("2017-01-01")
CUTOFF = FIRST + pd.Timedelta(weeks=LOOK_BACK)


@pytest.fixture
def diary():
    rng = np.random.default_rng(0)
    spend = rng.uniform(1, 30, (40, DAYS)) * (rng.random((40, DAYS)) < rng.uniform(.05, .5, (40, 1)))
    spend[3, :7 * (LOOK_BACK - 5)] = 0                                  # came five weeks before the cut-off
    spend[3, 7 * (LOOK_BACK - 5)] = 12
    spend[4, :7 * LOOK_BACK] = 0                                        # not there yet
    spend[:3, 0] = 5                                                    # there from the first day
    return Diary(np.arange(100, 140), spend, FIRST)


def test_whoever_bought_nothing_in_the_24_weeks_is_not_asked_about(diary):
    rows = diary.rows([CUTOFF])
    assert 4 not in rows.household
    assert len(rows) == 39


def test_a_cut_off_without_24_observed_weeks_is_refused(diary):
    with pytest.raises(ValueError, match="too early"):
        diary.rows([CUTOFF - pd.Timedelta(days=1)])


def test_nothing_from_the_cut_off_on_changes_an_input(diary):
    later = diary.spend.copy()
    later[:, 7 * LOOK_BACK:] = 777
    other = Diary(diary.households, later, FIRST)
    rows = diary.rows([CUTOFF])
    assert (other.rows([CUTOFF]).household == rows.household).all()
    pd.testing.assert_frame_equal(diary.features(rows), other.features(rows))
    assert (diary.sequences(rows) == other.sequences(rows)).all()
    assert all((a == b).all() for a, b in zip(diary.orders(rows), other.orders(rows), strict=True))
    assert (diary.pace(rows) == other.pace(rows)).all()


def test_a_lapse_is_less_than_half_of_the_old_pace_and_half_is_none():
    spend = np.zeros((3, DAYS))
    spend[:, 0] = 24 * 10                                               # a pace of ten dollars a week
    spend[:, 7 * LOOK_BACK + 55] = [39.75, 40, 100]                     # half of eight weeks is 40, and the last day counts
    diary = Diary(np.arange(3), spend, FIRST)
    assert diary.lapsed(diary.rows([CUTOFF])).tolist() == [1, 0, 0]


def test_a_label_whose_weeks_are_not_over_is_refused(diary):
    with pytest.raises(ValueError, match="needs 8 weeks"):
        Diary(diary.households, diary.spend[:, :-1], FIRST).lapsed(diary.rows([CUTOFF]))


def test_whoever_survives_eight_weeks_below_half_is_who_lapsed(diary):
    rows = diary.rows([CUTOFF])
    t, e = diary.time_to_half(rows, CUTOFF + pd.Timedelta(weeks=HORIZON))
    assert (e == 1 - diary.lapsed(rows)).all()
    assert (t[e == 0] == HORIZON).all()
    assert t.min() >= 1
    assert t.max() <= HORIZON


def test_an_unfinished_window_is_censored_at_its_last_whole_week_and_knows_no_later_day(diary):
    rows = diary.rows([CUTOFF])
    full_t, full_e = diary.time_to_half(rows, CUTOFF + pd.Timedelta(weeks=HORIZON))
    t, e = diary.time_to_half(rows, CUTOFF + pd.Timedelta(days=20))     # two whole weeks
    known = (full_e == 1) & (full_t <= 2)
    assert (e == known).all()
    assert (t == np.where(known, full_t, 2)).all()
    with pytest.raises(ValueError, match="a week before"):
        diary.time_to_half(rows, CUTOFF + pd.Timedelta(days=6))


def test_weeks_before_the_first_purchase_are_padding_and_silent_ones_are_observed(diary):
    rows = diary.rows([CUTOFF])
    young = diary.sequences(rows)[list(rows.household).index(3)]
    assert young.shape == (LOOK_BACK, 3)
    assert (young[:-5] == 0).all()
    assert (young[-5:, 2] == 1).all()
    assert (diary.sequences(rows)[:3, :, 2] == 1).all()                 # these were there on the first days: all their silence is observed
    assert np.expm1(5 * young[-5, 0]) == pytest.approx(diary.spend[3, 7 * (LOOK_BACK - 5):7 * (LOOK_BACK - 4)].sum(), rel=1e-5)


def test_a_long_pause_of_an_old_household_is_silence_and_no_padding():
    spend = np.zeros((1, DAYS + 70))
    spend[0, [0, 70 + 7 * LOOK_BACK - 3]] = 10
    old = Diary(np.array([1]), spend, FIRST)
    rows = old.rows([CUTOFF + pd.Timedelta(days=70)])
    assert (old.sequences(rows)[0, :, 2] == 1).all()
    assert old.features(rows)["age"].tolist() == [LOOK_BACK]
    assert [each[0] for each in old.orders(rows)] == pytest.approx([1, (67 + 7 * LOOK_BACK) / 7, 10 + LOOK_BACK])


def test_features_are_what_they_say():
    spend = np.zeros((1, DAYS))
    spend[0, [0, 14, 7 * LOOK_BACK - 10, 7 * LOOK_BACK - 3]] = [40, 20, 30, 6]
    diary = Diary(np.array([1]), spend, FIRST)
    told = diary.features(diary.rows([CUTOFF])).iloc[0]
    assert told["recency"] == 3
    assert (told["days_4w"], told["days_8w"], told["days_24w"], told["weeks"], told["age"]) == (2, 2, 4, 4, 24)
    assert told["ratio_4w"] == pytest.approx(9 / 4)                     # 36 dollars in four weeks over 96 in 24
    assert (told["gap"], told["overdue"]) == (14, 3 / 14)
    x, tx, T = diary.orders(diary.rows([CUTOFF]))
    assert (x[0], tx[0], T[0]) == (3, pytest.approx((7 * LOOK_BACK - 3) / 7), LOOK_BACK)


def test_rows_can_be_chosen(diary):
    some = diary.rows([CUTOFF])[np.array([0, 2])]
    assert isinstance(some, Rows)
    assert len(some) == 2
