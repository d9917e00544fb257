"""What nbgrader runs, step by step: `nbgrader_config.py` and `make build` both read it here."""

_THEIRS = "nbgrader.preprocessors."

# Without ClearSolutions: its stub is one constant for all exercises and replaces a whole cell. The build has put each exercise's own
# stub in place and refuses a marker left over.
_WRITTEN = "helpers.grading.written.Written"
RELEASE = [_WRITTEN] + [_THEIRS + name for name in (
    "IncludeHeaderFooter", "LockCells", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "SaveCells", "ComputeChecksums",
    "CheckCellMetadata")]

# First of all our own copy of the notebook, so that no damage to a submission reaches nbgrader.
SANITIZE = ["helpers.grading.restitch.Restitch", _WRITTEN] + [_THEIRS + name for name in (
    "ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells", "CheckCellMetadata")]

# The judge stands where nbgrader would run the notebook and read grades off what it printed.
AUTOGRADE = ["helpers.grading.judging.Judge", "helpers.grading.recording.SaveGrades"] + [_THEIRS + name for name in (
    "AssignLatePenalties", "CheckCellMetadata")]
