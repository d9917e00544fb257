"""The notebooks as a learner opens them."""

import pytest

from helpers.authoring.bench import NOTEBOOK_MEGABYTES, NOTEBOOK_SECONDS, SLACK
from helpers.authoring.execute import run_notebook
from helpers.authoring.source import notebooks
from helpers.checks.exercise import exercises
from helpers.course import course_folder, lessons

NOTEBOOKS = [(lesson, source) for lesson in lessons() for source in notebooks(course_folder(), lesson)]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("lesson", "source"), NOTEBOOKS, ids=[source.name for _, source in NOTEBOOKS])
def test_a_solved_notebook_runs_without_an_error_and_every_check_passes(course, tmp_path, lesson, source):
    budget = NOTEBOOK_SECONDS[source.name]
    ran = run_notebook(course / "solutions" / lesson.name / f"{source.name}.ipynb", tmp_path, timeout=SLACK * budget)
    assert ran.errors() == []
    for exercise in source.exercises:
        assert ran.shown(f"check-{exercise.name}").startswith("✓"), ran.shown(f"check-{exercise.name}")
    assert ran.seconds < SLACK * budget
    assert ran.megabytes < NOTEBOOK_MEGABYTES


@pytest.mark.parametrize(("lesson", "source"), NOTEBOOKS, ids=[source.name for _, source in NOTEBOOKS])
def test_an_unsolved_notebook_runs_to_the_end_and_only_not_implemented_error_occurs(course, tmp_path, lesson, source):
    ran = run_notebook(course / "notebooks" / lesson.name / f"{source.name}.ipynb", tmp_path,
                       timeout=SLACK * NOTEBOOK_SECONDS[source.name])
    assert [error for error in ran.errors() if not error.startswith("NotImplementedError")] == []
    for exercise in source.exercises:
        assert ran.shown(f"check-{exercise.name}").startswith("○"), ran.shown(f"check-{exercise.name}")


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_every_exercise_stands_in_exactly_one_notebook(course, lesson):
    standing = [exercise.name for source in notebooks(course, lesson) for exercise in source.exercises]
    assert sorted(standing) == sorted(exercise.name for exercise in exercises(lesson))
