"""Dates: one day, written in many orders."""

from __future__ import annotations

from collections.abc import Sequence

from tqb.scorers.names import months
from tqb.scorers.tokens import Token

Date = tuple[int | None, int, int]
"""Year, where it is given, month and day."""

_YEAR, _MONTH, _DAY = "年년", "月월", "日日号號일"


def read_date(tokens: Sequence[Token], tag: str, *, month_first: bool) -> Date | None:
    """Return the one date in a text, None where there is none or more than one.

    Args:
        tokens: of the text.
        tag: BCP 47 tag of its language.
        month_first: how 4/7 is read where nothing tells.
    """
    numbers = [
        (at, int(t.text))
        for at, t in enumerate(tokens)
        if t.kind == "number" and t.text.isdecimal()
    ]
    named = [names for t in tokens if (names := months(tag).get(t.text.rstrip(".")))]
    small = [n for _, n in numbers if n <= 31]
    years = [n for _, n in numbers if 31 < n < 10_000]
    if len(named) == 1 and len(small) == 1 and len(years) <= 1:
        return (years[0] if years else None, named[0], small[0])
    marked = _marked(tokens, numbers)
    if marked:
        return marked
    if len(small) == 2 and len(years) <= 1 and not named and _is_written_as_date(tokens, numbers):
        first, second = small
        year_leads = bool(years) and numbers[0][1] == years[0]
        month, day = (
            (first, second) if year_leads or (month_first and first <= 12) else (second, first)
        )
        return (years[0] if years else None, month, day) if month <= 12 else None
    return None


def _marked(tokens: Sequence[Token], numbers: Sequence[tuple[int, int]]) -> Date | None:
    """Read 1999年9月21日."""
    found: dict[str, int] = {}
    for at, number in numbers:
        mark = tokens[at + 1].text[:1] if at + 1 < len(tokens) else ""
        for name, signs in (("y", _YEAR), ("m", _MONTH), ("d", _DAY)):
            if mark and mark in signs:
                found.setdefault(name, number)
    return (found.get("y"), found["m"], found["d"]) if {"m", "d"} <= found.keys() else None


def _is_written_as_date(tokens: Sequence[Token], numbers: Sequence[tuple[int, int]]) -> bool:
    """Whether nothing but dots, dashes and slashes stands between the numbers."""
    places = [at for at, _ in numbers]
    return all(tokens[at].text in "./-" for at in range(places[0], places[-1]) if at not in places)


def same_date(one: Date, other: Date) -> bool:
    """Whether two dates are one day; a year that only one of them gives does not count."""
    return one[1:] == other[1:] and (one[0] == other[0] or None in (one[0], other[0]))
