"""Mutants of the references: small changes made by rule, most of them wrong.  The share that hidden cases refuse measures the cases.

A named mistake is what goes wrong in heads; a mutant is what goes wrong in fingers.  Who survives is an equal program, listed with the
reason in `solutions/<lesson>/equivalents.toml`, or a case is missing.
"""

from __future__ import annotations

import ast
import copy
import datetime
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from helpers.authoring.proof import machine
from helpers.authoring.source import functions_of, notebooks
from helpers.checks import calling
from helpers.checks.calling import Outcome
from helpers.checks.exercise import Case, Exercise, exercises, find
from helpers.checks.verdict import failing
from helpers.course import Lesson

HIDDEN_SEEDS = (73_501, 988_027, 20_240_117)
"""The cases are drawn under these, as a class's are under its own: never under the public seed."""
KILLED_SHARE = .95
"""Of an exercise's mutants that are not equal programs, at least this share must be refused."""
MUTANT_SECONDS = 1.0
"""Time limit of one call: a mutated loop may never end.  A model keeps the exercise's own."""


# What may become of a node -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A node of a program and where it hangs: `parent.field`, or `parent.field[key]`, inside `function`."""

    node: ast.AST
    parent: ast.AST
    field: str
    key: int | None
    function: ast.FunctionDef | None

    def put(self, node: ast.AST) -> None:
        if self.key is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.key] = node

    @property
    def shown(self) -> ast.AST:
        """The node, or for a bare value or name the expression around it, which says more."""
        around = isinstance(self.node, ast.Constant | ast.Name) and isinstance(self.parent, ast.expr | ast.keyword | ast.arguments)
        return self.parent if around and len(ast.unparse(self.parent)) <= 60 else self.node


def _either(*groups: str) -> dict[str, list[str]]:
    """Each word of a group -> the others."""
    words: dict[str, list[str]] = {}
    for group in map(str.split, groups):
        for word in group:
            words.setdefault(word, []).extend(other for other in group if other != word)
    return words


_WORDS = _either(
    "mean sum", "max min", "maximum minimum", "argmax argmin", "any all", "size count nunique", "cumsum cumprod", "log log1p", "std var",
    "ceil floor", "first last", "head tail", "nlargest nsmallest", "ffill bfill", "zeros ones", "zeros_like ones_like", "inner left",
    "left right", "train test", "train valid", "relu linear", "sigmoid linear", "sigmoid softmax", "PR ROC",
    "binary_crossentropy mean_squared_error", "binary_crossentropy categorical_crossentropy",
    "GlobalAveragePooling1D GlobalMaxPooling1D")
_SYMBOLS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
            ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div,
            ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Div, ast.Pow: ast.Mult, ast.And: ast.Or,
            ast.Or: ast.And}
_KEYED = {"groupby", "sort_values", "drop_duplicates", "duplicated", "merge", "set_index", "pivot_table"}


def _with(node: ast.AST, **fields) -> ast.AST:
    changed = copy.copy(node)
    vars(changed).update(fields)
    return changed


def _less(items: list, i: int) -> list:
    return items[:i] + items[i + 1:]


def _comparison(place: Place) -> Iterator[ast.AST]:
    ops = place.node.ops
    for i, op in enumerate(ops):
        if type(op) in _SYMBOLS:
            yield _with(place.node, ops=[*ops[:i], _SYMBOLS[type(op)](), *ops[i + 1:]])


def _operator(place: Place) -> Iterator[ast.AST]:
    if type(place.node.op) in _SYMBOLS:
        yield _with(place.node, op=_SYMBOLS[type(place.node.op)]())


def _sign_dropped(place: Place) -> Iterator[ast.AST]:
    yield place.node.operand


def _number(place: Place) -> Iterator[ast.AST]:
    value = place.node.value
    if type(value) in (int, float):
        axis = isinstance(place.parent, ast.keyword) and place.parent.arg == "axis" and value in (0, 1)
        for other in [1 - value] if axis else [value + 1, value - 1]:
            yield ast.Constant(other)


def _flag(place: Place) -> Iterator[ast.AST]:
    if type(place.node.value) is bool:
        yield ast.Constant(not place.node.value)


