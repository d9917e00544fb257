"""`make mutants`: the operators change what they say, hidden cases kill, and the list of equal programs is held to the survivors."""

import time
from dataclasses import replace

import pytest

from helpers.authoring import mutants as made
from helpers.authoring.mutants import MODEL, Mutant, counted, equivalents, measure, mutants, refused, survivors, trials
from helpers.authoring.source import functions_of
from helpers.checks.exercise import find
from helpers.course import lesson


def changes(body: str, parameters: str = "x", operators=made.NUMERIC) -> set[str]:
    return {mutant.change for mutant in mutants(f"def f({parameters}):\n    {body}\n", operators)}


@pytest.mark.parametrize(("body", "change"), [
    ("return x.mean()", "x.mean -> x.sum"),
    ("return x.sum(axis=1)", "axis=1 -> axis=0"),
    ("return x.sum(0)", "x.sum(0) -> x.sum(1)"),
    ("return x > 2", "x > 2 -> x >= 2"),
    ("return 0 <= x < 3", "0 <= x < 3 -> 0 <= x <= 3"),
    ("return x and y", "x and y -> x or y"),
    ("return not x", "not x -> x"),
    ("return -x", "-x -> x"),
    ("return x.groupby(['a', 'b']).size()", "x.groupby(['a', 'b']) -> x.groupby(['a'])"),
    ("return x.drop_duplicates(subset=['a', 'b'])", "x.drop_duplicates(subset=['a', 'b']) -> x.drop_duplicates(subset=['b'])"),
    ("return x.sort_values('a', ascending=False)", "ascending=False -> ascending=True"),
    ("return x.argsort(kind='stable')", "x.argsort(kind='stable') -> x.argsort()"),
    ("return x.merge(y, how='inner')", "how='inner' -> how='left'"),
    ("return x.groupby('a').first()", "x.groupby('a').first -> x.groupby('a').last"),
    ("return x.std()", "x.std() -> x.std(ddof=1)"),
    ("return max(x)", "max(x) -> min(x)"),
    ("x += 1; return x", "x += 1 -> (dropped)"),
    ("x[0] = 1; return x", "x[0] = 1 -> (dropped)"),
    ("x = sorted(x); return x", "x = sorted(x) -> (dropped)"),
])
def test_an_operator_makes_the_change_it_is_for(body, change):
    assert change in changes(body)


def test_a_name_is_taken_for_its_neighbour_in_the_signature_and_for_no_other():
    found = changes("return df[df.t < train_end]", "df, train_end, valid_end")
    assert {"df.t < train_end -> df.t < df", "df.t < train_end -> df.t < valid_end"} <= found
    assert not any("valid_end[" in change for change in found)
    assert "(train, test) -> (test, train)" in changes("return train, test", "train, test")


def test_a_refusal_may_be_dropped_but_its_message_is_left_alone():
    source = "def f(k):\n    if k < 1:\n        raise ValueError(f'{k + 1}')\n    return k\n"
    found = {mutant.change for mutant in mutants(source)}
    assert "if k < 1: -> (dropped)" in found
    assert not any("k + 1" in change or "k - 1" in change for change in found)


def test_no_two_mutants_are_the_same_program_or_are_told_in_the_same_words():
    source = "def f(x):\n    y, z = np.zeros(x), np.zeros(x)\n    return (y, z), not True, x[1] + x[1]\n"
    found = list(mutants(source))
    assert len({m.program for m in found}) == len({(m.line, m.change) for m in found}) == len(found)
    assert any(m.change.endswith("-> np.ones (2)") for m in found)


def test_of_a_model_only_sizes_words_and_layers_change():
    found = changes("x = layers.Conv1D(64, 3, activation='relu')(x); return compiled(x, loss='binary_crossentropy')", operators=MODEL)
    conv = "layers.Conv1D(64, 3, activation='relu')"
    assert found == {f"{conv} -> layers.Conv1D(1, 3, activation='relu')", f"{conv} -> layers.Conv1D(64, 1, activation='relu')",
                     "activation='relu' -> activation='linear'", f"x = {conv}(x) -> (dropped)",
                     "loss='binary_crossentropy' -> loss='mean_squared_error'",
                     "loss='binary_crossentropy' -> loss='categorical_crossentropy'"}


