"""Units of measurement: their names, as CLDR has them, and what one is worth in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Any

from tqb.scorers.languages import Language, language
from tqb.scorers.languages.cldr import locales
from tqb.scorers.normalize import primary
from tqb.scorers.reading.tokens import Token, tokenize

PERCENT = "concentr-percent"


def unit_at(tokens: Sequence[Token], at: int, tag: str) -> tuple[str, int]:
    """Return the unit that stands at a token, with the place after it; no unit is ``""``."""
    if at >= len(tokens):
        return "", at
    for first, longest in _beginnings(tokens[at].text, tokens[at].kind, tag):
        for end in range(min(len(tokens), at + longest), at, -1):
            ends_in_stop = end == len(tokens) and tokens[end - 1].text == "."
            if ends_in_stop or (end == at + 1 and _is_grammar(tokens, at, tag)):
                continue
            words = [first, *(token.text for token in tokens[at + 1 : end])]
            unit = _unit(words, tokens[end - 1].kind, tag)
            if unit:
                return unit, end
    return "", at


def _is_grammar(tokens: Sequence[Token], at: int, tag: str) -> bool:
    """Whether a word that may be a unit leads to the next word: 1879 in Ulm."""
    follows = tokens[at + 1] if at + 1 < len(tokens) else None
    return (
        follows is not None
        and follows.kind == "word"
        and tokens[at].text in language(tag).function
        and language(tag).spaced
    )


def _unit(words: Sequence[str], kind: str, tag: str) -> str:
    """Return the unit of that name; its last word may have a suffix, if it is a word."""
    *others, last = words
    endings = _without_suffix(last, tag) if others and kind == "word" else (last,)
    return next((unit for end in endings if (unit := units(tag).get(_key(*others, end)))), "")


@lru_cache(maxsize=8192)
def _beginnings(word: str, kind: str, tag: str) -> tuple[tuple[str, int], ...]:
    """Return how a token may begin names of units, with the tokens of the longest of those."""
    longest = _longest(tag)
    words = _without_suffix(word, tag) if kind == "word" else (word,)
    return tuple((first, longest[first]) for first in words if first in longest)


def _without_suffix(word: str, tag: str) -> Iterator[str]:
    """Yield a word, and what it may be without a case ending or particle."""
    suffixes = language(tag).suffixes
    yield word
    if "'" in word and suffixes:
        yield word.partition("'")[0]
    if primary(tag) == "de" and word.endswith("n"):
        yield word[:-1]  # the dative of a plural: mit 300 Metern
    least = 1 if primary(tag) == "ko" else 3
    for cut in range(least, len(word) if suffixes else 0):
        if word[cut:] in suffixes:
            yield word[:cut]


def named_units(tokens: Sequence[Token], lang: Language, tag: str) -> frozenset[str]:
    """Return the units that a text names; single letters and words such as "in" are no names."""
    found, at = set(), 0
    while at < len(tokens):
        unit, end = unit_at(tokens, at, tag)
        first = tokens[at]
        long = first.kind == "char" or sum(len(t.text) for t in tokens[at:end]) > 1
        if unit and long and (end - at > 1 or first.text not in lang.function):
            found.add(unit)
            at = end
        else:
            at += 1
    return frozenset(found)


def named_scales(words: frozenset[str], tag: str) -> frozenset[str]:
    """Return the scales of temperature of which a text has the word that the others do not."""
    return frozenset(scale for scale, own in _scales(tag).items() if not own.isdisjoint(words))


@lru_cache(maxsize=32)
def _scales(tag: str) -> dict[str, frozenset[str]]:
    names = {scale: {w for name in spellings(scale, tag) for w in name} for scale in _TEMPERATURES}
    return {
        scale: frozenset(w for w in own if len(w) > 1 and sum(w in n for n in names.values()) == 1)
        for scale, own in names.items()
    }


_TEMPERATURES = ("temperature-celsius", "temperature-fahrenheit", "temperature-kelvin")


@lru_cache(maxsize=32)
def _longest(tag: str) -> dict[str, int]:
    """Return the tokens of the longest name of a unit that begins with a word, by that word."""
    found: dict[str, int] = {}
    for key in units(tag):
        first, *rest = key.split("\u0001")
        found[first] = max(found.get(first, 0), 1 + len(rest))
    return found


def _key(*words: str) -> str:
    return "\u0001".join(words)


def spellings(unit: str, tag: str) -> tuple[tuple[str, ...], ...]:
    """Return the names of a unit in a language, as tokens."""
    return tuple(tuple(key.split("\u0001")) for key, name in units(tag).items() if name == unit)


@lru_cache(maxsize=32)
def units(tag: str) -> dict[str, str]:
    """Return CLDR's names of units, in the language and in English, long and short."""
    patterns: dict[str, str] = {}
    for cldr in locales(tag):
        for unit, pattern in _patterns(cldr):
            patterns.setdefault(pattern, unit)
    found: dict[str, str] = {}
    for pattern, unit in patterns.items():
        key = _key(*_words(pattern.replace("{0}", " "), tag))
        for spelling in (key, key.removesuffix("\u0001.")):
            if spelling:
                found.setdefault(spelling, unit)
    for sign, unit in (*_speeds(tag), *_SIGNS.items()):
        found.setdefault(_key(*_words(sign, tag)), unit)
    return found


def _speeds(tag: str) -> Iterator[tuple[str, str]]:
    """Yield how speeds are written of which CLDR has no name, but a pattern: "{0} per second"."""
    for cldr, length, time in product(locales(tag), _LENGTHS, _TIMES):
        known, unit = cldr._data["unit_patterns"], f"speed-{length}-per-{time}"
        names = list(_names(known, f"duration-{time}", "long"))
        for width in ("long", "short"):
            per = str(known[f"duration-{time}"].get(width, {}).get("per", ""))
            patterns = [f"{{0}}/{name}" for name in names]
            patterns += [per] if per.startswith("{0}") else []
            for name, pattern in product(_names(known, f"length-{length}", width), patterns):
                yield pattern.replace("{0}", name), unit


