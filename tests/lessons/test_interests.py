"""Documents see what may be seen, shares fade and shrink as they say, and continuing, new and ended interests are told apart."""

import numpy as np
import pandas as pd
import pytest

from helpers import interests, training
from helpers.interests import Documents

PRODUCTS = pd.DataFrame({"product": [1, 2, 3, 4, 5, 6],
                         "category": ["COFFEE", "FRZN MEAT ", "BEERS/ALES", "FUEL", "COFFEE", None],
                         "type": ["GROUND COFFEE", "FRZN MEAT - ALL OTHER", "BEER", "GASOLINE", "KOSHER COFFEE", None]})


def read(*lines, **settings):
    receipts = pd.DataFrame({"household": [h for h, *_ in lines], "product": [p for _, p, *_ in lines], "sales": [float(s) for *_, s, _ in lines],
                             "time": pd.to_datetime([t for *_, t in lines]).astype("datetime64[ns]")})
    return Documents.read(receipts, PRODUCTS, least=1, **settings)


LINES = ((7, 1, 4, "2017-01-02 09:00"), (7, 2, 4, "2017-01-29 23:00"), (7, 1, 4, "2017-01-30 08:00"), (5, 2, 9, "2017-02-01 08:00"),
         (7, 3, 8, "2017-01-05 09:00"), (7, 5, 8, "2017-01-05 09:00"), (7, 4, 30, "2017-01-05 09:00"), (7, 6, 3, "2017-01-05 09:00"),
         (7, 1, -4, "2017-01-06 09:00"), (7, 1, 4, "2017-01-01 09:00"))


def test_a_document_counts_the_lines_of_its_four_weeks():
    docs = read(*LINES)
    assert docs.households.tolist() == [5, 7]
    assert docs.categories.tolist() == ["COFFEE", "FRZN MEAT"]
    assert docs.by_category.tolist() == [[[0, 0], [0, 1]], [[1, 1], [1, 0]]]


def test_a_word_is_counted_once_for_each_line_whose_type_has_it():
    docs = read(*LINES)
    assert docs.words.tolist() == ["coffee", "frozen", "ground", "meat"]
    assert docs.by_word[1].tolist() == [[1, 1, 1, 1], [1, 0, 1, 0]]


def test_the_sensitive_never_enters_neither_by_category_nor_by_a_word_of_its_type():
    docs = read(*LINES)
    assert docs.left_out["never an interest"] == 2                       # the beer, and the coffee that is called kosher
    assert not {"beer", "kosher"} & set(docs.words)
    assert not set(interests.BABY) - set(interests.NEVER)


def test_a_category_first_bought_after_what_was_known_is_left_out():
    lines = (*LINES, (5, 2, 9, "2017-03-01 08:00"))
    assert read(*lines, known_from=1).categories.tolist() == ["COFFEE", "FRZN MEAT"]
    late = read(*LINES[:1], (5, 2, 9, "2017-02-01 08:00"), known_from=1)
    assert late.categories.tolist() == ["COFFEE"]
    assert "meat" not in late.words
    assert late.left_out["of a category that few knew"] == 1


def test_the_last_lines_end_before_the_month_and_zeros_stand_in_front():
    lines = [(7, 1, 4, f"2017-0{m}-15 08:00") for m in range(1, 8)] + [(7, 2, 4, "2017-06-16 08:00"), (5, 2, 1, "2017-06-17 08:00")]
    docs = read(*lines)
    assert docs.last_lines(6, 3).tolist() == [[0, 0, 2], [1, 1, 2]]      # month 6 begins on 19 June; July is not read
    assert docs.last_lines(6, 9)[1].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 2]


def test_nothing_from_the_month_on_changes_what_was_known():
    lines = [(h, 1 + (h + m) % 2, 4, f"2017-0{m}-15 08:00") for h in (5, 7) for m in range(1, 8)]
    later = [(h, 3 - p, 9 * s, t) if t >= "2017-06-19" else (h, p, s, t) for h, p, s, t in lines]
    one, other = read(*lines, known_from=6), read(*later, known_from=6)
    assert (one.last_lines(6, 4) == other.last_lines(6, 4)).all()
    assert (interests.split(one.by_category, 6).past == interests.split(other.by_category, 6).past).all()
    assert (one.by_type(6) != other.by_type(6)).nnz == 0


def test_names_are_spelled_out_and_what_is_no_taste_is_no_word():
    assert interests.spelled_out("SALD DRSNG/SNDWCH SPRD") == "salad dressing sandwich spread"
    assert interests.words_of("MISC. FRZ CHIX - ALL OTHER 12 PK") == ["frozen", "chicken"]
    assert interests.forbidden(["CHEESE", "LIQUOR"], ["WINE CHEESE", "RUM"]).tolist() == [True, True]
    assert interests.forbidden(["CHEESE", "CHEESE"], ["SWISS CHEESE", None]).tolist() == [False, False]


