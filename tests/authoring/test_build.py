"""What is generated is exactly what its source says."""

import json

import pytest

from helpers.authoring.build import NBGRADER_SOURCE, PATIENCE, READMES, answers, outputs, readme
from helpers.authoring.source import notebooks
from helpers.checks import calling
from helpers.checks.exercise import find
from helpers.course import course_folder, lessons


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_everything_generated_regenerates_without_a_difference(course, lesson):
    made = [(path.relative_to(course), text) for path, text in outputs(course, lesson)]
    committed = [(path, text) for path, text in made if not path.is_relative_to(NBGRADER_SOURCE)]
    different = [path for path, text in committed if not (course / path).exists() or (course / path).read_text(encoding="utf-8") != text]
    assert not different, "run `make build` and commit what it writes"


def test_no_key_is_made_of_a_mistake_that_a_busy_machine_stopped(course, monkeypatch):
    exercise, run_all = find("temporal_split"), calling.run_all
    seconds = []

    def stopped(patient, cases, functions):
        seconds.append(patient.seconds)
        outcomes = run_all(patient, cases, functions)
        return outcomes if len(seconds) == 1 else [*outcomes[:-1], calling.Outcome("timeout")]      # the reference comes first

    monkeypatch.setattr(calling, "run_all", stopped)
    with pytest.raises(RuntimeError, match="does not answer a case within"):
        answers(course, exercise, exercise.cases())
    assert seconds == [PATIENCE * exercise.seconds] * 2


def test_no_notebook_stands_in_notebooks_that_no_source_makes(course):
    made = {course / "notebooks" / lesson.name / f"{source.name}.ipynb" for lesson in lessons() for source in notebooks(course, lesson)}
    found = {path for path in (course / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
    assert found == made


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_no_line_of_a_reference_reaches_the_learners_notebook(course, lesson):
    for source in notebooks(course, lesson):
        released = json.loads((course / "notebooks" / lesson.name / f"{source.name}.ipynb").read_text(encoding="utf-8"))
        text = "\n".join("".join(cell["source"]) for cell in released["cells"])
        assert "BEGIN SOLUTION" not in text
        for cell in source.cells:
            if cell.exercise:
                shown = set(cell.stub().splitlines())
                own = [line for line in cell.solved().splitlines() if line not in shown and len(line.strip()) > 30]
                assert [line for line in own if line in text] == []


def test_the_readmes_list_the_exercises_as_their_records_say(course):
    assert [name for name in READMES if (course / name).read_text(encoding="utf-8") != readme(course, name)] == []


def test_the_course_folder_is_found_from_inside_it(course):
    assert course_folder(course / "solutions" / "00_start") == course
