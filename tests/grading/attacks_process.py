"""Attacks on the job and what is around it: reading others' memory, forging the wire, patching the worker, outlasting every limit."""

from textwrap import indent

from attacks_making import FORGED, Attack, after_answer, in_cell, in_function

_NAMES = '("cohort_retention", "temporal_split", "build_features")'
_SEND = f"""
import json
for name in {_NAMES}:
    told_everywhere(b"\\n" + json.dumps(forged(name)).encode() + b"\\n")
"""
_FRAMED = f"""
import json, struct
for name in {_NAMES}:
    text = json.dumps(forged(name)).encode()
    for head in (">I", "<I", ">Q", "<Q"):
        told_everywhere(struct.pack(head, len(text)) + text)
    told_everywhere(str(len(text)).encode() + b"\\n" + text)
"""
_EXPECTED = """
def recall(function, args, kwargs, seeds):
    from helpers.checks import codec
    from helpers.checks.exercise import find
    sent = repr(codec.encode((args, kwargs)))
    exercise = find(function)
    for seed in seeds:
        for case in exercise.cases(seed):
            if case.function == function and repr(codec.encode((case.args, case.kwargs))) == sent:
                return seed, case
    return None, None
"""


def _patched(name: str, tries: str, *cells: str) -> Attack:
    return Attack(f"p_{name}", tries, in_cell(*cells))


def _called(name: str, tries: str, body: str, *cells: str, everywhere: bool = False) -> Attack:
    return Attack(f"p_{name}", tries, in_function(body, *cells, everywhere=everywhere))


