"""From `solutions/` to `notebooks/`: for those who write the course.

    source.py    a lesson's source file: its cells, its reference functions, its mistakes
    build.py     the learner's notebooks, the solved notebooks and the answer keys
    colab.py     the badge, and the cell that makes Colab ready
    execute.py   run a notebook from top to bottom, with its seconds and memory
    proof.py     do the checks do what they promise: reference, mistakes, alternates, trivial answers
    mutants.py   small changes of the references, most of them wrong, that measure the cases
    new.py       the skeleton of an exercise
    bench.py     seconds and memory beside their budgets
"""
