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
