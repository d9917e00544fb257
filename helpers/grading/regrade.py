"""Grading again, with a changed judge or another seed: what would change is shown before anything is written."""

from __future__ import annotations

from dataclasses import replace

from helpers.grading import batch
from helpers.grading.batch import Batch
from helpers.grading.grader import Grader
from helpers.grading.results import Result
from helpers.language import Text

_HEAD = Text("{student:28} {exercise:28} {before:>7} {after:>7}", "{student:28} {exercise:28} {before:>7} {after:>7}")
_SAME = Text("Nothing changes: {n} notebooks earn what they earned.", "没有变化：{n} 份笔记本得分不变。")
_CHANGES = Text("{changed} of {n} notebooks change; mean difference {mean:+.2f} points. Nothing is written yet: add --yes to write it.",
                "{n} 份笔记本中有 {changed} 份变化；平均变化 {mean:+.2f} 分。尚未写入：加上 --yes 写入。")
_WRITTEN = Text("{changed} of {n} notebooks change; mean difference {mean:+.2f} points. Written.",
                "{n} 份笔记本中有 {changed} 份变化；平均变化 {mean:+.2f} 分。已写入。")


def regrade(grader: Grader, work: Batch, jobs: int, write: bool) -> bool:
    """Grade again what has a result, by the grader's exams, and print the table of differences.  True if it was written.

    Exercises that the exams leave out keep their marks.
    """
    asked = [hand_in for hand_in in work.hand_ins if not hand_in.reason and work.kept(hand_in) is not None]
    asked = [hand_in for hand_in in asked if grader.exam(work.lesson, hand_in.notebook).answers]
    anew: dict[tuple[str, str], Result] = {}
    batch.grade(grader, work.lesson, asked, jobs, lambda result: anew.update({(result.student, result.notebook): result}))
    changes = []
    for hand_in in asked:
        before, after = work.kept(hand_in), anew[hand_in.student, hand_in.notebook]
        merged = replace(before.with_exercises(after.exercises), practice=before.practice or after.practice)
        for name, marked in after.exercises.items():
            old = before.exercises.get(name)
            if old is None or old.earned != marked.earned or old.state != marked.state:
                changes.append((hand_in.student, name, old.earned if old else 0.0, marked.earned))
        if write:
            work.results.write(merged)
    if not changes:
        print(_SAME.format(n=len(asked)))
        return write
    print(_HEAD.format(student=Text("student", "学生"), exercise=Text("exercise", "练习"), before=Text("before", "原"), after=Text("after", "现")))
    for student, name, before, after in changes:
        print(f"{student:28} {name:28} {before:7g} {after:7g}")
    mean = sum(after - before for _, _, before, after in changes) / len(asked)
    print((_WRITTEN if write else _CHANGES).format(changed=len({student for student, *_ in changes}), n=len(asked), mean=mean))
    return write
