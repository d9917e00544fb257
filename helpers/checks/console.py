"""`retention-check` and `make check`: check the notebooks you worked in, without a browser, and print one table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers.checks import runner
from helpers.checks.check import table_card
from helpers.checks.delegation import borrowed
from helpers.checks.exercise import Exercise, exercises
from helpers.checks.keys import key_of
from helpers.checks.notebook import NotebookError, Submission, read_cells, submission
from helpers.checks.verdict import Verdict, verdict
from helpers.course import Lesson, lesson, lessons
from helpers.language import Text

_NO_NOTEBOOKS = Text("No notebook of lesson {lesson} in {folder}: name the folder that holds it with --notebooks",
                     "在 {folder} 中没有课程 {lesson} 的笔记本：请用 --notebooks 指定其所在的文件夹")
_CELL_FAILED = Text("{name} of {notebook} failed: {error}", "{notebook} 的 {name} 出错：{error}")


def main(argv: list[str] | None = None) -> int:
    """Check one lesson or all, and print a table.  Exit status 1 if something could not be read, else 0."""
    parser = argparse.ArgumentParser(prog="retention-check", description="Check your notebooks on the public cases.")
    parser.add_argument("lesson", nargs="?", help="a lesson, such as 01 or 01_behaviour (default: all)")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"), help="the folder of the lessons (default: notebooks)")
    options = parser.parse_args(argv)
    try:
        wanted = [lesson(options.lesson)] if options.lesson else list(lessons())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return max([_check_lesson(each, options.notebooks) for each in wanted], default=0)


def _check_lesson(which: Lesson, folder: Path) -> int:
    found = [path for name in key_of(which).notebooks for path in _places(folder, which, name) if path.exists()]
    if not found:
        print(_NO_NOTEBOOKS.format(lesson=which.name, folder=folder))
        return 1
    verdicts: dict[str, Verdict] = {}
    lines: list[str] = []
    status = 0
    for path in found:
        try:
            answers = submission(read_cells(path), key_of(which).notebooks[path.stem])
        except NotebookError as error:
            lines.append(str(error))
            status = 1
            continue
        results, errors = check_submission(which, answers)
        verdicts.update(results)
        lines += [str(_CELL_FAILED.format(name=name, notebook=path.name, error=error)) for name, error in errors.items()]
    rows = [(exercise, verdicts.get(exercise.name)) for exercise in exercises(which)]
    earned = sum(each.earned for each in verdicts.values())
    lines.append(str(Text("{lesson}: {earned:g} of 100 points on the public cases", "{lesson}：公开用例 {earned:g} / 100 分")
                     .format(lesson=which.name, earned=earned)))
    print(table_card(rows, lines).text + "\n")
    return status


def _places(folder: Path, which: Lesson, name: str) -> list[Path]:
    return [folder / which.name / f"{name}.ipynb", folder / f"{name}.ipynb"]


def check_submission(which: Lesson, answers: Submission) -> tuple[dict[str, Verdict], dict[str, str]]:
    """The verdicts on a submission's answers under the public cases, and the errors of its cells."""
    asked: list[Exercise] = [exercise for exercise in exercises(which) if exercise.name in answers.answers]
    outcomes, errors = runner.run(answers, [runner.Asked(exercise, exercise.cases()) for exercise in asked])
    known = key_of(which).answers
    return {
        exercise.name: verdict(exercise, exercise.cases(), outcomes[exercise.name], known[exercise.name].expected,
                               known[exercise.name].mistakes, borrowed(answers.cells(), exercise.functions, exercise.uses))
        for exercise in asked
    }, errors


if __name__ == "__main__":
    sys.exit(main())
