"""Buy till you die: what a customer will still buy, where nobody tells the shop that he left.

A model of this family has two parts: how often a living customer buys, and when he leaves for good. It is fitted to three numbers a
customer, which are all it needs (sufficient statistics):

* **x**, the number of *repeat* purchases in the calibration: days with a purchase, the first one not counted;
* **tx**, the age of the customer at the last of them, 0 where x is 0;
* **T**, the age of the customer at the end of the calibration.

Ages count from the customer's own first purchase; here in weeks. The rate parameters alpha and beta have the same unit.

Sources: D. C. Schmittlein, D. G. Morrison and R. Colombo, "Counting your customers: who are they and what will they do next?",
Management Science 33(1), 1987 (Pareto/NBD); P. S. Fader, B. G. S. Hardie and K. L. Lee, "'Counting your customers' the easy way: an
alternative to the Pareto/NBD model", Marketing Science 24(2), 2005 (BG/NBD, and the figures for CDNOW); Fader and Hardie's notes on
both likelihoods (brucehardie.com/notes).
"""

from __future__ import annotations

import warnings
from dataclasses import astuple, dataclass, fields
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1

WEEK = 7
"""Days in the unit of time of every figure in this module."""


# From a log of purchases to x, tx and T ------------------------------------------------------------------------------


def summary(purchases: pd.DataFrame, end: pd.Timestamp | str, *, unit_days: float = WEEK, who: str = "customer") -> pd.DataFrame:
    """What the models need of each customer seen by `end`: frame indexed by customer, columns x (int), tx and T (units of `unit_days`).

    purchases: frame with a column `who` and `time`; orders of one day are one purchase.  end: the last day of the calibration, itself
    included; what comes later is not seen.

    >>> log = pd.DataFrame({"customer": [1, 1, 1, 1, 2], "time": pd.to_datetime(
    ...     ["2024-01-01", "2024-01-08", "2024-01-08", "2024-03-01", "2024-01-15"])})
    >>> summary(log, "2024-01-29").to_dict("index")
    {1: {'x': 1, 'tx': 1.0, 'T': 4.0}, 2: {'x': 0, 'tx': 0.0, 'T': 2.0}}
    """
    days = _days(purchases, who)
    end = pd.Timestamp(end).normalize()
    each = days[days["time"] <= end].groupby(who)["time"].agg(["min", "max", "size"])
    unit = pd.Timedelta(days=unit_days)
    return pd.DataFrame({"x": each["size"] - 1, "tx": (each["max"] - each["min"]) / unit, "T": (end - each["min"]) / unit})


def future(purchases: pd.DataFrame, start: pd.Timestamp | str, end: pd.Timestamp | str, *, who: str = "customer") -> pd.Series:
    """Purchase days of each customer from `start` to `end`, both days included: whoever bought before `start`, 0 for who did not return.

    >>> log = pd.DataFrame({"customer": [1, 1, 1, 2], "time": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01", "2024-01-15"])})
    >>> future(log, "2024-02-01", "2024-02-29").to_dict()
    {1: 1, 2: 0}
    """
    days = _days(purchases, who)
    start, end = pd.Timestamp(start).normalize(), pd.Timestamp(end).normalize()
    known = np.unique(days.loc[days["time"] < start, who])
    return days[days["time"].between(start, end)].groupby(who).size().reindex(pd.Index(known, name=who), fill_value=0).rename("purchases")


def _days(purchases: pd.DataFrame, who: str) -> pd.DataFrame:
    return pd.DataFrame({who: purchases[who], "time": purchases["time"].dt.normalize()}).drop_duplicates()


# The two models ------------------------------------------------------------------------------------------------------