READING = [
    _called("frames_to_the_top", "A calling frame holds the expected answers.", """
        import sys
        frame, found = sys._getframe(), {}
        while frame:
            found.update({k: v for k, v in {**frame.f_globals, **frame.f_locals}.items() if k in ("expected", "known", "answers", "truth", "seed")})
            frame = frame.f_back
        expected = found.get("expected") or found.get("known")
        return expected[0].answer if expected else str(found)
        """, everywhere=True),
    _called("all_objects", "An object somewhere in memory holds the expected answers.", """
        import gc
        for each in gc.get_objects():
            if type(each).__name__ in ("Answers", "KnownMistake", "Verdict") or (isinstance(each, dict) and "expected" in each):
                try:
                    return each.expected[0].answer
                except Exception:
                    return each.get("expected") if isinstance(each, dict) else None
        """, everywhere=True),
    _called("neighbours_in_memory", "The process that this one was forked from still holds a neighbour's answers.", """
        import gc
        texts = [each for each in gc.get_objects() if isinstance(each, (str, bytes, dict, list))]
        found = [t for t in texts if isinstance(t, str) and "def cohort_retention" in t and "relative = " in t]
        space = {"np": np}
        exec(found[0], space)
        return space["cohort_retention"](first_day, active, n, window)
        """),
    _called("parent_environment", "The environment of another process holds the class's seed.", """
        import glob
        found = [open(path, "rb").read() for path in glob.glob("/proc/[0-9]*/environ") + ["/proc/self/../1/environ"]]
        raise ValueError(str(found)[:1500])
        """),
    _called("parent_memory", "The memory of process 1 holds the expected answers.", """
        import os
        for process in (1, os.getppid()):
            for line in open(f"/proc/{process}/maps"):
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                with open(f"/proc/{process}/mem", "r+b") as memory:
                    memory.seek(start)
                    if b"expected" in memory.read(min(end - start, 10**7)):
                        memory.seek(start)
                        memory.write(b"0" * 64)
        """),
    _called("ptrace", "A debugger's call takes over the parent.", """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for process in (1, os.getppid()):
            libc.ptrace(16, process, 0, 0)
            libc.process_vm_readv(process, 0, 0, 0, 0, 0)
        libc.prctl(4, 1)
        """),
    _called("kill_everyone", "Without a judge there is no verdict.", """
        import os, signal
        for process in (-1, 1, os.getppid(), 0):
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        """),
    _called("read_descriptors", "An open descriptor holds a neighbour's request or the class's seed.", """
        import os
        found = []
        for descriptor in range(3, 256):
            try:
                os.set_blocking(descriptor, False)
                os.lseek(descriptor, 0, 0)
            except OSError: pass
            try:
                found.append(os.read(descriptor, 10**6))
            except OSError: pass
        raise ValueError(str(found)[:1500])
        """, everywhere=True),
    _called("close_descriptors", "With every descriptor closed nothing can be told against the attacker.",
            "import os\nos.closerange(0, 4096)", everywhere=True),
    _called("received_descriptors", "A descriptor of a neighbour is handed over on the job's own socket.", """
        import os, socket
        for descriptor in range(3, 64):
            try:
                line = socket.socket(fileno=os.dup(descriptor))
                line.settimeout(0.1)
                data, descriptors, _, _ = socket.recv_fds(line, 1 << 16, 16)
                for each in descriptors:
                    os.write(each, data)
            except (OSError, ValueError): pass
        """),
    _called("find_answers", "The answers lie somewhere in the file system.", """
        import os
        for folder, folders, files in os.walk("/"):
            folders[:] = [f for f in folders if f not in ("proc", "sys", "usr", "lib", "site-packages")]
            for name in files:
                if name in ("start.py", "mistakes.py", "seed", "gradebook.db", "start.ipynb") and "checks" not in folder:
                    text = open(os.path.join(folder, name), errors="ignore").read()
                    if "relative = np" in text:
                        part = text[text.index("def cohort_retention"):].split("# %%")[0]
                        space = {"np": np}
                        exec(part, space)
                        return space["cohort_retention"](first_day, active, n, window)
        """),
    _called("public_key", "The public key holds the answers of cases that are the same under every seed.", """
        import json, pathlib
        import helpers.checks as checks
        from helpers.checks import codec
        from helpers.checks.exercise import find
        sent = repr(codec.encode(((first_day, active), {"n": n, **({"window": window} if window != 1 else {})})))
        key = json.loads((pathlib.Path(checks.__file__).parent / "keys" / "start.json").read_text())
        for case, told in zip(find("cohort_retention").cases(), key["exercises"]["cohort_retention"]["expected"]):
            if repr(codec.encode((case.args, case.kwargs))) == sent:
                return codec.decode(told["value"])
        return 0.0
        """),
    _called("public_key_or_error", "What is not in the public key is refused, in the hope that it should be.", """
        from helpers.checks.keys import key_of
        from helpers.course import lesson
        from helpers.checks.exercise import find
        for case, told in zip(find("cohort_retention").cases(), key_of(lesson("00_start")).answers["cohort_retention"].expected):
            if np.array_equal(case.args[0], first_day) and np.array_equal(case.args[1], active):
                return told.answer
        raise ValueError
        """),
    _called("guess_the_seed", "Under one of two thousand seeds the very inputs return, with their answers.", """
        seed, case = recall("cohort_retention", (first_day, active), {"n": n, "window": window}, range(2000))
        if case is None:
            seed, case = recall("cohort_retention", (first_day, active), {"n": n}, range(2000))
        raise ValueError(seed) if case is None else ValueError(case)
        """, _EXPECTED),
    _called("guess_by_time", "The seed is the second in which the grading began.", """
        import time
        now = int(time.time())
        return recall("cohort_retention", (first_day, active), {"n": n, "window": window}, range(now - 60, now + 1))[1]
        """, _EXPECTED),
    _called("import_authoring", "The course's own tools know the reference.", """
        from pathlib import Path
        from helpers.authoring.source import references
        from helpers.course import course_folder, lesson
        return references(Path(course_folder()), lesson("00_start"))["cohort_retention"](first_day, active, n, window)
        """),
    _called("import_grading", "The grader's own modules tell the seed.", """
        from pathlib import Path
        from helpers.course import course_folder
        from helpers.grading.seeds import class_seed
        raise ValueError(class_seed(Path(course_folder(), ".grading/seed")))
        """),
]

