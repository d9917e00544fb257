"""Complete Journey: one year (2017) of baskets of 2,469 frequent shopper households of a grocery chain.

Ids are the publisher's own and join the tables: `household`, `product`, `campaign`, `coupon`.  Money is in US dollars.
Times are the clock on the shop's wall (New York), without a time zone: `datetime64[ns]`.  Text columns are whatever
strings pandas has; ask `.isna()` for a missing one.  What the data can and cannot answer: `data/complete_journey.md`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from helpers.data.installed import COMPLETE_JOURNEY, path_of
from helpers.language import Text

# The levels of demographics, lowest first.  Plain strings there, not ordered categories: grouping by a category behaves
# differently in pandas 2 and 3.  For order write pd.Categorical(people["income"], INCOMES, ordered=True).
AGES = ("19-24", "25-34", "35-44", "45-54", "55-64", "65+")
INCOMES = ("Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K", "100-124K", "125-149K", "150-174K", "175-199K",
           "200-249K", "250K+")
SIZES = ("1", "2", "3", "4", "5+")
KIDS = ("0", "1", "2", "3+")

# Our name -> the file's name and our dtype.  Ids and counts fit 32 bits, the basket's number does not; money stays
# float64, or the sum of a year of cents would not be exact to the cent.
TRANSACTIONS = {
    "household": ("household_id", "int32"),
    "store": ("store_id", "int32"),
    "basket": ("basket_id", "int64"),
    "product": ("product_id", "int32"),
    "quantity": ("quantity", "int32"),
    "sales": ("sales_value", "float64"),
    "retail_discount": ("retail_disc", "float64"),
    "coupon_discount": ("coupon_disc", "float64"),
    "match_discount": ("coupon_match_disc", "float64"),
    "week": ("week", "int32"),
    "time": ("transaction_timestamp", "datetime64[ns]"),
}
PRODUCTS = {
    "product": ("product_id", "int32"),
    "manufacturer": ("manufacturer_id", "int32"),
    "department": ("department", None),
    "category": ("product_category", None),
    "type": ("product_type", None),
    "brand": ("brand", None),
    "package": ("package_size", None),
}
DEMOGRAPHICS = {
    "household": ("household_id", "int32"),
    "age": ("age", None),
    "income": ("income", None),
    "home": ("home_ownership", None),
    "marital": ("marital_status", None),
    "size": ("household_size", None),
    "composition": ("household_comp", None),
    "kids": ("kids_count", None),
}
SENT = {"household": ("household_id", "int32"), "campaign": ("campaign_id", "int32")}
DESCRIPTIONS = {
    "campaign": ("campaign_id", "int32"),
    "type": ("campaign_type", None),
    "start": ("start_date", "datetime64[ns]"),
    "end": ("end_date", "datetime64[ns]"),
}
COUPONS = {
    "coupon": ("coupon_upc", "int64"),
    "product": ("product_id", "int32"),
    "campaign": ("campaign_id", "int32"),
}
REDEMPTIONS = {
    "household": ("household_id", "int32"),
    "coupon": ("coupon_upc", "int64"),
    "campaign": ("campaign_id", "int32"),
    "time": ("redemption_date", "datetime64[ns]"),
}

NO_COLUMN = Text("transactions() has no column {wrong}; its columns are {columns}.",
                 "transactions() 没有 {wrong} 这一列；它的列有 {columns}。")


def transactions(columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Every line of every receipt, in the order of the tills' clocks: 1,469,307 rows.

    columns: names to read, in the order wanted; all when None.  Fewer columns load faster.

    | column | unit |
    |---|---|
    | household, store, product | ids, int32 (multiply ids in int64, or the product overflows) |
    | basket | id of the receipt, int64 |
    | quantity | pieces, int32.  Fuel is in thousandths of a gallon: never sum it over products |
    | sales | USD the shop received for the whole line, not for one piece |
    | retail_discount | USD taken off by the loyalty card, >= 0, already taken from `sales` |
    | coupon_discount | USD taken off by a manufacturer's coupon, >= 0 |
    | match_discount | USD the shop added to that coupon, >= 0, already taken from `sales` |
    | week | 1 to 53, Monday to Sunday; week 1 is the one day 2017-01-01, week 53 ends on 2017-12-31 |
    | time | of the receipt, New York wall clock.  The file has UTC: unconverted, shops would be busiest at 22 h |

    ValueError for an unknown column; DataError if the package is missing or damaged.
    """
    wanted = list(TRANSACTIONS) if columns is None else list(columns)
    wrong = [name for name in wanted if name not in TRANSACTIONS]
    if isinstance(columns, str) or wrong:
        raise ValueError(str(NO_COLUMN.format(wrong=columns if isinstance(columns, str) else ", ".join(map(str, wrong)),
                                              columns=", ".join(TRANSACTIONS))))
    frame = _read("transactions", {name: TRANSACTIONS[name] for name in wanted})
    if "time" in frame:
        local = frame["time"].dt.tz_localize("UTC").dt.tz_convert("America/New_York").dt.tz_localize(None)
        frame["time"] = local.astype("datetime64[ns]")
    return frame


