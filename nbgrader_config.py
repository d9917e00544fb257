"""nbgrader's configuration: `nbgrader autograde 01_behaviour` in this folder grades with the course's own judge."""

import os
import sys
from pathlib import Path

from helpers.grading import pipeline

c = get_config()  # noqa: F821
ROOT = Path(__file__).resolve().parent

# nbgrader makes its database with the command `alembic`, which stands beside this Python whether or not the environment is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.course_id = "retention"
# Everything nbgrader writes or deletes stands under .grading/: it removes its release folder before it fills it.
c.CourseDirectory.source_directory = ".grading/source"
c.CourseDirectory.source_with_tests_directory = ".grading/source_with_tests"
c.CourseDirectory.release_directory = ".grading/release"
c.CourseDirectory.submitted_directory = ".grading/submitted"
c.CourseDirectory.autograded_directory = ".grading/autograded"
c.CourseDirectory.feedback_directory = ".grading/feedback"
c.CourseDirectory.solution_directory = ".grading/solution"
c.CourseDirectory.db_url = f"sqlite:///{ROOT}/.grading/gradebook.db"      # absolute: a relative one hangs on the server's folder

# nbgrader would copy every other file of a submission's folder into the graded one, through links too: whatever a learner links to would
# be read with the instructor's rights. So nothing but the notebooks moves. nbgrader's exchange, which this course does not use, heeds
# the same setting and would then copy nothing at all.
c.CourseDirectory.ignore = ["*"]

# Written answers that wait for a person: "memo" (lesson 06's alone), "all" (each lesson's closing answer, a point for each criterion) or
# "none". Choose before a lesson is graded for the first time.
c.Written.manual = "memo"

c.GenerateAssignment.preprocessors = pipeline.RELEASE
c.Autograde.exporter_class = "helpers.grading.reading.PatientExporter"
c.Autograde.sanitize_preprocessors = pipeline.SANITIZE
c.Autograde.autograde_preprocessors = pipeline.AUTOGRADE
