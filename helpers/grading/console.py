"""`retention-grade` and `make grade`: grade a class.

It always resumes: what has a result is not graded again, and nothing that is written changes unless `--regrade` is asked for.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.checks.exercise import exercises
from helpers.course import Lesson, course_folder, lesson
from helpers.grading import batch
from helpers.grading.batch import Batch, shard
from helpers.grading.grader import CannotGrade, Grader, exams_of_class
from helpers.grading.jail import JailError
from helpers.grading.leaderboard import write_leaderboard
from helpers.grading.results import Result, Results
from helpers.grading.seeds import SeedError, class_seed
from helpers.grading.staging import hand_over, staged
from helpers.language import Text

if TYPE_CHECKING:
    from helpers.grading.recording import ClassBook

_NO_FOLDER = Text("There is no folder {folder}. Put what was handed in under {folder}/STUDENT/{lesson}/, or name another folder.",
                  "没有文件夹 {folder}。请将作业放到 {folder}/STUDENT/{lesson}/ 下，或指定其他文件夹。")
_NOTHING = Text("Nothing of lesson {lesson} was handed in under {folder}.", "{folder} 下没有课程 {lesson} 的作业。")
_SHARD = Text("--shard takes i/n with 1 <= i <= n, such as 2/8, not {text}", "--shard 的格式为 i/n，且 1 <= i <= n，例如 2/8，而不是 {text}")
_KEPT = Text("{kept} of {total} were graded before and are left as they are.", "{total} 份中有 {kept} 份此前已评分，保持不变。")
_OLDER = Text("{n} of them were graded by an earlier judge or under another seed: --regrade shows what would change.",
              "其中 {n} 份是用旧版评分程序或其他种子评的：用 --regrade 查看会有哪些变化。")
_DONE = Text("{lesson}: {n} notebooks of {students} students, mean {mean:.1f} points; {waiting} could not be graded.",
             "{lesson}：{students} 名学生的 {n} 份笔记本，平均 {mean:.1f} 分；{waiting} 份无法自动评分。")
_UNREAD = Text("{n} written answers wait for a reader: formgrader, Manual Grading.", "{n} 份文字回答待人工评阅：formgrader 的 Manual Grading。")
_PRACTICE = Text("practice: these grades were made without the jail", "练习模式：这些成绩未在隔离环境中产生")
_WAITS = Text("  {student}: {notebook} is not gradable: {reason}", "  {student}：{notebook} 无法评分：{reason}")
_NO_EXERCISE = Text("Lesson {lesson} has no exercise {name}. It has: {known}", "课程 {lesson} 没有练习 {name}。现有：{known}")
_RESULTS = Text("Results are in {folder}. Where all shards are together: retention-grade {lesson} --merge FOLDER …",
                "结果在 {folder}。汇总各分片：retention-grade {lesson} --merge FOLDER …")
_NEXT = Text("Next: nbgrader generate_feedback {lesson}, nbgrader export; or open formgrader.",
             "下一步：nbgrader generate_feedback {lesson}、nbgrader export；或打开 formgrader。")
_LEADERBOARD = Text("Leaderboard: {path}", "排行榜：{path}")
_STAGED = Text("{n} notebooks are in {folder} under the names nbgrader knows.", "{n} 份笔记本已按 nbgrader 的命名放入 {folder}。")


def main(argv: list[str] | None = None) -> int:
    """Grade a class.  Exit status 0; 1 with a message if it cannot; 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="retention-grade", description="Grade what a class handed in, and write nbgrader's gradebook.")
    parser.add_argument("lesson", help="a lesson, such as 01 or 01_behaviour")
    parser.add_argument("folder", nargs="?", type=Path, help="what was handed in: FOLDER/STUDENT/LESSON/*.ipynb, FOLDER/STUDENT/*.ipynb or "
                        "FOLDER/STUDENT_NAME.ipynb (default: .grading/submitted)")
    parser.add_argument("--seed-file", type=Path, help="the class's secret seed (default: .grading/seed; made if missing)")
    parser.add_argument("--results", type=Path, help="the folder results are kept in (default: .grading/results)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time (default: one a processor)")
    parser.add_argument("--practice", action="store_true", help="grade without the jail, and mark every grade so")
    parser.add_argument("--stage", action="store_true", help="only copy the notebooks to where `nbgrader autograde` looks for them")
    parser.add_argument("--shard", metavar="i/n", help="grade the i-th of n parts and keep the results; the gradebook is left to --merge")
    parser.add_argument("--merge", metavar="FOLDER", nargs="+", type=Path, help="take the results of these folders in, and write the gradebook")
    parser.add_argument("--cluster", metavar="ADDRESS", help="hand the work to a Dask scheduler, such as tcp://host:8786")
    parser.add_argument("--regrade", metavar="EXERCISE", nargs="?", const="", help="grade again, one exercise or all, and show what would change")
    parser.add_argument("--yes", action="store_true", help="with --regrade: write the changes")
    parser.add_argument("--names", action="store_true", help="write students' ids into leaderboard.csv, beside their aliases")
    options = parser.parse_args(argv)
    try:
        return _grade(options)
    except (CannotGrade, JailError, SeedError, _Refused, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


class _Refused(ValueError):     # noqa: N818
    """Something asked for cannot be done; the message says what to do."""


def _grade(options: argparse.Namespace) -> int:
    course = course_folder()
    try:
        of = lesson(options.lesson)
        part = _part(options.shard)
    except ValueError as error:
        raise _Refused(str(error)) from None
    only = {_exercise(of, options.regrade)} if options.regrade else None
    grading = course / ".grading"
    folder = options.folder or grading / "submitted"
    if not folder.is_dir():
        raise _Refused(str(_NO_FOLDER.format(folder=folder, lesson=of.name)))
    hand_ins = staged(folder, of)
    if not hand_ins:
        raise _Refused(str(_NOTHING.format(lesson=of.name, folder=folder)))
    if options.stage:
        hand_over(hand_ins, grading / "submitted")
        print(_STAGED.format(n=len(hand_ins), folder=grading / "submitted"))
        return 0
    if part:
        hand_ins = shard(hand_ins, *part)
    work = Batch(of, hand_ins, Results(options.results or grading / "results"))
    seed_file = options.seed_file or grading / "seed"
    with _Record(course, work) as record:
        if options.merge:
            _take_in(work, options.merge)
        elif options.regrade is not None:
            from helpers.grading.regrade import regrade

            with Grader(exams_of_class(course, seed_file, only), options.jobs, options.practice) as grader:
                if not regrade(grader, work, options.jobs, options.yes):
                    return 0
        else:
            _grade_waiting(course, work, seed_file, options, work.results.write if part else record)
        if part:
            print(_RESULTS.format(folder=work.results.folder, lesson=of.name))
            return 0
        record.rest()
        unread = record.unread()
    board = write_leaderboard(work, seed_file.parent / "pseudonyms", options.names)
    _summarise(work, unread)
    print(_LEADERBOARD.format(path=board))
    return 0


class _Record:
    """Keeps results, and writes a student's into the gradebook as soon as all of theirs are there, while others are still graded."""

    def __init__(self, course: Path, work: Batch):
        self._course, self._work = course, work
        self._waiting = Counter(hand_in.student for hand_in in work.waiting())
        self._open = ExitStack()

    def __enter__(self) -> _Record:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __call__(self, result: Result) -> None:
        self._work.results.write(result)
        self._waiting[result.student] -= 1
        if not self._waiting[result.student]:
            self._book.record(self._work.lesson, self._work.of_student(result.student))

    def rest(self) -> None:
        """Write what is not in the gradebook yet: what was kept by a batch that was killed, or merged, or graded again."""
        for own in self._work.by_student():
            if not all(self._book.holds(result) for _, result in own):
                self._book.record(self._work.lesson, own)

    def unread(self) -> int:
        """How many written answers wait for their reader."""
        return self._book.unread(self._work.lesson)

    @cached_property
    def _book(self) -> ClassBook:
        """Opened when it is first needed: a shard needs none."""
        from helpers.grading.recording import ClassBook

        book = self._open.enter_context(ClassBook(self._course))
        book.register(self._work.lesson, self._work.students)
        return book


def _exercise(of: Lesson, name: str) -> str:
    known = [record.name for record in exercises(of)]
    found = [record.name for record in exercises(of) if name in (record.name, *record.functions)]
    if not found:
        raise _Refused(str(_NO_EXERCISE.format(lesson=of.name, name=name, known=", ".join(known))))
    return found[0]


def _part(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    i, slash, n = text.partition("/")
    if not (slash and i.isdigit() and n.isdigit() and 1 <= int(i) <= int(n)):
        raise _Refused(str(_SHARD.format(text=text)))
    return int(i), int(n)


def _grade_waiting(course: Path, work: Batch, seed_file: Path, options: argparse.Namespace, keep: Callable[[Result], None]) -> None:
    waiting = work.waiting()
    kept = len(work.hand_ins) - len(waiting)
    exams = exams_of_class(course, seed_file)
    if kept:
        print(_KEPT.format(kept=kept, total=len(work.hand_ins)))
    if waiting and options.cluster:
        from helpers.grading.cluster import grade_on_cluster

        grade_on_cluster(options.cluster, exams, work.lesson, waiting, keep, options.practice)
    elif waiting:
        with Grader(exams, options.jobs, options.practice) as grader:
            batch.grade(grader, work.lesson, waiting, options.jobs, keep)
    if kept:
        from helpers.grading.exam import identity

        current = identity(course, work.lesson, class_seed(seed_file))
        older = sum(bool(result.exams - {current}) for own in work.by_student() for _, result in own)
        if older:
            print(_OLDER.format(n=older))


def _take_in(work: Batch, folders: list[Path]) -> None:
    """Copy results of other folders, where they are of the very files at hand."""
    for folder in folders:
        if not folder.is_dir():
            raise _Refused(str(Text(f"There is no folder {folder}.", f"没有文件夹 {folder}。")))
        other = Batch(work.lesson, work.hand_ins, Results(folder))
        for own in other.by_student():
            for _, result in own:
                work.results.write(result)


def _summarise(work: Batch, unread: int) -> None:
    results = [result for own in work.by_student() for _, result in own]
    students: dict[str, float] = {}
    for result in results:
        students[result.student] = students.get(result.student, 0.0) + result.earned
    waiting = [result for result in results if result.reason]
    print(_DONE.format(lesson=work.lesson.name, n=len(results), students=len(students), waiting=len(waiting),
                       mean=sum(students.values()) / max(len(students), 1)))
    for result in waiting:
        print(_WAITS.format(student=result.student, notebook=result.notebook, reason=result.reason))
    if unread:
        print(_UNREAD.format(n=unread))
    if any(result.practice for result in results):
        print(_PRACTICE)
    print(_NEXT.format(lesson=work.lesson.name))


if __name__ == "__main__":
    sys.exit(main())
