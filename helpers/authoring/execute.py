"""Run a notebook from top to bottom, as a learner would, with its seconds and memory."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat


def peak_megabytes() -> int:
    """The most memory this process has held at once, in MB.

    Not by `getrusage` where /proc tells: a process begins with the peak of the one that started it there, which may be a test run of gigabytes.
    """
    import resource
    import sys

    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
    with open("/proc/self/status", encoding="ascii") as told:
        return next(int(line.split()[1]) for line in told if line.startswith("VmHWM:")) // 2**10


_MEASURE = f"{inspect.getsource(peak_megabytes)}\nprint(peak_megabytes())"

_STARTS = 3
_STARTUP_SECONDS = 180


@dataclass(frozen=True)
class Run:
    """A notebook that was run: its cells with their outputs, wall seconds, and the kernel's peak memory in MB."""

    notebook: nbformat.NotebookNode
    seconds: float
    megabytes: int

    def errors(self) -> list[str]:
        """`name: message` of every error a cell ended in."""
        return [f"{output.ename}: {output.evalue}" for cell in self.notebook.cells if cell.cell_type == "code"
                for output in cell.outputs if output.output_type == "error"]

    def shown(self, cell_id: str) -> str:
        """What the cell of this id printed and displayed, as plain text."""
        cell = next(cell for cell in self.notebook.cells if cell.id == cell_id)
        parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        return "\n".join(parts)


def run_notebook(path: Path, folder: Path, *, timeout: float, kernel: str = "python3", before: str = "") -> Run:
    """Run a notebook with `folder` as its working folder; errors are kept, not raised.

    timeout: seconds a cell may take.  before: code to run first, in a cell of its own.  nbclient.exceptions.CellTimeoutError past it;
    RuntimeError when no kernel can be started.
    """
    notebook = nbformat.read(path, as_version=4)
    if before:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    notebook.cells.append(nbformat.v4.new_code_cell(_MEASURE))
    seconds = _execute(notebook, folder, timeout, kernel)
    megabytes = int(notebook.cells.pop().outputs[0].text)
    if before:
        notebook.cells.pop(0)
    return Run(notebook, seconds, megabytes)


def _execute(notebook: nbformat.NotebookNode, folder: Path, timeout: float, kernel: str) -> float:
    """Run the notebook's cells in a new kernel.  -> wall seconds.

    A kernel that dies before its first answer has run no cell, so another is started: the ports chosen for it may have been taken by a
    kernel that another process started in the same moment.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    for start in range(1, _STARTS + 1):
        client = NotebookClient(notebook, timeout=timeout, startup_timeout=_STARTUP_SECONDS, kernel_name=kernel, allow_errors=True,
                                resources={"metadata": {"path": str(folder)}})
        started = time.monotonic()
        try:
            client.execute()
        except DeadKernelError:         # it died while it ran a cell: the notebook's doing
            raise
        except RuntimeError:
            if start == _STARTS:
                raise
        else:
            return time.monotonic() - started
    raise AssertionError("unreachable")
