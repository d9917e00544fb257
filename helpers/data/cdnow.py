"""CDNOW: every purchase of 23,570 customers of an online music shop, who all bought for the first time in early 1997.

Ids are the publisher's; money is in US dollars; the day of purchase is all that is known of its time.  What the data can
and cannot answer: `data/cdnow.md`.
"""

from __future__ import annotations

import pandas as pd

from helpers.data.installed import CDNOW, path_of


def purchases(sample: bool = False) -> pd.DataFrame:
    """One row a purchase, by customer and day: 69,659 rows of 23,570 customers, 1997-01-01 to 1998-06-30.

    sample: only the 2,357 customers of the BG/NBD paper, 6,919 rows, as published in a file of their own; `customer` is the
    same id in both.

    | column | unit |
    |---|---|
    | customer | id, int32 |
    | time | day, datetime64[ns] at midnight |
    | quantity | CDs, int32 |
    | amount | USD, float64; 0 in 80 rows |

    A customer can have several rows on one day: count orders by (customer, day), as the paper does.
    DataError if the package is missing or damaged.
    """
    # The master begins with a line of names; the sample has none, and a second id between customer and date.
    path = path_of(CDNOW, "CDNOW_sample.txt" if sample else "CDNOW_master.txt")
    names = ["customer", "second_id", "time", "quantity", "amount"] if sample else ["customer", "time", "quantity", "amount"]
    frame = pd.read_csv(path, sep=r"\s+", header=None, names=names, skiprows=0 if sample else 1,
                        dtype={"customer": "int32", "time": str, "quantity": "int32", "amount": "float64"})
    frame["time"] = pd.to_datetime(frame["time"], format="%Y%m%d").astype("datetime64[ns]")
    frame = frame[["customer", "time", "quantity", "amount"]]
    return frame.sort_values(["customer", "time"], kind="stable", ignore_index=True)
