"""Dates: one day, written in many orders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tqb.scorers.names import months
from tqb.scorers.numbers import CJK_NUMERALS, read_cjk
from tqb.scorers.tokens import Token

_MARKS = {"年": "year", "년": "year", "月": "month", "월": "month"}
_MARKS |= dict.fromkeys(("日", "號", "号", "일"), "day")
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}(?:\.\d{2,4})?|\d{4}\.\d{1,2}\.\d{1,2}")


@dataclass(frozen=True, slots=True)
class Date:
    """One day, with the place where a text gives it."""

    year: int | None
    month: int
    day: int
    start: int
    end: int

    def agrees(self, other: Date) -> bool:
        """Whether two dates are one day; a year that only one of them gives does not count."""
        same_year = self.year == other.year or None in (self.year, other.year)
        return same_year and (self.month, self.day) == (other.month, other.day)


@dataclass(frozen=True, slots=True)
class _Number:
    value: int
    start: int
    end: int


def read_date(tokens: Sequence[Token], tag: str, *, month_first: bool) -> Date | None:
    """Return the one date in a text, None where there is none or more than one.

    Args:
        tokens: of the text.
        tag: BCP 47 tag of its language.
        month_first: how 4/7 is read where nothing tells.
    """
    numbers = list(_numbers(tokens))
    named = [
        _Number(month, at, at + 1)
        for at, t in enumerate(tokens)
        if (month := months(tag).get(t.text.rstrip(".")))
    ]
    return (
        _marked(tokens, numbers)
        or _with_name(numbers, named)
        or (None if named else _in_digits(tokens, numbers, month_first))
    )


def _numbers(tokens: Sequence[Token]) -> Iterator[_Number]:
    at = 0
    while at < len(tokens):
        text, end = tokens[at].text, at + 1
        if tokens[at].kind == "number" and text.isdecimal() and len(text) < 5:
            yield _Number(int(text), at, end)
        elif tokens[at].kind == "number" and _DOTTED.fullmatch(text):
            yield from (_Number(int(part), at, end) for part in text.split("."))
        elif text in CJK_NUMERALS:
            while end < len(tokens) and tokens[end].text in CJK_NUMERALS:
                end += 1
            value = read_cjk("".join(token.text for token in tokens[at:end]))
            if value is not None and value < 10_000:
                yield _Number(int(value), at, end)
        at = end


def _with_name(numbers: Sequence[_Number], named: Sequence[_Number]) -> Date | None:
    """Read 9 November 1989 and November 9."""
    days = [number for number in numbers if number.value <= 31]
    years = [number for number in numbers if number.value > 31]
    if len(named) != 1 or len(days) != 1 or len(years) > 1:
        return None
    return _date(years, named[0], days[0])


def _marked(tokens: Sequence[Token], numbers: Sequence[_Number]) -> Date | None:
    """Read 1999年9月21日, 五月初五 and 昭和22年（1947年）5月3日."""
    found: dict[str, _Number] = {}
    for number in numbers:
        mark = tokens[number.end].text[:1] if number.end < len(tokens) else ""
        part = _MARKS.get(mark)
        if part is None and number.start and tokens[number.start - 1].text == "初":
            part = "day"
        if part and (part not in found or (part == "year" and number.value > 31)):
            found[part] = number
    if not {"month", "day"} <= found.keys():
        return None
    date = _date([found["year"]] if "year" in found else [], found["month"], found["day"])
    era = "".join(token.text for token in tokens[:2])
    return replace(date, start=0) if era in _ERAS else date


_ERAS = frozenset(("明治", "大正", "昭和", "平成", "令和", "民国"))
"""Names of eras that may stand before a date, which then gives the year twice."""


def _in_digits(
    tokens: Sequence[Token], numbers: Sequence[_Number], month_first: bool
) -> Date | None:
    """Read 9.11.1989, 1989-11-09 and 11/9."""
    small = [number for number in numbers if number.value <= 31]
    years = [number for number in numbers if number.value > 31]
    if len(small) != 2 or len(years) > 1 or not _is_written_as_date(tokens, numbers):
        return None
    first, second = small
    year_leads = bool(years) and numbers[0] is years[0]
    leads = year_leads or (month_first and first.value <= 12)
    month, day = (first, second) if leads else (second, first)
    return _date(years, month, day) if month.value <= 12 else None


def _date(years: Sequence[_Number], month: _Number, day: _Number) -> Date:
    parts = (*years, month, day)
    return Date(
        years[0].value if years else None,
        month.value,
        day.value,
        min(part.start for part in parts),
        max(part.end for part in parts),
    )


def _is_written_as_date(tokens: Sequence[Token], numbers: Sequence[_Number]) -> bool:
    """Whether nothing but dots, dashes and slashes stands between the numbers."""
    taken = {number.start for number in numbers}
    between = range(numbers[0].start, numbers[-1].start)
    return all(tokens[at].text in "./-" for at in between if at not in taken)
