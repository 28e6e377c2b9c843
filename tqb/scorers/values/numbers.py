"""Quantities: what a number in an answer is worth, in digits or in words, with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from tqb.scorers.languages import Language
from tqb.scorers.languages.cldr import locales
from tqb.scorers.normalize import fold
from tqb.scorers.reading.tokens import Token, tokenize
from tqb.scorers.values.numerals import read_roman
from tqb.scorers.values.units import PERCENT, in_base, is_unit, speed_of, unit_at

_CJK_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "両": 2,
    "两": 2,
    "兩": 2,
}
_CJK_TENS = {"十": 10, "百": 100, "千": 1000}
_CJK_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
CJK_NUMERALS = frozenset(_CJK_DIGITS) | frozenset(_CJK_TENS) | frozenset(_CJK_LARGE)
_NUMERALS = CJK_NUMERALS | frozenset("mdclxvi")
"""Characters with which a number may begin that is not in digits."""
MAX_DIGITS = 60
"""A longer run of digits is text."""


class Quantity(NamedTuple):
    """A number as written."""

    values: frozenset[Decimal]
    """What it may be worth: separators can be read in two ways."""
    decimals: int
    """Digits written after the decimal point; below zero where a power of ten follows them."""
    start: int
    end: int
    """Tokens it takes up."""
    unit: str = ""
    """CLDR name of the unit, empty for a bare number."""


def quantities(tokens: Sequence[Token], lang: Language, tag: str) -> Iterator[Quantity]:
    """Yield the numbers in a text, each with sign, magnitude and unit."""
    free = 0
    begins = [at for at, t in enumerate(tokens) if t.kind == "number" or t.text[0] in _NUMERALS]
    for at in begins:
        found = _number(tokens, at, lang, tag) if at >= free else None
        if found is None:
            continue
        if found.values and not found.unit:
            found = _magnitude(tokens, _signed(tokens, found, lang), tag)
            found = _with_unit(tokens, found, lang, tag)
        free = found.end
        if found.values:
            yield found


def _number(tokens: Sequence[Token], at: int, lang: Language, tag: str) -> Quantity | None:
    token = tokens[at]
    if token.kind == "number":
        if len(token.text) > MAX_DIGITS:
            return None
        if _is_fraction(tokens, at):
            return _fraction(tokens, at, lang)
        marked = at + 1 < len(tokens) and tokens[at + 1].text[0] in "分분"
        fraction = _spoken_fraction(tokens, at, lang) if marked else None
        return fraction or _scientific(tokens, at, lang) or _digits(tokens, at, lang)
    if token.kind == "char":
        return _spoken_fraction(tokens, at, lang) or _cjk(tokens, at)
    roman = read_roman(token.text, tag)
    return None if roman is None else Quantity(frozenset({Decimal(roman)}), 0, at, at + 1)


def _digits(tokens: Sequence[Token], at: int, lang: Language) -> Quantity | None:
    values, decimals = read_digits(tokens[at].text, lang.decimal)
    end = at + 1
    follows = tokens[end] if end < len(tokens) else None
    if values and follows and follows.text in _CJK_LARGE:
        return _mixed(tokens, at, next(iter(values)))
    if follows and follows.text in ("-", "'") and follows.end - 1 == tokens[at].end:
        follows = tokens[end + 1] if end + 1 < len(tokens) else None
        end += bool(follows and follows.text in lang.ordinal)
    if follows and follows.text in lang.ordinal and follows.start <= tokens[at].end + 1:
        end += 1
    return Quantity(values, decimals, at, end) if values else None


def _scientific(tokens: Sequence[Token], at: int, lang: Language) -> Quantity | None:
    """Read 3 × 10^8, and 10^8."""
    ten = at + 2 if at + 2 < len(tokens) and tokens[at + 1].text in _TIMES else at
    text = "".join(token.text for token in tokens[ten : ten + 4])
    power = _POWER_OF_TEN.match(text)
    values, decimals = read_digits(tokens[at].text, lang.decimal)
    if power is None or not values:
        return None
    width, exponent = (4 if power[1].startswith("-") else 3), int(power[1])
    factors = values if ten > at else [Decimal(1)]
    found = frozenset(factor.scaleb(exponent) for factor in factors)
    return Quantity(found, decimals - exponent if decimals else 0, at, ten + width)


_TIMES = frozenset("×*·x")
_POWER_OF_TEN = re.compile(r"10\^(-?\d{1,2})(?!\d)")


def _cjk(tokens: Sequence[Token], at: int) -> Quantity:
    end = at
    while end < len(tokens) and tokens[end].text in CJK_NUMERALS:
        end += 1
    value = read_cjk("".join(t.text for t in tokens[at:end]))
    return Quantity(frozenset() if value is None else frozenset({value}), 0, at, end)


def _spoken_fraction(tokens: Sequence[Token], at: int, lang: Language) -> Quantity | None:
    """Read 四分之三, 4分の3 and 4분의 3: the lower number stands first."""
    under, middle = _plain_number(tokens, at, lang)
    mark = "".join(token.text for token in tokens[middle : middle + 2])
    width = 2 if mark[:2] in ("分之", "分の") else 1 if mark.startswith("분의") else 0
    if under is None or not width or under == 0:
        return None
    over, end = _plain_number(tokens, middle + width, lang)
    if over is None:
        return None
    if under == 100:
        return Quantity(frozenset({over}), 0, at, end, PERCENT)
    return Quantity(frozenset({over / under}), 0, at, end)


def _plain_number(tokens: Sequence[Token], at: int, lang: Language) -> tuple[Decimal | None, int]:
    """Return the number in digits or numerals at a token, and the place after it."""
    if at >= len(tokens):
        return None, at
    if tokens[at].kind == "number" and len(tokens[at].text) <= MAX_DIGITS:
        return next(iter(read_digits(tokens[at].text, lang.decimal)[0]), None), at + 1
    if tokens[at].text in CJK_NUMERALS:
        found = _cjk(tokens, at)
        return next(iter(found.values), None), found.end
    return None, at


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


@lru_cache(maxsize=4096)
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
        well_grouped = whole.isdecimal() or _GROUPED[group].fullmatch(whole)
        # In a language with a decimal comma, English usage is met too; not the reverse.
        own = mark != decimal and _GROUPED["."].fullmatch(plain)
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


_GROUPED = {sign: re.compile(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+") for sign in ".,"}
"""Thousands set apart."""


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
        word = max((w for w in lang.minus if text.endswith(w)), key=len, default="")
        if word:
            start = found.start - len(tokenize(word, lang.tag))
            values = frozenset(-v for v in found.values)
            return Quantity(values, found.decimals, start, found.end, found.unit)
    glued = before.text == "-" and before.end == tokens[found.start].start
    loose = (
        found.start < 2
        or tokens[found.start - 2].kind == "sign"
        or _is_text(tokens[: found.start - 1])
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


def _is_text(tokens: Sequence[Token]) -> bool:
    """Whether tokens end in a character that counts nothing: 是 of 是-7, but not 个 of 5个-7个."""
    counted = len(tokens) > 1 and tokens[-2].kind == "number"
    return tokens[-1].kind == "char" and not counted


def _magnitude(tokens: Sequence[Token], found: Quantity, tag: str) -> Quantity:
    if found.end < len(tokens):
        scale = magnitudes(tag).get(tokens[found.end].text)
        if scale:
            values = frozenset(v * scale for v in found.values)
            decimals = max(0, found.decimals - len(str(scale)) + 1)
            return Quantity(values, decimals, found.start, found.end + 1)
    return found


def _with_unit(tokens: Sequence[Token], found: Quantity, lang: Language, tag: str) -> Quantity:
    unit, end = unit_at(tokens, found.end, tag)
    if unit:
        start = found.start
        if start and unit.startswith("length-") and lang.tag in _PER_FIRST:
            start, unit = _as_speed(tokens, start, unit, lang)
        return Quantity(found.values, found.decimals, start, end, unit)
    before = tokens[found.start - 1] if found.start else None
    if before and before.text == "%" and before.end == tokens[found.start].start:
        return Quantity(found.values, found.decimals, found.start - 1, found.end, PERCENT)
    return found


def _as_speed(tokens: Sequence[Token], start: int, unit: str, lang: Language) -> tuple[int, str]:
    """Return where a quantity begins, and its unit, with "a second" before its number if so."""
    for at in range(start - 1, max(-1, start - _FURTHEST), -1):
        before = "".join(token.text for token in tokens[at:start])
        speed = speed_of(unit, before, lang.approximate)
        if speed:
            return at, speed
    return start, unit


_PER_FIRST = ("ja", "ko", "zh-Hans", "zh-Hant")
"""Languages that say "a second" before the number of a speed."""
_FURTHEST = 8
"""Tokens before a number that may say of a length how long it takes."""


@lru_cache(maxsize=32)
def magnitudes(tag: str) -> dict[str, int]:
    """Return the language's words for thousand, million, … as CLDR abbreviates numbers."""
    found: dict[str, int] = {}
    for cldr in locales(tag):
        for power, forms in _compact(cldr).items():
            for pattern in forms.values():
                text = str(getattr(pattern, "pattern", pattern))
                zeros = text.count("0")
                word = fold(re.sub(r"[0\u00a0 '.]+", "", text), tag)
                if zeros and word and word.isalpha():
                    found.setdefault(word, 10 ** (len(str(power)) - zeros))
    return found


