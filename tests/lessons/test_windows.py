"""`helpers.windows`: the fast windows equal the exercise's, and nothing at or after the cut-off reaches an input."""

import numpy as np
import pandas as pd
import pytest

from helpers import windows
from helpers.authoring.source import references
from helpers.course import course_folder, lesson

MONDAYS = pd.to_datetime(["2017-02-13", "2017-02-20"])
ITEMS = ["MILK | WHITE", "MILK | SOY", "BREAD | RYE", "TEA | GREEN"]


def shop(seed=0, n=900):
    rng = np.random.default_rng(seed)
    minutes = rng.integers(0, 70, n) * 1440 + rng.integers(0, 1440, n) * rng.integers(0, 2, n)
    return pd.DataFrame({"household": rng.integers(1, 8, n), "item": pd.Categorical(rng.choice(ITEMS, n), ITEMS),
                         "time": (pd.Timestamp("2017-01-01") + pd.to_timedelta(minutes, unit="m")).astype("datetime64[ns]")})


def panel_of(events):
    return windows.build_panel(events, ITEMS[:3], "2017-01-01", "2017-03-15", known=MONDAYS[0])


@pytest.fixture(scope="module")
def events():
    return shop()


def test_windows_and_labels_are_those_of_the_exercise(events):
    panel = panel_of(events)
    rows = panel.rows(MONDAYS)
    asked = pd.DataFrame({"household": panel.households[rows.household],
                          "cutoff": panel.first_day + pd.to_timedelta(rows.day, unit="D")})
    reference = references(course_folder(), lesson("01"))["make_windows"]
    for c, item in enumerate(ITEMS[:3]):
        X, y = reference(events, asked[rows.candidate == c], 10, [item], item)
        mine = rows[rows.candidate == c]
        np.testing.assert_allclose(np.expm1(panel.windows(mine, 10)[..., 0]), X[..., 0], atol=1e-5)
        np.testing.assert_array_equal(panel.labels(mine), y)


def test_scrambling_everything_from_the_cutoff_on_changes_no_input(events):
    cutoff = MONDAYS[0]
    later = events["time"] >= cutoff
    assert (events["time"] == cutoff).any() or later.any()
    scrambled = events.copy()
    scrambled.loc[later, "item"] = scrambled.loc[later, "item"].to_numpy()[::-1]
    scrambled.loc[later, "household"] = scrambled.loc[later, "household"].to_numpy()[::-1]
    one, two = panel_of(events), panel_of(scrambled)
    rows = one.rows(MONDAYS[:1])
    np.testing.assert_array_equal(one.windows(rows, 20), two.windows(rows, 20))
    pd.testing.assert_frame_equal(one.features(rows), two.features(rows))
    assert (one.labels(rows) != two.labels(rows)).any()


def test_counts_and_days_since_are_those_of_a_loop(events):
    panel = panel_of(events)
    rows = panel.rows(MONDAYS)
    features = panel.features(rows)
    for n in range(len(rows)):
        cutoff = panel.first_day + pd.Timedelta(days=int(rows.day[n]))
        own = events[(events["household"] == panel.households[rows.household[n]]) & (events["item"] == ITEMS[rows.candidate[n]])]
        days = own.loc[own["time"] < cutoff, "time"].dt.normalize().drop_duplicates()
        assert features["days_4w"][n] == (days >= cutoff - pd.Timedelta(days=28)).sum()
        assert features["since"][n] == (min((cutoff - days.max()).days, 120) if len(days) else 120)
        assert panel.bought_before(rows)[n] == bool(len(days))


def test_labels_beyond_the_observed_days_are_refused(events):
    panel = panel_of(events)
    with pytest.raises(ValueError, match="observed"):
        panel.labels(panel.rows(["2017-03-13"]))


def test_only_households_with_a_recent_basket_are_scored(events):
    quiet = events[~((events["household"] == 3) & (events["time"] >= "2017-01-10"))]
    panel = panel_of(quiet)
    assert 3 not in panel.households[panel.rows(MONDAYS[:1], active_days=14).household]


def test_frequent_items_are_counted_by_households_before_the_date_and_ties_go_by_name():
    log = pd.DataFrame({"household": [1, 1, 1, 2, 1, 2], "item": pd.Categorical(["B | x", "B | x", "A | x", "A | y", "C | x", "C | x"]),
                        "time": pd.to_datetime(["2017-01-02"] * 4 + ["2017-01-02", "2017-01-09"]).astype("datetime64[ns]")})
    assert windows.frequent_items(log, before="2017-01-05", n=3) == ["A | x", "A | y", "B | x"]
    assert windows.frequent_items(log, before="2017-01-20", n=1) == ["C | x"]
    assert windows.frequent_items(log, before="2017-01-20", n=2, exclude=["C |"]) == ["A | x", "A | y"]


def test_history_counts_days_before_the_day(events):
    homes = np.sort(events["household"].unique())
    days = windows.purchase_days(events, homes, ITEMS, "2017-01-01")
    matrix = windows.history_matrix(days, (len(homes), len(ITEMS)), before=30)
    past = events[events["time"] < pd.Timestamp("2017-01-31")].assign(day=lambda e: e["time"].dt.normalize())
    table = past.drop_duplicates(["household", "item", "day"]).pivot_table(index="household", columns="item", values="day", aggfunc="size",
                                                                           observed=False)
    np.testing.assert_array_equal(matrix, table.reindex(index=homes, columns=ITEMS).fillna(0))
