"""What each exercise is called with, how an answer is judged, and what a learner is told.

    exercise.py    the record of an exercise: its cases, its judge, its points
    codec.py       the wire: a value as plain tagged JSON, and back
    calling.py     one call of an answer: fresh arguments, a time limit, what came back
    judge.py       is this answer the expected one, and if not, in what does it differ
    training.py    call and judge of exercises that train a model
    delegation.py  whose work is it: what an answer may import
    keys.py        the answer key: expected answers and the mistakes' answers on the public cases
    verdict.py     from answers to points, rule by rule, with the likely mistake
    check.py       the learner's check, hint, progress and yours
    show.py        a verdict as HTML and as text
    mistakes.py    the two marks of solutions/<lesson>/mistakes.py
    notebook.py    the cells of a notebook that hold answers
    worker.py      the process that runs a learner's cells and calls; runner.py starts it
    console.py     `make check`
    start.py, behaviour.py …   the records, one module a lesson
"""
