"""From a hand-in to its result: the exams and the jails that this takes, made once and used for all.

Both doors come through here, `nbgrader autograde` (`judging.py`) and `retention-grade` (`batch.py`): hence one grade.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from helpers.checks.keys import key_of
from helpers.checks.notebook import submission
from helpers.course import Lesson
from helpers.grading.exam import Exam, draw, identity
from helpers.grading.grade import grade_one
from helpers.grading.jail import Jail, JailError, refusal
from helpers.grading.results import Marked, Result, write_whole
from helpers.grading.seeds import class_seed
from helpers.grading.staging import HandIn
from helpers.language import Text

NO_JAIL = Text("Cannot grade here: {why}. Strangers' code would run with your rights. To practise all the same (every grade is then "
               "marked practice): {how}", "无法在本机评分：{why}。他人的代码会以你的权限运行。如仅作练习（所有成绩会标为练习）：{how}")

FAULT = Text("the grader itself failed on this notebook ({error} in {place}); please report it, and grade this one by hand",
             "评分程序在此笔记本上自身出错（{place} 中的 {error}）；请反馈该问题，并人工评分")


class CannotGrade(RuntimeError):        # noqa: N818 (an exit with a message, not an error of ours)
    """This machine cannot grade; the message says why and what to do."""


class Grader:
    """Grades hand-ins of one class.  A context manager; `result` may be called from several threads once `prepare` was."""

    def __init__(self, find_exam: Callable[[Lesson, str], Exam], jobs: int = 1, practice: bool = False, how: str = "--practice"):
        """find_exam: the exam of a lesson's notebook.  practice: run answers in plain processes.  CannotGrade if there can be no jail."""
        why = None if practice else refusal()
        if why:
            raise CannotGrade(str(NO_JAIL.format(why=why, how=how)))
        self.practice = practice
        self._find_exam, self._jobs = find_exam, jobs
        self._exams: dict[tuple[str, str], Exam] = {}
        self._jails: dict[tuple[str, str], Jail] = {}
        self._open = ExitStack()

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def exam(self, of: Lesson, notebook: str) -> Exam:
        """The exam of this notebook, drawn at the first call."""
        place = of.name, notebook
        if place not in self._exams:
            self._exams[place] = self._find_exam(of, notebook)
        return self._exams[place]

    def prepare(self, of: Lesson, notebook: str) -> None:
        """Draw the exam and start the jail of this notebook."""
        drawn = self.exam(of, notebook)
        if not self.practice and (of.name, notebook) not in self._jails:
            self._jails[of.name, notebook] = self._open.enter_context(Jail(drawn.modules, self._jobs))

    def result(self, of: Lesson, hand_in: HandIn) -> Result:
        """Grade one hand-in by the whole exam."""
        if hand_in.reason:
            return Result(hand_in.student, of.name, hand_in.notebook, hand_in.digest, hand_in.reason, notes=hand_in.notes)
        self.prepare(of, hand_in.notebook)
        drawn = self.exam(of, hand_in.notebook)
        try:
            answered = submission(list(hand_in.cells), key_of(of).notebooks[hand_in.notebook])
            graded = grade_one(drawn, answered, None if self.practice else self._jails[of.name, hand_in.notebook].job)
        except JailError:
            raise
        except Exception as error:      # a fault of ours: it must stop nobody else, and must not pass for a 0
            place = traceback.extract_tb(error.__traceback__)[-1]
            reason = str(FAULT.format(error=type(error).__name__, place=f"{Path(place.filename).name}:{place.lineno}"))
            return Result(hand_in.student, of.name, hand_in.notebook, hand_in.digest, reason, notes=hand_in.notes)
        notes = (*hand_in.notes, *answered.notes)
        marked = {name: Marked.of(verdict, drawn.identity, self.practice, graded.scores.get(name)) for name, verdict in graded.verdicts.items()}
        return Result(hand_in.student, of.name, hand_in.notebook, hand_in.digest, "", marked, graded.cell_errors, notes, self.practice)


def exams_of_class(course: Path, seed_file: Path, names: set[str] | None = None) -> Callable[[Lesson, str], Exam]:
    """How to get the exams of the class whose seed is kept in this file; a drawn one is kept beside it, as secret as the seed.

    names: only these exercises.
    """

    def find(of: Lesson, notebook: str) -> Exam:
        seed = class_seed(seed_file)
        kept = seed_file.parent / "exams" / of.name / f"{notebook}-{identity(course, of, seed)}.json"
        try:
            whole = Exam.from_json(json.loads(kept.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            whole = draw(course, of, notebook, seed)
            write_whole(kept, json.dumps(whole.as_json()), secret=True)
        return whole if names is None else whole.only(names & set(whole.answers))

    return find
