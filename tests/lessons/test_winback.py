"""`completion.win_back` makes each planted fault, and `helpers.winback` refuses each, saying why."""

import json
import re

import pytest

from helpers.completion import FAULTS, REASONS, CompletionError, Scripted, connect, win_back
from helpers.language import language
from helpers.winback import validate

MESSAGES = {11: "My parcel came nine days late. The second one too!", 12: "Your prices went up again. I found it cheaper.",
            13: "Two eggs were broken.", 14: "Hello? Anybody?"}
OFFER = {"percent": 10, "until": "2017-12-03"}
DRAFT = "We are sorry that your parcel came late. Until 2017-12-03 you have 10 % off your next order."
REASON = {"reason": "late delivery", "message": 11, "quote": "came nine days late"}
CUSTOMERS = [(MESSAGES, OFFER), ({5: "We moved to Leeds."}, {"percent": 99, "until": "2017-12-31"}),
             ({7: "牛奶送到时已经坏了。客服没有回复！", 8: "价格也贵了。"}, {"percent": 5, "until": "2017-02-28"}),
             ({1: "Same words.", 2: "Same words."}, {"percent": 20, "until": "2020-02-29"}),
             ({3: "it is cheaper everywhere else, everything came broken, nobody told me when it would come, there is no branch near my new flat"}, OFFER)]


pytestmark = pytest.mark.usefixtures("english")


def asking(messages: dict, offer: dict, head: object = "Why did the customer leave?") -> str:
    return f"{head}\nFACTS:\n{json.dumps({'messages': {str(i): words for i, words in messages.items()}, 'offer': offer})}\nAnswer with JSON."


def answered(prompt: str) -> dict:
    return json.loads(win_back(prompt).removeprefix("```json\n").removesuffix("\n```"))


def answer(reasons=(REASON,), draft=DRAFT, **more) -> str:
    return json.dumps({"reasons": list(reasons), "draft": draft, **more})


def judged(text: str, messages=MESSAGES, offer=OFFER) -> dict:
    return validate(text, messages, offer)


def why_not(change: dict) -> str:
    """Why a reason that was good before this change is refused."""
    verdict = judged(answer([REASON, REASON | change]))
    assert verdict["reasons"] == [REASON]
    [[position, why]] = verdict["refused"]
    assert position == 1
    return why


def faults(said: dict, messages: dict, offer: dict) -> set[str]:
    """The faults in an answer of the stand-in, told from the facts alone."""
    found = {"probability"} if "probability_of_leaving" in said else set()
    for reason in said["reasons"]:
        if not any(reason["quote"] in words for words in messages.values()):
            found.add("invented")
        elif reason["quote"] not in messages.get(reason["message"], ""):
            found.add("misplaced")
    [percent], [until] = re.findall(r"(\d+) ?%", said["draft"]), re.findall(r"\d+-\d+-\d+", said["draft"])
    assert offer["percent"] <= int(percent) <= 100
    assert until >= offer["until"]
    larger, later = int(percent) > offer["percent"], until > offer["until"]
    assert not (larger and later)
    return found | ({"promise"} if larger or later else set())


# The stand-in


@pytest.mark.parametrize("customer", range(len(CUSTOMERS)))
def test_every_answer_has_a_fault_each_fault_is_in_some_of_thirty_answers_and_none_is_in_all(customer):
    messages, offer = CUSTOMERS[customer]
    made = [faults(answered(asking(messages, offer, head)), messages, offer) for head in range(30)]
    assert all(made)
    for fault in FAULTS:
        assert 5 < sum(fault in found for found in made) < 25


def test_the_broken_promise_is_a_larger_discount_in_some_answers_and_a_later_day_in_others():
    drafts = [answered(asking(MESSAGES, OFFER, i))["draft"] for i in range(100)]
    assert {int(re.search(r"(\d+) %", draft)[1]) for draft in drafts} == {10, 15, 20, 25}
    assert {re.search(r"\d+-\d+-\d+", draft)[0] for draft in drafts} == {"2017-12-03", "2017-12-10", "2017-12-17", "2017-12-24", "2017-12-31"}


