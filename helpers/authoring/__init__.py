"""From `solutions/` to `notebooks/`: for those who write the course.  Not in the wheel.

    source.py    a lesson's source file: its cells, its reference functions, its mistakes
    build.py     the learner's notebooks, the solved notebooks and the answer keys
    proof.py     do the checks do what they promise: reference, mistakes, alternates, trivial answers
    new.py       the skeleton of an exercise
    bench.py     seconds and memory beside their budgets
"""