def products() -> pd.DataFrame:
    """The catalogue, one row a product: 92,331 rows.  Seventeen products that were sold are not in it.

    product, manufacturer: ids, int32.  department (32) > category (303) > type (2,378): text as printed on the shelf plan,
    the last two missing for about 530 products.  brand: "National" or "Private" (the chain's own).  package: free text.
    DataError if the package is missing or damaged.
    """
    return _read("products", PRODUCTS)


def demographics() -> pd.DataFrame:
    """What is known of 801 of the households, one row each; all text, in the bands AGES, INCOMES, SIZES and KIDS.

    household: id.  age: years of the head.  income: USD a year.  home: owner or renter, 233 missing.  marital: "Married"
    or "Unmarried", 137 missing.  size: persons.  composition: adults and kids in words.  kids: number of children.
    DataError if the package is missing or damaged.
    """
    return _read("demographics", DEMOGRAPHICS)


def campaigns() -> pd.DataFrame:
    """Which household was sent which campaign: 6,589 rows, one per household and campaign.

    household, campaign: ids, int32.  type: "A" (coupons chosen for the household), "B" or "C" (the same for all who got it).
    start, end: first and last day of validity, both inclusive, at midnight; some lie outside 2017.
    DataError if the package is missing or damaged.
    """
    described = _read("campaign_descriptions", DESCRIPTIONS)
    described["type"] = described["type"].str.removeprefix("Type ")
    return _read("campaigns", SENT).merge(described, on="campaign", how="left", validate="many_to_one")


def coupons() -> pd.DataFrame:
    """Which coupon is good for which product in which campaign: 111,332 rows.

    coupon: id, int64.  product, campaign: ids, int32.  The file repeats 4,872 of its 116,204 rows; repeats are dropped,
    or joining would count them twice.  DataError if the package is missing or damaged.
    """
    return _read("coupons", COUPONS).drop_duplicates(ignore_index=True)


def redemptions() -> pd.DataFrame:
    """Coupons that were handed in: 2,102 rows, in order of time.

    household, campaign: ids, int32.  coupon: id, int64.  time: the day, at midnight.
    DataError if the package is missing or damaged.
    """
    return _read("coupon_redemptions", REDEMPTIONS).sort_values("time", kind="stable", ignore_index=True)


def _read(table: str, names: dict[str, tuple[str, str | None]]) -> pd.DataFrame:
    """The columns of one table under our names, in our order, in our dtypes."""
    path = path_of(COMPLETE_JOURNEY, f"{table}.parquet")
    frame = pd.read_parquet(path, engine="pyarrow", columns=[theirs for theirs, _ in names.values()])
    frame.columns = list(names)
    return frame.astype({name: dtype for name, (_, dtype) in names.items() if dtype})
