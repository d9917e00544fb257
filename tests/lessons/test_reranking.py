"""`completion.reranking` makes each planted fault and prefers what stands first, and `helpers.reranking` shows nothing that is wrong."""

import json
import re

import pytest

from helpers.completion import ELSEWHERE, GUESSES, RANKING_FAULTS, CompletionError, Scripted, reranking
from helpers.reranking import FRAME, accept, by_mean_place, rotations

BOUGHT = {70: "TORTILLA CHIPS", 71: "GROUND COFFEE", 72: "DRY CAT FOOD", 73: "SALSA DIP"}
CANDIDATES = {1: "FLUID MILK", 2: "SALSA HOT", 3: "COFFEE FILTERS", 4: "WET CAT FOOD", 5: "CANDLES"}

pytestmark = pytest.mark.usefixtures("english")


def asking(head: object = "Put these in order.", candidates=CANDIDATES, bought=BOUGHT) -> str:
    return f"{head}\nFACTS:\n{json.dumps({'bought': bought, 'candidates': candidates}, ensure_ascii=False)}\n"


def opened(text: str) -> list[dict]:
    return json.loads(text.removeprefix("```json\n").removesuffix("\n```"))["ranking"]


def line(item, because=(71,), why="goes with ground coffee") -> dict:
    return {"item": item, "because": list(because), "why": why}


def judged(*lines) -> dict:
    return accept(json.dumps({"ranking": list(lines)}), CANDIDATES, BOUGHT)


def explained(why: str, because=(71,), item: int = 3) -> str | None:
    """Why an explanation is refused, None if it is shown; the order is the model's in both cases."""
    verdict = judged(line(item, because, why), *(line(other) for other in CANDIDATES if other != item))
    assert verdict["fell_back"] is None
    assert verdict["order"][0] == item
    refused = dict(verdict["refused"])
    assert (item in refused) != (item in verdict["reasons"])
    return refused.get(item)


# The stand-in


def fault(said: list[dict]) -> str | None:
    items = [each["item"] for each in said]
    if set(items) - set(CANDIDATES):
        return "stranger"
    if len(set(items)) < len(items):
        return "twice"
    return None if len(items) == len(CANDIDATES) else "missing"


def test_each_fault_is_planted_in_some_answers_and_none_in_most():
    answers = [opened(reranking(asking(head))) for head in range(200)]
    found = [fault(said) for said in answers]
    assert {*found} == {None, "stranger", "twice", "missing"}
    assert 110 < found.count(None) < 170
    texts = [" ".join(each["why"] for each in said) for said in answers]
    for planted in (ELSEWHERE, GUESSES):
        assert 20 < sum(any(each in text for each in planted) for text in texts) < 80
    assert set(RANKING_FAULTS) == {"stranger", "twice", "missing", "invented", "sensitive"}


def test_the_same_prompt_gives_the_same_answer_and_some_stand_in_a_fence():
    answers = [reranking(asking(head)) for head in range(30)]
    assert answers == [reranking(asking(head)) for head in range(30)]
    assert 3 < sum(answer.startswith("```json") for answer in answers) < 20


def test_among_equals_the_one_shown_first_is_put_first_wherever_it_comes_from():
    alike = {i: "CANDLES" for i in range(1, 6)}
    for order in rotations(alike):
        said = [each["item"] for each in opened(reranking(asking(candidates=order)))]
        assert not set(said) <= set(alike) or len(set(said)) < 5 or said == list(order)


def test_what_shares_a_word_with_many_purchases_is_liked_more():
    many = {i: "CAT FOOD" for i in range(9)}
    said = opened(reranking(asking(candidates={1: "MILK", 2: "CAT LITTER"}, bought=many)))
    assert said[0]["item"] == 2


@pytest.mark.parametrize("facts", ["", "FACTS: []", 'FACTS: {"bought": {}, "candidates": {"1": "a", "2": "b"}}',
                                   'FACTS: {"bought": {"1": "MILK"}, "candidates": {"1": "a"}}',
                                   'FACTS: {"bought": {"1": "MILK"}, "candidates": {"1": "a", "2": "7"}}',
                                   'FACTS: {"bought": {"x": "MILK"}, "candidates": {"1": "a", "2": "b"}}'])
def test_a_prompt_without_facts_is_refused(facts):
    with pytest.raises(CompletionError, match="reranking"):
        reranking(facts)


# The guard: the order


def test_a_whole_order_is_taken_with_its_explanations_and_from_a_fence():
    answer = "```json\n" + json.dumps({"ranking": [line(item) for item in (3, 5, 1, 2, 4)]}) + "\n```"
    assert accept(answer, CANDIDATES, BOUGHT) == {"order": [3, 5, 1, 2, 4], "fell_back": None,
                                                  "reasons": dict.fromkeys((3, 5, 1, 2, 4), "goes with ground coffee"), "refused": []}


