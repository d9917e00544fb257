"""Every figure that a data card quotes is what the loaders return."""

from pathlib import Path

import pandas as pd
import pytest

from helpers.data import complete_journey, download

CARDS = Path(__file__).parents[2] / "data"


def figures(card: str) -> dict[str, list[str]]:
    """The table under `## Figures`: name -> the values beside it."""
    section = (CARDS / card).read_text(encoding="utf-8").split("## Figures")[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def test_complete_journeys_figures_are_the_loaders(lines, products):
    people, sent = complete_journey.demographics(), complete_journey.campaigns()
    coupons, handed = complete_journey.coupons(), complete_journey.redemptions()
    when = lines.groupby("household")["time"].agg(["min", "max"])
    each = sent.drop_duplicates("campaign")
    months = lines.groupby(lines["time"].dt.month)["household"].nunique() / lines["household"].nunique()
    january = lines[lines["time"] < "2017-02-01"].groupby("household")["sales"].sum().reindex(when.index, fill_value=0)
    began = sent.groupby("household")["start"].min().reindex(when.index)
    silent = pd.Timestamp("2018-01-01") - when["max"]
    fuel = products.loc[products["type"].eq("GASOLINE-REG UNLEADED"), "product"]
    with_coupon = lines["coupon_discount"] > 0
    measured = {
        "lines": f"{len(lines):,}",
        "baskets": f"{lines['basket'].nunique():,}",
        "households": f"{lines['household'].nunique():,}",
        "stores": f"{lines['store'].nunique():,}",
        "products sold": f"{lines['product'].nunique():,}",
        "products sold that are not in the catalogue": f"{len(set(lines['product']) - set(products['product']))}",
        "first receipt": str(lines["time"].min()),
        "last receipt": str(lines["time"].max()),
        "busiest hour": str(lines.drop_duplicates("basket")["time"].dt.hour.mode()[0]),
        "sales, USD": f"{lines['sales'].sum():,.2f}",
        "median basket, USD": f"{lines.groupby('basket')['sales'].sum().median():.2f}",
        "products in the catalogue": f"{len(products):,}",
        "departments / categories / types": " / ".join(f"{products[c].nunique():,}" for c in ("department", "category", "type")),
        "households with demographics": f"{len(people):,}",
        "campaigns": f"{len(each):,}",
        "campaigns that began before or ended after 2017":
            f"{((each['start'] < '2017-01-01') | (each['end'] >= '2018-01-01')).sum()}",
        "households sent a campaign": f"{sent['household'].nunique():,}",
        "households times campaigns": f"{len(sent):,}",
        "redemptions": f"{len(handed):,}",
        "households that redeemed": f"{handed['household'].nunique():,}",
        "share of households times campaigns with a redemption":
            percent(len(handed[["household", "campaign"]].drop_duplicates()) / len(sent)),
        "coupons": f"{coupons['coupon'].nunique():,}",
        "rows of coupons": f"{len(coupons):,}",
        "households that bought in the first 30 days": f"{(when['min'] < '2017-01-31').sum():,}",
        "share of households buying in a month, lowest and highest month": f"{percent(months.min())} to {percent(months.max())}",
        "mean sales in January: households sent campaigns, all after January / never sent one, USD":
            f"{january[began >= '2017-02-01'].mean():.2f} / {january[began.isna()].mean():.2f}",
        "households without a purchase in the last 28 / 56 / 84 days":
            " / ".join(percent((silent >= pd.Timedelta(days=n)).mean()) for n in (28, 56, 84)),
        "share of quantity that is fuel": percent(lines["quantity"].where(lines["product"].isin(fuel)).sum() / lines["quantity"].sum()),
        "lines with quantity 0": f"{(lines['quantity'] == 0).sum():,}",
        "lines with sales 0": f"{(lines['sales'] == 0).sum():,}",
        "lines with a manufacturer's coupon": f"{with_coupon.sum():,}",
        "of these, coupon above sales": f"{(lines['coupon_discount'] > lines['sales'] + .001).sum():,}",
    }
    assert figures("complete_journey.md") == {name: [value] for name, value in measured.items()}


def test_cdnows_figures_are_the_loaders(purchases, sample):
    measured: dict[str, list[str]] = {}
    for frame in (purchases, sample):
        orders = frame[["customer", "time"]].drop_duplicates()
        count = orders.groupby("customer").size()
        early = orders[orders["time"] <= "1997-09-30"].groupby("customer").size()
        for name, value in {
            "rows": f"{len(frame):,}",
            "customers": f"{len(count):,}",
            "orders": f"{len(orders):,}",
            "first day": f"{frame['time'].min():%Y-%m-%d}",
            "last first purchase": f"{frame.groupby('customer')['time'].min().max():%Y-%m-%d}",
            "last day": f"{frame['time'].max():%Y-%m-%d}",
            "customers with one order": percent((count == 1).mean()),
            "customers with a second order by 1997-09-30": percent((early > 1).sum() / len(count)),
            "amount, USD": f"{frame['amount'].sum():,.2f}",
            "rows of amount 0": f"{(frame['amount'] == 0).sum()}",
            "rows equal to an earlier one": f"{frame.duplicated().sum()}",
            "most CDs in a row": f"{frame['quantity'].max()}",
        }.items():
            measured.setdefault(name, []).append(value)
    assert figures("cdnow.md") == measured


def test_complete_journeys_card_carries_both_statements_on_its_origin_and_the_selection():
    card = " ".join((CARDS / "complete_journey.md").read_text(encoding="utf-8").split())
    assert "calls the data **simulated**" in card
    assert 'originate from the source files of 84.51°\'s "Complete Journey 2.0"' in card
    assert "Retention is flat here by selection" in card


@pytest.mark.parametrize(("card", "remote"), [("online_retail.md", download.ONLINE_RETAIL), ("movielens.md", download.ML_1M),
                                             ("hillstrom.md", download.HILLSTROM)], ids=["Online Retail", "MovieLens 1M", "Hillstrom"])
def test_a_downloads_card_names_the_file_that_is_fetched(card, remote):
    text = (CARDS / card).read_text(encoding="utf-8")
    assert remote.sha256 in text
    assert f"{remote.size:,}" in text
    assert remote.name in text


def test_the_index_lists_every_card():
    index = (CARDS / "README.md").read_text(encoding="utf-8")
    for card in CARDS.glob("*.md"):
        assert card.name == "README.md" or f"]({card.name})" in index
