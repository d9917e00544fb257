"""From what a class handed in to its grades.

    staging.py    the folder of hand-ins: found, read, or refused with a reason
    seeds.py      the class's secret seed
    exam.py       the hidden cases under it, and what is expected on them
    jail.py       outside the jail: bubblewrap, and the conversations with jobs
    server.py     inside: the warm process that forks a job for each hand-in
    lockdown.py   inside: how one job is shut off
    grade.py      grade_one: a submission's verdicts by the exam
    grader.py     Grader: a hand-in's result; both doors come through here
    results.py    what became of each hand-in, a small file each
    leaderboard.py  the class in one table, under aliases and pseudonyms
    console.py    the first door, `retention-grade`; batch.py, regrade.py and cluster.py do its work
    judging.py    the second door, `nbgrader autograde`: in place of its Execute
    pipeline.py, reading.py, restitch.py, written.py   the other steps of nbgrader's that are ours
    recording.py  results into nbgrader's gradebook
"""
