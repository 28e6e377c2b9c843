"""A target written in another way: a number in words, a name as CLDR has it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from tqb.scorers.languages import language
from tqb.scorers.names import other_names
from tqb.scorers.numbers import Quantity
from tqb.scorers.subject import Wanted
from tqb.scorers.tokens import tokenize
from tqb.scorers.units import spellings
from tqb.scorers.words import LARGEST, fraction_in_words, in_words


@lru_cache(maxsize=4096)
def other_forms(
    want: Wanted, quantity: Quantity | None, tag: str
) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return other ways to write a target, as tokens, each with the rule that knows them."""
    if quantity is None:
        names = sorted(other_names(want.text, tag))
        return tuple((tuple(t.text for t in tokenize(name, tag)), "name") for name in names)
    return tuple(form for value in quantity.values for form in _spelled(value, quantity.unit, tag))


def _spelled(value: Decimal, unit: str, tag: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield a number in words, with its unit, if it has one, and without."""
    if abs(value) >= LARGEST:
        return
    for words in _words(abs(value), tag):
        spelled = tuple(token.text for token in tokenize(words, tag))
        for minus in [()] if value >= 0 else [(word,) for word in sorted(language(tag).minus)]:
            yield (*minus, *spelled), "number"
            for name in spellings(unit, tag) if unit else ():
                yield (*minus, *spelled, *name), "number"


def _words(value: Decimal, tag: str) -> tuple[str, ...]:
    if value == value.to_integral_value():
        return in_words(int(value), tag)
    over, under = _as_fraction(value)
    return fraction_in_words(over, under, tag) if under else ()


def _as_fraction(value: Decimal) -> tuple[int, int]:
    """Return the fraction that a decimal is, with a denominator up to 20; else two zeros."""
    for under in range(2, 21):
        over = (value * under).to_integral_value()
        if abs(over / under - value) < Decimal("1e-9"):
            return int(over), under
    return 0, 0
