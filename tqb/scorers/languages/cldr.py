"""What CLDR knows of a language, by Babel: its locales and the names of months."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tqb.scorers.languages import table_name
from tqb.scorers.normalize import normalize


@lru_cache(maxsize=64)
def locale(name: str) -> Any:
    """Return the locale of a BCP 47 tag.

    Raises:
        babel.UnknownLocaleError: CLDR has none.
        ValueError: it is no tag.
    """
    from babel import Locale

    return Locale.parse(name, sep="-")


@lru_cache(maxsize=32)
def locales(tag: str) -> tuple[Any, ...]:
    """Return the CLDR locales that a text in a language may be written by: its own, and English."""
    from babel import UnknownLocaleError

    found = []
    for name in (tag, "en", "en-GB"):
        try:
            found.append(locale(name))
        except (UnknownLocaleError, ValueError):
            continue
    return tuple(found)


@lru_cache(maxsize=16)
def months(tag: str) -> dict[str, int]:
    """Return the names of months in a language, wide and abbreviated, by name."""
    cldr = locale(table_name(tag) or "en")
    found: dict[str, int] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in cldr.months[context][width].items():
                found.setdefault(normalize(name, tag), number)
    return found