def _single(place: Place) -> Iterator[ast.AST]:
    """A model's sizes: one unit, one step; and two outputs for one."""
    if type(place.node.value) is int:
        yield ast.Constant(2 if place.node.value == 1 else 1)


def _word(place: Place) -> Iterator[ast.AST]:
    if isinstance(place.node.value, str):
        for other in _WORDS.get(place.node.value, ()):
            yield ast.Constant(other)


def _method(place: Place) -> Iterator[ast.AST]:
    for other in _WORDS.get(place.node.attr, ()):
        yield _with(place.node, attr=other)


def _name(place: Place) -> Iterator[ast.AST]:
    """A called builtin by its opposite; a parameter by its neighbours in the signature (train_end by valid_end)."""
    node, others = place.node, []
    if place.field == "func":
        others = _WORDS.get(node.id, [])
    elif place.function and isinstance(node.ctx, ast.Load):
        names = [argument.arg for argument in place.function.args.args]
        if node.id in names:
            at = names.index(node.id)
            others = names[max(at - 1, 0):at] + names[at + 1:at + 2]
    for other in others:
        yield _with(node, id=other)


def _keyword_dropped(place: Place) -> Iterator[ast.AST]:
    """Each but the flags: a flag dropped is a flag turned over, or nothing."""
    for i, given in enumerate(place.node.keywords):
        if not (isinstance(given.value, ast.Constant) and type(given.value.value) is bool):
            yield _with(place.node, keywords=_less(place.node.keywords, i))


def _key_dropped(place: Place) -> Iterator[ast.AST]:
    """groupby([a, b]) by groupby([a]) and groupby([b]); likewise `by=`, `on=`, `subset=`."""
    call = place.node
    if getattr(call.func, "attr", "") in _KEYED:
        for i, listed in enumerate(call.args):
            for fewer in _shorter(listed):
                yield _with(call, args=[*call.args[:i], fewer, *call.args[i + 1:]])
        for i, given in enumerate(call.keywords):
            for fewer in _shorter(given.value):
                yield _with(call, keywords=[*call.keywords[:i], _with(given, value=fewer), *call.keywords[i + 1:]])


def _shorter(listed: ast.AST) -> Iterator[ast.AST]:
    if isinstance(listed, ast.List | ast.Tuple) and len(listed.elts) > 1:
        for i in range(len(listed.elts)):
            yield _with(listed, elts=_less(listed.elts, i))


def _spread(place: Place) -> Iterator[ast.AST]:
    """NumPy divides a variance by n, pandas by n - 1: say each; the library's own is an equal program."""
    call = place.node
    if getattr(call.func, "attr", "") in ("std", "var") and not any(given.arg == "ddof" for given in call.keywords):
        for ddof in (0, 1):
            yield _with(call, keywords=[*call.keywords, ast.keyword("ddof", ast.Constant(ddof))])


def _order(place: Place) -> Iterator[ast.AST]:
    """Neighbours of a tuple exchanged: train, test by test, train."""
    parts = place.node.elts
    if isinstance(place.node.ctx, ast.Load):
        for i in range(len(parts) - 1):
            yield _with(place.node, elts=[*parts[:i], parts[i + 1], parts[i], *parts[i + 2:]])


def _dropped(place: Place) -> Iterator[ast.AST]:
    """A statement that changes something or leaves early, and that the rest can run without."""
    node = place.node
    names = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} if isinstance(node, ast.Assign) else set()
    targets = list(ast.walk(node.targets[0])) if isinstance(node, ast.Assign) else []
    if (isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
            or (isinstance(node, ast.If) and not node.orelse)
            or any(isinstance(target, ast.Subscript) or getattr(target, "id", None) in names for target in targets)):
        yield ast.Pass()


NUMERIC = ((ast.Compare, _comparison), (ast.BinOp | ast.BoolOp | ast.AugAssign, _operator), (ast.UnaryOp, _sign_dropped),
           (ast.Constant, _number), (ast.Constant, _flag), (ast.Constant, _word), (ast.Attribute, _method), (ast.Name, _name),
           (ast.Call, _keyword_dropped), (ast.Call, _key_dropped), (ast.Call, _spread), (ast.Tuple, _order), (ast.stmt, _dropped))
