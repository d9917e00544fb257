"""`completion.interest_keywords` and `completion.topic_name` make each planted fault, and `helpers.keywords` refuses each, saying why."""

import datetime
import json
import re

import pytest

from helpers.completion import (
    ELSEWHERE,
    GUESSES,
    HOLLOW,
    KEYWORD_FAULTS,
    NAME_FAULTS,
    STALE_DAYS,
    CompletionError,
    Scripted,
    connect,
    interest_keywords,
    topic_name,
)
from helpers.data import complete_journey
from helpers.keywords import FORBIDDEN, SENSITIVE, split, stem, telling, validate, validate_name
from helpers.language import language

TODAY = "2017-11-05"


def purchase(item: str, parent: str, day: str) -> dict:
    return {"item": item, "parent": parent, "day": day}


BOUGHT = {
    1: purchase("CHARCOAL", "BARBECUE", "2017-06-01"),
    2: purchase("TULIPS", "FLORAL", "2017-09-09"), 3: purchase("FLUID MILK WHITE ONLY", "FLUID MILK PRODUCTS", "2017-09-10"),
    4: purchase("DRY CAT FOOD", "CAT FOOD", "2017-10-20"), 5: purchase("DRY CAT FOOD", "CAT FOOD", "2017-10-27"),
    6: purchase("GROUND COFFEE", "COFFEE", "2017-11-03"), 7: purchase("FLUID MILK WHITE ONLY", "FLUID MILK PRODUCTS", "2017-11-04"),
    8: purchase("RED WINE", "DOMESTIC WINE", "2017-11-04"), 9: purchase("SOFT CHEESES", "CHEESE", "2017-11-05"),
    10: purchase("纯牛奶 250毫升", "乳品", "2017-11-01"),
}
CAT = {"keyword": "cat food", "evidence": [4, 5]}
HOUSES = (
    {number: each for number, each in BOUGHT.items() if number in range(1, 8)},
    {3: purchase("TORTILLA CHIPS", "SNACKS", "2017-11-01")},
    {i: purchase(f"{name} JAR", "SHELF", f"2017-{month:02}-11") for i, (name, month) in enumerate(
        [("HONEY", 10), ("OLIVES", 10), ("PICKLE", 10), ("PESTO", 10), ("CANDLES", 1), ("GLASS", 10), ("GLASS", 9)], start=40)},
)


pytestmark = pytest.mark.usefixtures("english")


def asking(house: dict, head: object = "What does this household care about now?", k: int = 3) -> str:
    return f"{head}\nFACTS:\n{json.dumps({'purchases': house, 'today': TODAY, 'k': k}, ensure_ascii=False)}\nAnswer with JSON."


def opened(text: str) -> dict:
    return json.loads(text.removeprefix("```json\n").removesuffix("\n```"))


def faults(said: list, house: dict, k: int) -> dict[int, str]:
    """Position -> fault of an answer of the stand-in, told from the facts alone, in the guard's order of position."""
    found, names = {}, []
    for position, each in enumerate(said):
        keyword, evidence = each["keyword"], each["evidence"]
        days = [(datetime.date(2017, 11, 5) - datetime.date.fromisoformat(house[i]["day"])).days for i in evidence if i in house]
        plain = keyword.lower()
        if not evidence:
            found[position] = "uncited"
        elif len(days) < len(evidence):
            found[position] = "nowhere"
        elif keyword in ELSEWHERE:
            found[position] = "invented"
        elif keyword in HOLLOW:
            found[position] = "empty"
        elif keyword in GUESSES:
            found[position] = "sensitive"
        elif min(days) > STALE_DAYS:
            found[position] = "stale"
        elif {plain, plain + "s", plain[:-1], plain[:-2]} & set(names):
            found[position] = "duplicate"
        elif len(names) == k:
            found[position] = "too many"
        else:
            names.append(plain)
    return found


def judged(*keywords, **more) -> dict:
    return validate(json.dumps({"keywords": list(keywords)}), BOUGHT, TODAY, **more)


def why_not(keyword: object, evidence: object = (4,), **more) -> str:
    """Why a keyword is refused; the good one before it stays."""
    verdict = judged(CAT, {"keyword": keyword, "evidence": list(evidence) if isinstance(evidence, tuple) else evidence}, **more)
    assert [each["keyword"] for each in verdict["keywords"]] == ["cat food"]
    [[position, why]] = verdict["refused"]
    assert position == 1
    return why


