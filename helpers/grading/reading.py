"""An exporter that reads what nbgrader cannot.

nbgrader reads a submission with nbformat, which follows links, reads any size, refuses many files that still hold every answer, and
then leaves the learner without a grade.  This one takes the plain text of the cells, which is all that counts, and where even that
cannot be had, hands on an empty notebook that says why it cannot be graded.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter

from helpers.checks.notebook import NOT_GRADABLE, NotebookError, read_cells

IDENT = "handed_in_id"
"""Where a cell keeps the id it was handed in with: as an id it could be missing, or twice there, and would be replaced."""


class PatientExporter(NotebookExporter):
    """nbconvert's notebook exporter, for files that may be damaged or hostile."""

    def from_filename(self, filename: str, resources: dict | None = None, **kwargs):
        # nbgrader reads twice: what was handed in, then what its own first step made of that.
        if getattr(self.parent, "_sanitizing", True):
            return self.from_notebook_node(plain_notebook(Path(filename)), resources=resources, **kwargs)
        return super().from_filename(filename, resources=resources, **kwargs)


def plain_notebook(path: Path) -> nbformat.NotebookNode:
    """A valid notebook with the text of the file's cells alone, or an empty one whose metadata tells why there are none."""
    notebook = nbformat.v4.new_notebook()
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell, "raw": nbformat.v4.new_raw_cell}
    try:
        cells = read_cells(path)
    except NotebookError as error:
        notebook.metadata[NOT_GRADABLE] = str(error)
        return notebook
    notebook.cells = [make[cell["kind"]](cell["source"], metadata={IDENT: cell["id"]}) for cell in cells]
    return notebook
