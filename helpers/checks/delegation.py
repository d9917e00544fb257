"""Whose work is it: what an answer may import, read off the syntax tree.

The exercise says which packages an answer may use.  An answer that reaches another one, by an import of its own, a name imported in
another cell, an alias, or a module already loaded, is not the learner's own work.  Only what the exercise's functions can reach
counts: an import for a plot in a cell beside it does not.

A name is followed to what it stood for when it was read, and an earlier meaning counts until a later one has surely replaced it: what
stands behind an error, in a branch or in a cell that cannot run may never have done so.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

# Of the standard library, what computes; not what looks into modules, files or processes.
STANDARD = frozenset("""
    __future__ abc array bisect calendar collections contextlib copy dataclasses datetime decimal enum fractions functools heapq itertools
    math numbers operator random re statistics string textwrap time types typing unicodedata warnings
""".split())
BACK_DOORS = frozenset("""
    __import__ __builtins__ __loader__ __spec__ eval exec compile globals locals vars open get_ipython input
""".split())
# Attributes, and names to import, that lead from a permitted package to everything that is loaded, or run a text.
HIDDEN = frozenset("""
    modules f_globals f_locals f_builtins f_back f_code gi_frame gi_code cr_frame ag_frame tb_frame sys _sys importlib inspect os _os builtins
    bltns ctypes ctypeslib pickle read_pickle linecache subprocess import_optional_dependency f2py runstring rundocs measure get_type_hints
    ForwardRef singledispatch singledispatchmethod get_field CodeType FunctionType
""".split())
PLAIN_DUNDERS = frozenset("""
    __init__ __call__ __name__ __doc__ __class__ __len__ __iter__ __next__ __getitem__ __setitem__ __contains__ __enter__ __exit__ __eq__
    __ne__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ __truediv__ __matmul__ __neg__ __abs__ __hash__ __repr__ __str__ __version__
    __post_init__ __all__