class _Model:
    """What both models share; a model is a frozen dataclass of positive parameters."""

    RATES: ClassVar[tuple[str, ...]]
    """The parameters in units of time."""

    def loglik(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> float:
        """Log likelihood of all customers together.  x, tx, T: (n,)."""
        return float(np.sum(self.log_likelihoods(x, tx, T)))

    @classmethod
    def fit(cls, x: np.ndarray, tx: np.ndarray, T: np.ndarray, *, check: bool = True):
        """The parameters of maximum likelihood.  x, tx, T: (n,), all times in the same unit.

        The search is over logarithms, so that no parameter can be negative, and in units of the mean age, so that it is the same in days
        and in weeks. It starts from several points and keeps the best end.

        check: refuse impossible rows; False fits whatever it is given, to see what comes of it.  ValueError for data that cannot be what
        the model needs.  RuntimeWarning if a parameter runs to 0 or to infinity: then the data have no optimum inside.
        """
        x, tx, T = (np.asarray(each, float) for each in (x, tx, T))
        if check:
            _refuse_impossible(x, tx, T)
        unit = float(T.mean())
        # Customers with the same history count once, with a weight: CDNOW has a third as many histories as customers.
        rows, count = np.unique(np.stack([x, tx / unit, T / unit]), axis=1, return_counts=True)

        def search(start, rows: np.ndarray, count: np.ndarray):
            def loss(log_parameters: np.ndarray) -> float:
                return -float(count @ cls(*np.exp(log_parameters)).log_likelihoods(*rows)) / count.sum()

            return minimize(loss, start, method="L-BFGS-B", bounds=[(-LIMIT, LIMIT)] * 4, options={"ftol": 1e-11, "gtol": 1e-7})

        step = -(-len(count) // ENOUGH)                                         # some rows tell which start is best, all rows the rest
        best = min((search(start, rows[:, ::step], count[::step]) for start in STARTS), key=lambda end: end.fun)
        found = best if step == 1 else search(best.x, rows, count)
        names = [field.name for field in fields(cls)]
        if astray := [name for name, value in zip(names, found.x, strict=True) if abs(value) > LIMIT - .01]:
            warnings.warn(f"{cls.__name__}: {', '.join(astray)} ran to the end of its range, {np.exp(-LIMIT):.0e} or {np.exp(LIMIT):.0e}: "
                          "these data have no optimum inside. Is x without the first purchase, and tx the age at the last?",
                          RuntimeWarning, stacklevel=2)
        scale = [unit if name in cls.RATES else 1.0 for name in names]
        return cls(*(float(value) for value in np.exp(found.x) * scale))


LIMIT = 9.0
"""Range of the search: logarithms of the parameters, times in units of the mean age."""
ENOUGH = 2000
"""So many different histories are enough to choose among the starts."""
STARTS = ((0., 0., 0., 0.), (-1.5, -2., -.5, 1.), (1., 0., -1., 1.))


@dataclass(frozen=True)
class BGNBD(_Model):
    """The BG/NBD model of Fader, Hardie and Lee (2005).  All parameters > 0; alpha in units of time.

    While he lives, a customer buys at random with a rate of his own, λ ~ gamma(r, alpha): r / alpha purchases a week on average. After
    **each repeat purchase** he leaves for good with a probability of his own, p ~ beta(a, b).
    """

    r: float
    alpha: float
    a: float
    b: float
    RATES: ClassVar[tuple[str, ...]] = ("alpha",)

    def log_likelihoods(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Log likelihood of each customer: (n,).  x, tx, T: (n,).  The paper's equation (6), in logarithms throughout.

        >>> BGNBD(1, 1, 1, 1).log_likelihoods([1], [1], [3]).round(4).tolist()      # log(5 / 32)
        [-1.8563]
        """
        x, T, left = self._left(x, tx, T)
        return (gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha) + betaln(self.a, self.b + x) - betaln(self.a, self.b)
                - (self.r + x) * np.log(self.alpha + T) + np.logaddexp(0, left))

    def p_alive(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Probability that the customer has not left by the end of the calibration: (n,), exactly 1 where x is 0.

        >>> BGNBD(1, 1, 1, 1).p_alive([1, 0], [1, 0], [3, 3]).round(4).tolist()
        [0.2, 1.0]
        """
        return expit(-self._left(x, tx, T)[2])

    def expected(self, t: float | np.ndarray, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Expected number of purchases in (T, T + t], given x, tx and T: (n,).  The paper's equation (10).

        >>> BGNBD(1, 1, 2, 1).expected(2, [0], [0], [1]).round(4).tolist()          # 2 (1 - log 2)
        [0.6137]
        """
        x, tx, T, t = np.broadcast_arrays(*(np.asarray(each, float) for each in (x, tx, T, t)))
        return self._if_alive(t, x, T) * self.p_alive(x, tx, T)

    def _left(self, x, tx, T) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x and T as arrays, and the log odds of having left after the last purchase: -inf for who never came back, who had no occasion."""
        x, tx, T = (np.asarray(each, float) for each in (x, tx, T))
        odds = np.log(self.a) - np.log(self.b + np.maximum(x, 1) - 1) + (self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + tx))
        return x, T, np.where(x > 0, odds, -np.inf)

    def _if_alive(self, t: np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Expected purchases in (T, T + t] of a customer who is alive at T: the mean of (1 - exp(-λ p t)) / p.

        Pfaff's transformation of the paper's 2F1: its argument is then t / (alpha + T) with a minus, and nothing overflows at large x.
        The formula is 0 / 0 at a = 1, and at a + b + x = 1; the function itself is smooth there, so the mean of two neighbours serves.
        """

        def formula(a: float) -> np.ndarray:
            below = a + self.b + x - 1
            return below / (a - 1) * (1 - hyp2f1(self.r + x, a - 1, below, -t / (self.alpha + T)))

        at_hole = (abs(self.a - 1) < 5e-5) | (np.abs(self.a + self.b + x - 1) < 5e-5)
        if not at_hole.any():
            return formula(self.a)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(at_hole, (formula(self.a - 1e-4) + formula(self.a + 1e-4)) / 2, formula(self.a))


@dataclass(frozen=True)
class ParetoNBD(_Model):
    """The Pareto/NBD model of Schmittlein, Morrison and Colombo (1987).  All parameters > 0; alpha and beta in units of time.

    While he lives, a customer buys at random with a rate of his own, λ ~ gamma(r, alpha). He may leave **at any time**, with another rate of
    his own, µ ~ gamma(s, beta): also before he ever came back.
    """

    r: float
    alpha: float
    s: float
    beta: float
    RATES: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    def log_likelihoods(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Log likelihood of each customer: (n,).  x, tx, T: (n,)."""
        x, alive, left = self._parts(x, tx, T)
        return (gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha) + self.s * np.log(self.beta) + np.logaddexp(alive, left))

    def p_alive(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Probability that the customer has not left by the end of the calibration: (n,); below 1 also where x is 0."""
        _, alive, left = self._parts(x, tx, T)
        return expit(alive - left)

    def expected(self, t: float | np.ndarray, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Expected number of purchases in (T, T + t], given x, tx and T: (n,)."""
        x, tx, T, t = np.broadcast_arrays(*(np.asarray(each, float) for each in (x, tx, T, t)))
        # The mean of λ times the time still lived within t; (1 - q^(s - 1)) / (s - 1) is -log q where s is 1.
        longer, power = np.log((self.beta + T + t) / (self.beta + T)), 1 - self.s
        lived = (self.beta + T) * (longer if power == 0 else np.expm1(power * longer) / power)
        return (self.r + x) / (self.alpha + T) * lived * self.p_alive(x, tx, T)

    def _parts(self, x, tx, T) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, and the logarithms of the likelihood's two parts: alive at T, and left at some age y in (tx, T).

        alive = (alpha + T)^-(r + x) · (beta + T)^-s,   left = s ∫ (alpha + y)^-(r + x) · (beta + y)^-(s + 1) dy.
        """
        x, tx, T = (np.asarray(each, float) for each in (x, tx, T))
        alive = -(self.r + x) * np.log(self.alpha + T) - self.s * np.log(self.beta + T)
        early, late = self._log_tail(x, tx), self._log_tail(x, T)
        with np.errstate(divide="ignore"):                                      # log 0: nobody leaves between tx and T = tx
            return x, alive, np.log(self.s) + early + np.log(-np.expm1(np.minimum(late - early, 0)))

    def _log_tail(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """log ∫ (alpha + u)^-(r + x) (beta + u)^-(s + 1) du from y to infinity.

        By 2F1, whose argument must be in [0, 1): hence the two forms. Euler's transformation of the ones in Fader and Hardie's note: with a
        1 in front no value grows with x.
        """
        n = self.r + x
        if self.alpha >= self.beta:
            series = hyp2f1(1, n, n + self.s + 1, (self.alpha - self.beta) / (self.alpha + y))
            return np.log(series / (n + self.s)) - n * np.log(self.alpha + y) - self.s * np.log(self.beta + y)
        series = hyp2f1(1, self.s + 1, n + self.s + 1, (self.beta - self.alpha) / (self.beta + y))
        return np.log(series / (n + self.s)) + (1 - n) * np.log(self.alpha + y) - (self.s + 1) * np.log(self.beta + y)


def _refuse_impossible(x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> None:
    if not (x.ndim == 1 and x.shape == tx.shape == T.shape and len(x)):
        raise ValueError(f"x, tx and T must be equally long: they have the shapes {x.shape}, {tx.shape} and {T.shape}")
    if not (np.isfinite(x).all() and np.isfinite(tx).all() and np.isfinite(T).all()) or (x < 0).any() or (x % 1 != 0).any():
        raise ValueError("x must be whole numbers from 0, and tx and T finite")
    if (tx < 0).any() or (tx > T).any() or (T <= 0).any():
        raise ValueError("ages run 0 <= tx <= T, and T > 0: tx is the age at the last purchase, T the age at the end")
    if ((x > 0) & (tx == 0)).any():
        raise ValueError("somebody came back (x > 0) at age 0: is the first purchase counted in x, are orders of one day not merged, "
                         "or is tx counted from the end?")
    if ((x == 0) & (tx > 0)).any():
        raise ValueError("somebody without a repeat purchase (x = 0) has tx > 0: is tx counted from the end?")
    if not x.any():
        raise ValueError("nobody came back: without one repeat purchase neither the rate nor leaving can be told")


# Customers by chance -------------------------------------------------------------------------------------------------


class Lives(NamedTuple):
    """Simulated customers with all that no shop ever sees."""

    customer: np.ndarray
    """(m,) int: who made each purchase, 0 … n - 1; each customer's in order of time."""
    age: np.ndarray
    """(m,): the customer's age at it; the first purchase of each is at 0."""
    rate: np.ndarray
    """(n,): λ, purchases per unit of time while alive."""
    p: np.ndarray
    """(n,): probability of leaving after a repeat purchase."""
    left: np.ndarray
    """(n,): age at which the customer left; inf if not by the end of the simulation."""

    def seen(self, T: float | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, tx and T of each customer, if the calibration ends at age T (a number, or (n,)): three arrays (n,)."""
        T = np.broadcast_to(np.asarray(T, float), self.rate.shape)
        by_then = self.age <= T[self.customer]
        tx = np.zeros(len(self.rate))
        np.maximum.at(tx, self.customer[by_then], self.age[by_then])
        return np.bincount(self.customer[by_then], minlength=len(self.rate)) - 1, tx, T


def simulate(rng: np.random.Generator, model: BGNBD, T: float | np.ndarray, n: int | None = None) -> Lives:
    """The whole lives of customers of a BG/NBD shop, to age T: a number for all `n`, or (n,)."""
    T = np.array(np.broadcast_to(np.asarray(T, float), (n,) if n is not None else np.shape(T)))
    rate, p = rng.gamma(model.r, 1 / model.alpha, len(T)), rng.beta(model.a, model.b, len(T))
    who, now = np.arange(len(T)), np.zeros(len(T))
    left = np.full(len(T), np.inf)
    customers, ages = [who], [now]
    while len(who):
        with np.errstate(divide="ignore", over="ignore"):                       # a rate of 0 waits for ever
            now = now + rng.exponential(size=len(who)) / rate[who]
        who, now = who[now <= T[who]], now[now <= T[who]]
        customers.append(who)
        ages.append(now)
        leaves = rng.random(len(who)) < p[who]
        left[who[leaves]] = now[leaves]
        who, now = who[~leaves], now[~leaves]
    customer, age = np.concatenate(customers), np.concatenate(ages)
    order = np.lexsort((age, customer))
    return Lives(customer[order], age[order], rate, p, left)


def parameters(model: _Model) -> dict[str, float]:
    """The model's parameters by name.

    >>> parameters(BGNBD(.243, 4.414, .793, 2.426))
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """
    return dict(zip((field.name for field in fields(model)), astuple(model), strict=True))
