"""From a submitted notebook to a grade.

    grade.py      grade_one: a submission's verdicts under the class's seed; both of the grader's doors call it
    pipeline.py   the steps nbgrader runs, ours among them
    seeds.py      the class's secret seed
    reading.py    an exporter that reads what nbgrader cannot, and says why it cannot be graded
    restitch.py   nbgrader's first step: the learner's answers in the released notebook
    written.py    the learner's words that a person reads, with their criteria
    judging.py    in place of nbgrader's Execute: the verdict as the output of each check's cell
    recording.py  what cannot be graded waits for a person instead of counting as 0
"""
