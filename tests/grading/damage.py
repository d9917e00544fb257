"""What happens to notebooks on their way to the grader: each damage as a builder, and what must become of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass

ALL = ("cohort_retention", "temporal_split", "build_features")


@dataclass(frozen=True)
class Damage:
    """One way to damage a solved notebook, and the exercises whose answers must still be found; none: not gradable."""

    name: str
    make: Callable[[dict], dict | list | str | bytes]
    found: tuple[str, ...] = ALL
    reason: str = ""            # a phrase of the reason, where not gradable
    note: str = ""              # a phrase of a note, where gradable
    graded: bool = False        # the points are tested as well


def text(cell: dict) -> str:
    return "".join(cell["source"])


def place(notebook: dict, ident: str) -> int:
    return next(i for i, cell in enumerate(notebook["cells"]) if cell.get("id") == ident)


def code(source: str, ident: str = "added") -> dict:
    return {"cell_type": "code", "id": ident, "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def on_cell(ident: str, change: Callable[[dict], object]) -> Callable[[dict], dict]:
    """Change one cell."""
    def make(notebook):
        change(notebook["cells"][place(notebook, ident)])
        return notebook
    return make


def on_cells(change: Callable[[list[dict]], object]) -> Callable[[dict], dict]:
    """Change the list of cells; what is returned replaces it."""
    def make(notebook):
        notebook["cells"] = change(notebook["cells"]) or notebook["cells"]
        return notebook
    return make


def each_cell(change: Callable[[dict], object]) -> Callable[[dict], dict]:
    return on_cells(lambda cells: [change(cell) for cell in cells] and None)


def merged(*idents: str) -> Callable[[dict], dict]:
    """These cells in the place and with the id of the first."""
    def make(notebook):
        cells = [notebook["cells"][place(notebook, ident)] for ident in idents]
        cells[0]["source"] = "\n\n".join(map(text, cells))
        notebook["cells"] = [cell for cell in notebook["cells"] if not any(cell is gone for gone in cells[1:])]
        return notebook
    return make


def split_at(ident: str, line: str) -> Callable[[dict], dict]:
    """The cell cut before the line that begins so; the lower half is a cell with a new id."""
    def make(notebook):
        where = place(notebook, ident)
        upper, middle, lower = text(notebook["cells"][where]).partition(f"\n{line}")
        notebook["cells"][where]["source"] = upper
        notebook["cells"].insert(where + 1, code((middle + lower).lstrip("\n"), "lower-half"))
        return notebook
    return make


def without_first_line(cell: dict) -> None:
    cell["source"] = text(cell).partition("\n")[2]


def first_line(line: str) -> Callable[[dict], None]:
    def change(cell):
        cell["source"] = line + "\n" + text(cell).partition("\n")[2]
    return change


def as_kind(kind: str) -> Callable[[dict], None]:
    def change(cell):
        cell["cell_type"] = kind
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return change


def new_ids(notebook: dict) -> dict:
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"x{number:08x}"
    return notebook


def colab(notebook: dict) -> dict:
    """As Colab saves: ids of its own in the metadata, none on the cells, images among the outputs."""
    notebook |= {"nbformat_minor": 0, "metadata": {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}}
    for number, cell in enumerate(notebook["cells"]):
        del cell["id"]
        cell["metadata"] = {"id": f"abc{number}", "outputId": "abc123", "colab": {"base_uri": "https://localhost:8080/"}}
        cell["source"] = text(cell).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0K"}}]}
    return notebook


def vscode(notebook: dict) -> dict:
    """As VS Code saved older formats: no ids, metadata of its own."""
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"] = {"vscode": {"languageId": "python"}}
    return notebook


def kaggle(notebook: dict) -> dict:
    """As Kaggle saves: no ids, a uuid and trusted in the metadata."""
    notebook["metadata"]["kaggle"] = {"accelerator": "none", "dataSources": []}
    notebook["nbformat_minor"] = 4
    for number, cell in enumerate(notebook["cells"]):
        del cell["id"]
        cell["metadata"] = {"_uuid": f"{number:040x}", "trusted": True}
    return notebook


def format_3(notebook: dict) -> dict:
    cells = [{"cell_type": "code", "input": text(cell), "language": "python", "outputs": [], "collapsed": False}
             if cell["cell_type"] == "code" else {"cell_type": "markdown", "source": text(cell)} for cell in notebook["cells"]]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells, "metadata": {}}]}


def minor(number: int) -> Callable[[dict], dict]:
    def make(notebook):
        for cell in notebook["cells"]:
            if number < 5:
                del cell["id"]
        return {**notebook, "nbformat": 4, "nbformat_minor": number}
    return make


def without(*keys: str) -> Callable[[dict], dict]:
    return lambda notebook: {key: value for key, value in notebook.items() if key not in keys}


def with_outputs(outputs: list) -> Callable[[dict], dict]:
    return each_cell(lambda cell: cell.update(outputs=outputs) if cell["cell_type"] == "code" else None)


def cut(share: float) -> Callable[[dict], str]:
    def make(notebook):
        whole = json.dumps(notebook)
        return whole[:int(len(whole) * share)]
    return make


def conflict(notebook: dict) -> str:
    whole = json.dumps(notebook, indent=1)
    head, tail = whole[:2000].rpartition("\n")[0], whole[len(whole[:2000].rpartition("\n")[0]):]
    return f"{head}\n<<<<<<< HEAD\n  \"a\": 1,\n=======\n  \"a\": 2,\n>>>>>>> theirs{tail}"


def script(notebook: dict) -> str:
    return "\n\n".join(text(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")


def written_elsewhere(notebook: dict) -> dict:
    """The answer in a new cell without marker, the stub left as it was."""
    answer = notebook["cells"][place(notebook, "answer-temporal_split")]
    new = code(text(answer).partition("\n")[2])
    answer["source"] = STUBS["temporal_split"]
    notebook["cells"].append(new)
    return notebook


def magic_first(cell: dict) -> None:
    cell["source"] = "%%time\n" + text(cell)


def deleted(*idents: str) -> Callable[[dict], dict]:
    return on_cells(lambda cells: [cell for cell in cells if cell["id"] not in idents])


def doubled(cells: list[dict]) -> list[dict]:
    return cells + copy.deepcopy([cell for cell in cells if cell["id"].startswith(("answer-", "check-"))])


def stub_below(notebook: dict) -> dict:
    notebook["cells"].append(code(STUBS["temporal_split"]))
    return notebook


def rest(name: str) -> tuple[str, ...]:
    return tuple(each for each in ALL if each != name)


STUBS: dict[str, str] = {}       # filled by the test from the released notebook
SPLIT = "answer-temporal_split"
WIDGETS = {"application/vnd.jupyter.widget-state+json": {"state": {"m": {"model_name": "IntSliderModel"}}, "version_major": 2}}
ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["\x1b[31mKeyError\x1b[0m"]}
STREAM = {"output_type": "stream", "name": "stdout", "text": "x" * 100_000}

DAMAGES = (
    # Cells moved, copied, lost.
    Damage("untouched", lambda n: n, graded=True),
    Damage("answer and check cells doubled", on_cells(doubled)),
    Damage("an untouched copy of the stub below", stub_below),
    Damage("an answer's cell deleted", deleted(SPLIT), found=rest("temporal_split"), graded=True),
    Damage("setup, checks and demos deleted", on_cells(lambda cells: [c for c in cells if c["id"].startswith("answer-")])),
    Damage("cells in reverse order", on_cells(lambda cells: cells[::-1])),
    # Cells of another kind.
    Damage("an answer turned into text", on_cell(SPLIT, as_kind("markdown")), note="stands in a text cell", graded=True),
    Damage("an answer turned into a raw cell", on_cell(SPLIT, as_kind("raw")), note="stands in a text cell"),
    Damage("a text turned into code", on_cell("words-2fde5122e4f1", as_kind("code"))),
    Damage("all text turned into code", each_cell(lambda cell: cell.update(cell_type="code"))),
    Damage("cells without a kind", each_cell(lambda cell: cell.pop("cell_type"))),
    # Cells merged and split.
    Damage("two exercises in one cell", merged("answer-cohort_retention", SPLIT)),
    Damage("all exercises in one cell", merged(*(f"answer-{name}" for name in ALL)), graded=True),
    Damage("an exercise merged with its check", merged(SPLIT, "check-temporal_split"), graded=True),
    Damage("a demo merged with the exercise below", merged("ec1a52a9f2ad", SPLIT)),
    Damage("setup merged with an exercise", merged("setup", SPLIT)),
    Damage("one exercise's two functions in two cells", split_at("answer-build_features", "def build_labels"), graded=True),
    Damage("the marker alone in a cell above", split_at(SPLIT, "def temporal_split"), note="no cell of its own"),
    # Markers.
    Damage("marker deleted, id kept", on_cell(SPLIT, without_first_line), note="no cell of its own"),
    Damage("marker deleted, id lost", lambda n: new_ids(on_cell(SPLIT, without_first_line)(n)), note="no cell of its own"),
    Damage("answer in a new cell, the stub left", written_elsewhere, note="no cell of its own", graded=True),
    Damage("marker with more spaces", on_cell(SPLIT, first_line("  #   exercise :  temporal_split   "))),
    Damage("marker in capitals with a wide colon", on_cell(SPLIT, first_line("## Exercise：temporal_split"))),
    Damage("a cell magic above the marker", on_cell(SPLIT, magic_first)),
    Damage("an empty line above the marker", on_cell(SPLIT, first_line("\n\n# exercise: temporal_split"))),
    # Metadata and formats.
    Damage("metadata of cells lost", each_cell(lambda cell: cell.update(metadata={}))),
    Damage("metadata no object", each_cell(lambda cell: cell.update(metadata=[1]))),
    Damage("ids lost", each_cell(lambda cell: cell.pop("id"))),
    Damage("new ids", new_ids),
    Damage("one id for all", each_cell(lambda cell: cell.update(id="same"))),
    Damage("ids that are no text", each_cell(lambda cell: cell.update(id={"no": 1}))),
    Damage("saved by Colab", colab),
    Damage("saved by VS Code", vscode),
    Damage("saved by Kaggle", kaggle),
    Damage("nbformat 3", format_3),
    *(Damage(f"nbformat 4.{number}", minor(number)) for number in range(6)),
    Damage("no metadata", without("metadata")),
    Damage("no nbformat", without("nbformat", "nbformat_minor")),
    Damage("only cells", without("metadata", "nbformat", "nbformat_minor")),
    # Outputs.
    Damage("errors among the outputs", with_outputs([ERROR])),
    Damage("outputs of 5 MB", lambda n: on_cell(SPLIT, lambda cell: cell.update(outputs=[STREAM] * 50))(n)),
    Damage("outputs that are none", with_outputs("none")),
    Damage("widgets' state", lambda n: {**n, "metadata": {**n["metadata"], "widgets": WIDGETS}}),
    # Bytes.
    Damage("line ends of Windows", lambda n: json.dumps(n, indent=1).replace("\n", "\r\n").replace("\\n", "\\r\\n")),
    Damage("byte order mark", lambda n: b"\xef\xbb\xbf" + json.dumps(n).encode()),
    Damage("UTF-16", lambda n: json.dumps(n).encode("utf-16")),
    Damage("a Latin-1 letter in a comment", lambda n: json.dumps(on_cells(lambda cells: [*cells, code("# caf\xe9")])(n),
                                                                   ensure_ascii=False).replace("\u2192", "").encode("latin-1", "replace")),
    Damage("half a surrogate pair in a cell", on_cells(lambda cells: [*cells, code("x = '\ud800'")])),
    Damage("a NUL character in a cell", on_cells(lambda cells: [*cells, code("x = '\0'")])),
    Damage("NUL bytes at the end", lambda n: json.dumps(n).encode() + b"\0" * 512, (), "NUL bytes"),
    Damage("NUL bytes alone", lambda n: b"\0" * 4096, (), "NUL bytes"),
    Damage("empty file", lambda n: "", (), "not JSON"),
    *(Damage(f"cut at {share:.0%}", cut(share), (), "not JSON") for share in (.25, .5, .75)),
    Damage("merge conflict", conflict, (), "merge conflict"),
    Damage("a web page", lambda n: "<!DOCTYPE html>\n<html><body>Not found</body></html>", (), "web page"),
    Damage("a script", script, (), "not JSON"),
    Damage("a list", lambda n: n["cells"], (), "no list of cells"),
    Damage("an object without cells", lambda n: {}, (), "no list of cells"),
    Damage("no cells", lambda n: {**n, "cells": []}, (), "holds no cell"),
    Damage("cells that are none", lambda n: {**n, "cells": [None, 1, "x"]}, (), "holds no cell of start.ipynb"),
    Damage("somebody's other notebook", lambda n: {**n, "cells": [code("print(1)")]}, (), "holds no cell of start.ipynb"),
    Damage("too many cells", on_cells(lambda cells: cells + [code("1")] * 5_000), (), "more than 5000 cells"),
    Damage("too much code", on_cells(lambda cells: [*cells, code("#" * 1_000_001)]), (), "1000000 characters"),
    Damage("nested without end", lambda n: "[" * 500_000, (), "not JSON"),
    Damage("a number without end", lambda n: '{"cells": ' + "9" * 100_000 + "}", (), "not JSON"),
)