""".split())
# Attributes of tables that everybody sets: what is stored there is a label, not a tool.
LABELS = frozenset("columns index name names shape attrs dtype values".split())
MAX_CHARACTERS = 300_000
MAX_STEPS = 20_000
UNREADABLE = "code that is too long or too deep to read"


class Borrowed(NamedTuple):
    """A use of what the exercise does not permit."""

    what: str       # as written, «sklearn.metrics»
    function: str   # the function of the learner's in which it stands


class _Meaning(NamedTuple):
    """What a name stands for from some statement on: the dotted origin of an import, or a syntax tree."""

    time: int
    what: str | ast.AST
    sure: bool      # it replaces what the name stood for before


def borrowed(cells: Iterable[str], functions: Iterable[str], uses: Iterable[str]) -> list[Borrowed]:
    """What the functions reach beyond `uses`, the standard library's computing modules and the cells themselves.

    cells: sources in the order in which they ran.  A cell that does not compile cannot have run, and is passed over.
    Returns one entry for each thing reached, in order.
    """
    permitted = frozenset(uses) | STANDARD
    names = _Names(cells)
    end = names.time + 1
    found: dict[Borrowed, None] = {}
    seen: set[tuple[int, int]] = set()
    waiting = deque((meaning, end, name) for name in functions for meaning in names.of(name, end))
    while waiting:
        meaning, time, owner = waiting.popleft()
        if (id(meaning.what), time) in seen:
            continue
        seen.add((id(meaning.what), time))
        if len(seen) + len(waiting) > MAX_STEPS:
            return [*found, Borrowed(UNREADABLE, owner)]
        if isinstance(meaning.what, str):
            if not _permitted(meaning.what, permitted):
                found[Borrowed(meaning.what, owner)] = None
            continue
        now, later, attributes, forbidden = names.read(meaning.what, permitted)
        for what in forbidden:
            found[Borrowed(what, owner)] = None
        before = meaning.time - 1
        for more in (((each, when, owner) for name in now for each in names.of(name, before) for when in (before, time)),
                     ((each, time, owner) for name in later for each in names.of(name, time)),
                     ((each, time, owner) for name in attributes for each in names.stored.get(name, ()) if each.time <= time)):
            waiting.extend(islice(more, MAX_STEPS + 1))     # what is more than can be followed need not be held either
    return list(found)


class _Names:
    """What the cells' names stand for, statement by statement."""

    def __init__(self, cells: Iterable[str]):
        self.time = 0
        self.stored: dict[str, list[_Meaning]] = {}         # by attribute: `np.tool = …` gives .tool a meaning, wherever it is read
        self._meanings: dict[str, list[_Meaning]] = {}
        self._anything: list[_Meaning] = []                 # may be the meaning of a name that nothing else defines
        self._unreadable: list[_Meaning] = []               # the last one: may be the meaning of any name
        self._values: set[str] = set()                      # names that stood for the value of an expression, and
        self._containers: set[str] = set()                  # of these, for one that can be filled
        self._builtins: set[str] = set()                    # names that stood for the module of all names
        self._installers: dict[str, set[str]] = {}          # own functions that store attributes, and which
        self._read: dict[int, tuple] = {}
        left = MAX_CHARACTERS
        for source in cells:
            left -= len(source)
            tree = _parse(source) if left >= 0 else UNREADABLE
            if isinstance(tree, str):
                self.time += 1
                self._unreadable = [_Meaning(self.time, tree, False)]
                continue
            sure = True
            for node in tree.body if tree else ():
                self.time += 1
                self._bind(node, sure)
                sure = sure and _cannot_fail(node)

    def of(self, name: str, time: int) -> list[_Meaning]:
        """Everything a name may stand for at a time."""
        found: list[_Meaning] = []
        replaced = 0
        for meaning in reversed(self._meanings.get(name, ())):
            if meaning.time < replaced:
                break
            if meaning.time <= time:
                found.append(meaning)
                replaced = meaning.time if meaning.sure else replaced
        found += [each for each in self._unreadable if replaced < each.time <= time]
        if not found and not hasattr(builtins, name):
            found = [each for each in self._anything if each.time <= time]
        return found

    def read(self, what: ast.AST, permitted: frozenset[str]) -> tuple[list[str], list[str], list[str], list[str]]:
        """Of a syntax tree: the names it reads when it runs, those it reads when it is called, the attributes, and what is forbidden."""
        if id(what) not in self._read:
            try:
                now, later = _global_names(what)
                attributes = sorted({node.attr for node in ast.walk(what) if isinstance(node, ast.Attribute)})
                self._read[id(what)] = now, later, attributes, _forbidden(what, {*now, *later}, permitted)
            except (RecursionError, MemoryError, SyntaxError, ValueError):
                self._read[id(what)] = [], [], [], [UNREADABLE]
        return self._read[id(what)]

    def _mean(self, name: str, what: str | ast.AST, sure: bool = False) -> None:
        self._meanings.setdefault(name, []).append(_Meaning(self.time, what, sure))
        if isinstance(what, ast.expr):
            self._values.add(name)
            self._containers |= {name} if isinstance(what, _CONTAINERS) else set()
        elif what in ("builtins", "__main__"):
            self._builtins.add(name)

    def _bind(self, node: ast.stmt, sure: bool) -> None:
        whole = _Meaning(self.time, node, False)
        here = dict.fromkeys(_outside_functions(node))
        for part in here:
            for name, what in _bindings(part):
                if name == "*":
                    self._anything.append(_Meaning(self.time, what, False))
                else:
                    self._mean(name, what, sure and part is node and _cannot_fail(node))
        mentioned = {part.id for part in here if isinstance(part, ast.Name)}
        called = any(isinstance(part, ast.Call) for part in here)
        filled = {_root(part.func) for part in here if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)}
        ours = self._is_our_check(node)
        for name in mentioned if called else ():
            if name in self._containers or (name in filled and name in self._values):
                self._mean(name, node)                      # `tools.append(auc)`, `install(tools)`
            for attribute in () if ours else self._installers.get(name, ()):
                self.stored.setdefault(attribute, []).append(whole)
        stores = set()
        fresh = _fresh_stores(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Global):
                for name in part.names:
                    self._mean(name, node)
            elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
                self._store(part, node, here)
                stores |= {part.attr} if isinstance(part, ast.Attribute) and part not in fresh else set()
            elif isinstance(part, ast.Name) and part.id in ("setattr", "exec", "globals", "vars", "locals", "__builtins__"):
                self._anything.append(whole)
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "setattr" and len(part.args) > 1:
                key = part.args[1].value if isinstance(part.args[1], ast.Constant) else None
                if isinstance(key, str):
                    self.stored.setdefault(key, []).append(whole)
                    stores.add(key)
                elif root := _root(part.args[0]):
                    self._mean(root, node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._installers[node.name] = stores - LABELS

    def _is_our_check(self, node: ast.stmt) -> bool:
        """`check(f)` and `hint(f)` of the course: they call the answer with a case's arguments, which hold no tools, so nothing is installed."""
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
            return False
        stands_for = {each.what for each in self.of(call.func.id, self.time)}
        return all(isinstance(each, ast.Name) for each in call.args) and bool(stands_for) and stands_for <= {"helpers.check", "helpers.hint"}

    def _store(self, target: ast.Attribute | ast.Subscript, node: ast.stmt, here: dict[ast.AST, None]) -> None:
        """`f.helper = sklearn.metrics.auc`, `tools["auc"] = …`: whatever is stored in a name belongs to that name, or to its attribute."""
        root = _root(target)
        if root and target in here:
            self._mean(root, node.value if isinstance(node, ast.Assign) else node)
        if isinstance(target, ast.Attribute):
            if root in self._builtins:
                self._mean(target.attr, node)
            if target.attr not in LABELS:
                self.stored.setdefault(target.attr, []).append(_Meaning(self.time, node, False))


_CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """The node and everything in it that runs when it runs, in order; of a function or class inside only that it is there."""
    waiting = deque([node])
    while waiting:
        part = waiting.popleft()
        yield part
        if not isinstance(part, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(part))


def _fresh_stores(node: ast.stmt) -> set[ast.AST]:
    """The attributes that a function's inner classes store in instances of their own: `self.n = 1` in a method.

    An instance made inside a function holds no more than the function does, and nothing of it stays with anything else. Empty where a class
    is used for more than being called or inherited from, since a method reached through its class takes anything as `self`.
    """
    classes = [part for part in ast.walk(node) if isinstance(part, ast.ClassDef)]
    if not isinstance(node, ast.FunctionDef) or not classes:
        return set()
    names = {each.name for each in classes}
    plain = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)} | {id(base) for each in classes for base in each.bases}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and (part.id in ("type", "__class__") or (part.id in names and id(part) not in plain)):
            return set()
        if isinstance(part, ast.Attribute) and part.attr == "__class__":
            return set()
    methods = [part for each in classes for part in each.body if isinstance(part, _FUNCTIONS)]
    if any(each.decorator_list or each.keywords for each in classes) or not all(
            isinstance(each, ast.FunctionDef) and not each.decorator_list and (each.name in ("__init__", "__call__") or each.name[:2] != "__")
            for each in methods):
        return set()
    return {store for method in methods for store in _own_stores(method)}


