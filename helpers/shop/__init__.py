"""The simulated shop: deploy a policy, and see who stays.  Every level is invented (`config.py`); `data/shop.md` says what hangs on it."""

from helpers.shop.catalogue import Catalogue, categories
from helpers.shop.config import CLICK_BAIT, HELPS, NO_LINK, WORLDS, Config
from helpers.shop.learned import Content, Neighbours, Similar
from helpers.shop.log import Result
from helpers.shop.oracle import Oracle
from helpers.shop.policies import (
    ClickRate,
    CouponPolicy,
    Customers,
    Day,
    Logging,
    Policy,
    PolicyError,
    Popular,
    Ranked,
    Slates,
    Switch,
    Uniform,
    Visits,
    top,
)
from helpers.shop.retention import Lift, active, paired_lift, retained
from helpers.shop.world import Crossroads, World

__all__ = ["CLICK_BAIT", "HELPS", "NO_LINK", "WORLDS", "Catalogue", "ClickRate", "Config", "Content", "CouponPolicy", "Crossroads",
           "Customers", "Day", "Lift", "Logging", "Neighbours", "Oracle", "Policy", "PolicyError", "Popular", "Ranked", "Result",
           "Similar", "Slates", "Switch", "Uniform", "Visits", "World", "active", "categories", "paired_lift", "retained", "top"]
