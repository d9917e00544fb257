"""The class's secret seed."""

import pytest

from helpers.grading.seeds import class_seed


def test_the_seed_is_the_same_at_every_call(tmp_path):
    assert class_seed(tmp_path / "a" / "seed") == class_seed(tmp_path / "a" / "seed")


def test_two_classes_have_different_seeds(tmp_path):
    assert class_seed(tmp_path / "a") != class_seed(tmp_path / "b")


def test_a_file_that_holds_no_number_is_named_with_the_remedy(tmp_path):
    (tmp_path / "seed").write_text("secret")
    with pytest.raises(ValueError, match="seed holds no seed: write a whole number"):
        class_seed(tmp_path / "seed")