MODEL = ((ast.Constant, _single), (ast.Constant, _word), (ast.Attribute, _method), (ast.stmt, _dropped))
"""What is tried: at each node of the kind, whatever the operator offers.  Few for a model, since each has to be trained."""


# The mutants of a program --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A changed program: the line of the source it was changed in, and what became of it."""

    line: str
    change: str
    program: str


def mutants(source: str, operators: tuple[tuple[type, Callable], ...] = NUMERIC) -> Iterator[Mutant]:
    """Every mutant of a source by these operators, each once, each under a line and change of its own."""
    tree, lines = ast.parse(source), source.splitlines()
    made, told = {ast.unparse(tree)}, Counter()
    for place in _places(tree):
        for new in (new for kind, operator in operators if isinstance(place.node, kind) for new in operator(place)):
            before = ast.unparse(place.shown)
            place.put(new)
            program, after = ast.unparse(tree), ast.unparse(new if place.shown is place.node else place.shown)
            place.put(place.node)
            if program in made:
                continue
            made.add(program)
            line = lines[place.node.lineno - 1].strip()
            change = f"{before.splitlines()[0]} -> {'(dropped)' if isinstance(new, ast.Pass) else after}"
            told[line, change] += 1
            yield Mutant(line, change + (f" ({told[line, change]})" if told[line, change] > 1 else ""), program)


def _places(node: ast.AST, function: ast.FunctionDef | None = None) -> Iterator[Place]:
    """All nodes, outer before inner, but none inside a `raise`: no text promises an error's message."""
    function = node if isinstance(node, ast.FunctionDef) else function
    for field, value in ast.iter_fields(node):
        for key, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield Place(child, node, field, key, function)
                if not isinstance(child, ast.Raise):
                    yield from _places(child, function)


# Who survives the hidden cases ---------------------------------------------------------------------------------------


def survivors(course: Path, exercise: Exercise) -> tuple[list[Mutant], int]:
    """The mutants of an exercise's reference that no hidden case refuses, and how many were made.

    RuntimeError if the cases refuse the reference itself: then they would refuse every mutant.
    """
    reference = functions_of(course, exercise)
    hasty = exercise if exercise.trained else replace(exercise, seconds=MUTANT_SECONDS)
    asked = trials(exercise, reference)
    if refused(exercise, reference, asked):
        raise RuntimeError(f"{exercise.name}: the hidden cases refuse the reference")
    source = next(cell.solved() for notebook in notebooks(course, exercise.lesson) for cell in notebook.cells
                  if cell.exercise == exercise.name)
    made = list(mutants(source, MODEL if exercise.trained else NUMERIC))
    return [mutant for mutant in made if not refused(hasty, _functions(mutant.program, reference), asked)], len(made)


def trials(exercise: Exercise, reference: dict[str, Callable]) -> list[tuple[Case, Outcome | None]]:
    """The hidden cases, each with the reference's outcome; a model is judged without."""
    cases = [case for seed in HIDDEN_SEEDS for case in exercise.cases(seed)]
    return [(case, None if exercise.trained else calling.run(exercise, case, reference)) for case in cases]


