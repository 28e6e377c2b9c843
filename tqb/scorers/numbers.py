"""Quantities: what a number in an answer is worth, in digits or in words, with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from tqb.scorers.languages import Language
from tqb.scorers.normalize import fold
from tqb.scorers.tokens import Token, tokenize

_CJK_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "両": 2,
    "两": 2,
    "兩": 2,
}
_CJK_TENS = {"十": 10, "百": 100, "千": 1000}
_CJK_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
CJK_NUMERALS = frozenset(_CJK_DIGITS) | frozenset(_CJK_TENS) | frozenset(_CJK_LARGE)
MAX_DIGITS = 60
"""A longer run of digits is text."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written."""

    values: frozenset[Decimal]
    """What it may be worth: separators can be read in two ways."""
    decimals: int
    """Digits written after the decimal point."""
    start: int
    end: int
    """Tokens it takes up."""
    unit: str = ""
    """CLDR name of the unit, empty for a bare number."""


def quantities(tokens: Sequence[Token], lang: Language, tag: str) -> Iterator[Quantity]:
    """Yield the numbers in a text, each with sign, magnitude and unit."""
    at = 0
    while at < len(tokens):
        found = _number(tokens, at, lang)
        if found is None:
            at += 1
            continue
        if not found.values:
            at = found.end
            continue
        found = _magnitude(tokens, _signed(tokens, found, lang), tag)
        found = _with_unit(tokens, found, tag)
        yield found
        at = max(found.end, at + 1)


def _number(tokens: Sequence[Token], at: int, lang: Language) -> Quantity | None:
    token = tokens[at]
    if token.kind == "number" and len(token.text) <= MAX_DIGITS:
        end = at + 1
        if _is_fraction(tokens, at):
            return _fraction(tokens, at, lang)
        values, decimals = read_digits(token.text, lang.decimal)
        if values and end < len(tokens) and tokens[end].text in _CJK_LARGE:
            return _mixed(tokens, at, next(iter(values)))
        return Quantity(values, decimals, at, end) if values else None
    if token.kind == "char" and token.text in CJK_NUMERALS:
        end = at
        while end < len(tokens) and tokens[end].text in CJK_NUMERALS:
            end += 1
        value = read_cjk("".join(t.text for t in tokens[at:end]))
        return Quantity(frozenset() if value is None else frozenset({value}), 0, at, end)
    return None


def _is_fraction(tokens: Sequence[Token], at: int) -> bool:
    return (
        at + 2 < len(tokens)
        and tokens[at + 1].text in "/⁄"
        and tokens[at + 2].kind == "number"
        and tokens[at].end == tokens[at + 1].start
        and tokens[at + 2].text.strip("0") != ""
    )


def _fraction(tokens: Sequence[Token], at: int, lang: Language) -> Quantity | None:
    over, _ = read_digits(tokens[at].text, lang.decimal)
    under, _ = read_digits(tokens[at + 2].text, lang.decimal)
    if not over or not under or 0 in under:
        return None
    return Quantity(frozenset({next(iter(over)) / next(iter(under))}), 0, at, at + 3)


def read_digits(text: str, decimal: str) -> tuple[frozenset[Decimal], int]:
    """Read digits with separators; `decimal` is the language's decimal mark.

    Returns:
        The values the text may have, and its digits after the decimal mark.
    """
    text = text.replace("٫", ".").replace("٬", ",").replace("\u202f", " ").replace("\u00a0", " ")
    plain = text.replace(" ", "").replace("'", "")
    found: dict[Decimal, int] = {}
    for mark in (decimal, "," if decimal == "." else "."):
        group = "," if mark == "." else "."
        whole, _, part = plain.partition(mark)
        well_grouped = re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+|\d+", whole)
        # In a language with a decimal comma, English usage is met too; not the reverse.
        own = mark != decimal and re.fullmatch(r"\d{1,3}(\.\d{3})+", plain)
        foreign = mark != decimal and decimal == "." and not _unmistakable(plain, mark)
        if (
            well_grouped
            and not foreign
            and not (own and mark == ".")
            and (part.isdecimal() or not part)
        ):
            try:
                found.setdefault(
                    Decimal(whole.replace(group, "") + ("." + part if part else "")), len(part)
                )
            except InvalidOperation:
                continue
    if not found:
        return frozenset(), 0
    return frozenset(found), max(found.values())