def passes(keyword: str, *evidence: int, **more) -> list[str]:
    """The words a keyword adds; it is accepted."""
    verdict = judged({"keyword": keyword, "evidence": list(evidence)}, **more)
    assert verdict["refused"] == []
    return verdict["keywords"][0]["added"]


# The stand-in for keywords


@pytest.mark.parametrize("house", range(len(HOUSES)))
def test_every_answer_has_a_fault_and_each_that_the_facts_allow_is_in_some_answers_and_in_no_others(house):
    made = [set(faults(opened(interest_keywords(asking(HOUSES[house], head)))["keywords"], HOUSES[house], 3).values()) for head in range(60)]
    assert all(made)
    possible = set(KEYWORD_FAULTS) - ({"stale", "too many"} if house == 1 else {"too many"} if house == 0 else set())
    assert set().union(*made) == possible
    for fault in possible:
        assert 10 < sum(fault in found for found in made) < 50


@pytest.mark.parametrize("house", range(len(HOUSES)))
def test_of_every_answer_of_the_stand_in_what_is_planted_is_refused_and_the_rest_accepted(house):
    for head in range(60):
        text = interest_keywords(asking(HOUSES[house], head))
        said = opened(text)["keywords"]
        verdict, planted = validate(text, HOUSES[house], TODAY, k=3), faults(said, HOUSES[house], 3)
        assert [position for position, _ in verdict["refused"]] == list(planted)
        assert [{"keyword": each["keyword"], "evidence": each["evidence"]} for each in verdict["keywords"]] == [
            each for position, each in enumerate(said) if position not in planted]


def test_the_true_keywords_are_what_was_bought_most_often_in_the_last_eight_weeks_with_its_latest_purchases():
    said = [each for head in range(20) for each in opened(interest_keywords(asking(HOUSES[0], head, k=2)))["keywords"]]
    assert {"keyword": "dry cat", "evidence": [4, 5]} in said
    assert {"keyword": "fluid milk", "evidence": [3, 7]} in said


def test_a_household_that_bought_nothing_lately_gets_keywords_all_the_same_and_the_guard_calls_them_ended():
    house = {1: BOUGHT[1]}
    verdict = validate(interest_keywords(asking(house)), house, TODAY)
    assert verdict["keywords"] == []
    assert any("ended" in why for _, why in verdict["refused"])


@pytest.mark.parametrize("write", [interest_keywords, topic_name])
def test_the_same_prompt_gives_the_same_answer_and_one_in_three_is_fenced(write):
    prompts = [asking(HOUSES[0], i) if write is interest_keywords else naming(["milk", "cheese"], i) for i in range(300)]
    answers = [write(prompt) for prompt in prompts]
    assert answers == [write(prompt) for prompt in prompts]
    assert 70 < sum(text.startswith("```json\n") and text.endswith("\n```") for text in answers) < 130


@pytest.mark.parametrize("write", [interest_keywords, topic_name])
def test_the_stand_in_takes_the_place_of_a_model_and_says_so(write, capsys):
    assert connect(write) == Scripted(write)
    assert "SCRIPTED" in capsys.readouterr().out


@pytest.mark.parametrize("write", [interest_keywords, topic_name])
@pytest.mark.parametrize("prompt", ["", "Use the FACTS: below", "FACTS:\nnone"])
def test_a_prompt_without_facts_is_refused_in_both_languages_in_the_name_of_the_stand_in(write, prompt):
    with pytest.raises(CompletionError, match=f"^{write.__name__}: the prompt has no line FACTS:") as caught:
        write(prompt)
    language("zh")
    assert str(caught.value).startswith(f"{write.__name__}：提示词中没有 FACTS:")


GOOD = {"purchases": {"1": BOUGHT[6]}, "today": TODAY, "k": 2}


