"""What the course's notebooks import.

    check, hint, progress, yours         your answers: checked, helped, counted, used
    ask, recap, reveal, interview        the interviewer's questions, and what the best answers contain
    production_card, language            the card of a decision in production; English or Chinese messages
    data, metrics, plots, training       the course's tools, module by module
"""

from importlib import metadata

from helpers.checks.check import check, hint, progress, yours
from helpers.interview import ask, interview, production_card, recap, reveal
from helpers.language import language

try:
    __version__ = metadata.version("retention-course")
except metadata.PackageNotFoundError:       # the folder alone, not installed
    __version__ = "0+unknown"

__all__ = ["ask", "check", "hint", "interview", "language", "production_card", "progress", "recap", "reveal", "yours"]