def test_the_true_reasons_are_told_by_their_words_and_quoted_by_the_sentence_for_the_first_three_messages():
    said = next(said for said in (answered(asking(MESSAGES, OFFER, i)) for i in range(50)) if not faults(said, MESSAGES, OFFER) & {"invented", "misplaced"})
    assert sorted(said["reasons"], key=lambda reason: reason["message"]) == [
        {"reason": "late delivery", "message": 11, "quote": "My parcel came nine days late."},
        {"reason": "price", "message": 12, "quote": "Your prices went up again."},
        {"reason": "quality", "message": 13, "quote": "Two eggs were broken."}]


def test_a_message_that_tells_no_reason_counts_as_other():
    assert {"reason": "other", "message": 14, "quote": "Hello?"} in answered(asking({14: MESSAGES[14]}, OFFER))["reasons"]


def test_every_reason_is_of_the_list():
    assert {reason["reason"] for i in range(50) for messages, offer in CUSTOMERS for reason in answered(asking(messages, offer, i))["reasons"]} == set(REASONS)


def test_the_misplaced_quote_cites_an_id_nobody_has_where_no_other_message_could_be_meant():
    messages, offer = CUSTOMERS[1]
    cited = {reason["message"] for i in range(30) for reason in answered(asking(messages, offer, i))["reasons"] if reason["quote"] in messages[5]}
    assert min(cited) == 5
    assert len(cited) > 1


def test_the_draft_has_two_or_three_sentences_in_the_language_of_the_messages():
    drafts = [answered(asking(*CUSTOMERS[customer], i))["draft"] for i in range(20) for customer in (0, 2)]
    assert all(len(re.findall("[.。]", draft)) in (2, 3) for draft in drafts)
    assert [bool(re.search("[一-鿿]", draft)) for draft in drafts] == [False, True] * 20


def test_the_same_prompt_gives_the_same_answer_and_another_wording_another_probability():
    assert win_back(asking(MESSAGES, OFFER)) == win_back(asking(MESSAGES, OFFER))
    told = {answered(asking(MESSAGES, OFFER, i)).get("probability_of_leaving") for i in range(20)} - {None}
    assert len(told) > 3
    assert .5 <= min(told) <= max(told) < 1


def test_about_one_answer_in_three_is_fenced():
    answers = [win_back(asking(MESSAGES, OFFER, i)) for i in range(300)]
    fenced = [text for text in answers if text.startswith("```json\n") and text.endswith("\n```")]
    assert 70 < len(fenced) < 130
    assert all(text.startswith("{") for text in answers if text not in fenced)


def test_the_stand_in_takes_the_place_of_a_model(capsys):
    assert connect(win_back) == Scripted(win_back)
    assert "SCRIPTED" in capsys.readouterr().out
    assert Scripted(win_back)(asking(MESSAGES, OFFER)) == win_back(asking(MESSAGES, OFFER))


@pytest.mark.parametrize("prompt", ["", "Use the FACTS: below", "FACTS:\nnone", 'FACTS:\n{"messages": '])
def test_a_prompt_without_facts_is_refused_in_both_languages_in_the_name_of_the_stand_in(prompt):
    with pytest.raises(CompletionError, match=r"^win_back: the prompt has no line FACTS:") as caught:
        win_back(prompt)
    language("zh")
    assert str(caught.value).startswith("win_back：提示词中没有 FACTS:")


