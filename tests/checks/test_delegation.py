"""Whose work it is, read off the syntax tree."""

import pytest

from helpers.checks.delegation import borrowed

USES = ("numpy", "pandas")


def reached(*cells, functions=("f",)):
    return [each.what for each in borrowed(cells, functions, USES)]


@pytest.mark.parametrize(("cells", "what"), [
    (["import sklearn.metrics\ndef f(x): return sklearn.metrics.auc(x, x)"], "sklearn.metrics"),
    (["from scipy.stats import rankdata", "def f(x): return rankdata(x)"], "scipy.stats.rankdata"),
    (["import sklearn.metrics as np", "def f(x): return np.auc(x, x)"], "sklearn.metrics"),
    (["from sklearn.metrics import auc", "g = auc", "def f(x): return g(x, x)"], "sklearn.metrics.auc"),
    (["from sklearn.metrics import auc", "tools = {'a': auc}", "def f(x): return tools['a'](x, x)"], "sklearn.metrics.auc"),
    (["from sklearn.metrics import auc", "tools = {}", "tools['a'] = auc", "def f(x): return tools['a'](x, x)"], "sklearn.metrics.auc"),
    (["def f(x):\n    from helpers.metrics import lift\n    return lift(x)"], "helpers.metrics"),
    (["def g(x):\n    import scipy\n    return scipy.linalg.inv(x)", "def f(x): return g(x)"], "scipy"),
    (["class G:\n    import scipy", "def f(x): return G.scipy"], "scipy"),
    (["try:\n    from scipy.stats import rankdata as r\nexcept ImportError:\n    r = None", "def f(x): return r(x)"], None),
    (["def f(x): return __import__('sk' + 'learn')"], "__import__"),
    (["import sys\ndef f(x): return sys.modules['sklearn']"], "sys"),
    (["import numpy as np\ndef f(x): return np.f2py.sys.modules"], "modules"),
    (["import importlib", "def f(x): return importlib.import_module('sklearn')"], "importlib"),
    (["def f(x): return eval('1')"], "eval"),
    (["def f(x): return f.__globals__['y']"], "__globals__"),
    (["import inspect\ndef f(x): return inspect.getsource(f)"], "inspect"),
    (["f = lambda x: __import__('sklearn')"], "__import__"),
    (["from sklearn.metrics import auc as f"], "sklearn.metrics.auc"),
    (["import functools\nfrom sklearn.metrics import auc\nf = functools.partial(auc, [1])"], "sklearn.metrics.auc"),
], ids=range(20))
def test_reaching_another_package_is_seen(cells, what):
    found = reached(*cells)
    assert found
    assert what is None or what in found


@pytest.mark.parametrize("cells", [
    ["import numpy as np", "def f(x): return np.sort(x)"],
    ["import pandas as pd\nimport math\nfrom collections import Counter", "def g(x): return Counter(x)", "def f(x): return pd.Series(g(x)), math.pi"],
    ["from sklearn.metrics import auc\nimport matplotlib.pyplot as plt", "def f(x): return x", "plt.plot(f(1)); auc([0, 1], [0, 1])"],
    ["from sklearn.metrics import auc", "def auc(x): return x", "def f(x): return auc(x)"],
    ["%matplotlib inline\n!ls\ndef f(x): return x"],
    ["def broken(:", "def f(x): return x"],
    ["def f(x):\n    open_orders = x\n    return open_orders"],
    ["from helpers.data import events", "import sklearn.metrics as S", "def f(events, S=1):\n    return [S for S in events]"],
    ["from sklearn.metrics import auc as x", "def f(vars, input):\n    x = vars\n    def g(auc): return auc + x\n    return g(input)"],
], ids=range(9))
def test_own_work_is_left_alone(cells):
    assert reached(*cells) == []


def test_a_recursive_function_is_read_once():
    assert reached("def f(x): return g(x)", "def g(x): return f(x)") == []


@pytest.mark.parametrize("cells", [
    ["from scipy.stats import tmean as t", "if False:\n    def t(x): return x", "def f(x): return t(x)"],
    ["from scipy.stats import tmean as t", "raise ValueError\ndef t(x): return x", "def f(x): return t(x)"],
    ["from scipy.stats import tmean as t", "def t(x): return x\nreturn", "def f(x): return t(x)"],
    ["from scipy.stats import tmean as t", "from math import nothing as t", "def f(x): return t(x)"],
    ["def g(x):\n    import scipy\n    return scipy.stats.tmean(x)", "h = g", "def g(x): return x", "def f(x): return h(x)"],
    ["def f(x):\n    import scipy\n    return scipy.stats.tmean(x)", "def same(g): return lambda x: g(x)", "f = same(f)"],
    ["def make(): return t", "from scipy.stats import tmean as t", "g = make()", "t = None", "def f(x): return g(x)"],
    ["from scipy.stats import tmean as t", "g = [t for _ in range(1)][0]", "def t(x): return x", "def f(x): return g(x)"],
], ids=range(8))
def test_what_a_name_stood_for_counts_until_it_is_surely_replaced(cells):
    assert reached(*cells)


