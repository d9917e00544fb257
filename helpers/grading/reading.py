"""An exporter that reads what nbgrader cannot.

nbgrader reads a submission with nbformat, which refuses many files that still hold every answer, and then leaves the learner
without a grade.  This one falls back on the plain text of the cells, and where even that cannot be had, hands on an empty notebook
that says why it cannot be graded.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter

from helpers.checks.notebook import NotebookError, read_cells

NOT_GRADABLE = "not_gradable"


class PatientExporter(NotebookExporter):
    """nbconvert's notebook exporter, for files that may be damaged."""

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs):
        try:
            notebook = nbformat.read(filename, as_version=4)
            nbformat.validate(notebook)
        except Exception:       # nbformat raises whatever the damage provokes
            return self.from_notebook_node(plain_notebook(Path(filename)), resources=resources, **kwargs)
        return super().from_filename(filename, resources=resources, **kwargs)


def plain_notebook(path: Path) -> nbformat.NotebookNode:
    """A valid notebook with the text of the file's cells alone, or an empty one whose metadata tells why there are none."""
    notebook = nbformat.v4.new_notebook()
    try:
        cells = read_cells(path)
    except NotebookError as error:
        notebook.metadata[NOT_GRADABLE] = str(error)
        return notebook
    for cell in cells:
        new = nbformat.v4.new_markdown_cell if cell["kind"] == "markdown" else nbformat.v4.new_code_cell
        notebook.cells.append(new(cell["source"].encode("utf-8", "replace").decode()))
    return notebook