FORGING = [
    Attack("p_tell_lines_everywhere", "Outcomes of the attacker's own are told on every descriptor, a line each.", in_cell(FORGED, _SEND)),
    Attack("p_tell_frames_everywhere", "Outcomes of the attacker's own are told on every descriptor, framed in every way.", in_cell(FORGED, _FRAMED)),
    Attack("p_tell_while_called", "The outcomes are told while the call they stand for is running.", in_function(_SEND + "\nreturn 0", FORGED)),
    Attack("p_tell_and_die", "The outcomes are told, and then nobody is left who could tell others.",
           in_function(_SEND + "\nimport os\nos._exit(0)", FORGED, everywhere=True)),
    Attack("p_tell_frames_and_die", "The outcomes are told in frames, and then nobody is left.",
           in_function(_FRAMED + "\nimport os\nos._exit(0)", FORGED, everywhere=True)),
    Attack("p_tell_half_a_frame", "The judge waits for the rest of a frame that never comes.", in_cell(FORGED, """
        import os, struct, time
        told_everywhere(struct.pack(">I", 2**31 - 1) + b'{"exercise": "cohort_retention", "outcomes": [' * 100)
        time.sleep(60)
        os._exit(0)
        """)),
    Attack("p_tell_deep_json", "The judge falls over a frame of a hundred thousand brackets.", in_cell(FORGED, """
        import struct
        text = b"[" * 100_000 + b"]" * 100_000
        told_everywhere(b"\\n" + text + b"\\n")
        told_everywhere(struct.pack(">I", len(text)) + text)
        """)),
    Attack("p_tell_odd_events", "The judge falls over events whose parts are of other types.", in_cell(FORGED, """
        import json
        for event in ({"cell_errors": 3}, {"cell_errors": [1]}, {"start": {}}, {"start": ["x"]}, {"exercise": [1], "outcomes": 2}, {"exercise": None},
                      {"exercise": "cohort_retention", "outcomes": [{"kind": [], "errors": 3}] * 40}, {"died": "ended"}, {"$": "int"}, [], 3, None,
                      {"exercise": "cohort_retention", "outcomes": [{"kind": "value", "value": {"$": "int", "v": "0x" + "f" * 10**6}}] * 40},
                      {"exercise": "temporal_split", "outcomes": [{"kind": "value", "value": {"$": "set", "v": [[1]]}}] * 16}):
            told_everywhere(json.dumps(event).encode() + b"\\n")
        told_everywhere(b'{"exercise": NaN}\\n{"start": 1e999}\\n\\xff\\xfe\\n' + b'{"start":' + b"9" * 10**5 + b"}\\n")
        """)),
    Attack("p_tell_nothing_more", "A report of cells whose errors are held back, and then silence.", in_cell(FORGED, """
        told_everywhere(b'{"cell_errors": {}}\\n')
        import os, time
        os.closerange(3, 256)
        time.sleep(60)
        """)),
    _patched("patch_outcome", "Every outcome is a value, whatever happened.", """
        import helpers.checks.calling as calling
        real = calling.Outcome
        calling.Outcome = lambda kind, value=None, **rest: real("value", value=1.0)
        """),
    _patched("patch_run_all", "The calls are not made at all; the reference is looked up.", """
        import helpers.checks.calling as calling
        from helpers.checks.keys import key_of
        calling.run_all = lambda exercise, cases, functions: list(key_of(exercise.lesson).answers[exercise.name].expected)
        """),
    _patched("patch_codec", "Whatever is encoded is what the public key expects.", """
        import helpers.checks.codec as codec
        from helpers.checks.keys import key_of
        from helpers.course import lesson
        told = [e.value for a in key_of(lesson("00_start")).answers.values() for e in a.expected]
        codec.encode = lambda value, depth=0: told.pop(0) if told else 1.0
        codec.decode = lambda wire, depth=0: ((), {})
        """),
    _patched("patch_worker", "The worker serves another's answers.", """
        import sys
        for name in ("__main__", "helpers.checks.worker"):
            worker = sys.modules.get(name)
            for function in ("serve", "run_cell", "decode_case", "main"):
                if hasattr(worker, function):
                    setattr(worker, function, lambda *args, **kwargs: None)
        """),
    _patched("patch_json", "What is told is rewritten on its way out.", """
        import json, json.encoder, re
        real = json.JSONEncoder.encode
        def encode(self, event):
            if isinstance(event, dict) and "outcomes" in event:
                event = {**event, "outcomes": [{"kind": "value", "value": 1.0} for _ in event["outcomes"]]}
            return real(self, event)
        json.JSONEncoder.encode = encode
        json.dumps = lambda event, **options: encode(json.JSONEncoder(), event)
        """),
    _patched("patch_judge_and_verdict", "The judge agrees with everything.", """
        import helpers.checks.judge as judge, helpers.checks.verdict as verdict, helpers.checks.delegation as delegation
        judge.Close.difference = lambda self, expected, got: None
        verdict.failing = verdict._failures = lambda *args: []
        delegation.borrowed = lambda *args: []
        """),
    _patched("patch_exercise", "The exercise has no cases, and so none that fails.", """
        import helpers.checks.exercise as exercise
        for record in exercise.exercises("00_start"):
            object.__setattr__(record, "count", 0)
            object.__setattr__(record, "points", 1000)
            object.__setattr__(record, "functions", ())
        """),
    _patched("pollute_modules", "Modules that the worker will ask for are the attacker's.", """
        import sys
        class Yes:
            def __getattr__(self, name): return self
            def __call__(self, *args, **kwargs): return self
        for name in list(sys.modules):
            if name.startswith(("helpers", "json", "numpy", "pandas")):
                sys.modules[name] = Yes()
        """),
    _patched("patch_builtins", "Python's own functions answer for the attacker.", """
        import builtins
        real = builtins.isinstance
        builtins.len = lambda x: 0
        builtins.type = lambda *args: float
        builtins.isinstance = lambda *args: True
        builtins.zip = lambda *args, **kwargs: iter(())
        builtins.all = builtins.any = lambda *args: True
        """),
    _patched("import_hook", "An import hook gives the worker the attacker's modules.", """
        import sys, types
        class Hook:
            def find_spec(self, name, path=None, target=None):
                raise SystemExit
        sys.meta_path.insert(0, Hook())
        sys.path_hooks.clear(); sys.path_importer_cache.clear(); sys.path[:] = ["."]
        for name in [n for n in sys.modules if n.startswith("helpers")]: del sys.modules[name]
        """),
    _patched("trace_functions", "A trace function replaces what the worker's functions return.", """
        import sys, threading
        def trace(frame, event, argument):
            if "outcomes" in frame.f_locals: frame.f_locals["outcomes"].clear()
            return trace
        sys.settrace(trace); threading.settrace(trace); sys.setprofile(lambda *args: None)
        import sys
        frame = sys._getframe()
        while frame:
            frame.f_trace = trace
            frame = frame.f_back
        """),
    _called("own_code_in_the_caller", "The caller's own code is replaced while it waits.", """
        import sys
        frame = sys._getframe(1)
        for name in ("run", "run_all", "direct"):
            function = frame.f_globals.get(name)
            if function is not None:
                function.__code__ = (lambda *args, **kwargs: []).__code__
        """),
    Attack("p_callable_with_a_signature", "What is called is an object that answers for its own signature.", after_answer("""
        class Lies:
            __code__ = __name__ = __module__ = __signature__ = property(lambda self: 1 / 0)
            def __call__(self, *args, **kwargs): raise SystemExit
        cohort_retention = Lies()
        """)),
    Attack("p_decorated", "A decorator makes an object of the answer that compares with everything.", after_answer("""
        class Yes:
            def __init__(self, function): pass
            def __call__(self, *args, **kwargs): return 0
            def __getattribute__(self, name): raise SystemExit
        cohort_retention = Yes(cohort_retention)
        """)),
    Attack("p_exit_hooks", "What is registered for the exit tells the attacker's outcomes last.", in_cell(FORGED, f"""
        import atexit, json, threading
        def last():
            for name in {_NAMES}:
                told_everywhere(json.dumps(forged(name)).encode() + b"\\n")
        atexit.register(last)
        threading._register_atexit(last)
        raise SystemExit(0)
        """)),
]