@pytest.mark.parametrize("cells", [
    ["import scipy.stats", "def put(g, t): g.mean = t", "put(f, scipy.stats.tmean)", "def f(x): return f.mean(x)"],
    ["import scipy.stats, pandas as pd", "def put(g, t): setattr(g, 'tmean', t)", "put(pd.Series, scipy.stats.tmean)", "def f(x): return x.tmean()"],
    ["import scipy.stats", "tools = {}", "tools.update(mean=scipy.stats.tmean)", "def f(x): return tools['mean'](x)"],
    ["def f(x): return (lambda g: g(x, '__glo' + 'bals__'))(getattr)"],
    ["import pandas as pd", "def f(x): return pd.eval('x' + '.y')"],
    ["import numpy as np", "def f(x): return np.load('x', allow_pickle=True)"],
    ["x = [" + "0," * 200_000 + "]", "def f(x): return np.sort(x)"],
    ["def f(x): return x" + " + 1" * 5_000],
], ids=range(8))
def test_roundabout_ways_are_seen(cells):
    assert reached(*cells)


@pytest.mark.parametrize("cells", [
    ["from helpers.metrics import weighted", "import numpy as np\ndef weighted(x, w: int = -1): return x", "def f(x): return weighted(x)"],
    ["from helpers.metrics import weighted", "from collections import Counter\ndef f(x): return weighted(Counter(x))\ndef weighted(x): return x"],
    ["from sklearn.metrics import auc", "def f(x): return g(x)\ndef g(x): return x", "print(auc(f([1]), [2]), getattr(f, 'x', 0))"],
    ["import sklearn.preprocessing as p\nimport pandas as pd", "df = pd.DataFrame()\ndf.columns = p.StandardScaler().fit(df).mean_",
     "def f(df): return df.columns"],
    ["import sklearn", "DAY = 3\nshow = sklearn.show(DAY)", "def f(x): return getattr(x, 'mean')() + DAY"],
    ["def f(df, ts): return df.query('@ts < 3').eval('a + b')"],
    ["from scipy.stats import *", "def f(x): return sum(g(x))\ndef g(x): return sorted(x)"],
    ["class Own:\n    def __init__(self): self.n = 1\n    def __call__(self): return self.n", "def f(x): return Own()()"],
], ids=range(8))
def test_own_names_and_tables_are_left_alone_too(cells):
    assert reached(*cells) == []


def test_a_hostile_number_of_meanings_is_refused_and_not_followed_for_ever():
    cells = [f"def g{i}(x): return g{i + 1}(x)\ng{i} = g{i}" for i in range(400)] + ["def f(x): return g0(x)"]
    assert "code that is too long or too deep to read" in reached(*(cells * 3))


INNER = """def f(x):
    class State:
        def __init__(self, x):
            self.x = np.sort(x)
        def turn(self):
            self.x = self.x + 1
            return self.x
    return State(x).turn()"""
LAYER = """def f(x):
    class Last(pandas.Layer):
        def __init__(self, **named):
            super().__init__(**named)
            self.units = 3
        def call(self, y):
            return y[:, -self.units]
    return Last()(x)"""
SETUP = "import pandas, numpy as np\nfrom helpers import check, hint"


@pytest.mark.parametrize("answer", [INNER, LAYER, "def f(x):\n    x.trainable = False\n    return x.trainable"], ids=["class", "layer", "attribute"])
def test_a_class_with_an_init_inside_an_answer_is_no_delegation_however_often_it_is_checked_and_it_does_not_persist(answer):
    assert reached(SETUP, answer, "check(f)", "hint(f)", answer, "check(f)") == []
    assert reached(SETUP, answer, "check(f)", "def f(x): return x.x, x.units, x.trainable", "check(f)") == []


def test_an_answer_with_a_class_may_be_tried_beside_a_library_without_having_used_it():
    assert reached(SETUP, INNER, "from sklearn.metrics import auc\nprint(f(np.ones(3)), auc)", INNER) == []


@pytest.mark.parametrize("how", [
    "P.put(g, t)", "P().__class__.put(g, t)", "type(P()).put(g, t)", "Q = P\n    Q.put(g, t)", "[P][0].put(g, t)",
])
@pytest.mark.parametrize("method", ["def put(self, t): self.mean = t"])
def test_a_method_called_through_its_class_still_installs_tools(how, method):
    assert reached("import scipy.stats", f"def put(g, t):\n    class P:\n        {method}\n    {how}",
                   "put(f, scipy.stats.tmean)", "def f(x): return f.mean(x)")


@pytest.mark.parametrize("method", [
    "@staticmethod\n        def put(g, t): g.mean = t", "def put(self, g, t):\n            self = g\n            self.mean = t",
    "def put(self, g, t):\n            def inner(self): self.mean = t\n            inner(g)",
    "def put(self, g, t): g.mean = t", "def put(self, g, t):\n            for self in [g]: self.mean = t",
    "def put(self, g, t):\n            match g:\n                case self: self.mean = t",
    "@classmethod\n        def put(cls, g, t): cls.on(g, t)\n        def on(self, t): self.mean = t",
])
def test_a_method_that_stores_in_something_else_than_its_own_instance_still_installs_tools(method):
    assert reached("import scipy.stats", f"def put(g, t):\n    class P:\n        {method}\n    P().put(g, t)",
                   "put(f, scipy.stats.tmean)", "def f(x): return f.mean(x)")


def test_a_check_of_ones_own_making_installs_what_it_stores():
    assert reached("import scipy.stats", "def check(g): g.mean = scipy.stats.tmean", "check(f)", "def f(x): return f.mean(x)")