COUNTS = np.zeros((3, 7, 4), np.float32)
COUNTS[0, [0, 2, 4], 0] = 1          # regular, and goes on
COUNTS[0, [1, 3, 5], 1] = 1          # regular, and ended
COUNTS[0, 5, 2] = 4                  # bought in one month only: many lines make no regular interest
COUNTS[0, 6] = [2, 0, 0, 1]          # month 6: unit 0 continues, unit 3 is new
COUNTS[1, 0, 0] = 1                  # did not come in month 6
COUNTS[2, 6, 0] = 1                  # had never come before


def test_continuing_new_and_ended_are_told_apart():
    at = interests.split(COUNTS, 6)
    assert at.rows.tolist() == [0]
    assert (at.bought & at.seen).tolist() == [[True, False, False, False]]
    assert (at.bought & ~at.seen).tolist() == [[False, False, False, True]]
    assert (at.regular & ~at.bought).tolist() == [[False, True, False, False]]
    with pytest.raises(ValueError, match="6 months"):
        interests.split(COUNTS, 5)


def test_a_share_halves_in_its_half_life_and_never_without_one():
    past = np.zeros((1, 4, 2))
    past[0, 0, 0], past[0, 3, 1] = 8, 1
    assert interests.faded(past, 3).tolist() == [[4, 1]]
    assert interests.faded(past, np.inf).tolist() == [[8, 1]]


def test_shrunk_shares_sum_to_one_and_nothing_known_is_the_prior():
    prior = np.array([.7, .2, .1])
    share = interests.shrunk(np.array([[0, 0, 0], [9., 1, 0]]), prior, kappa=10)
    assert np.allclose(share.sum(axis=1), 1)
    assert np.allclose(share[0], prior)
    assert np.allclose(share[1], [.8, .15, .05])


def test_log_loss_is_the_surprise_of_each_line_and_infinite_where_nothing_was_promised():
    surprise, lines = interests.loss(np.array([[.5, .5, 0], [1, 0, 0]]), np.array([[2, 0, 0], [1, 0, 1]]))
    assert lines.tolist() == [2, 2]
    assert surprise.tolist() == [2 * np.log(2), np.inf]


def test_a_list_holds_what_is_allowed_in_order_of_score_then_position():
    score = np.array([[.1, .3, .3, .2]])
    assert interests.listed(score, 2).tolist() == [[False, True, True, False]]
    assert interests.listed(score, 1, np.array([[True, False, True, True]])).tolist() == [[False, False, True, False]]
    assert interests.listed(score, 3, np.array([[True, False, False, False]])).sum() == 1


def test_precision_is_over_k_recall_over_gold_and_no_gold_counts_nowhere():
    chosen = np.array([[1, 1, 0], [1, 1, 0], [1, 1, 0]], bool)
    told = interests.prf(chosen, np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0]], bool), k=4)
    assert np.allclose(told["P"], [.25, 0, np.nan], equal_nan=True)
    assert np.allclose(told["R"], [.5, 0, np.nan], equal_nan=True)
    assert np.allclose(told["F1"], [1 / 3, 0, np.nan], equal_nan=True)


def test_ended_auc_is_one_half_for_equal_scores_and_asks_regular_interests_only():
    at = interests.split(COUNTS, 6)
    assert interests.ended_auc(np.array([[.4, .1, .9, .9]]), at).tolist() == [1]
    assert interests.ended_auc(np.array([[.1, .4, .9, .9]]), at).tolist() == [0]
    assert interests.ended_auc(np.array([[.4, .4, .9, .9]]), at).tolist() == [.5]


def test_a_household_is_no_neighbour_of_itself():
    counts = np.array([[5., 0, 0], [4, 0, 0], [0, 3, 3], [0, 4, 2]])
    near = interests.neighbours(counts, interests.idf(counts), 1)
    assert np.allclose(near, [[1, 0, 0], [1, 0, 0], [0, 2 / 3, 1 / 3], [0, .5, .5]])


def test_idf_is_the_smooth_one_of_the_documents_given():
    assert np.allclose(interests.idf(np.array([[1, 0], [2, 0], [1, 3.]])), [1, np.log(4 / 2) + 1])


def test_meaning_hands_a_purchase_on_to_what_is_alike_and_popular():
    vectors = np.array([[1., 0], [1, 0], [0, 1]])
    share = interests.by_meaning(np.array([[1., 0, 0]]), vectors, np.array([.2, .6, .2]), tau=.05)
    assert np.allclose(share, [[.25, .75, 0]], atol=1e-6)


@pytest.mark.parametrize("cell", ["simple", "gru", "lstm"])
def test_the_interest_network_gives_a_probability_a_keyword_and_does_not_read_padding(cell):
    model = training.interest_rnn(5, 3, cell=cell, units=4)
    short, padded = np.array([[2, 5, 1]]), np.array([[0, 0, 2, 5, 1]])
    p = model.predict(short, verbose=0)
    assert p.shape == (1, 3)
    assert ((p > 0) & (p < 1)).all()
    assert np.allclose(p, model.predict(padded, verbose=0), atol=1e-5)
