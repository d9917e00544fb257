"""Grading keeps to its budgets, with the slack a shared machine needs."""

import pytest

from helpers.authoring.bench import CLASS, CLASS_SECONDS, JOBS, SERVER_MEGABYTES, SLACK, Class, imported_again
from helpers.authoring.stock import solved
from helpers.checks.exercise import exercises
from helpers.course import lesson
from helpers.grading.jail import Jail

START_SECONDS = 15.0
"""A first run: its packages, the exam it draws, its jails, the gradebook it makes."""
NOTEBOOK_SECONDS = {"00_start": 0.15, "01_behaviour": CLASS_SECONDS / CLASS}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("class")]


@pytest.mark.parametrize(("name", "students"), [("00_start", 12), ("01_behaviour", 2)])
def test_a_class_is_graded_in_at_most_three_times_its_budget(course, tmp_path, name, students):
    of = lesson(name)
    room = Class(course, tmp_path / "class", of)
    right = solved(course, of, of.subject)
    for i in range(students):
        room.hand_in(f"student_{i}", right)
    seconds = room.seconds()
    assert room.points() == {f"student_{i}": 100.0 for i in range(students)}
    assert seconds < SLACK * (START_SECONDS + students * NOTEBOOK_SECONDS[name])


def test_the_job_server_of_a_lesson_that_trains_fits_its_memory_and_no_job_imports_a_package_anew():
    packages = tuple(dict.fromkeys(package for each in exercises("01_behaviour") for package in each.uses))
    assert "tensorflow" in packages
    with Jail(packages, JOBS) as jail:
        assert jail.megabytes < SERVER_MEGABYTES
        assert imported_again(jail, packages) == []
    with Jail() as jail:        # the probe finds what is missing
        assert "tensorflow" in imported_again(jail, packages)