TIME = [
    _patched("stopped_clock", "A clock that stands still never reaches a limit.", """
        import time
        time.monotonic = time.time = time.perf_counter = lambda: 0.0
        """, "while True: pass"),
    _called("rewound_clock", "A clock that runs backwards during the call.", """
        import time
        time.monotonic = lambda: -1e9
        while True:
            try:
                while True: pass
            except KeyboardInterrupt: pass
        """),
    _called("no_timer", "The timer that stops long calls never rings.", "while True: pass", """
        import _thread, threading
        _thread.interrupt_main = lambda *args: None
        threading.Event.wait = lambda self, timeout=None: __import__("time").sleep(10**6)
        threading.Thread.start = lambda self: None
        """),
    _called("no_more_threads", "The timer cannot be made.", "while True: pass", """
        import threading
        def refused(*args, **kwargs): raise RuntimeError("can't start new thread")
        threading.Thread = threading.Timer = threading._start_new_thread = refused
        """),
    _called("signals_ignored", "No alarm is heard.", """
        import signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        while True: pass
        """),
    _called("interrupt_swallowed", "Interrupts are caught, one after the other.", """
        while True:
            try:
                while True: pass
            except KeyboardInterrupt: continue
        """),
    _called("loop_in_c", "A loop inside C code hears no interrupt.", "return sum(iter(int, 1)) + pow(3, 10**9)"),
    _called("long_regular_expression", "A regular expression that backtracks for ever.", "import re\nreturn re.match('(a+)+$', 'a' * 60 + 'b')"),
    _called("sleeps_for_ever", "A call that uses no processor time and never ends.",
            "import time\nwhile True:\n    try: time.sleep(10**6)\n    except BaseException: pass"),
    _called("just_below_the_limit", "Every call takes as long as it may.", "import time\ntime.sleep(1.8)\nreturn 0", everywhere=True),
    Attack("p_many_sleeping_cells", "Each of two hundred cells takes as long as a cell may.", in_cell(*["import time\ntime.sleep(4.8)"] * 200)),
    _called("threads_that_outlive_the_call", "Threads that run on change the answers of later calls.", """
        import threading, time
        def busy():
            while True:
                try: sum(range(10**6))
                except BaseException: pass
        for _ in range(50): threading.Thread(target=busy, daemon=False).start()
        return 0
        """),
    _called("same_random_numbers", "The generators are patched so that hidden cases repeat.", """
        np.random.seed(0)
        np.random.default_rng = lambda *args: np.random.Generator(np.random.PCG64(0))
        import random, os
        random.seed(0); random.random = lambda: 0.5; os.urandom = lambda n: bytes(n)
        return 0.5
        """, everywhere=True),
]