def _own_stores(method: ast.FunctionDef) -> Iterator[ast.Attribute]:
    """What a method stores in its first parameter, if that name stands for nothing else in it."""
    positional = [*method.args.posonlyargs, *method.args.args]
    if not positional:
        return
    own = positional[0]
    for part in ast.walk(method):
        texts = [text for _, value in ast.iter_fields(part) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        if own.arg in texts and part is not own and not isinstance(part, ast.Attribute | ast.Constant | ast.keyword) and not (
                isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)):
            return
    for part in _outside_functions(ast.Module(method.body, [])):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and isinstance(part.value, ast.Name) and part.value.id == own.arg:
            yield part


def _bindings(part: ast.AST) -> Iterator[tuple[str, str | ast.AST]]:
    """The names that this part of a statement binds, each with what it then stands for."""
    pairs: list[tuple[ast.AST | None, ast.AST | None]] = []
    if isinstance(part, ast.Import):
        yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in part.names)
    elif isinstance(part, ast.ImportFrom):
        origin = "." * part.level + (part.module or "")
        yield from ((alias.asname or alias.name, f"{origin}.{alias.name}") for alias in part.names)
    elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield part.name, part
    elif isinstance(part, ast.Assign):
        pairs = [(target, part.value) for target in part.targets]
    elif isinstance(part, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        pairs = [(part.target, part.value)]
    elif isinstance(part, ast.For | ast.AsyncFor):
        pairs = [(part.target, part.iter)]
    elif isinstance(part, ast.withitem):
        pairs = [(part.optional_vars, part.context_expr)]
    elif isinstance(part, ast.ExceptHandler) and part.name and part.type:
        yield part.name, part.type
    elif isinstance(part, ast.Match):
        for inner in ast.walk(part):
            name = getattr(inner, "rest", None) if isinstance(inner, ast.MatchMapping) else getattr(inner, "name", None)
            if isinstance(inner, ast.pattern) and name:
                yield name, part.subject
    for target, value in pairs:
        if target is not None and value is not None:
            yield from ((name.id, value) for name in ast.walk(target) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store))


def _cannot_fail(node: ast.stmt) -> bool:
    """Whether a statement surely does what it says, so that what follows it is reached and what it defines is defined."""
    if isinstance(node, ast.FunctionDef):
        evaluated = [*node.args.defaults, *node.args.kw_defaults, node.returns,
                     *(each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg))]
        return not node.decorator_list and all(each is None or _plain(each) for each in evaluated)
    if isinstance(node, ast.Import):
        return all(alias.name in sys.modules for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return not node.level and all(hasattr(sys.modules.get(node.module or ""), alias.name) for alias in node.names)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) for target in node.targets) and _plain(node.value)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and _plain(node.value))


