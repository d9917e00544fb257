"""Files that are no notebook, are another's, or hurt whoever opens them; and notebooks whose text is built to mislead."""

import gzip
import json
import os
import zipfile
from pathlib import Path

from attacks_making import (
    ASSIGNMENT,
    MARKUP,
    NEIGHBOUR,
    NOTEBOOK,
    Attack,
    answer,
    as_file,
    as_text,
    beside,
    with_cell,
    with_metadata,
    with_notebook,
    wrong,
)

SCRIPT = MARKUP + "<script>alert(1)</script>"


def _link(target: str):
    return as_file(lambda place, classroom: place.symlink_to(target))


def _hard_link(target: str):
    def make(place: Path, classroom) -> None:
        there = classroom.folder / target
        there.parent.mkdir(parents=True, exist_ok=True)
        if not there.exists():
            there.write_text("{}", encoding="utf-8")
        os.link(there, place)
    return as_file(make)


def _bytes(content):
    return as_file(lambda place, classroom: place.write_bytes(content(json.dumps(classroom.answered(**wrong())))))


def _sparse(place: Path, size: int) -> None:
    with place.open("wb") as file:
        file.truncate(size)


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bomb, bomb.open(f"{NOTEBOOK}.ipynb", "w") as inside:
        for _ in range(200):
            inside.write(bytes(10**6))


def _bombs(folder: Path) -> None:
    _zip_bomb(folder / f"{NOTEBOOK}.ipynb.zip")
    (folder / f"{NOTEBOOK}.ipynb.gz").write_bytes(gzip.compress(bytes(10**8)))


def _odd_names(folder: Path) -> None:
    for name in ("start.ipynb\n", "start\n.ipynb", "..ipynb", "...", "-rf", "--help.ipynb", "📓.ipynb", "*.ipynb", "$(touch x).ipynb", f"{SCRIPT[:20]}.html",
                 "n" * 200 + ".ipynb", "start.ipynb;rm", "%s%n", "\u202estart.ipynb", "nul.ipynb", "start .ipynb"):
        (folder / name).write_text("{}", encoding="utf-8")
    (folder / os.fsdecode(b"\xff\xfe.ipynb")).write_text("{}", encoding="utf-8")
    (folder / "start.ipynb.d").mkdir()


def _named(name: str):
    """The notebook under another name only."""
    return as_file(lambda place, classroom: place.with_name(name).write_text(json.dumps(classroom.answered(**wrong())), encoding="utf-8"))


def _looks_like(marker: str):
    """The right answers under a marker that only looks like one, before wrong answers under the real ones."""
    def hand_in(classroom, student: str) -> None:
        right = [marker.format(name=name) + "\n" + source.split("\n", 1)[1] for name, source in classroom.references.items()]
        classroom.hand_in(student, with_cell(classroom.answered(**wrong()), *right))
    return hand_in


def _nested_metadata(depth: int):
    return as_text(lambda text: text[:-1] + ', "deep": ' + "[" * depth + "]" * depth + "}")


def _many_cells(count: int):
    def change(notebook: dict) -> None:
        notebook["cells"] += [{"cell_type": "code", "source": "0", "metadata": {}, "outputs": []}] * count
    return with_notebook(change)


def _marked_up(cell: dict) -> None:
    cell["metadata"] = {"name": SCRIPT, SCRIPT: SCRIPT, "tags": [SCRIPT, "hide"], "nbgrader": {"grade_id": SCRIPT, "points": SCRIPT}}
    cell["id"] = SCRIPT if not str(cell["id"]).startswith("answer-") else cell["id"]
    if cell["cell_type"] == "code":
        cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": SCRIPT, "image/svg+xml": f"<svg>{SCRIPT}</svg>"}, "metadata": {}},
                           {"output_type": "execute_result", "data": {"text/plain": "100"}, "metadata": {}, "execution_count": 1},
                           {"output_type": "stream", "name": SCRIPT, "text": SCRIPT}]
    elif cell["cell_type"] == "markdown":
        cell["source"] = SCRIPT


def _notebook_metadata(notebook: dict) -> None:
    notebook["metadata"] = {"kernelspec": {"name": "../../bin/sh", "display_name": SCRIPT, "language": SCRIPT}, "title": SCRIPT,
                            "language_info": {"name": SCRIPT, "pygments_lexer": SCRIPT, "file_extension": "/../x"}, "widgets": {SCRIPT: SCRIPT},
                            "not_gradable": SCRIPT, "celltoolbar": 3, "nbgrader": [1]}