RESOURCES = [
    _called("fork_bomb", "Processes until the machine stands still.", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
    _called("fork_and_answer", "One process tells the attacker's outcomes while the other is stopped.",
            f"import os\nif os.fork() == 0:\n    os.setsid()\n{indent(_SEND, '    ')}", FORGED),
    _called("subprocess", "A program of the machine's is run.", """
        import os, subprocess
        os.system("touch here; id")
        subprocess.run(["cat", "/etc/shadow"], check=False)
        os.execv("/bin/sh", ["sh", "-c", "sleep 600"])
        """),
    _called("raw_clone", "A process is made behind the library's back.", """
        import ctypes
        libc = ctypes.CDLL(None)
        for number, flags in ((56, 17), (57, 0), (58, 0), (435, 0)):
            libc.syscall(number, flags, 0, 0, 0, 0)
        libc.unshare(0x10000000); libc.mount(b"none", b"/", b"tmpfs", 0, None); libc.setuid(0); libc.chroot(b"..")
        """),
    _called("memory_of_lists", "Memory is taken in small pieces.", "kept = []\nwhile True: kept.append([0] * 10**6)"),
    _called("memory_map", "Memory is mapped, not allocated.", """
        import mmap
        kept = []
        while True:
            kept.append(mmap.mmap(-1, 2**30))
            kept[-1][::4096] = b"x" * 2**18
        """),
    _called("shared_memory", "Shared memory outlives the process.", """
        for i in range(10_000):
            with open(f"/dev/shm/kept{i}", "wb") as file: file.write(b"x" * 2**20)
        """),
    _called("full_disk", "The disk is filled.", """
        import os, tempfile
        for folder in (".", "/tmp", "/job", "/var/tmp", tempfile.gettempdir()):
            for i in range(10_000):
                try:
                    with open(os.path.join(folder, f"full{i}"), "wb") as file: file.write(b"x" * 2**24)
                except OSError: break
        """),
    _called("million_files", "The file system runs out of names.", """
        try:
            for i in range(10**6): open(f"file{i}", "w").close()
        except OSError: pass
        import os
        for i in range(10**4):
            os.mkdir("d"); os.chdir("d")
        """),
    _called("all_descriptors", "No descriptor is left to answer on.", "kept = []\nwhile True: kept.append(open('/dev/null'))"),
    _called("full_pipe", "The pipe to the judge is filled.", FORGED + "\nwhile True: told_everywhere(b'x' * 65536)"),
    _called("endless_lines", "The judge is given lines without end.", FORGED + "\nwhile True: told_everywhere(b'{}\\n' * 10_000)"),
    _called("endless_output", "What is printed never ends.", "import sys\nwhile True: print('x' * 10**6, file=sys.__stdout__); print('y' * 10**6)"),
    _called("large_core", "A crash leaves a large file.",
            "kept = bytearray(3 * 10**8)\nimport ctypes, faulthandler\nfaulthandler.disable()\nctypes.string_at(0)",
            everywhere=True),
    _called("write_site_packages", "A module of the environment is rewritten for those who come later.", """
        import glob, os, helpers, numpy
        for path in (helpers.__file__, numpy.__file__, os.__file__, *glob.glob("/usr/lib/python3*/site.py")):
            for name in (path, os.path.join(os.path.dirname(path), "sitecustomize.py"), path + ".new"):
                try:
                    with open(name, "a") as file: file.write("\\n# was here\\n")
                except OSError: pass
        """),
    _called("write_pyc", "A cached module is replaced for those who come later.", """
        import glob, os, helpers.checks
        for path in glob.glob(os.path.join(os.path.dirname(helpers.checks.__file__), "__pycache__", "*")):
            os.chmod(path, 0o666)
            open(path, "wb").close()
        """),
    _called("raise_the_limits", "The limits are lifted from inside.", """
        import resource
        for name in dir(resource):
            if name.startswith("RLIMIT_"):
                try: resource.setrlimit(getattr(resource, name), (-1, -1))
                except (OSError, ValueError): pass
        return len(bytearray(8 * 10**9))
        """),
    _called("abstract_socket", "A socket without a file reaches a process outside.", """
        import socket
        for name in ("\\0retention", "\\0X0", "\\0dbus"):
            line = socket.socket(socket.AF_UNIX)
            line.bind(name + "-own"); line.connect(name)
        """),
    _called("unix_sockets", "A socket in the file system reaches a process outside.", """
        import os, socket, stat
        for folder, _, files in os.walk("/run"):
            for name in files:
                path = os.path.join(folder, name)
                if stat.S_ISSOCK(os.stat(path).st_mode): socket.socket(socket.AF_UNIX).connect(path)
        socket.socketpair()
        """),
    _called("keyrings_and_queues", "The kernel's own keepsakes are shared between jobs.", """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.shmget(4711, 4096, 0o1666); libc.msgget(4711, 0o1666); libc.semget(4711, 1, 0o1666)
        libc.syscall(248, b"user", b"kept", b"answer", 6, -3)
        libc.syscall(425, 8, bytes(256))
        """),
    _called("link_to_host_files", "A link left in the job's folder is followed by the grader.", """
        import os
        for name in ("outcomes", "answer", "result", "start.ipynb"):
            os.symlink("/etc/passwd", name)
            os.mkfifo(name + ".pipe")
        """),
]

PROCESS = [*READING, *FORGING, *TIME, *RESOURCES]