@pytest.mark.parametrize("facts", [
    [], {}, GOOD | {"purchases": {}}, GOOD | {"purchases": ["milk"]}, GOOD | {"purchases": {"one": BOUGHT[6]}}, GOOD | {"purchases": {"1": "milk"}},
    GOOD | {"purchases": {"1": BOUGHT[9]}}, GOOD | {"purchases": {"1": BOUGHT[6] | {"item": "12/18"}}},
    GOOD | {"purchases": {"1": BOUGHT[6] | {"day": "3 May"}}},
    GOOD | {"purchases": {"1": {"item": "MILK", "day": "2017-11-03"}}}, GOOD | {"today": "2017-02-30"}, GOOD | {"today": None}, GOOD | {"k": 0},
    GOOD | {"k": True}, GOOD | {"k": "2"}], ids=str)
def test_facts_of_another_shape_are_refused_and_the_right_shape_is_shown(facts):
    with pytest.raises(CompletionError, match=re.escape('interest_keywords: after FACTS: there must be {"purchases": {"<integer id>": {"item"')):
        interest_keywords(f"FACTS:\n{json.dumps(facts)}")


@pytest.mark.parametrize("facts", [[], {}, {"words": []}, {"words": "milk"}, {"words": ["milk", " "]}, {"words": [1]}], ids=str)
def test_words_of_another_shape_are_refused_and_the_right_shape_is_shown(facts):
    with pytest.raises(CompletionError, match=re.escape('topic_name: after FACTS: there must be {"words": ["<word>"')):
        topic_name(f"FACTS:\n{json.dumps(facts)}")


# The guard around keywords


def test_a_keyword_of_words_that_stand_in_what_it_cites_is_accepted_and_adds_none():
    assert judged(CAT) == {"keywords": [CAT | {"added": []}], "refused": []}


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", " \n```json\n{}\n```\n"])
def test_an_answer_may_stand_in_a_fence(fence):
    assert validate(fence.replace("{}", json.dumps({"keywords": [CAT]})), BOUGHT, TODAY)["keywords"] == [CAT | {"added": []}]


def test_a_word_of_the_category_above_is_enough_and_capitals_and_plurals_do_not_matter():
    assert passes("Flowers, FLORALS", 2, stale=60) == ["flowers"]
    assert passes("Cats", 4) == []


def test_words_that_stand_in_nothing_cited_are_named_for_a_person_to_look_at():
    assert passes("organic milk for the morning", 7) == ["organic", "morning"]


def test_a_keyword_without_evidence_is_refused():
    assert why_not("milk", ()) == "no evidence: nobody can check it"


def test_a_purchase_that_does_not_exist_is_refused_whatever_else_is_cited():
    assert why_not("milk", (7, 99)) == "there is no purchase 99"


def test_a_purchase_from_the_cut_off_on_is_refused_at_the_boundary_too():
    assert why_not("cheese", (9,)) == "purchase 9 was made on 2017-11-05, not before 2017-11-05: nobody could know it"


def test_a_keyword_with_nothing_in_common_with_what_it_cites_is_called_invented():
    assert why_not("sushi", (4, 7)) == "invented: no word of it stands in what it cites"


def test_each_cited_purchase_must_carry_the_keyword():
    assert why_not("milk", (7, 6)) == "no word of it stands in purchase 6"


def test_words_that_fit_every_household_carry_no_evidence():
    assert why_not("dog food", (4,)) == "invented: no word of it stands in what it cites"


@pytest.mark.parametrize("keyword", ["food", "Groceries", "Grocery Items", "other products", "goods for the household", "12 / 18", "食品", "商品"])
def test_a_keyword_that_fits_every_household_is_refused(keyword):
    assert why_not(keyword) == "says nothing: it would fit every household"


@pytest.mark.parametrize(("keyword", "told"), [
    ("expecting a baby", "pregnancy and babies): expecting"), ("Pregnancy cravings", "pregnancy and babies): pregnancy"),
    ("milk for newborns", "pregnancy and babies): newborns"), ("diabetic milk", "health): diabetic"), ("kosher milk", "religion): kosher"),
    ("wines", "alcohol and tobacco): wines"), ("hispanic kitchen", "origin): hispanic"), ("low-income milk", "money troubles): income"),
    ("孕妇奶粉", "pregnancy and babies): 孕"), ("低糖减肥", "health): 减肥"),
])
def test_a_sensitive_inference_is_refused_and_its_kind_and_word_are_told(keyword, told):
    assert why_not(keyword, (7,)) == f"sensitive ({told}"


