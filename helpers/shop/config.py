"""Every level of the simulated shop in one place, and the three worlds.

All levels are invented: chosen so that what the shop's log shows lies where real shops' logs lie (`tests/shop/test_calibration.py`).
No figure of the shop is a finding about a real one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """What a world is made of.  Rates are per day; utilities and their weights are in logits."""

    shoppers: int = 20_000
    days: int = 180
    items: int = 2_000

    # Who comes, how often, and who leaves: BG/NBD (Fader, Hardie and Lee 2005), a visit in the place of its transaction
    arrival_days: int = 60
    """The first visits are spread evenly over so many days."""
    visit_shape: float = .55
    visit_scale: float = .105
    """Visit rates are Gamma(visit_shape) times visit_scale a day."""
    leave_a: float = .56
    leave_b: float = 3.8
    """The chance to leave for good after a visit is Beta(leave_a, leave_b)."""
    week: tuple[float, ...] = (.95, .9, .9, .95, 1.05, 1.15, 1.1)
    """Factor of the visit rate on Monday to Sunday.  Day 0 is a Monday."""
    year: float = .15
    """Amplitude of the yearly wave of visits; it peaks at day 330 of 365."""

    # What they like
    taste_alpha: float = .1
    """Tastes for the categories are Dirichlet(taste_alpha)."""
    taste_properties: float = .8
    """Standard deviation of the liking for a style, a material, an occasion."""
    drift_days: float = 180.0
    """Tastes forget half of what they were in so many days, and keep their spread (Ornstein and Uhlenbeck)."""
    mission_stays: float = .5
    mission_complement: float = .2
    """What a visit is for: the category of the last visit, its complement, else one drawn from the taste."""
    price_shape: float = 2.0
    price_scale: float = .2
    """Sensitivity to the log of price: Gamma."""

    # The catalogue
    fame: float = 1.5
    fame_head: float = 4.5
    """How often an item is found goes with (rank + fame_head)**-fame within its category (Zipf and Mandelbrot)."""
    released_late: float = .1
    """Share of items that come only after half of arrival_days."""
    bait: float = 0.0
    """Share of items with a click-bait title."""

    # What they do with a slate and a search
    slate: int = 8
    click: float = -2.5
    click_fit: float = .9
    click_quality: float = .35
    click_mission: float = 1.2
    click_bait: float = 2.0
    search: float = .64
    """Chance to look at one more search result, up to `searches`."""
    searches: int = 12
    wander: float = .3
    """Chance that a search is for what goes with the mission (its complement) instead."""
    search_again: float = .19
    """Chance that the next view is of the item just viewed."""
    cart: float = -4.12
    cart_fit: float = .8
    cart_focus: float = 2.2
    """Weight of focus: how much the last views were of one category.  The order of views matters through it alone."""
    buy: float = .1
    buy_fit: float = .35
    delayed: float = .3
    """Share of purchases made on one of the next `delay_days` days."""
    delay_days: int = 7

    # What makes them stay: satisfaction, a moving mean of how visits went (0 for none, about 1 for a very good one)
    satisfaction_keeps: float = .75
    joy_click: float = .45
    joy_buy: float = .5
    joy_fit: float = .35
    joy_bait: float = -2.2
    joy_expected: float = .25
    """A visit's joy: what was clicked (bait: joy_bait instead), bought from the slate, how well the slate fits, less what was expected."""
    stay: float = 1.2
    """Link from satisfaction to leaving: leave with logit(p) - stay * satisfaction."""
    return_sooner: float = .35
    """Link from satisfaction to visiting: the rate is multiplied by e**(return_sooner * satisfaction)."""

    # Coupons
    persuadable: float = .25
    annoyed: float = .12
    """Shares of shoppers whom a coupon brings back, and whom it drives away; the others it leaves alone."""
    coupon_days: int = 14
    coupon_rate: float = 2.5
    """Factor of a persuadable shopper's visit rate while a coupon is valid."""
    coupon_buy: float = .8
    coupon_stay: float = .8
    coupon_leave: float = .08
    """Chance that an annoyed shopper leaves at once when one arrives."""
    coupon_cost: float = .05
    coupon_discount: float = .15

    def __post_init__(self) -> None:
        for name in ("shoppers", "days", "items", "arrival_days", "slate"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.items < 12 * self.slate:
            raise ValueError(f"items must be at least 12 times the slate ({12 * self.slate}), not {self.items}")


HELPS = Config()
"""Relevance helps: who is shown what fits stays longer."""
CLICK_BAIT = Config(bait=.08)
"""Some titles draw clicks and disappoint: the policy with the most clicks loses shoppers."""
NO_LINK = Config(stay=0.0, return_sooner=0.0)
"""Nothing that is shown makes anyone stay or leave: every policy retains exactly the same shoppers."""
WORLDS = {"relevance helps": HELPS, "click-bait": CLICK_BAIT, "no link": NO_LINK}
