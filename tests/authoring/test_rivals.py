"""The recommenders' budgets, as a time-out at three times as much, and the comparison with `implicit` without `implicit`."""

import sys
import time

import numpy as np
import pytest

from helpers import recommenders
from helpers.authoring import bench, rivals
from helpers.authoring.bench import RECOMMENDERS, SLACK

EASE, SASREC = RECOMMENDERS.values()


def computed(function, *args) -> float:
    """CPU seconds of two cores: other tests run beside this one, and a wall clock would time them as well."""
    started = time.process_time()
    function(*args)
    return (time.process_time() - started) / 2


@pytest.mark.slow
def test_ease_of_five_thousand_items_keeps_to_the_budget():
    assert computed(rivals.ease_seconds) < SLACK * EASE


@pytest.mark.slow
def test_an_epoch_of_sasrec_at_movielens_size_keeps_to_the_budget():
    # A quarter of the members, since an epoch is four times as long for four times as many; and three epochs, of which the bench times one.
    assert 4 / 3 * computed(rivals.sasrec_seconds, rivals.MEMBERS // 4) < SLACK * SASREC


def test_a_made_matrix_hides_some_of_what_each_member_watched_and_repeats_under_its_seed():
    X, gold = rivals.made_ratings(60, 200, median=30)
    again, _ = rivals.made_ratings(60, 200, median=30)
    assert (again != X).nnz == 0
    assert not (X.toarray().astype(bool) & gold).any()
    assert .05 < gold.sum() / (gold.sum() + X.nnz) < .15
    assert set(X.data) == {1.}


FAKE = """if True:
    import sys, json
    import numpy as np
    from scipy import sparse
    X, (name, settings) = sparse.load_npz(sys.argv[1]), json.loads(sys.argv[2])
    np.save(sys.argv[3], np.asarray(X.sum(axis=0)).repeat(X.shape[0], axis=0) * settings["sign"])
    print(settings["seconds"])
"""


@pytest.mark.parametrize("sign", [1, -1])
def test_seconds_and_recall_of_both_are_measured_on_the_same_matrix(monkeypatch, tmp_path, sign):
    monkeypatch.setattr(rivals, "CODE", FAKE)
    monkeypatch.setattr(rivals, "ROUNDS", 1)
    X, gold = rivals.made_ratings(60, 200, median=30)
    got = rivals.compare(rivals.Rival(recommenders.popular, "Popular", {"sign": sign, "seconds": 2.5}), sys.executable, X, gold, tmp_path)
    assert got.theirs == 2.5
    assert 0 < got.ours < 2.5
    assert (got.our_recall == pytest.approx(got.their_recall)) is (sign == 1)
    assert got.fair


def test_worse_than_theirs_by_more_than_the_tolerance_is_no_fair_comparison():
    assert rivals.Compared(1, 1, .20, .205).fair
    assert not rivals.Compared(1, 1, .20, .22).fair


def test_where_implicit_cannot_be_installed_the_bench_says_so_and_goes_on(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(rivals, "VERSION", "0.0.0+none")
    monkeypatch.setattr(rivals, "ease_seconds", lambda: 1.)
    monkeypatch.setattr(rivals, "sasrec_seconds", lambda: 10.)
    monkeypatch.setattr(rivals.subprocess, "run", _refused)
    bench.bench(tmp_path, "recommenders")
    told = capsys.readouterr().out
    assert "cannot be installed here" in told
    assert "no such version" in told
    assert "SASRec" in told


def _refused(command, **options):
    return type("Ran", (), {"returncode": 1, "stdout": "", "stderr": "looking\nno such version\n"})()


def test_the_command_knows_every_part_of_the_bench(capsys):
    from helpers.authoring.__main__ import main

    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    told = capsys.readouterr().out
    assert all(part in told for part in bench.PARTS)


def test_scores_are_finite():
    X, _ = rivals.made_ratings(60, 200, median=30)
    for rival in rivals.RIVALS.values():
        assert np.isfinite(rival.ours(X)).all()