def _unmistakable(plain: str, mark: str) -> bool:
    """Whether `mark` can only be a decimal mark, as the comma in 1.234.567,8 or 3,14."""
    head = plain.rpartition(mark)[0]
    return ("." in head and mark == ",") or plain.count("." if mark == "," else ",") > 1


def read_cjk(text: str) -> Decimal | None:
    """Read numerals such as 二千十五, 一百二十 or 一九四九."""
    if all(c in _CJK_DIGITS for c in text):
        return Decimal("".join(str(_CJK_DIGITS[c]) for c in text)) if len(text) < 20 else None
    total = section = digit = 0
    for c in text:
        if c in _CJK_DIGITS:
            digit = _CJK_DIGITS[c]
        elif c in _CJK_TENS:
            section += (digit or 1) * _CJK_TENS[c]
            digit = 0
        else:
            total += (section + digit or 1) * _CJK_LARGE[c]
            section = digit = 0
    return Decimal(total + section + digit)


def _mixed(tokens: Sequence[Token], at: int, value: Decimal) -> Quantity:
    """Read 29万9792: digits and large numerals in turn."""
    total, end = Decimal(0), at
    current: Decimal | None = value
    while current is not None:
        end += 1
        scale = 1
        while end < len(tokens) and tokens[end].text in _CJK_LARGE:
            scale *= _CJK_LARGE[tokens[end].text]
            end += 1
        total += current * scale
        following = tokens[end] if end < len(tokens) else None
        usable = scale > 1 and following and following.kind == "number"
        current = (
            next(iter(read_digits(following.text, ".")[0]), None) if usable and following else None
        )
    return Quantity(frozenset({total}), 0, at, end)


def _signed(tokens: Sequence[Token], found: Quantity, lang: Language) -> Quantity:
    before = tokens[found.start - 1] if found.start else None
    if before is None:
        return found
    if not lang.spaced:
        text = "".join(token.text for token in tokens[: found.start])
        word = next((w for w in lang.minus if text.endswith(w)), "")
        if word:
            start = found.start - len(tokenize(word, lang.tag))
            values = frozenset(-v for v in found.values)
            return Quantity(values, found.decimals, start, found.end, found.unit)
    glued = before.text == "-" and before.end == tokens[found.start].start
    loose = (
        found.start < 2
        or tokens[found.start - 2].kind == "sign"
        or tokens[found.start - 2].end < before.start
    )
    is_minus = (glued and loose) or before.text in lang.minus
    if not is_minus and found.start > 1:
        is_minus = tokens[found.start - 2].text + before.text in lang.minus
    if not is_minus:
        return found
    start = found.start - 1
    return Quantity(
        frozenset(-v for v in found.values), found.decimals, start, found.end, found.unit
    )


def _magnitude(tokens: Sequence[Token], found: Quantity, tag: str) -> Quantity:
    if found.end < len(tokens):
        scale = magnitudes(tag).get(tokens[found.end].text)
        if scale:
            values = frozenset(v * scale for v in found.values)
            decimals = max(0, found.decimals - len(str(scale)) + 1)
            return Quantity(values, decimals, found.start, found.end + 1)
    return found


def named_units(tokens: Sequence[Token], lang: Language, tag: str) -> frozenset[str]:
    """Return the units that a text names; single letters and words such as "in" are no names."""
    names, found, at = units(tag), set(), 0
    while at < len(tokens):
        for length in range(6, 0, -1):
            part = tokens[at : at + length]
            unit = names.get(_key(part))
            long = part and (part[0].kind == "char" or sum(len(t.text) for t in part) > 1)
            if unit and len(part) == length and long and part[0].text not in lang.function:
                found.add(unit)
                at += length - 1
                break
        at += 1
    return frozenset(found)