def _compact(cldr: Any) -> dict[str, dict[str, object]]:
    """Return the patterns of abbreviated numbers, by power of ten, then by plural form."""
    known = cldr.compact_decimal_formats
    formats = known.get("long") or (known.get("short") if cldr.language == "ko" else None)
    by_count: dict[str, dict[str, object]] = {}
    for plural, powers in (formats or {}).items():
        for power, pattern in powers.items():
            by_count.setdefault(power, {})[plural] = pattern
    return by_count


def agrees(
    said: Quantity,
    wanted: Quantity,
    asked: frozenset[str],
    *,
    exact: bool,
    rough: bool = False,
    tolerance: float | str | None = None,
) -> bool:
    """Tell whether a quantity is worth the wanted one.

    Args:
        said: from the answer.
        wanted: the target.
        asked: units that the question names.
        exact: whether the question asks for a number of decimals, so none may be added.
        rough: whether it asks for about how much: the wanted value may have been rounded.
        tolerance: how far the worth may be off, instead of all rules of rounding.
    """
    expected = {wanted.unit} if wanted.unit else asked
    if tolerance is not None:
        return _is_within(said, wanted, expected, tolerance)
    if said.unit and expected and not any(is_unit(said.unit, unit) for unit in expected):
        if any(unit in asked and unit.startswith("temperature-") for unit in expected):
            return False
        return any(_converts(said, wanted, unit, rough=rough) for unit in expected)
    if said.unit == PERCENT and not expected:
        return any(one == other * 100 for one in said.values for other in wanted.values)
    whole = exact or not (wanted.decimals or _is_measured(expected))
    pairs = [(one, other) for one in said.values for other in wanted.values]
    if rough and any(_rounds(one, other) for one, other in pairs):
        return True
    return any(_equal(one, other, wanted.decimals, whole) for one, other in pairs)


