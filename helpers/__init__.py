"""What the course's notebooks import.

    check, hint, progress, yours         your answers: checked, helped, counted, used
    ask, recap, reveal, interview        the interviewer's questions, and what the best answers contain
    memo                                 the task that ends the course: a system designed on paper
    production_card, language            the card of a decision in production; English or Chinese messages
    data, metrics, plots, training       the course's tools, module by module
"""

import os
import warnings
from importlib import metadata

from helpers.language import language

# Before anybody imports TensorFlow: its start-up lines are about its build, not about your model.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# scikit-learn 1.6, which Colab has, asks a later SciPy for an option it dropped, at every logistic regression: nothing is lost by it.
warnings.filterwarnings("ignore", "Unknown solver options: iprint")

__all__ = ["ask", "check", "hint", "interview", "language", "memo", "production_card", "progress", "recap", "reveal", "yours"]

try:
    from helpers.checks.check import check, hint, progress, yours
    from helpers.interview import ask, interview, memo, production_card, recap, reveal
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] == "helpers":
        raise
    _missing = error

    def __getattr__(name: str):     # so that `python -m helpers` still runs where a package is missing, and says which
        if name in __all__:
            raise ImportError(f"{_missing}. Run `python -m helpers`: it says what to install.") from _missing
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

try:
    __version__ = metadata.version("retention-course")
except metadata.PackageNotFoundError:       # the folder alone, not installed
    __version__ = "0+unknown"