def _names(known: Any, unit: str, width: str) -> Iterator[str]:
    """Yield the names of a unit in a locale, without the number."""
    for count, pattern in known[unit].get(width, {}).items():
        if isinstance(pattern, str) and "{0}" in pattern and count != "per":
            yield pattern.replace("{0}", " ").strip()


_LENGTHS = ("meter", "kilometer", "mile")
_TIMES = ("second", "hour")


def speed_of(length: str, before: str, about: frozenset[str]) -> str:
    """Return the speed that a length is after words such as 秒速, and perhaps an "about"; or ""."""
    name = length.removeprefix("length-")
    for words, time in _PER.items() if name in _LENGTHS else ():
        if before.startswith(words) and before[len(words) :] in about | {""}:
            return f"speed-{name}-per-{time}"
    return ""


_PER = {
    "秒速": "second",
    "毎秒": "second",
    "每秒": "second",
    "초속": "second",
    "초당": "second",
    "時速": "hour",
    "毎時": "hour",
    "时速": "hour",
    "每小时": "hour",
    "每小時": "hour",
    "시속": "hour",
    "시간당": "hour",
}
"""What is written before a length, of how far something comes in a second or an hour."""


def _patterns(cldr: Any) -> Iterator[tuple[str, str]]:
    """Yield each common unit of a locale, with how a number of it is written."""
    units = cldr._data["unit_patterns"]
    for unit in sorted(filter(_is_common, units), key=_rank):
        for width in ("long", "short"):
            for count, pattern in units[unit].get(width, {}).items():
                if isinstance(pattern, str) and "{0}" in pattern and count != "per":
                    yield unit, pattern


def _words(text: str, tag: str) -> list[str]:
    return [token.text for token in tokenize(text, tag)]


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
    "km/s": "speed-kilometer-per-second",
    "كم/ث": "speed-kilometer-per-second",
    "км/с": "speed-kilometer-per-second",
    "m/s2": "acceleration-meter-per-square-second",
    "℃": "temperature-celsius",
    "岁": "duration-year",
    "周岁": "duration-year",
    "歲": "duration-year",
    "週歲": "duration-year",
    "歳": "duration-year",
    "세": "duration-year",
    "살": "duration-year",
    "千米": "length-kilometer",
    "千克": "mass-kilogram",
    "g/mol": "mass-gram-per-mole",
    "grams per mole": "mass-gram-per-mole",
    "kg/m3": "mass-kilogram-per-cubic-meter",
    "g/cm3": "mass-gram-per-cubic-centimeter",
    "bpm": "frequency-beat-per-minute",
    "beats per minute": "frequency-beat-per-minute",
    "rpm": "frequency-revolution-per-minute",
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
    "speed": {
        "meter-per-second": "1",
        "kilometer-per-second": "1000",
        "kilometer-per-hour": "0.27777777777777777778",
        "mile-per-second": "1609.344",
        "mile-per-hour": "0.44704",
    },
    "digital": {"bit": "1", "byte": "8"},
    "concentr": {"percent": "0.01", "permille": "0.001"},
}
_FACTORS = {
    f"{kind}-{name}": (kind, Decimal(factor), Decimal(0))
    for kind, names in _SCALES.items()
    for name, factor in names.items()
} | {
    "duration-month": ("calendar", Decimal(1), Decimal(0)),
    "duration-year": ("calendar", Decimal(12), Decimal(0)),
    "temperature-kelvin": ("temperature", Decimal(1), Decimal(0)),
    "temperature-celsius": ("temperature", Decimal(1), Decimal("273.15")),
    "temperature-fahrenheit": ("temperature", Decimal(5) / 9, Decimal("459.67") * 5 / 9),
}
"""Units with an exact ratio to one another: what they measure, how much of it, from which zero."""


_LARGEST = Decimal(10) ** 12
"""A larger number is converted to no other unit."""


def in_base(value: Decimal, unit: str) -> tuple[str, Decimal] | None:
    """Return what a unit measures, and a value in the base unit of that; None for other units.

    Ratios are those of the International System of Units and of the international yard and pound
    (1959); temperatures are taken to kelvin.
    """
    if unit not in _FACTORS or abs(value) >= _LARGEST:
        return None
    kind, factor, zero = _FACTORS[unit]
    return kind, round(value * factor + zero, 9)


def equivalents(value: Decimal, unit: str) -> Iterator[tuple[Decimal, str]]:
    """Yield a span of time in other units of which it is a whole number: 14 days, two weeks."""
    if not unit.startswith("duration-") or unit not in _FACTORS:
        return
    kind, factor, _ = _FACTORS[unit]
    for other, (what, worth, _) in _FACTORS.items():
        whole, rest = divmod(value * factor, worth)
        if other != unit and what == kind and not rest and 0 < whole < MOST_OF_A_UNIT:
            yield whole, other


MOST_OF_A_UNIT = 100
"""Larger numbers nobody writes in words beside a unit."""

_DEGREES = frozenset(("temperature-generic", "angle-degree"))
"""Degrees of what, nobody said."""


def is_unit(said: str, asked: str) -> bool:
    """Whether a unit is the one asked for, or a square or cube of it that was named in part."""
    if said in _DEGREES and (asked in _DEGREES or asked.startswith("temperature-")):
        return True
    name = asked.partition("-")[2]
    return said == asked or said.endswith((f"square-{name}", f"cubic-{name}"))