def refused(exercise: Exercise, functions: dict[str, Callable], asked: list[tuple[Case, Outcome | None]]) -> bool:
    """Whether some case refuses these functions; the first that does is the last that is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(failing(exercise, [case], [calling.run(exercise, case, functions)], [expected]) for case, expected in asked)


def _functions(program: str, reference: dict[str, Callable]) -> dict[str, Callable]:
    namespace = dict(next(iter(reference.values())).__globals__)
    exec(compile(program, "<mutant>", "exec"), namespace)
    return {name: namespace[name] for name in reference}


# The list of equal programs, and the table ---------------------------------------------------------------------------


def equivalents(course: Path, lesson: Lesson) -> dict[str, dict[tuple[str, str], str]]:
    """Of `solutions/<lesson>/equivalents.toml`: exercise -> (line, change) -> the reason why it is an equal program.

    ValueError for an exercise the lesson does not have, or an entry without exactly line, change and reason.
    """
    path = course / "solutions" / lesson.name / "equivalents.toml"
    listed = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    here = f"{lesson.name}/equivalents.toml"
    if unknown := set(listed) - {exercise.name for exercise in exercises(lesson)}:
        raise ValueError(f"{here}: no exercise is called {', '.join(sorted(unknown))}")
    for name, entry in ((name, entry) for name, entries in listed.items() for entry in entries):
        if set(entry) != {"line", "change", "reason"} or not all(entry.values()):
            raise ValueError(f"{here}: an entry of {name} needs line, change and reason: {entry}")
    return {name: {(entry["line"], entry["change"]): entry["reason"] for entry in entries} for name, entries in listed.items()}


def measure(course: Path, only: str | None = None) -> int:
    """Print who is killed and who survives in each exercise, and write tests/MUTANTS.md.

    only: run one exercise, and leave the others' rows as they stand.  Returns the exit status: 1 if too few are killed somewhere, or an
    entry of equivalents.toml names no survivor.  KeyError if no exercise is called so.
    """
    page = course / "tests" / "MUTANTS.md"
    before = page.read_text(encoding="utf-8").splitlines() if only and page.exists() else []
    rows, alive, faults = [], [], []
    print(ROW.format("lesson", "exercise", "mutants", "killed", "equivalent", "survived", "killed of the rest"))
    for exercise in exercises():
        if only and exercise.name != find(only).name:
            known = [line for line in before if f"| `{exercise.name}` |" in line]
            rows += [line for line in known if line.startswith(f"| {exercise.lesson.number} |")]
            alive += [line for line in known if line.startswith("| `")]
            continue
        reasons = equivalents(course, exercise.lesson).get(exercise.name, {})
        left, made = survivors(course, exercise)
        row, wrong = counted(exercise, left, made, reasons)
        told = [f"| `{exercise.name}` | `{_cell(m.line)}` | `{_cell(m.change)}` | {reasons.get((m.line, m.change), MISSING)} |" for m in left]
        print(row, *told, *wrong, sep="\n", flush=True)
        rows.append(row)
        alive += told
        faults += wrong
    page.write_text(PAGE.format(date=datetime.date.today(), machine=machine(), rows="\n".join(rows), alive="\n".join(alive),
                                seeds=len(HIDDEN_SEEDS), share=KILLED_SHARE), encoding="utf-8")
    return bool(faults)


def counted(exercise: Exercise, left: list[Mutant], made: int, reasons: dict[tuple[str, str], str]) -> tuple[str, list[str]]:
    """The exercise's row of the table, and what is wrong: too few killed, or an entry that is stale.

    left: its survivors.  made: how many mutants it had.  reasons: (line, change) -> why that is an equal program.
    """
    named = {(mutant.line, mutant.change) for mutant in left}
    equal, killed = len(named & set(reasons)), made - len(left)
    share = killed / (made - equal) if made > equal else 1.0
    faults = [f"{exercise.name}: equivalents.toml names a mutant that does not survive: «{line}», {change}"
              for line, change in reasons if (line, change) not in named]
    if share < KILLED_SHARE:
        faults.append(f"{exercise.name}: only {share:.1%} of the mutants that are not equivalent are killed")
    return ROW.format(exercise.lesson.number, f"`{exercise.name}`", made, killed, equal, len(left) - equal, f"{share:.1%}"), faults


def _cell(code: str) -> str:
    return code.replace("|", "\\|").replace("`", "'")


MISSING = "**not judged equivalent**"
ROW = "| {} | {} | {} | {} | {} | {} | {} |"
PAGE = """# The mutants

Written by `make mutants`, last on {date}: {machine}.

Every reference is changed by rule, one place at a time: comparisons, operators, constants, axes, names (`mean` by `sum`), neighbouring
parameters and tuple parts, dropped keywords, keys and statements; of a model, its sizes, words and layers. Each mutant runs on the
hidden cases of {seeds} seeds and is killed if one refuses it. At least {share:.0%} of those that are not equal programs must be.

| lesson | exercise | mutants | killed | equivalent | survived | killed of the rest |
|---|---|---|---|---|---|---|
{rows}

## Who is left, and why

The reasons stand in `solutions/<lesson>/equivalents.toml`. A line there that names no survivor is an error.

| exercise | line | change | why it is an equal program |
|---|---|---|---|
{alive}
"""
