"""What a household cares about, month by month: its documents, the shares that fade, and how a list for the next month is judged.

A *month* is four weeks, so that every month has four of each weekday. A household's document of a month is what it bought: one count a
receipt line, of the line's category and of each word in the name of its product type. Whatever reveals health, faith, origin, pregnancy,
small children, alcohol or tobacco is left out where the receipts are read, so that nothing later can learn it by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata

from helpers.households import NOT_A_TASTE
from helpers.keywords import FORBIDDEN as NEVER

LOOK_BACK = 6
"""Months of four weeks that a rung may look back."""
MONTH = 28
"""Days of a month."""

BABY = ("BABY FOODS", "BABY HBC", "BABYFOOD", "DIAPERS & DISPOSABLES", "INFANT CARE PRODUCTS", "INFANT FORMULA")
"""Those of the forbidden ones that say there is, or will be, a small child."""
NO_INTEREST = (*NOT_A_TASTE, "BOTTLE DEPOSITS", "CONTINUITIES", "COUPON", "DELI SUPPLIES", "LONG DISTANCE CALLING CARDS", "MEAT SUPPLIES",
               "PROD SUPPLIES")
"""Bookkeeping, and no goods on a shelf."""
_NEVER_WORDS = re.compile(r"\b(?:BABY|INFANTS?|DIAPERS?|PREGNANCY|CONDOMS?|KOSHER|PASSOVER|ETHNIC|HISPANIC|ASIAN|ORIENTAL|BEER\w*|WINES?|LIQUEURS?|ALCOHOL\w*|"
                          r"CIG|CIGARETTES?|TOBACCO|MEDICATED|VITAMINS?|DIET|DIABETIC|GLUTEN|PRESCRIPTION|RX|LAX|EASTER|CHRISTMAS)\b")
_NO_TASTE_WORDS = frozenset("misc miscellaneous other all and non not only with without under over for the etc item items product products assorted "
                            "pack packs packaged size sizes count each case multi single half premium standard value economy super regular basic "
                            "specialty everyday small large general store brand brands supply supplies accessories lbs pounds".split())
_SPELLED = {
    "frzn": "frozen", "frz": "frozen", "fd": "food", "sw": "sweet", "gds": "goods", "drnk": "drink", "drnks": "drinks", "grnd": "ground", "sft": "soft",
    "cnd": "canned", "slc": "sliced", "chp": "chip", "brd": "bread", "flvrd": "flavored", "flvr": "flavor", "shldr": "shoulder", "plstc": "plastic",
    "dnrs": "dinners", "dnr": "dinner", "prslc": "sliced", "wtr": "water", "whl": "whole", "frd": "fried", "swt": "sweet", "pwdrs": "powders",
    "pwdr": "powder", "btr": "butter", "pnt": "peanut", "jce": "juice", "jces": "juices", "conc": "concentrate", "chix": "chicken", "bev": "beverage",
    "carb": "carbonated", "prep": "prepared", "fre": "free", "veg": "vegetable", "vegs": "vegetables", "sald": "salad", "drsng": "dressing",
    "sndwch": "sandwich", "sprd": "spread", "brkfst": "breakfast", "bkfst": "breakfast", "whlsm": "wholesome", "crystl": "crystal", "mx": "mix",
    "mxs": "mixes", "bn": "bean", "trsh": "trash", "bg": "bag", "pkld": "pickled", "refrgratd": "refrigerated", "rfg": "refrigerated",
    "refrig": "refrigerated", "sherbts": "sherbet", "dsh": "dish", "tiss": "tissue", "bkd": "baked", "detergnts": "detergents", "cleang": "cleaning",
    "choc": "chocolate", "cntrl": "control", "marg": "margarine", "sunfl": "sunflower", "snks": "snacks", "ckys": "cookies", "crkr": "crackers",
    "cndy": "candy", "pkgd": "packaged", "var": "variety", "bnls": "boneless", "shrtng": "shortening", "entrees": "entrees", "shlfsh": "shellfish",
    "conven": "convenience", "convnt": "convenient", "btl": "bottle", "chees": "cheese", "potpie": "pot pie", "hbc": "health beauty care",
    "rw": "", "ss": "", "sv": "", "pk": "", "pkg": "", "ppk": "", "ct": "", "oz": "", "pc": "", "lb": "", "dl": "", "qsr": "", "stk": "", "iqf": "",
}


def spelled_out(name: str) -> str:
    """A shelf plan's name in words: lower case, abbreviations spelled out, no signs, no word twice.  For people who read a tag.

    >>> spelled_out("FRZN VEGETABLE/VEG DSH")
    'frozen vegetable dish'
    """
    parts = (_SPELLED.get(part, part) for part in re.findall(r"[a-z]+", name.lower()))
    return " ".join(dict.fromkeys(part for part in parts if len(part) > 1))


def words_of(name: str) -> list[str]:
    """The different words of a name that can be somebody's taste: three letters or more, no *other*, no *misc*.

    >>> words_of("FRZN MEAT - ALL OTHER")
    ['frozen', 'meat']
    """
    return [word for word in spelled_out(name).split() if len(word) > 2 and word not in _NO_TASTE_WORDS]


def forbidden(category, kind) -> np.ndarray:
    """(n,) bool: lines that must never become an interest, by the name of their category or by a word of their product type."""
    kind = pd.Series(np.asarray(kind, dtype=object))
    return np.isin(np.asarray(category, dtype=object), NEVER) | kind.str.contains(_NEVER_WORDS).fillna(False).to_numpy(bool)


@dataclass(frozen=True)
class Documents:
    """All receipt lines that may become an interest, by household and in order of time.

    households: (H,) ids.  categories: (C,), types: (T,) and words: (W,) names.  category_of: (T,) and words_in: (T, W) of 0/1 describe a type.
    home, kind, day: (n,) of each line: position of the household and of the type, and days since the first Monday.
    left_out: how many lines were left out, by reason.
    """

    households: np.ndarray
    categories: np.ndarray
    types: np.ndarray
    words: np.ndarray
    category_of: np.ndarray
    words_in: sparse.csr_matrix
    home: np.ndarray
    kind: np.ndarray
    day: np.ndarray
    left_out: dict[str, int]

    @staticmethod
    def read(receipts: pd.DataFrame, products: pd.DataFrame, *, first_day="2017-01-02", known_from: int = 9, least: int = 20) -> Documents:
        """From receipts (household, product, sales, time) and products (product, category, type).

        A category or a word is known if at least `least` households bought it in the first `known_from` months; lines of unknown categories are
        left out, unknown words are not read. What was known must be settled before the month that is predicted.
        """
        named = products.dropna(subset=["category", "type"])
        named = named.assign(category=named["category"].str.strip(), type=named["type"].str.strip())
        # A type's name occurs in several categories: category and type together are the thing.
        kinds, kind_of = np.unique((named["category"] + "\t" + named["type"]).to_numpy(str), return_inverse=True)
        category_name, type_name = (np.array(part, dtype=object) for part in zip(*(kind.split("\t") for kind in kinds), strict=True))
        place = pd.Index(named["product"]).get_indexer(receipts["product"])
        kind = np.where(place >= 0, kind_of[place], -1)
        day = ((receipts["time"].to_numpy() - np.datetime64(first_day)) / np.timedelta64(1, "D")).astype(np.float64)
        good = (receipts["sales"] > 0).to_numpy() & (kind >= 0) & (day >= 0)
        bookkeeping = np.isin(category_name, NO_INTEREST)
        never = forbidden(category_name, type_name)
        good &= ~bookkeeping[kind]
        left_out = {"never an interest": int((good & never[kind]).sum())}
        good &= ~never[kind]

        order = np.flatnonzero(good)
        order = order[np.lexsort((day[order], receipts["household"].to_numpy()[order]))]
        kind, day = kind[order], day[order]
        households, home = np.unique(receipts["household"].to_numpy()[order], return_inverse=True)
        category, category_of = np.unique(category_name.astype(str), return_inverse=True)
        early = day < MONTH * known_from
        buyers = _buyers(home[early], category_of[kind[early]], len(category))
        known = np.flatnonzero(buyers >= least)
        new_place = np.full(len(category), -1)
        new_place[known] = np.arange(len(known))
        category_of = new_place[category_of]
        kept = category_of[kind] >= 0
        left_out["of a category that few knew"] = int((~kept).sum())
        kind, day, home = kind[kept], day[kept], home[kept]

        vocabulary = {word: i for i, word in enumerate(sorted({word for name in type_name for word in words_of(name)}))}
        pairs = [(row, vocabulary[word]) for row, name in enumerate(type_name) for word in words_of(name)]
        words_in = sparse.csr_matrix((np.ones(len(pairs), np.float32), tuple(np.array(pairs).T)), (len(kinds), len(vocabulary)))
        early = day < MONTH * known_from
        bought = sparse.csr_matrix((np.ones(early.sum(), np.float32), (home[early], kind[early])), (len(households), len(kinds)))
        known_words = np.flatnonzero(np.asarray(((bought @ words_in) > 0).sum(axis=0)).ravel() >= least)
        return Documents(households, category[known].astype(object), type_name, np.array(list(vocabulary), dtype=object)[known_words], category_of,
                         words_in[:, known_words].tocsr(), home.astype(np.int32), kind.astype(np.int32), day, left_out)

    @cached_property
    def by_category(self) -> np.ndarray:
        """(H, months, C) float32: lines a household bought, month by month."""
        places, width = self._document * len(self.categories) + self.category_of[self.kind], len(self.categories)
        counts = np.bincount(places, minlength=len(self.households) * self._months * width)
        return counts.astype(np.float32).reshape(len(self.households), self._months, width)

    @cached_property
    def by_word(self) -> np.ndarray:
        """(H, months, W) float32: how many lines of a household had the word in their type's name, month by month."""
        shape = (len(self.households) * self._months, len(self.types))
        counts = sparse.csr_matrix((np.ones(len(self.kind), np.float32), (self._document, self.kind)), shape) @ self.words_in
        return counts.toarray().reshape(len(self.households), self._months, len(self.words))

    def by_type(self, before: int) -> sparse.csr_matrix:
        """(H, T) sparse: lines of each household in the look-back before a month, by product type."""
        seen = (self.day < MONTH * before) & (self.day >= MONTH * (before - LOOK_BACK))
        return sparse.csr_matrix((np.ones(seen.sum(), np.float32), (self.home[seen], self.kind[seen])), (len(self.households), len(self.types)))

    def last_lines(self, month: int, length: int) -> np.ndarray:
        """(H, length) int32: categories (counted from 1) of the last lines before a month began, the latest last; 0 in front is padding.

        Only lines of the look-back count.
        """
        seen = np.flatnonzero((self.day < MONTH * month) & (self.day >= MONTH * (month - LOOK_BACK)))
        home = self.home[seen]
        from_the_end = np.searchsorted(home, home, side="right") - 1 - np.arange(len(home))
        near = from_the_end < length
        X = np.zeros((len(self.households), length), np.int32)
        X[home[near], length - 1 - from_the_end[near]] = 1 + self.category_of[self.kind[seen[near]]]
        return X

    @property
    def _months(self) -> int:
        return int(self.day.max() // MONTH) + 1

    @property
    def _document(self) -> np.ndarray:
        """(n,) of each line, the document it stands in: household by household, month by month."""
        return self.home.astype(np.int64) * self._months + (self.day // MONTH).astype(int)


def _buyers(home: np.ndarray, unit: np.ndarray, width: int) -> np.ndarray:
    """How many different households bought each unit."""
    pairs = np.unique(home.astype(np.int64) * width + unit)
    return np.bincount(pairs % width, minlength=width)


@dataclass(frozen=True, eq=False)
class Split:
    """What was known on the morning a month begins, and what that month brought.

    past: (n, LOOK_BACK, V) counts, the latest month last.  future: (n, V) counts.  rows: (n,) positions of the households, which all bought in both.
    """

    month: int
    past: np.ndarray
    future: np.ndarray
    rows: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """(n, V) bool: bought in the look-back."""
        return (self.past > 0).any(axis=1)

    @property
    def regular(self) -> np.ndarray:
        """(n, V) bool: bought in at least three months of the look-back: an interest that can end."""
        return (self.past > 0).sum(axis=1) >= 3

    @property
    def bought(self) -> np.ndarray:
        """(n, V) bool: bought in the month to come."""
        return self.future > 0


def split(counts: np.ndarray, month: int, rows: np.ndarray | None = None) -> Split:
    """Look-back and month to come of all households that bought in both, or of given ones.  counts: (H, months, V).

    ValueError without a whole look-back.
    """
    if month < LOOK_BACK:
        raise ValueError(f"month {month} has no {LOOK_BACK} months before it")
    past, future = counts[:, month - LOOK_BACK:month], counts[:, month]
    if rows is None:
        rows = np.flatnonzero(past.any(axis=(1, 2)) & future.any(axis=1))
    return Split(month, past[rows], future[rows], rows)


def faded(past: np.ndarray, half_life: float) -> np.ndarray:
    """(n, V) counts in which a month weighs half as much for every `half_life` months of age; the latest month weighs 1.

    past: (n, months, V), the latest last.  half_life: months, inf for plain counts.

    >>> faded(np.array([[[8.], [4.]]]), half_life=1).tolist()
    [[8.0]]
    """
    age = np.arange(past.shape[1])[::-1]
    return np.einsum("nmv,m->nv", past, (.5 ** (age / half_life)).astype(past.dtype))


def shrunk(counts: np.ndarray, prior: np.ndarray, kappa: float) -> np.ndarray:
    """(n, V) shares, as if each household had bought `kappa` lines more, dealt out by `prior` (V,) or (n, V): (counts + κ·prior) / (n + κ).

    >>> shrunk(np.array([[3., 0.]]), np.array([.5, .5]), kappa=1).tolist()
    [[0.875, 0.125]]
    """
    total = counts.sum(axis=1, keepdims=True) + kappa
    return (counts + kappa * prior) / total


def population(counts: np.ndarray) -> np.ndarray:
    """(V,) shares of all households together, one line added to each unit, so that nothing is impossible.  counts: (…, V)."""
    total = counts.reshape(-1, counts.shape[-1]).sum(axis=0, dtype=float) + 1
    return total / total.sum()


def shares(counts: np.ndarray) -> np.ndarray:
    """Rows divided by their sum; a row of zeros stays zero."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)


def idf(documents: np.ndarray) -> np.ndarray:
    """(V,) smooth inverse document frequency, ln((1 + n) / (1 + df)) + 1, of the documents (n, V) it is given and of no others."""
    return np.log((1 + len(documents)) / (1 + (documents > 0).sum(axis=0))) + 1


def neighbours(counts: np.ndarray, weight: np.ndarray, n: int) -> np.ndarray:
    """(households, V) mean shares of each household's `n` nearest others, weighted by the TF-IDF cosine.

    counts: (households, V).  weight: (V,) inverse document frequencies.  tf is ln(1 + count): the tenth carton says little more than the ninth.
    """
    x = np.log1p(counts) * weight
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    cosine = x @ x.T
    np.fill_diagonal(cosine, -1)
    near = np.argpartition(-cosine, n - 1, axis=1)[:, :n]
    close = np.zeros_like(cosine)
    np.put_along_axis(close, near, np.maximum(np.take_along_axis(cosine, near, axis=1), 0), axis=1)
    return shares(close) @ shares(counts)


def by_meaning(counts: np.ndarray, vectors: np.ndarray, popular: np.ndarray, tau: float) -> np.ndarray:
    """(households, V) shares in which each purchase is handed on to what its name is alike: ∝ popular · e^(cosine / τ).  No label is used.

    counts: (households, V).  vectors: (V, d) of length 1, of the units' names.  popular: (V,) shares of everybody.
    """
    handed_on = popular * np.exp((vectors @ vectors.T - 1) / tau)
    return shares(counts) @ shares(handed_on)


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Bhattacharyya similarity of shares, row by row: Σ √(p·q), 1 for equal ones, 0 for two that have nothing in common.

    >>> likeness(np.array([[.5, .5]]), np.array([[1., 0.]])).round(3).tolist()
    [0.707]
    """
    return np.sqrt(a * b).sum(axis=-1)


def loss(share: np.ndarray, future: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) sum over a household's lines of −ln of the share promised to their category, and (n,) its number of lines.  inf for a promised 0."""
    home, unit = np.nonzero(future > 0)         # a tenth of all: only there is a logarithm wanted
    with np.errstate(divide="ignore"):
        surprise = -np.log(share[home, unit]) * future[home, unit]
    return np.bincount(home, surprise, minlength=len(future)), future.sum(axis=1)


def listed(score: np.ndarray, k: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """(n, V) bool: the k allowed units with the highest score, fewer if fewer are allowed; equal scores by position."""
    if allowed is not None:
        score = np.where(allowed, score, -np.inf)
    if k >= score.shape[1]:
        return np.ones(score.shape, bool) if allowed is None else allowed.copy()
    least = np.partition(score, -k, axis=1)[:, -k, None]        # a whole sort would take five times as long
    chosen, level = score > least, score == least
    chosen |= level & (level.cumsum(axis=1) <= k - chosen.sum(axis=1, keepdims=True))
    return chosen if allowed is None else chosen & allowed


def prf(chosen: np.ndarray, gold: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Precision over k, recall over what was to be found, and F1, household by household: (n,) each, nan where there was nothing to find."""
    hits, size = (chosen & gold).sum(axis=1), gold.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, r = np.where(size > 0, hits / k, np.nan), hits / size
        f = np.where(hits > 0, 2 * p * r / (p + r), np.where(size > 0, 0., np.nan))
    return {"P": p, "R": r, "F1": f}


def ended_auc(score: np.ndarray, at: Split) -> np.ndarray:
    """(n,) the chance that a regular interest that goes on is ranked above a regular one that ended; ½ for equal scores, nan if one kind is missing."""
    regular, goes_on = at.regular, at.regular & at.bought
    ranks = rankdata(np.where(regular, score, -np.inf), axis=1)
    others, on = (~regular).sum(axis=1), goes_on.sum(axis=1)
    ended = regular.sum(axis=1) - on
    above = (ranks * goes_on).sum(axis=1) - on * others - on * (on + 1) / 2
    return np.divide(above, on * ended, out=np.full(len(score), np.nan), where=(on > 0) & (ended > 0))


def mean_over(values: np.ndarray):
    """A function of household weights: the weighted mean of (n,) values that are not nan.  For `metrics.household_draws`."""
    ok = ~np.isnan(values)
    return lambda weight: float(np.average(values[ok], weights=weight[ok]))


def ratio_over(above: np.ndarray, below: np.ndarray):
    """A function of household weights: Σ above / Σ below.  For `metrics.household_draws`."""
    return lambda weight: float((weight @ above) / (weight @ below))
