"""Every damage of the bank: an answer that can be found is found, and whatever cannot be graded says why."""

import copy
import json

import damage
import pytest
from damage import DAMAGES

from helpers.authoring.source import notebooks
from helpers.checks.exercise import find
from helpers.checks.keys import key_of
from helpers.checks.notebook import digest, submission
from helpers.course import lesson
from helpers.grading.exam import draw
from helpers.grading.grade import grade_one
from helpers.grading.reading import plain_notebook
from helpers.grading.restitch import restitched
from helpers.grading.staging import hand_over, staged

pytestmark = pytest.mark.bank
LESSON = lesson("00_start")
RELEASED = key_of(LESSON).notebooks["start"]


@pytest.fixture(scope="module")
def references(course):
    source = next(each for each in notebooks(course, LESSON) if each.name == "start")
    return {cell.exercise: cell.solved() for cell in source.cells if cell.exercise}


@pytest.fixture(scope="module")
def solved(course, references):
    damage.STUBS.update(RELEASED.stubs)
    notebook = json.loads((course / "notebooks" / "00_start" / "start.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["id"].startswith("answer-"):
            cell["source"] = references[cell["id"].removeprefix("answer-")]
    return notebook


@pytest.fixture
def handed_in(solved, tmp_path):
    """Hand in a damaged notebook under the name it should have; what staging makes of it."""
    def hand_in(case):
        made = case.make(copy.deepcopy(solved))
        if isinstance(made, dict | list):
            made = json.dumps(made)
        place = tmp_path / "in" / "ada" / "00_start"
        place.mkdir(parents=True)
        (place / "start.ipynb").write_bytes(made if isinstance(made, bytes) else made.encode())
        (only,) = staged(tmp_path / "in", LESSON)
        return only
    return hand_in


def running(answered):
    """All code that runs, as one text without blank lines: split or merged, an answer must be in it whole."""
    return "\n".join(line.rstrip() for source in answered.cells() for line in source.splitlines() if line.strip())


@pytest.mark.parametrize("case", [case for case in DAMAGES if case.found], ids=lambda case: case.name)
def test_an_answer_that_can_be_found_is_found(case, handed_in, references, row):
    found = handed_in(case)
    row("Damage", damage=case.name, outcome="graded" if len(case.found) == 3 else f"graded: {', '.join(case.found)}", told="; ".join(found.notes))
    assert found.reason == ""
    answered = submission(list(found.cells), RELEASED)
    for name in case.found:
        assert digest(answered.answers[name]) != digest(RELEASED.stubs[name]), name
        wanted = "\n".join(line.rstrip() for line in references[name].splitlines()[1:] if line.strip())
        pieces = wanted.partition("\ndef build_labels") if name == "build_features" else (wanted,)
        assert all(piece in running(answered) for piece in pieces), name
    for name in set(RELEASED.stubs) - set(case.found):
        assert answered.answers[name] == RELEASED.stubs[name]
    assert any(case.note in note for note in found.notes) if case.note else found.notes == ()


@pytest.mark.parametrize("case", [case for case in DAMAGES if not case.found], ids=lambda case: case.name)
def test_what_cannot_be_graded_says_why(case, handed_in, row):
    found = handed_in(case)
    row("Damage", damage=case.name, outcome="waits for a person", told=found.reason)
    assert found.cells == ()
    assert case.reason in found.reason
    assert "start.ipynb" in found.reason


@pytest.mark.parametrize("case", DAMAGES, ids=lambda case: case.name)
def test_both_doors_of_the_grader_see_the_same_answers(case, handed_in, tmp_path):
    found = handed_in(case)
    hand_over([found], tmp_path / "out")
    by_hand_over = plain_notebook(tmp_path / "out" / "ada" / "00_start" / "start.ipynb")
    as_it_came = plain_notebook(tmp_path / "in" / "ada" / "00_start" / "start.ipynb")
    wanted = submission(list(found.cells), RELEASED)
    for read in (by_hand_over, as_it_came):
        whole = restitched(read, "00_start", "start")
        assert whole.metadata.get("not_gradable", "") == found.reason
        cells = [{"kind": cell.cell_type, "source": cell.source, "id": cell.id} for cell in whole.cells]
        again = submission(cells, RELEASED)
        assert {name: digest(each) for name, each in again.answers.items()} == {name: digest(each) for name, each in wanted.answers.items()}
        if not found.reason:
            assert again.added == wanted.added


@pytest.fixture(scope="module")
def exam(course):
    return draw(course, LESSON, "start", seed=12345)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in DAMAGES if case.graded], ids=lambda case: case.name)
def test_what_is_found_earns_its_points(case, handed_in, exam):
    grade = grade_one(exam, submission(list(handed_in(case).cells), RELEASED))
    assert {name: each.earned for name, each in grade.verdicts.items()} == {
        name: find(name).points if name in case.found else 0 for name in RELEASED.stubs}


def test_words_of_the_learner_survive_a_changed_kind(solved, tmp_path):
    ident = "words-2fde5122e4f1"
    notebook = damage.on_cell(ident, damage.as_kind("code"))(copy.deepcopy(solved))
    notebook["cells"][damage.place(notebook, ident)]["source"] = "Sixty seconds of mine."
    (tmp_path / "start.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    whole = restitched(plain_notebook(tmp_path / "start.ipynb"), "00_start", "start")
    assert "Sixty seconds of mine." in next(cell.source for cell in whole.cells if cell.id == ident)
