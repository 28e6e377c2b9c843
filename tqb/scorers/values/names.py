"""One thing, many names: countries, languages, currencies, months, days, as CLDR has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from tqb.scorers.languages import NAMES, table_name
from tqb.scorers.languages.cldr import locale
from tqb.scorers.normalize import normalize


@lru_cache(maxsize=1024)
def other_names(name: str, tag: str, *, latin: bool = False) -> frozenset[str]:
    """Return the names that CLDR gives the same thing in the languages known, in normal form.

    Nothing is returned for a name that CLDR does not have in the language of the question. Where
    only names in Latin letters are of use, the tables of languages in other scripts are not read.
    """
    wanted = normalize(name, tag)
    keys = _index(table_name(tag) or "en").get(wanted, ()) or _index("en").get(wanted, ())
    return frozenset(text for key in keys for text in _spellings(key, latin)) - {wanted}


def known_apart(one: str, other: str, tag: str) -> bool:
    """Tell whether CLDR names two different things so, in the language or in English."""
    first, second = _keys(one, tag), _keys(other, tag)
    return bool(first and second and not set(first) & set(second))


def _keys(name: str, tag: str) -> tuple[tuple[str, Any], ...]:
    wanted = normalize(name, tag)
    return (*_index(table_name(tag) or "en").get(wanted, ()), *_index("en").get(wanted, ()))


def is_place(name: str, tag: str) -> bool:
    """Tell whether CLDR has a country or region of that name in the language or in English."""
    return any(kind == "territories" for kind, _ in _keys(name, tag))


@lru_cache(maxsize=16)
def _index(table: str) -> dict[str, tuple[tuple[str, Any], ...]]:
    found: dict[str, tuple[tuple[str, Any], ...]] = {}
    for key, name in _names(table):
        wanted = normalize(name, table)
        found[wanted] = (*found.get(wanted, ()), key)
    return found


@lru_cache(maxsize=1024)
def _spellings(key: tuple[str, Any], latin: bool) -> frozenset[str]:
    kind, code = key
    if kind == "cities":
        return frozenset(_city_names(code, latin))
    found = {normalize(code, "en")} if kind == "currencies" else set()
    for table in _written(NAMES, latin):
        name = _table(table, kind).get(code)
        if name:
            found.add(normalize(name, table))
            if kind == "currencies":
                found.add(normalize(_head(name, table), table))
            if kind == "days" and table.startswith("zh"):
                found.add(normalize(_table(table, "short days")[code], table))
    return frozenset(found)


def _written(tables: Iterable[str], latin: bool) -> Iterator[str]:
    """Yield the languages that are of use: those of other scripts are not, if `latin`."""
    from babel.core import get_global

    scripts = get_global("likely_subtags")
    for table in tables:
        likely = scripts.get(re.split("[-_]", table)[0], "")
        if not latin or "_Latn_" in likely:
            yield table


def _city_names(zone: str, latin: bool) -> Iterator[str]:
    """Yield a city's names in the languages known, and in those of its own country."""
    from babel.core import get_global
    from babel.languages import get_official_languages

    country = get_global("zone_territories").get(zone, "")
    spoken = dict.fromkeys((*NAMES, *get_official_languages(country, de_facto=True)))
    for table in _written(spoken, latin):
        name = _table(table.replace("_", "-"), "cities").get(zone)
        if name:
            yield normalize(name, table)


@lru_cache(maxsize=128)
def _table(table: str, kind: str) -> dict[Any, str]:
    """Return one of CLDR's tables of names; cities are those by which time zones go."""
    cldr = locale(table)
    if kind in ("months", "days"):
        return dict(getattr(cldr, kind)["stand-alone"]["wide"])
    if kind == "short days":
        return dict(cldr.days["format"]["abbreviated"])
    if kind == "cities":
        return _cities(cldr)
    return dict(getattr(cldr, kind))


def _head(currency: str, table: str) -> str:
    """Return the noun of a currency's name: yen of Japanese yen, iene of iene japonês."""
    words = currency.split()
    return words[0 if table in ("fr", "es", "pt", "ar") else -1]


def _cities(cldr: Any) -> dict[str, str]:
    given = {zone: texts["city"] for zone, texts in cldr.time_zones.items() if "city" in texts}
    if cldr.language not in ("en", "de", "fr", "es", "pt", "tr"):
        return given  # in another script the English name is no name
    zones = locale(_COMPLETE).time_zones
    names = {zone: zone.rpartition("/")[2].replace("_", " ") for zone in zones if "/" in zone}
    return {**names, **given}


_COMPLETE = "ru"
"""A language that has a name for every city: its script leaves it no other way."""


def _names(table: str) -> Iterator[tuple[tuple[str, Any], str]]:
    for kind in ("territories", "languages", "currencies", "months", "days", "cities"):
        for code, name in _table(table, kind).items():
            yield (kind, code), name
            if kind == "currencies":
                yield (kind, code), _head(name, table)