def _with_unit(tokens: Sequence[Token], found: Quantity, tag: str) -> Quantity:
    names = units(tag)
    for length in range(6, 0, -1):
        part = tokens[found.end : found.end + length]
        if len(part) == length:
            unit = names.get(_key(part))
            if unit:
                return Quantity(found.values, found.decimals, found.start, found.end + length, unit)
    return found


def _key(tokens: Sequence[Token]) -> str:
    return "\u0001".join(token.text for token in tokens)


@lru_cache(maxsize=32)
def magnitudes(tag: str) -> dict[str, int]:
    """Return the language's words for thousand, million, … as CLDR abbreviates numbers."""
    found: dict[str, int] = {}
    for locale in _locales(tag):
        for power, forms in _compact(locale).items():
            for pattern in forms.values():
                text = str(getattr(pattern, "pattern", pattern))
                zeros = text.count("0")
                word = fold(re.sub(r"[0\u00a0 '.]+", "", text), tag)
                if zeros and word and word.isalpha():
                    found.setdefault(word, 10 ** (len(str(power)) - zeros))
    return found


def _compact(locale: object) -> dict[str, dict[str, object]]:
    formats = locale.compact_decimal_formats.get("long")  # type: ignore[attr-defined]
    by_count: dict[str, dict[str, object]] = {}
    for plural, powers in (formats or {}).items():
        for power, pattern in powers.items():
            by_count.setdefault(power, {})[plural] = pattern
    return by_count


@lru_cache(maxsize=32)
def units(tag: str) -> dict[str, str]:
    """Return CLDR's names of units, in the language and in English, long and short."""
    found: dict[str, str] = {}
    for locale in _locales(tag):
        patterns = locale._data["unit_patterns"]  # type: ignore[attr-defined]
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


def _is_common(unit: str) -> bool:
    kind = unit.partition("-")[0]
    return kind in _KINDS and unit not in _RARE and ("-per-" not in unit or unit in _COMPOUND)


_RARE = frozenset(("speed-light-speed", "length-point", "mass-grain", "length-solar-radius"))
"""Units whose names are met far more often as other words."""


def _rank(unit: str) -> tuple[int, str]:
    return _KINDS.index(unit.partition("-")[0]), unit


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
    "%": "concentr-percent",
    "°c": "temperature-celsius",
    "°f": "temperature-fahrenheit",
    "°": "angle-degree",
    "m/s": "speed-meter-per-second",
    "m/s2": "acceleration-meter-per-square-second",
    "℃": "temperature-celsius",
}


