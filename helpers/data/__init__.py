"""The data sets, one loader each.  Nothing else in the course touches disk or network for data.

    from helpers.data import complete_journey, cdnow, hillstrom, movielens, online_retail

Each module is imported when it is asked for, so that `python -m helpers` can report on a machine without pandas.
"""

from helpers.data.installed import DataError

__all__ = ["DataError", "cdnow", "complete_journey", "hillstrom", "movielens", "online_retail"]


def __getattr__(name: str):
    """`helpers.data.cdnow` after a plain `import helpers.data`, too."""
    if name in ("cdnow", "complete_journey", "hillstrom", "movielens", "online_retail"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
