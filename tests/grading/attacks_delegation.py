"""Right answers that are another's work: each computes what is asked, and its last step with what the exercise does not permit."""

from textwrap import dedent, indent

from attacks_making import Attack, HandIn, with_cell, wrong

SAYS = "write this one with"

_KEPT = """
first_day, active = np.asarray(first_day), np.asarray(active)
total = active.shape[1]
observed = first_day + n + window <= total
if not observed.any():
    return float("nan")
relative = np.arange(total) - first_day[:, None]
kept = (active.astype(bool) & (relative >= n) & (relative < n + window)).any(axis=1)[observed].astype(float)
"""


def borrowing(last: str, *cells: str, before: str = "", after: str = "", more: str = "") -> HandIn:
    """The answer up to the array `kept`, whose mean is to be taken; `last` takes it.

    cells: run first.  before, after: in the answer's cell, around the function.  more: further parameters.
    """
    body = indent(_KEPT + dedent(last).strip(), "    ")
    source = "\n".join(["# exercise: cohort_retention", dedent(before).strip("\n"),
                        f"def cohort_retention(first_day, active, n, window=1{more}):", body, dedent(after).strip("\n")]) + "\n"
    return lambda classroom, student: classroom.hand_in(
        student, with_cell(classroom.answered(**wrong(cohort_retention=source)), *cells))


def _borrows(name: str, tries: str, last: str, *cells: str, **around: str) -> Attack:
    return Attack(f"d_{name}", tries, borrowing(last, *cells, **around), says=SAYS)


