"""The page that shows the shop to a learner holds what was measured."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.authoring.shop_page import put
from helpers.shop import HELPS, facts, tour
from helpers.shop.config import WORLDS

PAGE = Path(__file__).parents[2] / "data" / "shop.md"


def rows(name: str) -> list[list[str]]:
    """The measured table of this name, without its head."""
    part = PAGE.read_text(encoding="utf-8").split(f"<!-- {name}: measured -->")[1].split(f"<!-- end of {name} -->")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.strip().splitlines()][2:]


@pytest.mark.slow
def test_the_pages_calibration_is_what_a_run_gives():
    measured = facts.calibration()
    table = rows("calibration")
    assert [row[0] for row in table] == [fact.name for fact in measured]
    for row, fact in zip(table, measured, strict=True):
        assert row[1] == f"{fact.low:g} to {fact.high:g}"
        assert float(row[2]) == pytest.approx(fact.value, rel=.02), fact.name


def test_the_page_compares_every_policy_in_every_world_and_finds_nothing_where_there_is_no_link():
    table = rows("policies")
    assert [(row[0], row[1]) for row in table] == [(world, name) for world in WORLDS for name in tour.POLICIES]
    assert {row[4] for row in table if row[0] == "no link"} == {"+0.0 (+0.0 to +0.0)"}


@pytest.mark.slow
def test_every_picture_of_the_page_is_there_and_can_be_drawn_again():
    shown = {part.split(".png")[0] for part in PAGE.read_text(encoding="utf-8").split("(shop/")[1:]}
    assert shown == {path.stem for path in (PAGE.parent / "shop").glob("*.png")}
    drawn = tour.pictures(tour.run_all(seed=1, shoppers=2000))
    try:
        assert set(drawn) == shown
        assert all(figure.axes for figure in drawn.values())
    finally:
        plt.close("all")


def test_the_page_names_only_levels_that_exist():
    hangs_on = PAGE.read_text(encoding="utf-8").split("## What each ordering hangs on")[1].split("## What it leaves out")[0]
    named = {word for word in hangs_on.split("`")[1::2] if "/" not in word}
    assert named <= set(vars(HELPS)), named - set(vars(HELPS))
    assert len(named) > 8


def test_measured_parts_are_put_between_their_marks_alone():
    page = "a\n<!-- x: measured -->\nold\n<!-- end of x -->\nb"
    assert put(page, "x", "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match="once each"):
        put("nothing here", "x", "new")


def test_weekly_retention_counts_each_active_shopper_once_a_week():
    run = tour.deployed("at random", tour.World(tour.replace(HELPS, shoppers=500, days=104), 0))
    frame = tour.weekly(run)
    active = run.visited[:, 60:90].any(axis=1)
    np.testing.assert_allclose(frame["rate"], [run.visited[active][:, 90:97].any(axis=1).mean(), run.visited[active][:, 97:104].any(axis=1).mean()])