@pytest.mark.parametrize("facts", [
    [], {}, {"messages": {"1": "late"}}, {"offer": OFFER}, {"messages": {}, "offer": OFFER}, {"messages": ["late"], "offer": OFFER},
    {"messages": {"one": "late"}, "offer": OFFER}, {"messages": {"1": 2}, "offer": OFFER}, {"messages": {"1": "late", "2": " "}, "offer": OFFER},
    *({"messages": {"1": "late"}, "offer": offer} for offer in (
        [], {"percent": 10}, {"until": "2017-12-03"}, OFFER | {"percent": 0}, OFFER | {"percent": 100}, OFFER | {"percent": "10"},
        OFFER | {"percent": True}, OFFER | {"until": "2017-02-30"}, OFFER | {"until": "3 December"}, OFFER | {"until": "9999-12-31"})),
], ids=str)
def test_facts_of_another_shape_are_refused_in_both_languages_and_the_right_shape_is_shown(facts):
    with pytest.raises(CompletionError, match=re.escape('win_back: after FACTS: there must be {"messages": {"<integer id>"')) as caught:
        win_back(f"FACTS:\n{json.dumps(facts)}")
    language("zh")
    assert '{"messages": {"<整数编号>"' in str(caught.value)


# The guard


def test_a_clean_answer_passes_unchanged():
    assert judged(answer()) == {"reasons": [REASON], "refused": [], "draft": DRAFT, "draft_refused": []}


def test_a_clean_answer_passes_in_a_fence():
    for fence in ("```json\n{}\n```", "```\n{}\n```", " \n```json\n{}\n```\n"):
        assert judged(fence.replace("{}", answer()))["draft"] == DRAFT


@pytest.mark.parametrize("customer", range(len(CUSTOMERS)))
def test_of_every_answer_of_the_stand_in_what_is_planted_is_refused_and_the_rest_accepted(customer):
    messages, offer = CUSTOMERS[customer]
    for head in range(60):
        prompt = asking(messages, offer, head)
        said = answered(prompt)
        verdict, planted = validate(win_back(prompt), messages, offer), faults(said, messages, offer)
        refused = dict(verdict["refused"])
        assert {"reasons": verdict["reasons"], "draft": verdict["draft"] or said["draft"]} == {
            "reasons": [reason for position, reason in enumerate(said["reasons"]) if position not in refused], "draft": said["draft"]}
        assert ("probability_of_leaving" in refused) == ("probability" in planted)
        assert len(refused) == len(planted & {"invented", "misplaced", "probability"})
        assert (verdict["draft"] is None) == ("promise" in planted)
        assert bool(verdict["draft_refused"]) == (verdict["draft"] is None)


def test_words_that_nobody_wrote_are_refused_and_shown():
    assert why_not({"quote": "I am furious"}) == "nobody wrote these words: I am furious"


@pytest.mark.parametrize("quote", ["Came nine days late", "came nine  days late", "came 9 days late", "came nine days late!"])
def test_a_quote_must_stand_to_the_letter(quote):
    assert "nobody wrote" in why_not({"quote": quote})


def test_a_quote_of_another_message_is_refused_and_the_message_it_stands_in_is_named():
    assert why_not({"message": 12}) == "the quote does not stand in message 12, but in 11"


def test_a_message_that_does_not_exist_is_refused():
    assert why_not({"message": 99}) == "there is no message 99"


@pytest.mark.parametrize("reason", ["weather", "Price", "late delivery "])
def test_a_reason_outside_the_list_is_refused(reason):
    assert why_not({"reason": reason}) == f"no reason of the list: {reason}"


@pytest.mark.parametrize("change", [{"reason": 1}, {"reason": ["price"]}, {"message": "11"}, {"message": True}, {"message": 11.0}, {"message": None},
                                    {"quote": ""}, {"quote": " "}, {"quote": None}], ids=str)
def test_a_reason_of_another_form_is_refused(change):
    assert "not an object with reason, message" in why_not(change)


def test_what_is_no_reason_at_all_is_refused_at_its_position():
    verdict = judged(answer(["late", REASON, {}, None]))
    assert [position for position, _ in verdict["refused"]] == [0, 2, 3]
    assert verdict["reasons"] == [REASON]


@pytest.mark.parametrize("key", ["probability_of_leaving", "score", "churnRisk", "likelihood", "confidence", "流失概率"])
def test_a_probability_is_refused_whole_and_named_and_takes_nothing_else_with_it(key):
    verdict = judged(answer(**{key: .87}))
    assert verdict["refused"] == [[key, f"{key}: a probability or score; it comes from a calibrated model, never from here"]]
    assert (verdict["reasons"], verdict["draft"]) == ([REASON], DRAFT)


