"""The guard behind a language model that puts a short list in order: what of its answer may be shown, and what is shown instead.

The list comes from a model that was measured, so there is always something to fall back to: an answer that is not exactly a permutation (排列) of
the candidates changes nothing. Nothing here raises on an answer, whatever it is: a page has to be shown.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import TypedDict

import numpy as np

from helpers.completion import parsed
from helpers.keywords import sensitive, stem, telling
from helpers.language import Text

FRAME = (
    "because", "as", "since", "you", "your", "often", "buy", "bought", "lately", "recently", "regularly", "goes", "go", "fits", "match", "matches",
    "similar", "like", "liked", "also", "again", "from", "same", "shelf", "beside", "next", "try", "something", "this", "that", "it", "is", "are", "well",
    "together", "people", "who", "have", "has", "had", "been", "more",
)
"""Words that an explanation may use without having them from a product's name."""

FORM = Text("not an object with one key, ranking, and a list of objects with item (an integer), because (a list of integers) and why (a text)",
            "不是只含 ranking 一个键的对象，其值应为由 item（整数）、because（整数列表）和 why（文本）组成的对象列表")
STRANGER = Text("{item} is no candidate", "{item} 不在候选之中")
TWICE = Text("{item} stands there twice", "{item} 出现了两次")
MISSING = Text("{item} is missing", "缺少 {item}")
UNCITED = Text("cites no purchase", "没有引用任何购买")
NOWHERE = Text("there is no purchase {number}", "没有编号为 {number} 的购买")
UNBOUGHT = Text("{word}: stands neither in what it cites nor in the item", "{word}：既不在所引的购买中，也不在商品名中")
NAMELESS = Text("names nothing that was bought", "没有提到任何买过的东西")


class Verdict(TypedDict):
    """order: all candidates, best first.  fell_back: why it is the order that was given, None if it is the model's.
    reasons: item -> explanation that may be shown.  refused: [item, why] of each explanation that may not."""

    order: list[int]
    fell_back: str | None
    reasons: dict[int, str]
    refused: list[list]


def accept(answer: str, candidates: Mapping[int, str], bought: Mapping[int, str]) -> Verdict:
    """What of a model's order and explanations may be shown.  It never raises on an answer.

    answer: JSON {"ranking": [{"item": id, "because": [ids of purchases], "why": text}, ...]}, perhaps in a Markdown fence.
    candidates: id -> name, in the order to fall back to.  bought: id -> name of what the household bought before.

    The order is taken if it holds every candidate exactly once; else it is the given one and nothing is explained. An explanation is taken
    if it cites at least one purchase, all of which exist; says nothing sensitive; and each of its words stands in what it cites, in the item's
    own name, or in `FRAME` (plural and capitals apart), at least one of them in what it cites. So it can name nothing that the household did
    not buy. It reads letters, not meanings, and English ones: a true explanation in other words is refused, and the item stays without one.

    >>> accept('{"ranking": [{"item": 2, "because": [7], "why": "goes with tortilla chips"}]}', {1: "MILK", 2: "SALSA"}, {7: "TORTILLA CHIPS"})
    {'order': [1, 2], 'fell_back': '1 is missing', 'reasons': {}, 'refused': []}
    """
    given = list(candidates)
    try:
        said = parsed(answer)
    except ValueError as error:
        return Verdict(order=given, fell_back=str(error), reasons={}, refused=[])
    if why := _wrong_with(said, given):
        return Verdict(order=given, fell_back=str(why), reasons={}, refused=[])
    verdict = Verdict(order=[each["item"] for each in said["ranking"]], fell_back=None, reasons={}, refused=[])
    for each in said["ranking"]:
        if why := _unfit(each, candidates[each["item"]], bought):
            verdict["refused"].append([each["item"], str(why)])
        else:
            verdict["reasons"][each["item"]] = each["why"]
    return verdict


def rotations(candidates: Mapping[int, str]) -> list[dict[int, str]]:
    """The candidates begun at each of them in turn: n orders in which each stands once at each place.

    >>> [list(each) for each in rotations({1: "a", 2: "b", 3: "c"})]
    [[1, 2, 3], [2, 3, 1], [3, 1, 2]]
    """
    items = list(candidates.items())
    return [dict(items[start:] + items[:start]) for start in range(len(items))]


def by_mean_place(orders: Sequence[Sequence[Hashable]]) -> list:
    """One order of several of the same items: by mean place (Borda), equal ones as in the first.  ValueError unless all hold the same items.

    >>> by_mean_place([[1, 2, 3], [3, 1, 2], [1, 3, 2]])
    [1, 3, 2]
    """
    if not orders or any(sorted(map(repr, each)) != sorted(map(repr, orders[0])) for each in orders):
        raise ValueError("there must be orders, and all of the same items")
    place = {item: np.mean([list(each).index(item) for each in orders]) for item in orders[0]}
    return sorted(orders[0], key=place.__getitem__)


def _wrong_with(said, given: list[int]) -> Text | None:
    """Why an answer is no order of the candidates, None if it is one."""
    if not isinstance(said, dict) or set(said) != {"ranking"} or not isinstance(said["ranking"], list):
        return FORM
    for each in said["ranking"]:
        if not isinstance(each, dict) or set(each) != {"item", "because", "why"} or type(each["item"]) is not int or not isinstance(each["why"], str):
            return FORM
        if not isinstance(each["because"], list) or any(type(number) is not int for number in each["because"]):
            return FORM
    items = [each["item"] for each in said["ranking"]]
    for place, item in enumerate(items):
        if item not in given:
            return STRANGER.format(item=item)
        if item in items[:place]:
            return TWICE.format(item=item)
    left_out = [item for item in given if item not in items]
    return MISSING.format(item=left_out[0]) if left_out else None


def _unfit(each: dict, name: str, bought: Mapping[int, str]) -> Text | None:
    """Why an explanation may not be shown, None if it may."""
    if not each["because"]:
        return UNCITED
    for number in each["because"]:
        if number not in bought:
            return NOWHERE.format(number=number)
    if why := _sensitive(each["why"]):
        return why
    cited = {root for number in each["because"] for _, root in _telling(bought[number])}
    known = cited | {root for _, root in _telling(name)} | _FRAME
    words = _telling(each["why"])
    for word, root in words:
        if root not in known:
            return UNBOUGHT.format(word=word)
    return None if any(root in cited for _, root in words) else NAMELESS


# The same few names come again in every list.
_sensitive = functools.lru_cache(10_000)(sensitive)
_telling = functools.lru_cache(10_000)(functools.partial(telling, pairs=True))
_FRAME = {stem(word) for word in FRAME}
