"""Units of measurement: their names, as CLDR has them, and what one is worth in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tqb.scorers.languages import Language, language
from tqb.scorers.normalize import primary
from tqb.scorers.tokens import Token, tokenize

PERCENT = "concentr-percent"


def unit_at(tokens: Sequence[Token], at: int, tag: str) -> tuple[str, int]:
    """Return the unit that stands at a token, with the place after it; no unit is ``""``."""
    names = units(tag)
    for first in _without_suffix(tokens[at : at + 1], tag):
        for end in range(min(len(tokens), at + _LONGEST), at, -1):
            unit = names.get(_key(tokens[at + 1 : end], first))
            if unit:
                return unit, end
    return "", at


def _without_suffix(tokens: Sequence[Token], tag: str) -> Iterator[str]:
    """Yield a word, and what it may be without a case ending or particle."""
    suffixes = language(tag).suffixes
    for token in tokens:
        yield token.text
        least = 1 if primary(tag) == "ko" else 3
        for cut in range(least, len(token.text) if suffixes and token.kind == "word" else 0):
            if token.text[cut:] in suffixes:
                yield token.text[:cut]


def named_units(tokens: Sequence[Token], lang: Language, tag: str) -> frozenset[str]:
    """Return the units that a text names; single letters and words such as "in" are no names."""
    found, at = set(), 0
    while at < len(tokens):
        unit, end = unit_at(tokens, at, tag)
        first = tokens[at]
        long = first.kind == "char" or sum(len(t.text) for t in tokens[at:end]) > 1
        if unit and long and first.text not in lang.function:
            found.add(unit)
            at = end
        else:
            at += 1
    return frozenset(found)


_LONGEST = 6
"""Tokens of the longest name of a unit."""


def _key(tokens: Sequence[Token], *first: str) -> str:
    return "\u0001".join((*first, *(token.text for token in tokens)))


def spellings(unit: str, tag: str) -> tuple[tuple[str, ...], ...]:
    """Return the names of a unit in a language, as tokens."""
    return tuple(tuple(key.split("\u0001")) for key, name in units(tag).items() if name == unit)


@lru_cache(maxsize=32)
def units(tag: str) -> dict[str, str]:
    """Return CLDR's names of units, in the language and in English, long and short."""
    found: dict[str, str] = {}
    for locale in locales(tag):
        patterns = locale._data["unit_patterns"]
        for unit in sorted(filter(_is_common, patterns), key=_rank):
            widths = patterns[unit]
            for width in ("long", "short"):
                for pattern in widths.get(width, {}).values():
                    if isinstance(pattern, str) and "{0}" in pattern:
                        key = _key(tokenize(pattern.replace("{0}", " "), tag))
                        for spelling in (key, key.removesuffix("\u0001.")):
                            if spelling:
                                found.setdefault(spelling, unit)
    for sign, unit in _SIGNS.items():
        found.setdefault(_key(tokenize(sign, tag)), unit)
    return found


@lru_cache(maxsize=32)
def locales(tag: str) -> tuple[Any, ...]:
    """Return the CLDR locales that a text in a language may be written by: its own, and English."""
    from babel import Locale, UnknownLocaleError

    found = []
    for name in (tag, "en", "en-GB"):
        try:
            found.append(Locale.parse(name, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue
    return tuple(found)


def _is_common(unit: str) -> bool:
    kind = unit.partition("-")[0]
    return kind in _KINDS and unit not in _RARE and ("-per-" not in unit or unit in _COMPOUND)


_RARE = frozenset(("speed-light-speed", "length-point", "mass-grain", "length-solar-radius"))
"""Units whose names are met far more often as other words."""


def _rank(unit: str) -> tuple[int, bool, str]:
    """Of two units with one abbreviation, the one in general use comes first."""
    return _KINDS.index(unit.partition("-")[0]), unit not in _FACTORS, unit


_KINDS = (
    "length mass duration temperature volume area speed angle electric energy power pressure "
    "frequency concentr digital light force acceleration"
).split()
_COMPOUND = (
    "speed-kilometer-per-hour",
    "speed-meter-per-second",
    "speed-mile-per-hour",
    "acceleration-meter-per-square-second",
)
_SIGNS = {
    "%": PERCENT,
    "퍼센트": PERCENT,
    "°c": "temperature-celsius",
    "°f": "temperature-fahrenheit",
    "°": "angle-degree",
    "m/s": "speed-meter-per-second",
    "m/s2": "acceleration-meter-per-square-second",
    "m/s^2": "acceleration-meter-per-square-second",
    "℃": "temperature-celsius",
}

_SCALES: dict[str, dict[str, str]] = {
    "length": {
        "millimeter": "0.001",
        "centimeter": "0.01",
        "meter": "1",
        "kilometer": "1000",
        "inch": "0.0254",
        "foot": "0.3048",
        "yard": "0.9144",
        "mile": "1609.344",
    },
    "mass": {"milligram": "0.001", "gram": "1", "kilogram": "1000", "tonne": "1000000"},
    "duration": {
        "second": "1",
        "minute": "60",
        "hour": "3600",
        "day": "86400",
        "week": "604800",
    },
    "volume": {"milliliter": "0.001", "liter": "1"},
    "digital": {"bit": "1", "byte": "8"},
    "concentr": {"percent": "0.01", "permille": "0.001"},
}
_FACTORS = {
    f"{kind}-{name}": (kind, Decimal(factor), Decimal(0))
    for kind, names in _SCALES.items()
    for name, factor in names.items()
} | {
    "temperature-kelvin": ("temperature", Decimal(1), Decimal(0)),
    "temperature-celsius": ("temperature", Decimal(1), Decimal("273.15")),
    "temperature-fahrenheit": ("temperature", Decimal(5) / 9, Decimal("459.67") * 5 / 9),
}
"""Units with an exact ratio to one another: what they measure, how much of it, from which zero."""


def in_base(value: Decimal, unit: str) -> tuple[str, Decimal] | None:
    """Return what a unit measures, and a value in the base unit of that; None for other units.

    Ratios are those of the International System of Units and of the international yard and pound
    (1959); temperatures are taken to kelvin.
    """
    if unit not in _FACTORS:
        return None
    kind, factor, zero = _FACTORS[unit]
    return kind, round(value * factor + zero, 9)


_DEGREES = frozenset(("temperature-generic", "angle-degree"))
"""Degrees of what, nobody said."""


def is_unit(said: str, asked: str) -> bool:
    """Whether a unit is the one asked for, or a square or cube of it that was named in part."""
    if said in _DEGREES and (asked in _DEGREES or asked.startswith("temperature-")):
        return True
    name = asked.partition("-")[2]
    return said == asked or said.endswith((f"square-{name}", f"cubic-{name}"))