def test_a_keyword_may_not_be_made_out_of_a_forbidden_category_whatever_it_is_called():
    assert why_not("red", (8,)) == "sensitive: purchase 8 is of DOMESTIC WINE, out of which no interest is made"
    assert passes("red", 8, forbidden=()) == []


def test_a_word_that_only_contains_a_sensitive_one_is_not_taken_for_it():
    for word in ("ginger", "kale", "drumsticks", "lentils", "chilli", "swine"):
        assert "sensitive" not in why_not(word)


def test_root_beer_is_refused_because_the_guard_reads_letters():
    assert "alcohol" in why_not("root beer")


def test_an_interest_all_of_whose_evidence_is_old_has_ended_and_one_recent_purchase_keeps_it():
    assert why_not("tulips", (2,)) == "ended: the last purchase it cites is 57 days old, more than 56"
    assert passes("milk", 3) == []
    assert passes("tulips", 2, stale=57) == []
    assert passes("milk", 3, 7, stale=1) == []


@pytest.mark.parametrize("keyword", ["CAT FOOD", "cats", "Cat food", "food for cats", "the cat"])
def test_the_same_keyword_again_is_refused_in_other_capitals_number_order_or_filling(keyword):
    assert why_not(keyword) == "the same as cat food"


def test_a_refused_keyword_does_not_bar_its_twin():
    verdict = judged({"keyword": "cats", "evidence": []}, CAT)
    assert [each["keyword"] for each in verdict["keywords"]] == ["cat food"]


def test_no_more_than_k_are_accepted_and_refused_ones_do_not_count():
    milk, coffee = {"keyword": "milk", "evidence": [7]}, {"keyword": "coffee", "evidence": [6]}
    verdict = judged({"keyword": "food", "evidence": [4]}, CAT, milk, coffee, k=2)
    assert [each["keyword"] for each in verdict["keywords"]] == ["cat food", "milk"]
    assert verdict["refused"][1] == [3, "more than 2"]


def test_chinese_titles_are_evidence_by_two_neighbouring_characters():
    assert passes("牛奶", 10) == []
    assert passes("鲜牛奶", 10) == ["鲜牛"]
    assert "invented" in why_not("奶牛", (10,))


@pytest.mark.parametrize("each", [
    None, "milk", [], {}, {"keyword": "milk"}, {"evidence": [7]}, {"keyword": 1, "evidence": [7]}, {"keyword": " ", "evidence": [7]},
    {"keyword": "milk", "evidence": 7}, {"keyword": "milk", "evidence": ["7"]}, {"keyword": "milk", "evidence": [True]},
    {"keyword": "milk", "evidence": [7.0]}, {"keyword": "milk", "evidence": [7], "score": .9}], ids=str)
def test_a_keyword_of_another_form_is_refused_at_its_position(each):
    verdict = judged(CAT, each)
    assert verdict["refused"][0][0] == 1
    assert "not an object with exactly keyword" in verdict["refused"][0][1]


@pytest.mark.parametrize("text", ["", "They like milk.", "{", "[" * 100_000, '```json\n{"keywords": []'])
def test_text_that_is_not_json_is_an_error(text):
    with pytest.raises(ValueError, match="not JSON"):
        validate(text, BOUGHT, TODAY)
    with pytest.raises(ValueError, match="not JSON"):
        validate_name(text, ["milk"], [])


@pytest.mark.parametrize("said", [None, [], {}, {"keywords": {}}, {"keywords": [], "mood": "happy"}, {"keywords": None}], ids=str)
def test_json_of_another_form_is_an_error_that_names_the_form(said):
    with pytest.raises(ValueError, match="one key, keywords, and a list under it"):
        validate(json.dumps(said), BOUGHT, TODAY)


@pytest.mark.parametrize("more", [{"k": 0}, {"stale": 0}])
def test_a_limit_below_one_is_an_error(more):
    with pytest.raises(ValueError, match="at least 1"):
        judged(CAT, **more)


# The guard around names

SHELVES = {"fluid", "milk", "cheese", "coffee", "white", "frozen", "dinners", "babies", "wine"}


def naming(words: list, head: object = "Name this topic.") -> str:
    return f"{head}\nFACTS:\n{json.dumps({'words': words})}"


