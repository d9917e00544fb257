"""Which cells of a notebook that comes back are answers."""

import json

import pytest

from helpers.checks.keys import ReleasedNotebook
from helpers.checks.notebook import NotebookError, digest, exercise_of, read_cells, submission

STUB = "# exercise: f\ndef f(x):\n    raise NotImplementedError('add one')"
SOLVED = "# exercise: f\ndef f(x):\n    return x + 1"
DEMO = "print('ours')"
RELEASED = ReleasedNotebook("# setup\nimport numpy as np", {"f": STUB}, frozenset(map(digest, [STUB, DEMO, "# setup\nimport numpy as np"])),
                            frozenset(["answer-f", "setup", "demo"]), frozenset())


def cell(source, kind="code", ident=""):
    return {"kind": kind, "source": source, "id": ident}


def test_an_untouched_stub_stays_the_answer():
    assert submission([cell(STUB)], RELEASED).answers == {"f": STUB}


def test_the_last_cell_that_differs_from_the_stub_counts():
    first, last = SOLVED.replace("x + 1", "x"), SOLVED
    assert submission([cell(first), cell(last), cell(STUB)], RELEASED).answers["f"] == last


def test_a_solved_copy_of_the_stub_counts_wherever_it_stands():
    assert submission([cell(SOLVED), cell(STUB, ident="answer-f")], RELEASED).answers["f"] == SOLVED


def test_white_space_at_line_ends_does_not_make_a_stub_an_answer():
    assert submission([cell(STUB.replace("\n", "  \n") + "\n\n")], RELEASED).answers["f"] == STUB


def test_our_own_cells_are_not_run_and_the_learners_added_ones_are():
    found = submission([cell(DEMO), cell("print('edited')", ident="demo"), cell("helper = 1"), cell("text", "markdown")], RELEASED)
    assert found.added == ("helper = 1",)


def test_an_edited_setup_cell_runs_after_ours():
    found = submission([cell("# setup\nimport numpy as np\nimport math", ident="setup")], RELEASED)
    assert found.setup == RELEASED.setup
    assert found.added == ("# setup\nimport numpy as np\nimport math",)


@pytest.mark.parametrize(("source", "name"), [
    ("# exercise: f", "f"), ("\n\n#exercise:f\n", "f"), ("##  Exercise ：f ", "f"), ("### exercise: f", None),
    ("x = 1\n# exercise: f", None), ("# exercise: fа b", None), ("", None)])
def test_the_marker_stands_on_the_first_line_that_is_not_empty(source, name):
    assert exercise_of(source) == name


def test_a_cell_of_two_exercises_is_cut_at_the_second_marker_and_an_indented_one_cuts_nothing():
    two = RELEASED.__class__("", {"f": STUB, "g": STUB.replace("f", "g")}, frozenset(), frozenset(), frozenset())
    solved_g = "# exercise: g\ndef g(x):\n    # exercise: f\n    return 1"
    found = submission([cell("import math\n" + SOLVED + "\n" + solved_g)], two)
    assert found.answers == {"f": SOLVED + "\n", "g": solved_g}
    assert found.added == ("import math\n",)


def test_an_answer_without_its_marker_is_known_by_its_cell_and_gets_the_marker_back():
    body = SOLVED.partition("\n")[2]
    found = submission([cell(STUB), cell(body, ident="answer-f")], RELEASED)
    assert found.answers["f"] == SOLVED
    assert "no cell of its own answers f" in found.notes[0]


def test_functions_defined_elsewhere_answer_only_where_nothing_else_does():
    elsewhere = "def f(x):\n    return 0"
    assert submission([cell(elsewhere)], RELEASED).answers["f"] == f"# exercise: f\n{elsewhere}"
    assert submission([cell(SOLVED), cell(elsewhere)], RELEASED) == submission([cell(elsewhere), cell(SOLVED)], RELEASED)
    assert submission([cell(SOLVED), cell(elsewhere)], RELEASED).answers["f"] == SOLVED


def test_code_beats_text_and_text_beats_nothing():
    other = SOLVED.replace("x + 1", "x + 2")
    assert submission([cell(SOLVED), cell(other, "markdown")], RELEASED).answers["f"] == SOLVED
    assert submission([cell(STUB), cell(other, "raw")], RELEASED).answers["f"] == other
    assert submission([cell("# exercise: f\nhow I did it", "markdown")], RELEASED).answers["f"] == STUB


def test_a_marker_without_a_function_does_not_replace_the_answer():
    found = submission([cell(SOLVED), cell("# exercise: f\nprint(f(1))"), cell("# exercise: f")], RELEASED)
    assert found.answers["f"] == SOLVED
    assert found.added == ("# exercise: f\nprint(f(1))",)
    assert submission([cell("# exercise: f\nf = abs")], RELEASED).answers["f"] == "# exercise: f\nf = abs"


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("cells", [
    {"cells": [{"cell_type": "code", "source": ["# a\n", "b"]}]},
    {"cells": [{"cell_type": "code", "source": "# a\nb", "outputs": 3, "metadata": "no"}], "nbformat": "x"},
    {"worksheets": [{"cells": [{"cell_type": "code", "input": "# a\nb"}]}]},
    {"cells": [None, 3, {"cell_type": "code", "source": "# a\nb"}, {"source": {"no": 1}}]},
], ids=["lists", "odd metadata", "format 3", "odd cells"])
def test_damaged_notebooks_give_the_cells_that_can_be_read(tmp_path, cells):
    assert [c["source"] for c in read_cells(written(tmp_path / "a.ipynb", json.dumps(cells)))] == ["# a\nb"]


@pytest.mark.parametrize(("text", "says"), [("", "not JSON"), ('{"cells": [', "not JSON"), ("[" * 100_000, "not JSON"), ("[]", "no list of cells"),
                                            ('{"cells": 3}', "no list of cells")], ids=range(5))
def test_an_unreadable_file_names_itself_and_the_remedy(tmp_path, text, says):
    with pytest.raises(NotebookError, match=r"a\.ipynb") as told:
        read_cells(written(tmp_path / "a.ipynb", text))
    assert says in str(told.value)


def test_an_answers_cell_keeps_the_id_nbgrader_gave_it(tmp_path):
    told = {"cell_type": "code", "source": "1", "id": "x1", "metadata": {"nbgrader": {"grade_id": "answer-f"}}}
    path = written(tmp_path / "a.ipynb", json.dumps({"cells": [told, {**told, "metadata": {"nbgrader": {"grade_id": "check-f"}}}]}))
    assert [each["id"] for each in read_cells(path)] == ["answer-f", "x1"]


def test_a_hostile_name_is_printable_in_the_message(tmp_path):
    with pytest.raises(NotebookError) as told:
        read_cells(written(tmp_path / "<b>a\n.ipynb", ""))
    assert "?b?a?.ipynb" in str(told.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotebookError, match=r"nothing\.ipynb"):
        read_cells(tmp_path / "nothing.ipynb")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.checks.notebook.MAX_BYTES", 10)
    with pytest.raises(NotebookError, match="larger than"):
        read_cells(written(tmp_path / "a.ipynb", json.dumps({"cells": []})))
