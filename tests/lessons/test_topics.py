"""Topics that were planted are found again, coherence and stability are what they say, and pictures show sizes."""

import numpy as np

from helpers import plots, topics


def planted(seed: int, documents: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Documents of three topics with five words each, nearly one topic a document: (counts, phi)."""
    rng = np.random.default_rng(seed)
    phi = np.kron(np.eye(3), np.ones(5) / 5)
    theta = rng.dirichlet(np.full(3, .1), documents)
    return rng.poisson(20 * theta @ phi).astype(np.float32), phi


def test_planted_topics_are_found_whatever_their_order():
    counts, phi = planted(0)
    fit = topics.fit(counts, 3, seed=0)
    assert np.allclose(fit.phi.sum(axis=1), 1)
    assert topics.matched(fit.phi, phi).min() > .95
    mixture = fit.mixture(counts)
    assert mixture.shape == (300, 3)
    assert np.allclose(mixture.sum(axis=1), 1)


def test_topics_that_are_there_are_found_by_another_seed():
    counts, _ = planted(0)
    noise = np.random.default_rng(1).poisson(2, counts.shape).astype(np.float32)
    there, not_there = ([topics.fit(of, 3, seed).phi for seed in (0, 1)] for of in (counts, noise))
    assert topics.stability(there) > .95
    assert topics.stability(there) > topics.stability(not_there)


def test_words_that_always_meet_are_coherent_and_words_that_never_do_are_not():
    present = np.array([[1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 1], [0, 0, 1, 1]], bool)
    assert topics.npmi(np.array([[0, 1], [0, 2], [0, 3]]), present).tolist() == [1, -1, 0]


def test_a_pair_in_every_document_counts_as_coherent_and_an_unseen_word_as_never_meeting():
    present = np.array([[1, 1, 0], [1, 1, 0]], bool)
    assert topics.npmi(np.array([[0, 1], [0, 2]]), present).tolist() == [1, -1]


def test_coherence_is_the_mean_over_pairs_whatever_the_order_of_the_words():
    present = np.random.default_rng(0).random((50, 6)) < .4
    one, other = topics.npmi(np.array([[0, 3, 5], [5, 0, 3]]), present)
    pairs = [topics.npmi(np.array([pair]), present)[0] for pair in ((0, 3), (0, 5), (3, 5))]
    assert np.isclose(one, other)
    assert np.isclose(one, np.mean(pairs))


def test_relevance_by_share_alone_is_the_share_and_by_lift_alone_what_sets_apart():
    fit = topics.Topics(np.array([[.6, .4], [.9, .1]]), np.array([.8, .2]), None)
    assert topics.top_units(fit.relevance(1), 1).tolist() == [[0], [0]]
    assert topics.top_units(fit.relevance(0), 1).tolist() == [[1], [0]]


def test_diversity_counts_different_words():
    assert topics.diversity(np.array([[0, 1], [2, 3]])) == 1
    assert topics.diversity(np.array([[0, 1], [0, 1]])) == .5


def test_the_larger_the_share_the_larger_the_letters():
    ax = plots.ranked_words({"one": [("milk", .5), ("tea", .1)], "two": [("cat food", .2)]}, title="t")
    size = {text.get_text(): text.get_fontsize() for text in ax.texts}
    assert size["milk"] > size["cat food"] > size["tea"]
    plots.plt.close("all")


def test_a_period_without_a_purchase_has_no_dot():
    ax = plots.through_time({"milk": [1, 0, 3]}, title="t", xlabel="month")
    dots = ax.collections[0]
    assert dots.get_offsets()[:, 0].tolist() == [1, 3]
    assert dots.get_sizes()[1] > dots.get_sizes()[0]
    plots.plt.close("all")