def _odd_cells(notebook: dict) -> None:
    notebook["cells"] += [None, 3, "text", [], {}, {"cell_type": []}, {"cell_type": "code"}, {"cell_type": "code", "source": {"a": 1}},
                          {"cell_type": "code", "source": [1, None, "x = 1"], "id": [1], "metadata": "no"}, {"cell_type": "raw", "source": 3},
                          {"cell_type": "markdown", "source": "a", "attachments": 3}]


def _odd_sources(notebook: dict) -> None:
    notebook["cells"] += [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in (
        "x = '\x00'", "\ufeffx = 1", "x = '\ud800'", "# -*- coding: utf-7 -*-\n+AHg-", "\x0cx = 1", "x = 1\rimport os", "%%bash\nrm -rf .", "!touch here",
        "?" * 10_000, "(" * 10_000, "-" * 100_000 + "1", "x = " + "+".join("1" * 5_000), "f" + ".a" * 20_000, "x = 0x" + "f" * 100_000, "\\" * 9_999,
        "# exercise: ../../etc", "# exercise: __class__\n1", "# setup\nraise SystemExit", "# SETUP\n" * 3)]


FILES = [
    Attack("f_hundred_megabytes_sparse", "A file of a hundred megabytes that takes no room on the attacker's disk.",
           as_file(lambda place, classroom: _sparse(place, 100_000_000)), gradable=False),
    Attack("f_thirty_megabytes_of_output", "A notebook of thirty megabytes of output.",
           _bytes(lambda text: (text[:-1] + ', "junk": "' + "x" * 30_000_000 + '"}').encode()), gradable=False),
    Attack("f_just_below_the_limit", "A notebook as large as one may be.",
           _bytes(lambda text: (text[:-1] + ', "junk": [' + "[]," * 6_000_000 + "0]}").encode())),
    Attack("f_link_to_neighbour", "A link to another student's right answers.", _link(f"../../{NEIGHBOUR}/{ASSIGNMENT}/{NOTEBOOK}.ipynb"), gradable=False),
    Attack("f_link_to_solutions", "A link to the solved notebook.", _link(f"../../../../solutions/{ASSIGNMENT}/{NOTEBOOK}.ipynb"), gradable=False),
    Attack("f_link_to_host_file", "A link to a file of the grader's machine, to be shown in the feedback.", _link("/etc/hostname"), gradable=False),
    Attack("f_link_to_itself", "A link that leads to itself.", _link(f"{NOTEBOOK}.ipynb"), gradable=False),
    Attack("f_link_to_device", "A file that never ends.", _link("/dev/zero"), gradable=False),
    Attack("f_hard_link_to_seed", "The class's seed under a notebook's name, to be shown in the feedback or written over.",
           _hard_link(".grading/seed"), gradable=False),
    Attack("f_hard_link_to_solutions", "The solved notebook under the attacker's name.", _hard_link(f"solutions/{ASSIGNMENT}/{NOTEBOOK}.ipynb"),
           gradable=False),
    Attack("f_link_instead_of_folder", "The whole folder is a link to another student's.", lambda classroom, student: (
        (classroom.folder / ".grading" / "submitted" / student).mkdir(parents=True),
        (classroom.folder / ".grading" / "submitted" / student / ASSIGNMENT).symlink_to(f"../{NEIGHBOUR}/{ASSIGNMENT}")), gradable=False),
    Attack("f_pipe", "A named pipe on which the grader waits for ever.", as_file(lambda place, classroom: os.mkfifo(place)), gradable=False),
    Attack("f_folder", "A folder where the notebook should be.", as_file(lambda place, classroom: place.mkdir()), gradable=False),
    Attack("f_zip_bomb", "A file that is a thousand times larger when unpacked.", as_file(lambda place, classroom: _zip_bomb(place)), gradable=False),
    Attack("f_zip_bombs_beside", "Packed files beside the notebook that fill whatever unpacks them.", beside(_bombs)),
    Attack("f_odd_names_beside", "Names that scripts take for options, paths or commands, beside the notebook.", beside(_odd_names)),
    Attack("f_named_with_line_break", "A notebook whose name has two lines.", _named("start\n.ipynb")),
    Attack("f_named_like_an_option", "A notebook whose name is an option.", _named("--force.ipynb")),
    Attack("f_named_with_dots", "A notebook whose name leads upwards.", _named("...ipynb"), gradable=False),
    Attack("f_named_with_emoji", "A notebook whose name is a picture.", _named("📓 start.ipynb")),
    Attack("f_named_with_200_characters", "A notebook whose name leaves no room for an ending.", _named("start" + "x" * 195 + ".ipynb")),
    Attack("f_shadowing_package", "A folder helpers beside the notebook stands in for the grader's own.", beside(lambda folder: [
        (folder / "helpers").mkdir(), (folder / "helpers" / "__init__.py").write_text("raise SystemExit", encoding="utf-8"),
        (folder / "nbgrader_config.py").write_text("raise SystemExit", encoding="utf-8"), (folder / ".env").write_text("PYTHONSTARTUP=x", encoding="utf-8")])),
    Attack("f_hundreds_of_files", "Nine hundred more notebooks beside the notebook.", beside(
        lambda folder: [(folder / f"start ({i}).ipynb").write_text("{}", encoding="utf-8") for i in range(900)])),
    Attack("f_timestamp", "A time of handing in from before the course.", beside(
        lambda folder: (folder / "timestamp.txt").write_text("1970-01-01 00:00:00 UTC'); drop table grade; --", encoding="utf-8"))),
    Attack("f_deep_json", "Brackets a hundred thousand deep.", as_file(
        lambda place, classroom: place.write_text("[" * 100_000 + "]" * 100_000, encoding="utf-8")), gradable=False),
    Attack("f_deep_metadata", "A readable notebook with brackets a hundred thousand deep beside its cells.", _nested_metadata(100_000), gradable=False),
    Attack("f_doubled_keys", "Two lists of cells, one for each reader.", as_text(lambda text: text[:-1] + ', "cells": [], "cells": ' + json.dumps(
        [{"cell_type": "code", "source": answer("return 0"), "source ": "x"}]) + "}")),
    Attack("f_huge_number", "A number of a hundred thousand digits among the metadata.", as_text(
        lambda text: text[:-1] + ', "nbformat_minor": ' + "9" * 100_000 + "}"), gradable=False),
    Attack("f_odd_versions", "A format version that is infinite.", as_text(
        lambda text: text[:-1] + ', "nbformat": 1e999, "nbformat_minor": NaN}')),
    Attack("f_nul_bytes", "Zero bytes after the notebook.", as_text(lambda text: text + "\x00" * 100), gradable=False),
    Attack("f_not_utf8", "Bytes that are no text.", _bytes(lambda text: b"\xff\xc0\x80" + text.encode()[3:]), gradable=False),
    Attack("f_empty", "Nothing at all.", _bytes(lambda text: b""), gradable=False),
    Attack("f_other_json", "Valid JSON that is no notebook.", _bytes(lambda text: b'{"cells": {"0": "x"}, "points": 100}'), gradable=False),
    Attack("f_pickle", "A pickle that runs code when it is loaded.", _bytes(lambda text: b"cos\nsystem\n(S'touch here'\ntR."), gradable=False),
    Attack("f_utf16", "A notebook in another encoding.", _bytes(lambda text: text.encode("utf-16"))),
    Attack("f_byte_order_mark", "A notebook after a mark of byte order.", _bytes(lambda text: b"\xef\xbb\xbf" + text.encode())),
    Attack("f_hundred_thousand_cells", "A notebook of a hundred thousand cells.", _many_cells(100_000), gradable=False),
    Attack("f_thousands_of_cells", "As many cells as a notebook may have.", _many_cells(4_900)),
    Attack("f_odd_cells", "Cells that are no cells.", with_notebook(_odd_cells)),
    Attack("f_odd_sources", "Cells whose text breaks a reader, a parser or a shell.", with_notebook(_odd_sources)),
    Attack("f_marked_up", "Ids, metadata, outputs and words are a script for the instructor's browser.", with_metadata(_marked_up)),
    Attack("f_marked_up_notebook", "The notebook's own metadata is a script, and says how it is to be graded.", with_notebook(_notebook_metadata)),
    Attack("f_cyrillic_marker", "A marker with a Cyrillic letter hides the right answer from one of two readers.", _looks_like("# exerсise: {name}")),
    Attack("f_full_width_marker", "A marker with full-width signs.", _looks_like("# ｅxercise: {name}")),
    Attack("f_zero_width_marker", "A marker with a space that nobody sees.", _looks_like("# exercise:\u200b {name}\u200d")),
    Attack("f_bidirectional_marker", "A marker that is read from the right.", _looks_like("# \u202eesicrexe: {name}")),
]
