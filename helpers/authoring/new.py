"""The skeleton of an exercise, appended to the three files it consists of."""

from __future__ import annotations

import keyword
from pathlib import Path

from helpers.course import ALL_LESSONS

_SETUP = '''# %% tags=["setup"]
import numpy as np

from helpers import ask, check, hint, interview, production_card, progress, recap, reveal, yours
'''
_TEXT = '''
# %% [markdown]
# ### exercise: {name}
# What is asked, every convention the cases use, and one example by hand.

# %%
# exercise: {name}
def {name}(x):
    """One line of what.

    x: (n,) shape and unit.  Errors.  Source of the formula.

    >>> {name}([1, 2, 3])
    2.0
    """
    ### BEGIN SOLUTION: say what is to do
    return float(np.mean(x))
    ### END SOLUTION

# %%
check({name})
'''
_RECORD_HEAD = '''"""Lesson {lesson}: what each exercise is called with, how an answer is judged, what helps."""

from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.language import Text
'''
_RECORD = '''

@exercise(level="more", minutes=10, uses=("numpy",), judge=close(rtol=1e-9),
          hints=(Text("What is it for three numbers?", "三个数的时候是多少？"),))
def {name}(rng):
    yield case([1.0, 2.0, 6.0])
    yield case([5.0]).shows(Text("one number is its own mean", "只有一个数时就是它自己"))
    while True:
        yield case(rng.normal(size=int(rng.integers(2, 9))).round(3))
'''
_MISTAKES_HEAD = '''"""Lesson {lesson}: what goes wrong in heads, with its explanation, and what is right in another way."""

import numpy as np

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text
'''
_MISTAKES = '''

@mistake_of("{name}", Text("This is the median: one large value must count.", "这是中位数：大的数值也要计入。"))
def {name}_median(x):
    return float(np.median(x))


@alternate_of("{name}")
def {name}_by_sum(x):
    return sum(x) / len(x)
'''


def new_exercise(course: Path, which: str, name: str) -> str:
    """Append a working skeleton to the lesson's three files, making those that are missing; says where.

    ValueError if there is no such lesson, or the name is taken or no identifier.
    """
    found = [lesson for lesson in ALL_LESSONS if which in (lesson.number, lesson.subject, lesson.name)]
    if not found:
        raise ValueError(f"no lesson {which!r}: say for example `make new LESSON=01_behaviour EXERCISE=hit_rate`")
    lesson = found[0]
    if not name.isidentifier() or keyword.iskeyword(name) or not name.islower():
        raise ValueError(f"{name!r} cannot be a function's name: use lower case and underscores, such as hit_rate")
    folder = course / "solutions" / lesson.name
    more = folder / f"{lesson.subject}_more.py"
    record = course / "helpers" / "checks" / f"{lesson.subject}.py"
    mistakes = folder / "mistakes.py"
    if any(f"def {name}(" in path.read_text(encoding="utf-8") for path in (folder / f"{lesson.subject}.py", more, record) if path.exists()):
        raise ValueError(f"lesson {lesson.name} has an exercise {name} already")
    folder.mkdir(parents=True, exist_ok=True)
    words = {"name": name, "lesson": lesson.name}
    for path, head, part in ((more, _SETUP, _TEXT), (record, _RECORD_HEAD, _RECORD), (mistakes, _MISTAKES_HEAD, _MISTAKES)):
        before = path.read_text(encoding="utf-8").rstrip() + "\n" if path.exists() else head.replace("{lesson}", lesson.name)
        path.write_text(before + part.format(**words), encoding="utf-8")
    places = "\n".join(f"  {path.relative_to(course)}" for path in (more, record, mistakes))
    return (f"{name} stands in\n{places}\nIt is a working example of level more: write yours in its place (a core exercise moves to "
            f"{lesson.subject}.py), then `make build` and `make test`.")
