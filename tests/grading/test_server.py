"""The server forks with one thread, and tells a thread that is ending from one that stays."""

import subprocess
import sys

from helpers.grading.jail import ENVIRONMENT

COUNT = """
import threading
from helpers.grading.server import _threads
timer = threading.Timer(.3, int)
timer.start()
print(_threads(30))
threading.Thread(target=threading.Event().wait, daemon=True).start()
print(_threads(.3))
"""


def test_a_thread_that_ends_is_waited_for_and_one_that_stays_is_counted(course):
    ran = subprocess.run([sys.executable, "-c", COUNT], cwd=course, env={**ENVIRONMENT, "PYTHONPATH": str(course)}, capture_output=True, text=True,
                         check=True)
    assert ran.stdout.split() == ["1", "2"]