def test_a_probability_inside_a_reason_takes_the_reason_with_it():
    assert why_not({"note": "", "probability": .9}).startswith("probability: a probability or score")


def test_any_other_key_nobody_asked_for_is_refused_and_named():
    assert judged(answer(thoughts="…"))["refused"] == [["thoughts", "thoughts: nobody asked for this"]]
    assert why_not({"thoughts": "…"}) == "thoughts: nobody asked for this"


@pytest.mark.parametrize("form", ["10%", "10 %", "10 percent", "10 per cent", "10-percent", "１０％", "10 Percent"])
def test_the_offers_percentage_may_be_written_in_the_usual_ways(form):
    assert judged(answer(draft=f"Take {form} off until 2017-12-03."))["draft_refused"] == []


def test_a_percentage_with_a_fraction_is_read_whole():
    assert validate(answer(draft="12.5 % off until 2017-12-03."), MESSAGES, OFFER | {"percent": 12.5})["draft_refused"] == []
    assert validate(answer(draft="12.5 % off until 2017-12-03."), MESSAGES, OFFER | {"percent": 5})["draft"] is None


@pytest.mark.parametrize(("promise", "said"), [
    ("25 % off", "25 %"), ("110 % off", "110 %"), ("5 to 10 % off", "5"), ("10–15 % off", "10–15 %"), ("2.10 % off", "2.10 %"), ("２５％ off", "25%"),
    ("½ off", "1"), ("9折", "9"), ("until 2017-12-31", "2017-12-31"), ("until 31 December", "31"), ("until 12/31/2017", "12/31/2017"),
    ("12月31日之前", "12"), ("until 2018", "2018"), ("until 12017-12-03", "12017-12-03"), ("until 2017-12-031", "2017-12-031"),
    ("a voucher of 50 USD", "50"), ("within 24 hours", "24"), ("you leave with 0.87", "0.87"),
])
def test_a_draft_that_holds_a_number_beside_the_offers_is_refused_and_the_number_shown(promise, said):
    verdict = judged(answer(draft=f"{DRAFT} Also {promise}."))
    assert verdict["draft"] is None
    assert verdict["draft_refused"][0] == f"the draft says {said}, and the offer is 10 % until 2017-12-03"
    assert verdict["reasons"] == [REASON]


@pytest.mark.parametrize(("draft", "part"), [("Come back until 2017-12-03.", "10 %"), ("Come back for 10 % off.", "2017-12-03")])
def test_a_draft_that_does_not_state_the_offer_is_refused(draft, part):
    assert judged(answer(draft=draft))["draft_refused"] == [f"the draft does not state the offer's {part}"]


def test_an_empty_draft_is_refused():
    assert judged(answer(draft=" "))["draft_refused"] == ["the draft is empty"]


@pytest.mark.parametrize("text", ["", "Dear customer,", "{", "[" * 100_000, '```json\n{"reasons": []'])
def test_text_that_is_not_json_is_an_error(text):
    with pytest.raises(ValueError, match="not JSON"):
        judged(text)


@pytest.mark.parametrize("said", [None, [], {}, {"reasons": []}, {"draft": DRAFT}, {"reasons": {}, "draft": DRAFT}, {"reasons": [], "draft": None},
                                  {"reasons": [], "draft": {"text": DRAFT, "probability": .9}}], ids=str)
def test_json_of_another_form_is_an_error_that_names_the_form(said):
    with pytest.raises(ValueError, match="a list under reasons and a text under draft"):
        judged(json.dumps(said))


def test_the_reasons_why_are_told_in_the_language_chosen():
    language("zh")
    verdict = judged(answer([REASON | {"message": 99}], "25 % off", score=1))
    whys = [why for _, why in verdict["refused"]] + verdict["draft_refused"]
    assert len(whys) == 3
    assert all(re.search("[一-鿿]", why) for why in whys)
