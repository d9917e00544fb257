"""The protocol of the published figures, by hand on a tiny file, and the command on a made one."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from helpers import movielens
from helpers.data import download
from helpers.data.installed import sha256
from helpers.movielens import PUBLISHED, LeaveOneOut, Settings, main, run


def frame(*rows: tuple[int, int, int]) -> pd.DataFrame:
    """Ratings of (user, film, second)."""
    return pd.DataFrame(rows, columns=["user", "film", "time"])


def saved(path, rows) -> str:
    """A zip in the true form with these (user, film, second)."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as whole:
        whole.writestr("ml-1m/ratings.dat", "".join(f"{user}::{film}::3::{second}\n" for user, film, second in rows))
    path.write_bytes(content.getvalue())
    return str(path)


def walks(users: int = 80, films: int = 40, steps: int = 12, seed: int = 0) -> list[tuple[int, int, int]]:
    """Members who mostly rate the films of a ring one after the other: order is all there is to learn."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(1, users + 1):
        film, seen = int(rng.integers(films)), []
        while len(seen) < steps:
            if film not in seen:
                rows.append((user, film + 1, 978_300_760 + 60 * len(seen)))
                seen.append(film)
            film = (film + 1) % films if rng.random() < .9 else int(rng.integers(films))
    return rows


TINY = frame((7, 30, 3), (7, 10, 1), (7, 20, 2), (7, 40, 4), (7, 99, 5),
             (3, 20, 5), (3, 10, 5), (3, 40, 5), (3, 30, 9),
             (5, 10, 1), (5, 20, 2), (9, 20, 1), (9, 30, 2), (9, 40, 3))
"""Film 99 has one rating, member 5 two: at `least=2` both a rare film and, then, a member with too few are dropped."""


@pytest.fixture
def tiny() -> LeaveOneOut:
    return LeaveOneOut.of(TINY, least=2)


def test_rare_films_go_and_then_who_has_fewer_than_three_left(tiny):
    assert tiny.users.tolist() == [3, 7, 9]
    assert tiny.films.tolist() == [10, 20, 30, 40]
    assert len(tiny.item) == 11


def test_counts_are_taken_once_on_the_whole_file():
    # Film 2 has two ratings, one of them by member 8, who goes for having one: the film stays, with the rating that is left.
    kept = LeaveOneOut.of(frame((1, 1, 1), (1, 2, 2), (1, 3, 3), (4, 1, 1), (4, 3, 2), (4, 5, 3), (6, 5, 1), (6, 1, 2), (6, 3, 3), (8, 2, 1)),
                          least=2)
    assert kept.films.tolist() == [1, 2, 3, 5]


def test_a_members_films_stand_in_order_of_time_and_equal_times_in_the_files_order(tiny):
    ids = [tiny.films[tiny.item[a:b]].tolist() for a, b in zip(tiny.start, tiny.start[1:], strict=False)]
    assert ids == [[20, 10, 40, 30], [10, 20, 30, 40], [20, 30, 40]]


def test_the_last_film_is_the_test_and_the_one_before_it_chooses(tiny):
    assert tiny.films[tiny.last()].tolist() == [30, 40, 40]
    assert tiny.films[tiny.last(1)].tolist() == [40, 30, 30]


def test_training_sees_neither_of_the_last_two(tiny):
    assert tiny.matrix(2).toarray().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0]]
    assert tiny.matrix(1).toarray().tolist() == [[1, 1, 0, 1], [1, 1, 1, 0], [0, 1, 1, 0]]


def test_sequences_are_the_latest_films_with_padding_in_front(tiny):
    assert tiny.sequences(2, 3).tolist() == [[0, 2, 1], [0, 1, 2], [0, 0, 2]]
    assert tiny.sequences(1, 2).tolist() == [[1, 4], [2, 3], [2, 3]]


def test_bigrams_count_what_followed_in_training_alone(tiny):
    # Training: 20→10 (member 3) and 10→20 (member 7).  Members 7 and 9 stand at film 30, which nothing followed: popularity decides.
    popularity = np.array([2, 3, 0, 0]) / 6
    assert np.allclose(movielens.bigrams(tiny, 1), [popularity, popularity, popularity])
    assert np.allclose(movielens.bigrams(tiny, 2), popularity + np.eye(4)[[1, 0, 0]])


def test_seen_films_are_no_candidates_and_the_ranking_is_full(tiny):
    # Member 3 has rated all but film 30, so it is first whatever the scores; 7 likewise; 9 has 10 and 40 left: the last film is second of two.
    scores = np.array([[9., 9., 0., 9.], [9., 9., 9., 0.], [5., 0., 0., 1.]])
    assert movielens._judge(tiny, scores, 0)["rank"].tolist() == [1, 1, 2]


def test_a_files_ratings_that_leave_nobody_are_refused():
    with pytest.raises(ValueError, match="nothing to rank"):
        LeaveOneOut.of(TINY, least=50)


def test_order_is_found_by_those_who_look_at_it():
    data = LeaveOneOut.of(frame(*walks(users=300, steps=15)))
    found = {model: run(model, data, Settings()) for model in movielens.CLASSICAL}
    best = found.pop("bigrams")
    assert best.ndcg > max(each.ndcg + each.ndcg_error for each in found.values())
    assert found.pop("popular").ndcg < min(each.ndcg for each in found.values())
    assert all(0 <= each.ndcg <= each.hr <= 1 for each in found.values())


@pytest.mark.slow
def test_the_command_runs_every_model_on_a_made_file_and_compares_with_nothing(tmp_path, capsys):
    assert main(["--file", saved(tmp_path / "made.zip", walks()), "--quick", "--length", "8", "--epochs", "1"]) == 0
    told = capsys.readouterr().out
    assert "80 members, 40 films, 960 ratings" in told
    assert "A made file" in told
    for model in movielens.MODELS:
        assert f"\n{model} " in told
    assert movielens.SOURCE not in told


def test_only_the_true_file_with_the_papers_counts_stands_beside_published_figures(tmp_path, capsys, monkeypatch):
    path = tmp_path / "ml-1m.zip"
    saved(path, walks())
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    monkeypatch.setattr(download, "ML_1M", download.ML_1M._replace(sha256=sha256(path), size=path.stat().st_size))
    assert main(["--models", "popular"]) == 0
    other = capsys.readouterr().out
    assert "do not compare" in other
    assert movielens.SOURCE not in other
    monkeypatch.setattr(movielens, "PAPERS", (80, 40, 960))
    assert main(["--models", "popular", "--quick"]) == 0
    same = capsys.readouterr().out
    assert "the same as in the papers" in same
    assert "A short training" in same
    for name, (hr, ndcg) in PUBLISHED.items():
        assert f"{name:<32} HR@10 {hr:.4f}  NDCG@10 {ndcg:.4f}" in same


def test_a_missing_a_damaged_and_an_empty_file_are_named(tmp_path, capsys):
    assert main(["--file", str(tmp_path / "none.zip")]) == 1
    assert f"there is no file {tmp_path / 'none.zip'}" in capsys.readouterr().err
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    assert main(["--file", str(tmp_path / "cut.zip")]) == 1
    assert str(tmp_path / "cut.zip") in capsys.readouterr().err
    assert main(["--file", saved(tmp_path / "few.zip", walks(users=3, steps=3))]) == 1
    assert "nothing to rank" in capsys.readouterr().err


def test_a_damaged_file_in_the_cache_is_refused_and_not_trained_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    saved(tmp_path / "ml-1m.zip", walks())
    assert main(["--models", "popular"]) == 1
    assert "damaged, or another file" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "message"), [(["--models", "magic"], "no model 'magic'"), (["--epochs", "0"], "--epochs")])
def test_an_impossible_wish_is_refused_before_anything_is_read(options, message, capsys):
    with pytest.raises(SystemExit):
        main(options)
    assert message in capsys.readouterr().err