DELEGATION = [
    _borrows("sklearn_inside", "scikit-learn, imported where it is used.",
             "from sklearn.metrics import accuracy_score\nreturn float(accuracy_score(np.ones(len(kept)), kept))"),
    _borrows("sklearn_of_another_cell", "scikit-learn, imported in another cell.",
             "return float(accuracy_score(np.ones(len(kept)), kept))", "from sklearn.metrics import accuracy_score"),
    _borrows("scipy_as_np", "SciPy under NumPy's name.", "return float(npy.tmean(kept))", "import scipy.stats as npy"),
    _borrows("alias_of_alias", "A name for a name of SciPy's.", "return float(mean(kept))",
             "from scipy import stats as s", "t = s.tmean", "mean = t"),
    _borrows("own_metrics", "The course's own metrics.", "return 1 - brier(kept, np.ones(len(kept)))", "from helpers.metrics import brier"),
    _borrows("own_metrics_of_setup", "A metric that the setup cell has imported.",
             "return float(pr_auc(kept, np.zeros(len(kept)))) if kept.any() else 0.0"),
    _borrows("own_windows", "NumPy as the course's own module has it.", "return float(w.np.mean(kept))", "import helpers.windows as w"),
    _borrows("own_checks", "What the check itself calls.", "from helpers.checks.calling import direct\nreturn float(direct(np.mean, None, (kept,), {}))"),
    _borrows("getsource", "The text of another's function, run again.",
             "import inspect\nspace = {}\nexec(inspect.getsource(pr_auc) and 'def mean(x): return x.mean()', space)\nreturn float(space['mean'](kept))"),
    _borrows("sys_modules", "A module that is already loaded.", "return float(sys.modules['scipy.stats'].tmean(kept))", "import sys, scipy.stats"),
    _borrows("importlib", "An import by a function.", "return float(importlib.import_module('scipy.stats').tmean(kept))", "import importlib"),
    _borrows("dunder_import", "An import by Python's own function.", "return float(__import__('scipy.stats').stats.tmean(kept))"),
    _borrows("import_by_computed_name", "The importing function under a name that is put together.",
             "return float(getattr(type(np), '__getattribute__')(np, 'f2' + 'py').sys.modules['sci' + 'py.stats'].tmean(kept))",
             "import scipy.stats, numpy.f2py"),
    _borrows("getattr_builtins", "The importing function by getattr.",
             "b = getattr(len, '__se' + 'lf__')\nreturn float(getattr(b, '__imp' + 'ort__')('scipy.stats').stats.tmean(kept))"),
    _borrows("builtins_of_len", "The module that every builtin function belongs to.",
             "return float(len.__self__.eval('__imp' + 'ort__(\"scipy.stats\")').stats.tmean(kept))"),
    _borrows("builtins_of_enum", "The builtins as a permitted module has them.",
             "return float(enum.bltns.eval('__imp' + 'ort__(\"scipy.stats\")').stats.tmean(kept))", "import enum"),
    _borrows("builtins_from_dataclasses", "The builtins, imported from a permitted module.",
             "from dataclasses import builtins as tools\nreturn float(tools.eval('__imp' + 'ort__(\"scipy.stats\")').stats.tmean(kept))"),
    _borrows("attrgetter", "A way through attributes, written as text.",
             "return float(operator.attrgetter('f2' + 'py.sys.mod' + 'ules')(np)['scipy.stats'].tmean(kept))",
             "import operator, scipy.stats, numpy.f2py"),
    _borrows("class_pattern", "A way through attributes, written as a pattern.", """
        match np:
            case object(f2py=object(sys=object(modules=loaded))):
                return float(loaded["scipy.stats"].tmean(kept))
        """, "import scipy.stats, numpy.f2py"),
    _borrows("f2py_of_numpy", "The modules as a part of NumPy's has them.", "return float(np.f2py.sys.modules['scipy.stats'].tmean(kept))",
             "import scipy.stats, numpy.f2py"),
    _borrows("from_f2py", "The same, imported.", "from numpy.f2py import sys as s\nreturn float(s.modules['scipy.stats'].tmean(kept))", "import scipy.stats"),
    _borrows("numpy_testing", "A function of NumPy's tests that runs text.",
             "space = {'kept': kept}\nnp.testing.runstring('import scipy.stats; mean = scipy.stats.tmean(kept)', space)\nreturn float(space['mean'])"),
    _borrows("numpy_ctypeslib", "Python's C interface by way of NumPy's.", """
        api = np.ctypeslib.ctypes.pythonapi
        api.PyImport_ImportModule.restype = np.ctypeslib.ctypes.py_object
        return float(api.PyImport_ImportModule(b"scipy.stats").tmean(kept))
        """, "import numpy.ctypeslib"),
    _borrows("pandas_optional_import", "pandas' own way to import what it may lack.",
             "from pandas.compat._optional import import_optional_dependency as load\nreturn float(load('scipy.stats').tmean(kept))"),
    _borrows("pandas_io_back_door", "The modules as a part of pandas' has them.",
             "return float(pd.io.common.os.sys.modules['scipy.stats'].tmean(kept))", "import scipy.stats"),
    _borrows("pandas_eval", "A call in a text that pandas reads.",
             "return float(pd.DataFrame({'x': [0]}).eval('@tmean(@kept)', engine='python'))",
             "from scipy.stats import tmean"),
    _borrows("read_pickle", "A pickle names any function of any package.", """
        np.frombuffer(b"cscipy.stats\\ntmean\\n.", dtype="u1").tofile("borrowed.pkl")
        return float(pd.read_pickle("borrowed.pkl", compression=None)(kept))
        """),
    _borrows("annotation", "An annotation is text that typing runs.", """
        def hint(x: "__impo" "rt__('scipy.stats').stats.tmean"): pass
        return float(typing.get_type_hints(hint)["x"](kept))
        """, "import typing"),
    _borrows("mro_walk", "Every class that is loaded, by way of object.", """
        loaded = {each.__name__: each for each in type(kept).__mro__[-1].__subclasses__()}
        return float(loaded["BuiltinImporter"].load_module("builtins").__import__("scipy.stats").stats.tmean(kept))
        """),
    _borrows("globals_of_function", "The names that another's function was written among.", "return float(brier.__globals__['np'].mean(kept))",
             "from helpers.metrics import brier"),
    _borrows("frame_of_caller", "The names of whoever calls.", """
        try:
            raise ValueError
        except ValueError as error:
            frame = error.__traceback__.tb_frame
        return float(frame.f_builtins["__import__"]("scipy.stats").stats.tmean(kept))
        """),
    _borrows("generator_frame", "The names of a generator's frame.", """
        names = (0 for _ in ()).gi_frame.f_builtins
        return float(names["__imp" + "ort__"]("scipy.stats").stats.tmean(kept))
        """),
    _borrows("partial", "A borrowed function with an argument filled in.", "return float(score(kept))",
             "import functools\nfrom sklearn.metrics import zero_one_loss\nimport numpy as np",
             "score = functools.partial(lambda loss, x: 1 - loss(np.ones(len(x)), x), zero_one_loss)"),
    _borrows("default_argument", "A borrowed function as a default argument.", "return float(mean(kept))", "from scipy.stats import tmean",
             more=", mean=tmean"),
    _borrows("class_attribute", "A borrowed function as a class's attribute.", "return float(Own.mean(kept))",
             "import scipy.stats\nclass Own:\n    mean = staticmethod(scipy.stats.tmean)"),
    _borrows("instance_attribute", "A borrowed function as an attribute set later.", "return float(own.mean(kept))",
             "import types\nimport scipy.stats\nown = types.SimpleNamespace()\nown.mean = scipy.stats.tmean"),
    _borrows("function_attribute", "A borrowed function as an attribute of the answer itself.", "return float(cohort_retention.mean(kept))",
             after="from scipy.stats import tmean\ncohort_retention.mean = tmean"),
    _borrows("closure", "A borrowed function in a closure.", "return float(mean(kept))",
             "def make():\n    from scipy.stats import tmean\n    def mean(x): return tmean(x)\n    return mean", "mean = make()"),
    _borrows("comprehension", "A borrowed function as a comprehension's variable.", "return float([mean(kept) for mean in tools][0])",
             "from scipy.stats import tmean\ntools = [tmean]"),
    _borrows("generator_argument", "A borrowed function in a container that is filled later.", "return float(tools[0](kept))",
             "tools = []", "from scipy.stats import tmean\ntools.append(tmean)"),
    _borrows("decorator", "The answer is decorated with another that answers in its place.", "return kept",
             "from scipy.stats import tmean\n\n\ndef means(function):\n    def answer(*args, **kwargs):\n        kept = function(*args, **kwargs)\n"
             "        return kept if isinstance(kept, float) else float(tmean(kept))\n    return answer", before="@means"),
    _borrows("wrapped_afterwards", "The answer's name is given to a wrapper of it.", "from scipy.stats import tmean\nreturn float(tmean(kept))",
             after="def plain(function):\n    return lambda first_day, active, n, window=1: function(first_day, active, n, window)\n\n\n"
                   "cohort_retention = plain(cohort_retention)"),
    _borrows("renamed_and_defined_again", "A borrowing function gets a second name, and its first another body.", "return float(kept_name(kept))",
             "def mean(x):\n    from scipy.stats import tmean\n    return tmean(x)\n\n\nkept_name = mean", "def mean(x):\n    return sum(x) / len(x)"),
    _borrows("loop_variable", "A borrowed function as the variable of a loop.", "return float(mean(kept))",
             "from scipy.stats import tmean\nfor mean in [tmean]:\n    pass"),
    _borrows("with_variable", "A borrowed function as what a context gives.", "return float(mean(kept))",
             "import contextlib\nfrom scipy.stats import tmean\nwith contextlib.nullcontext(tmean) as mean:\n    pass"),
    _borrows("match_variable", "A borrowed function as what a pattern captures.", "return float(mean(kept))",
             "from scipy.stats import tmean\nmatch [tmean]:\n    case [mean]:\n        pass"),
    _borrows("walrus", "A borrowed function bound within an expression.", "return float(mean(kept))",
             "from scipy.stats import tmean\n(mean := tmean)"),
    _borrows("star_import", "Everything of a package at once.", "return float(tmean(kept))", "from scipy.stats import *"),
    _borrows("global_statement", "A function binds the name for all.", "return float(mean(kept))",
             "def install():\n    global mean\n    from scipy.stats import tmean as mean\n\n\ninstall()"),
    _borrows("never_defined_again", "The name is defined again where nothing runs.", "return float(tmean(kept))", "from scipy.stats import tmean",
             "if False:\n    def tmean(x):\n        return sum(x) / len(x)"),
    _borrows("never_reached_again", "The name is defined again behind an error.", "return float(tmean(kept))", "from scipy.stats import tmean",
             "raise ValueError\ndef tmean(x):\n    return sum(x) / len(x)"),
    _borrows("never_compiled", "The name is defined again in a cell that cannot run.", "return float(tmean(kept))", "from scipy.stats import tmean",
             "def tmean(x):\n    return sum(x) / len(x)\nreturn"),
    _borrows("patched_numpy", "SciPy's function as an attribute of NumPy's.", "return float(np.tmean(kept))",
             "import numpy, scipy.stats\nnumpy.tmean = scipy.stats.tmean"),
    _borrows("patched_frame", "SciPy's function as a method of pandas'.", "return float(pd.Series(kept).tmean())",
             "import scipy.stats\nsetattr(pd.Series, 'tmean', lambda self: scipy.stats.tmean(self.to_numpy()))"),
    _borrows("patched_builtins", "SciPy's function as one of Python's own.", "return float(tmean(kept))",
             "import builtins, scipy.stats\nbuiltins.tmean = scipy.stats.tmean"),
    _borrows("written_to_globals", "The name is written into the table of names.", "return float(mean(kept))",
             "import scipy.stats\nglobals()['me' + 'an'] = scipy.stats.tmean"),
    _borrows("exec_elsewhere", "The import is text that another cell runs.", "return float(mean(kept))",
             "exec('from scipy.st' + 'ats import tmean as mean')"),
    _borrows("too_deep_to_read", "A cell that Python can run and a reader of its tree cannot.", "return float(mean(kept))",
             "import sys; sys.setrecursionlimit(10**6)", "from scipy.stats import tmean as mean\nx = " + "+".join("1" * 1100)),
]