def named(name: str, words=("milk", "cheese", "yogurt")) -> list[str]:
    verdict = validate_name(json.dumps({"name": name}), words, SHELVES)
    assert (verdict["name"] is None) == bool(verdict["refused"])
    return verdict["refused"]


def test_about_half_of_the_names_of_the_stand_in_are_good_and_each_fault_is_in_some_of_the_others_and_is_refused():
    whys = {"brand": "nowhere in the catalogue",
            "long": "more than 4 words", "invented": "among the topic's", "empty": "says nothing", "sensitive": "sensitive"}
    assert set(whys) == set(NAME_FAULTS)
    refused = []
    for head in range(200):
        text = topic_name(naming(["milk", "cheese", "yogurt"], head))
        verdict = validate_name(text, ["milk", "cheese", "yogurt"], SHELVES)
        assert (verdict["name"] is None) == (opened(text)["name"] != "milk cheese")
        refused += [" ".join(verdict["refused"])] if verdict["refused"] else []
    assert 60 < len(refused) < 140
    for why in whys.values():
        assert sum(why in told for told in refused) > 5


def test_a_name_with_a_word_of_the_topic_and_others_of_the_catalogue_is_good():
    for name in ("milk", " Cheeses and Milk ", "frozen cheese dinners"):
        assert named(name) == []


def test_all_reasons_against_a_name_are_told():
    assert named("Pepsi for thirsty babies and more") == [
        "more than 4 words", "sensitive (pregnancy and babies): babies", "none of its words is among the topic's",
        *(f"{word}: a word that stands nowhere in the catalogue, so a brand or an invention" for word in ("pepsi", "thirsty", "more"))]


@pytest.mark.parametrize(("name", "why"), [
    ("", "the name is empty"), ("  ", "the name is empty"), ("food and products", "says nothing: it would fit every household"),
    ("coffee", "none of its words is among the topic's"), ("fluid white frozen milk dinners", "more than 4 words"),
    ("wine and cheese", "sensitive (alcohol and tobacco): wine"),
])
def test_a_name_that_cannot_be_used_is_refused_with_its_reason(name, why):
    assert named(name) == [why]


def test_in_a_chinese_name_two_characters_count_as_one_word():
    assert validate_name('{"name": "牛奶"}', ["纯牛奶"], [])["name"] == "牛奶"
    assert "more than 4 words" in validate_name('{"name": "牛奶牛奶牛奶牛奶牛"}', ["牛奶牛奶"], [])["refused"]


@pytest.mark.parametrize("said", [None, [], {}, {"name": 1}, {"name": "milk", "why": "…"}], ids=str)
def test_a_name_of_another_form_is_an_error_that_names_the_form(said):
    with pytest.raises(ValueError, match="one key, name, and a text under it"):
        validate_name(json.dumps(said), ["milk"], [])


# Words


@pytest.mark.parametrize(("one", "many"), [("cat", "cats"), ("berry", "berries"), ("potato", "potatoes"), ("dish", "dishes"), ("glass", "glasses"),
                                           ("cookie", "cookies"), ("shoe", "shoes"), ("box", "boxes"), ("cheese", "cheeses"), ("toy", "toys")])
def test_singular_and_plural_have_one_stem(one, many):
    assert stem(one) == stem(many)


def test_words_lose_capitals_accents_digits_and_single_letters():
    assert split("Kellogg's CRÈME w/ 12/18PK") == ["kellogg", "creme", "pk"]
    assert telling("A box of the other foods") == [stem("box")]


def test_no_sign_is_in_two_kinds_and_none_is_empty_of_words():
    signs = [sign for kind in SENSITIVE.values() for sign in kind]
    assert len(signs) == len(set(signs))
    assert all(split(sign) for sign in signs)


def test_every_forbidden_category_is_one_of_the_catalogues():
    assert set(FORBIDDEN) <= set(complete_journey.products()["category"].dropna())


def test_the_reasons_why_are_told_in_the_language_chosen():
    language("zh")
    whys = [why for _, why in judged({"keyword": "wine", "evidence": [7]}, {"keyword": "milk", "evidence": []}, None)["refused"]]
    whys += named("Pepsi and wine at home for all")
    assert len(whys) >= 6
    assert all(re.search("[一-鿿]", why) for why in whys)