@lru_cache(maxsize=32)
def _locales(tag: str) -> tuple[object, ...]:
    from babel import Locale, UnknownLocaleError

    found = []
    for name in (tag, "en", "en-GB"):
        try:
            found.append(Locale.parse(name, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue
    return tuple(found)


PERCENT = "concentr-percent"

FACTORS: dict[str, tuple[str, Decimal]] = {
    "length-millimeter": ("length", Decimal("0.001")),
    "length-centimeter": ("length", Decimal("0.01")),
    "length-meter": ("length", Decimal(1)),
    "length-kilometer": ("length", Decimal(1000)),
    "mass-milligram": ("mass", Decimal("0.001")),
    "mass-gram": ("mass", Decimal(1)),
    "mass-kilogram": ("mass", Decimal(1000)),
    "mass-tonne": ("mass", Decimal(1_000_000)),
    "duration-second": ("duration", Decimal(1)),
    "duration-minute": ("duration", Decimal(60)),
    "duration-hour": ("duration", Decimal(3600)),
    "duration-day": ("duration", Decimal(86400)),
    "duration-week": ("duration", Decimal(604800)),
    "volume-milliliter": ("volume", Decimal("0.001")),
    "volume-liter": ("volume", Decimal(1)),
    "digital-bit": ("digital", Decimal(1)),
    "digital-byte": ("digital", Decimal(8)),
}
"""Units with an exact ratio to one another: what they measure, and how much of it."""


def agrees(
    said: Quantity,
    wanted: Quantity,
    asked: frozenset[str],
    *,
    exact: bool,
    tolerance: float | str | None = None,
) -> bool:
    """Tell whether a quantity is worth the wanted one.

    Args:
        said: from the answer.
        wanted: the target.
        asked: units that the question names.
        exact: whether the question asks for a number of decimals, so none may be added.
        tolerance: how far the worth may be off, instead of all rules of rounding.
    """
    expected = {wanted.unit} if wanted.unit else asked
    if tolerance is not None:
        return _is_within(said, wanted, expected, tolerance)
    if said.unit and expected and not any(_is_unit(said.unit, unit) for unit in expected):
        return any(_converts(said, wanted, unit) for unit in expected)
    if said.unit == PERCENT and not expected:
        return any(one == other * 100 for one in said.values for other in wanted.values)
    return any(
        _equal(one, other, wanted.decimals, exact) for one in said.values for other in wanted.values
    )


def _is_within(
    said: Quantity, wanted: Quantity, expected: Iterable[str], tolerance: float | str
) -> bool:
    """Whether a quantity, put into the unit of the wanted one, is no further off than allowed."""
    return any(
        abs(Fraction(one) * ratio - Fraction(other)) <= allowance(tolerance, other)
        for ratio in _ratios(said.unit, frozenset(expected))
        for one in said.values
        for other in wanted.values
    )


def _ratios(unit: str, expected: frozenset[str]) -> list[Fraction]:
    """Return what a number in `unit` is multiplied with to stand for one in an expected unit."""
    if unit == PERCENT and not expected:
        return [Fraction(1, 100)]
    if not unit or not expected or any(_is_unit(unit, one) for one in expected):
        return [Fraction(1)]
    kind, factor = FACTORS.get(unit, ("", Decimal(0)))
    known = [FACTORS[one] for one in expected if one in FACTORS]
    return [Fraction(factor) / Fraction(other) for same, other in known if same == kind]


def allowance(tolerance: float | str, value: Decimal) -> Fraction:
    """Return how far from `value` a tolerance reaches: ``0.5``, or ``"1%"`` of the value."""
    text = str(tolerance)
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100 * abs(Fraction(value))
    return Fraction(text)


def _is_unit(said: str, asked: str) -> bool:
    """Whether a unit is the one asked for, or a square or cube of it that was named in part."""
    return said == asked or said.endswith(
        ("square-" + asked.partition("-")[2], "cubic-" + asked.partition("-")[2])
    )


def _converts(said: Quantity, wanted: Quantity, unit: str) -> bool:
    if said.unit not in FACTORS or unit not in FACTORS:
        return False
    (kind, factor), (other_kind, other_factor) = FACTORS[said.unit], FACTORS[unit]
    return kind == other_kind and any(
        one * factor == other * other_factor for one in said.values for other in wanted.values
    )


def _equal(said: Decimal, wanted: Decimal, decimals: int, exact: bool) -> bool:
    if said == wanted:
        return True
    if not decimals or exact:
        return False
    step = Decimal(1).scaleb(-decimals)
    return said.quantize(step, ROUND_HALF_UP) == wanted and said.quantize(
        step / 10, ROUND_HALF_UP
    ) != said.quantize(step)


@lru_cache(maxsize=4096)
def in_words(value: int, tag: str) -> tuple[str, ...]:
    """Return a whole number in words of a language, folded: cardinal, and ordinal."""
    from num2words import num2words

    found = []
    for kind in ("cardinal", "ordinal"):
        try:
            found.append(fold(num2words(value, lang=tag.partition("-")[0], to=kind), tag))
        except (NotImplementedError, OverflowError, TypeError, ValueError, KeyError, IndexError):
            continue
    return tuple(found)