@pytest.mark.parametrize(("items", "why"), [((3, 5, 1, 2, 9), "9 is no candidate"), ((3, 5, 1, 2, 3), "3 stands there twice"),
                                        ((3, 5, 1, 2), "4 is missing"), ((), "1 is missing"), ((3, 5, 1, 2, 4, 4), "4 stands there twice")])
def test_an_order_that_is_no_permutation_changes_nothing_and_explains_nothing(items, why):
    assert judged(*map(line, items)) == {"order": [1, 2, 3, 4, 5], "fell_back": why, "reasons": {}, "refused": []}


@pytest.mark.parametrize("answer", ["", "Here you are!", "[]", "null", '{"ranking": 3}', '{"ranking": [3, 1]}', '{"order": []}', '{"ranking": [], "more": 1}',
                                    '{"ranking": [{"item": 1}]}', '{"ranking": [{"item": "1", "because": [71], "why": "x"}]}',
                                    '{"ranking": [{"item": true, "because": [71], "why": "x"}]}', '{"ranking": [{"item": 1, "because": 71, "why": "x"}]}',
                                    '{"ranking": [{"item": 1, "because": ["71"], "why": "x"}]}', '{"ranking": [{"item": 1, "because": [71], "why": null}]}',
                                    "[" * 100_000])
def test_whatever_the_answer_is_a_page_can_be_shown(answer):
    verdict = accept(answer, CANDIDATES, BOUGHT)
    assert verdict["order"] == [1, 2, 3, 4, 5]
    assert verdict["fell_back"]
    assert not verdict["reasons"]


def test_every_answer_of_the_stand_in_yields_a_permutation_and_no_planted_text():
    for head in range(100):
        verdict = accept(Scripted(reranking)(asking(head)), CANDIDATES, BOUGHT)
        assert sorted(verdict["order"]) == sorted(CANDIDATES)
        shown = " ".join(verdict["reasons"].values())
        assert not any(each in shown for each in (*ELSEWHERE, *GUESSES))


# The guard: explanations


@pytest.mark.parametrize("why", ["goes with ground coffee", "Because you often buy COFFEE.", "more filters for your coffees",
                                 "you bought ground coffee lately"])
def test_an_explanation_that_names_what_it_cites_is_shown(why):
    assert explained(why) is None


@pytest.mark.parametrize(("why", "told"), [
    ("goes with your violin lessons", "violin: stands neither"), ("goes with tortilla chips", "tortilla: stands neither"),
    ("you are a gourmet who loves coffee", "gourmet: stands neither"), ("because you bought it", "names nothing"), ("", "names nothing"),
    ("filters you like", "names nothing"), ("coffee for somebody expecting a baby", "sensitive (pregnancy and babies): expecting"),
    ("since you are diabetic", "sensitive (health): diabetic"), ("coffee fits your low income", "sensitive (money troubles): income")])
def test_an_explanation_that_says_more_than_it_cites_is_refused_and_the_item_stays(why, told):
    assert told in explained(why)


def test_an_explanation_must_cite_and_what_it_cites_must_exist():
    assert explained("goes with ground coffee", ()) == "cites no purchase"
    assert explained("goes with ground coffee", (71, 99)) == "there is no purchase 99"


def test_the_frame_names_no_goods():
    assert not {word for name in [*BOUGHT.values(), *CANDIDATES.values()] for word in re.findall("[a-z]+", name.lower())} & set(FRAME)


# Averaging the place away


def test_each_candidate_stands_once_at_each_place():
    orders = [list(each) for each in rotations(CANDIDATES)]
    assert len(orders) == 5
    assert all(sorted(place) == sorted(CANDIDATES) for place in zip(*orders, strict=True))


def test_the_mean_place_forgets_where_an_item_stood_when_the_place_was_all_that_counted():
    orders = [list(each) for each in rotations(CANDIDATES)]
    for first in range(5):
        turned = orders[first:] + orders[:first]
        assert by_mean_place(turned) == turned[0]            # all equal: only the first order can decide


def test_averaged_over_all_places_a_liked_candidate_comes_first_wherever_it_stands_and_in_one_answer_it_does_not():
    bought = {0: "CAT FOOD"} | {i: "MILK" for i in range(1, 9)}          # little evidence: less than standing first is worth
    candidates = {1: "CANDLES", 2: "BREAD", 3: "SOAP", 4: "CAT LITTER"}

    def order(shown):
        return accept(reranking(asking(candidates=shown, bought=bought)), shown, bought)

    once = order(candidates)
    assert once["order"][0] == 1
    averaged = [verdict["order"] for shown in rotations(candidates) if not (verdict := order(shown))["fell_back"]]
    assert by_mean_place(averaged)[0] == 4


def test_a_mean_of_different_items_is_refused():
    for orders in ([], [[1, 2], [1, 3]], [[1, 2], [1]]):
        with pytest.raises(ValueError, match="same items"):
            by_mean_place(orders)
