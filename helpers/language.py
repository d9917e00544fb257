"""The language of messages: every message is a `Text` in English and Chinese, shown in the language chosen here."""

from __future__ import annotations

import os
from typing import NamedTuple

LANGUAGES = ("en", "zh")
_current = "en"


class Text(NamedTuple):
    """One message in both languages; `str()` gives it in the current one."""

    en: str
    zh: str

    def __str__(self) -> str:
        return getattr(self, _current)

    def format(self, *args, **kwargs) -> Text:  # type: ignore[override]
        """Both languages filled in; a `Text` among the arguments goes in in its own language."""
        return Text(*(
            pattern.format(*(_in(a, code) for a in args), **{k: _in(v, code) for k, v in kwargs.items()})
            for pattern, code in zip(self, LANGUAGES, strict=True)
        ))

    def __add__(self, other: Text | str) -> Text:  # type: ignore[override]
        return Text(self.en + _in(other, "en"), self.zh + _in(other, "zh"))


def _in(value, code: str):
    return getattr(value, code) if isinstance(value, Text) else value


def language(code: str | None = None) -> str:
    """Choose the language of messages, `"en"` or `"zh"`; without an argument tell the present one.

    The environment variable RETENTION_LANGUAGE sets it for commands.  ValueError for any other code.
    """
    global _current
    if code is not None:
        if code not in LANGUAGES:
            raise ValueError(f"language: {code!r} is not one of {', '.join(LANGUAGES)}")
        _current = code
    return _current


if os.environ.get("RETENTION_LANGUAGE") in LANGUAGES:
    language(os.environ["RETENTION_LANGUAGE"])
