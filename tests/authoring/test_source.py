"""A source file that breaks a rule is refused with the rule."""

import pytest

from helpers.authoring.build import with_grading
from helpers.authoring.source import Cell, SourceError, notebooks
from helpers.course import lesson

GOOD = '''# %% tags=["setup"]
import numpy as np

# %% [markdown]
# ### exercise: temporal_split

# %%
# exercise: temporal_split
def temporal_split(df, ts, train_end, valid_end):
    """Split."""
    ### BEGIN SOLUTION: three conditions
    return df, df, df
    ### END SOLUTION

# %%
check(temporal_split)
'''


def read(folder, text):
    place = folder / "solutions" / "00_start"
    place.mkdir(parents=True, exist_ok=True)
    (place / "start.py").write_text(text, encoding="utf-8")
    return notebooks(folder, lesson("00"))[0]


def test_a_good_source_is_read(tmp_path):
    found = read(tmp_path, GOOD)
    assert [record.name for record in found.exercises] == ["temporal_split"]
    assert found.setup.source == "import numpy as np"


@pytest.mark.parametrize(("old", "new", "says"), [
    (' tags=["setup"]', "", "exactly one cell must be tagged setup"),
    ("exercise: temporal_split\ndef", "exercise: no_such\ndef", "has no record"),
    ("def temporal_split", "def other_name", "must define temporal_split"),
    ("    ### END SOLUTION\n", "", "needs pairs of"),
    ("check(temporal_split)", "check(temporal_split); 1", "no cell checks temporal_split"),
    ("# ### exercise: temporal_split", "# ### An exercise", "no heading"),
    ("# exercise: temporal_split\ndef", "def", "stands outside an exercise"),
], ids=range(7))
def test_a_broken_rule_is_named(tmp_path, old, new, says):
    assert old in GOOD
    with pytest.raises(SourceError, match=says):
        read(tmp_path, GOOD.replace(old, new))


def test_an_exercise_of_the_wrong_level_is_sent_to_the_other_notebook(tmp_path):
    with pytest.raises(SourceError, match="rank_of_target is more"):
        read(tmp_path, GOOD.replace("temporal_split", "rank_of_target"))


def test_the_stub_says_what_is_to_do_and_holds_nothing_of_the_reference(tmp_path):
    cell = next(cell for cell in read(tmp_path, GOOD).cells if cell.exercise)
    assert cell.stub().endswith("    raise NotImplementedError('three conditions')")
    assert "return df" not in cell.stub()
    assert "### " not in cell.solved()


def test_names_only_a_demonstration_defines_are_known(tmp_path):
    found = read(tmp_path, GOOD + "\n# %%\norders = np.ones(3)\nfor row in orders:\n    total = row\n")
    assert found.demo_names() == ["orders", "row", "total"]


def test_a_cell_tagged_solution_and_a_marker_left_over_stay_out_of_the_release(course, tmp_path):
    found = read(tmp_path, GOOD + '\n# %% tags=["solution"]\nprint("secret")\n')
    assert all("secret" not in cell.source for cell in with_grading(course, found).cells)
    stray = type(found)(found.lesson, found.path, (*found.cells, Cell("markdown", "### BEGIN SOLUTION without a colon\n### END", frozenset())))
    with pytest.raises(SourceError, match="left over"):
        with_grading(course, stray)