@pytest.mark.parametrize("name", ["cost_threshold", "prior_correct"])
def test_the_hidden_cases_of_a_small_exercise_kill_every_mutant(course, name):
    left, count = survivors(course, find(name))
    assert left == []
    assert count >= 8


def test_cases_that_show_too_little_let_mutants_live(course):
    exercise = find("cost_threshold")
    functions = functions_of(course, exercise)
    asked = [(case, outcome) for case, outcome in trials(exercise, functions) if case.error is None]
    careless = {"cost_threshold": lambda gain, cost: cost / gain}
    assert not refused(exercise, careless, asked)
    assert refused(exercise, careless, trials(exercise, functions))


def test_a_mutated_loop_without_end_is_stopped_and_counts_as_killed(course):
    def endless(gain, cost):
        while True:
            pass

    exercise = find("cost_threshold")
    asked = trials(exercise, functions_of(course, exercise))
    started = time.monotonic()
    assert refused(replace(exercise, seconds=.2), {"cost_threshold": endless}, asked)
    assert time.monotonic() - started < 5


def test_too_few_killed_and_an_entry_that_names_no_survivor_are_faults():
    exercise, left = find("lift_at_k"), [Mutant("line", "a -> b", ""), Mutant("line", "c -> d", "")]
    row, faults = counted(exercise, left, 40, {("line", "a -> b"): "equal"})
    assert row == "| 01 | `lift_at_k` | 40 | 38 | 1 | 1 | 97.4% |"
    assert faults == []
    _, faults = counted(exercise, left, 20, {("line", "a -> b"): "equal"})
    assert any("only 94.7%" in fault for fault in faults)
    _, faults = counted(exercise, left, 40, {("line", "a -> z"): "equal"})
    assert [fault for fault in faults if "does not survive" in fault and "a -> z" in fault]


@pytest.mark.parametrize(("text", "says"), [
    ("[[nobody]]\nline = 'a'\nchange = 'b'\nreason = 'c'\n", "no exercise is called nobody"),
    ("[[lift_at_k]]\nline = 'a'\nchange = 'b'\n", "needs line, change and reason"),
    ("[[lift_at_k]]\nline = 'a'\nchange = 'b'\nreason = ''\n", "needs line, change and reason")])
def test_an_entry_for_no_exercise_or_without_a_reason_is_refused(tmp_path, text, says):
    path = tmp_path / "solutions" / "01_behaviour" / "equivalents.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ValueError, match=says):
        equivalents(tmp_path, lesson("01"))


def test_one_exercise_alone_renews_its_rows_leaves_the_others_and_a_stale_entry_fails(course, tmp_path, monkeypatch, capsys):
    (tmp_path / "tests").mkdir()
    (tmp_path / "solutions").symlink_to(course / "solutions")
    page = tmp_path / "tests" / "MUTANTS.md"
    page.write_text("| 01 | `lift_at_k` | 1 | 1 | 0 | 0 | 100.0% |\n| 01 | `cost_threshold` | 1 | 0 | 0 | 1 | 0.0% |\n"
                    "| `lift_at_k` | `line` | `a -> b` | equal |\n| `cost_threshold` | `line` | `a -> b` | **not judged equivalent** |\n")
    assert measure(tmp_path, "cost_threshold") == 0
    written = page.read_text()
    assert "| 01 | `lift_at_k` | 1 | 1 | 0 | 0 | 100.0% |\n" in written
    assert "| `lift_at_k` | `line` | `a -> b` | equal |\n" in written
    assert "| 01 | `cost_threshold` | 8 | 8 | 0 | 0 | 100.0% |\n" in written
    assert "| `cost_threshold` |" not in written.split("## Who is left")[1]
    monkeypatch.setattr(made, "equivalents", lambda *_: {"cost_threshold": {("return cost / gain", "cost / gain -> 0"): "never"}})
    assert measure(tmp_path, "cost_threshold") == 1
    assert "does not survive: «return cost / gain», cost / gain -> 0" in capsys.readouterr().out
    with pytest.raises(KeyError, match="nobody"):
        measure(tmp_path, "nobody")