def _rounds(said: Decimal, wanted: Decimal) -> bool:
    """Whether one value is the other, less its last digits, and no hundredth from it.

    What may be a year is never rounded.
    """
    if _YEARS[0] <= wanted < _YEARS[1]:
        return False
    last = Decimal(1).scaleb(int(wanted.normalize().as_tuple().exponent))
    return (
        100 * abs(said - wanted) <= abs(wanted)
        and abs(said) < _LARGEST
        and (said.quantize(last, ROUND_HALF_UP) == wanted)
    )


_LARGEST = Decimal(10) ** 25
_YEARS = (1000, 2100)


def _is_measured(units: Iterable[str]) -> bool:
    """Whether a number is one of units that things are measured in, so that it may be rounded.

    Days, bytes and percents are counted as often as not: a year of 365 days is none of 365.25.
    """
    return any(not unit.startswith(("duration-", "digital-", "concentr-")) for unit in units)


def _is_within(
    said: Quantity, wanted: Quantity, expected: Iterable[str], tolerance: float | str
) -> bool:
    """Whether a quantity, in the unit of the wanted one, is no further off than allowed."""
    units = list(expected)
    converted = said.unit and units and not any(is_unit(said.unit, unit) for unit in units)
    scale = 100 if said.unit == PERCENT and not units else 1
    return any(
        any(_is_near(one, said.unit, other, unit, reach) for unit in units)
        if converted
        else abs(Fraction(one) - scale * Fraction(other)) <= scale * reach
        for other in wanted.values
        for reach in [allowance(tolerance, other)]
        for one in said.values
    )


def _is_near(one: Decimal, one_unit: str, other: Decimal, unit: str, reach: Fraction) -> bool:
    """Whether two values differ by at most `reach` of the second one's unit."""
    first, second, zero, step = (
        in_base(one, one_unit),
        in_base(other, unit),
        in_base(Decimal(0), unit),
        in_base(Decimal(1), unit),
    )
    if not (first and second and zero and step) or first[0] != second[0]:
        return False
    return abs(Fraction(first[1]) - Fraction(second[1])) <= reach * Fraction(step[1] - zero[1])


def allowance(tolerance: float | str, value: Decimal) -> Fraction:
    """Return how far from `value` a tolerance reaches: ``0.5``, or ``"1%"`` of the value."""
    text = str(tolerance)
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100 * abs(Fraction(value))
    return Fraction(text)


def _converts(said: Quantity, wanted: Quantity, unit: str, *, rough: bool) -> bool:
    """Whether one value in its unit is the other in another unit that measures the same."""
    pairs = (
        (in_base(one, said.unit), in_base(other, unit))
        for one in said.values
        for other in wanted.values
    )
    return any(
        one == other or (rough and one[0] == other[0] and _rounds(one[1], other[1]))
        for one, other in pairs
        if one is not None and other is not None
    )


def _equal(said: Decimal, wanted: Decimal, decimals: int, exact: bool) -> bool:
    """Whether two values are the same, the first rounded to the decimals of the second.

    A whole number of less than three digits is too coarse for that, but for a hundredth of it.
    """
    if said == wanted:
        return True
    if (
        exact
        or abs(said) >= _LARGEST
        or (not decimals and 100 * abs(said - wanted) > abs(wanted) < 100)
    ):
        return False
    return said.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) == wanted