def _plain(value: ast.expr) -> bool:
    if isinstance(value, ast.Name):
        return hasattr(builtins, value.id)
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.operand, ast.Constant) and isinstance(value.operand.value, int | float)
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Lambda) and not value.args.defaults)


def _parse(source: str) -> ast.Module | str | None:
    """The tree of a cell; None if it cannot have run; UNREADABLE if it may have, but is too much for the reader."""
    lines = [("pass" if line.lstrip().startswith(("%", "!", "?")) else line) for line in source.splitlines()]
    try:
        tree = ast.parse("\n".join(lines))
        compile(tree, "<cell>", "exec", dont_inherit=True)      # `return` outside a function parses, but does not run
        return tree
    except (RecursionError, MemoryError):
        return UNREADABLE
    except (SyntaxError, ValueError):
        return None


def _permitted(origin: str, permitted: frozenset[str]) -> bool:
    first, *rest = origin.split(".")
    return first in permitted and not any(_hidden(part) for part in rest)


def _hidden(name: str) -> bool:
    return name in HIDDEN or (name.startswith("__") and name.endswith("__") and name not in PLAIN_DUNDERS)


def _forbidden(tree: ast.AST, names: set[str], permitted: frozenset[str]) -> list[str]:
    found = sorted(names & BACK_DOORS)
    getters = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if not _permitted(alias.name, permitted)]
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            found += [origin if not _permitted(origin, permitted) else f"{origin}.{alias.name}" for alias in node.names
                      if not _permitted(f"{origin}.{alias.name}", permitted)]
        elif isinstance(node, ast.Attribute) and _hidden(node.attr):
            found.append(node.attr)
        elif isinstance(node, ast.MatchClass):
            found += [name for name in node.kwd_attrs if _hidden(name)]
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found.append("allow_pickle")
        elif isinstance(node, ast.Call) and _called(node) in ("getattr", "attrgetter", "methodcaller"):
            # An attribute by its name as text is as good as one written out, if the text is.
            keys = [each.value if isinstance(each, ast.Constant) else None for each in node.args]
            keys = keys[1:2] if _called(node) == "getattr" else keys[:1] if _called(node) == "methodcaller" else keys
            spelt = bool(keys) and all(isinstance(key, str) and not any(map(_hidden, key.split("."))) for key in keys)
            getters += spelt and isinstance(node.func, ast.Name)
            found += [] if spelt else [_called(node)]
        elif isinstance(node, ast.Call) and _called(node) in ("eval", "query") and isinstance(node.func, ast.Attribute):
            texts = [*node.args[:1], *(each.value for each in node.keywords if each.arg in ("expr", "target", "local_dict", "global_dict"))]
            if not all(isinstance(text, ast.Constant) and isinstance(text.value, str) for text in texts) or len(texts) != 1:
                found.append(f".{_called(node)} of a text that is not spelt out")
            elif any(_hidden(word) for word in re.findall(r"\w+", texts[0].value)):
                found.append(f".{_called(node)}")
    if sum(isinstance(node, ast.Name) and node.id in ("getattr", "attrgetter", "methodcaller") for node in ast.walk(tree)) > getters:
        found.append("getattr")
    return list(dict.fromkeys(found))


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _global_names(tree: ast.AST) -> tuple[list[str], list[str]]:
    """The names from outside that a piece of code reads when it runs, and those that its functions read when they are called."""
    now: set[str] = set()
    later: set[str] = set()
    own = tree.name if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef) else None
    top = symtable.symtable(ast.unparse(tree), "<answer>", "exec")
    now.update(symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced())
    tables = [(inner, inner.get_name() == own) for inner in top.get_children()]
    while tables:
        table, is_body = tables.pop()
        read = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        later |= read
        now |= set() if is_body else read       # a comprehension or a lambda may run at once
        tables.extend((inner, is_body) for inner in table.get_children())
    for node in ast.walk(tree):                 # names in a text that pandas reads
        if isinstance(node, ast.Call) and _called(node) in ("eval", "query"):
            later.update(word for text in node.args[:1] if isinstance(text, ast.Constant) and isinstance(text.value, str)
                         for word in re.findall(r"@(\w+)" if _root(node.func) != "pd" else r"(\w+)", text.value))
    return sorted(now), sorted(later)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
