"""A target written in another way: a number in words, a name as CLDR has it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tqb.scorers.forms import written_forms
from tqb.scorers.languages import language
from tqb.scorers.names import other_names
from tqb.scorers.numbers import Quantity
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import tokenize
from tqb.scorers.units import spellings
from tqb.scorers.words import LARGEST, fraction_in_words, in_words


@dataclass(frozen=True, slots=True)
class Forms:
    """Other ways to write a target."""

    rule: str
    """`name` or `number`."""
    tokens: tuple[tuple[str, ...], ...]
    begins: frozenset[str]
    """Words with which one of them may begin, whatever spaces it is written with."""


@lru_cache(maxsize=4096)
def other_forms(want: Wanted, quantity: Quantity | None, about: Subject) -> Forms:
    """Return other ways to write a target: a number in words, a name as CLDR has it."""
    spoken, tag = about.language, about.tag
    if quantity is None:
        names = sorted(other_names(want.text, tag))
        forms = tuple(tuple(t.text for t in tokenize(name, tag)) for name in names)
        begins = {word for form in forms for word in written_forms(form[0], spoken)}
        return Forms("name", forms, frozenset(begins))
    forms = tuple(
        dict.fromkeys(f for v in quantity.values for f in _spelled(v, quantity.unit, tag))
    )
    begins = {word for form in forms for word in written_forms(form[0], spoken)}
    joined = {"".join(form) for form in forms}
    begins |= {text[:end] for text in joined for end in range(1, len(text) + 1)}
    return Forms("number", forms, frozenset(begins))


def _spelled(value: Decimal, unit: str, tag: str) -> Iterator[tuple[str, ...]]:
    """Yield a number in words, with its unit, if it has one, and without."""
    if abs(value) >= LARGEST:
        return
    for words in _words(abs(value), tag):
        spelled = tuple(token.text for token in tokenize(words, tag))
        for minus in [()] if value >= 0 else [(word,) for word in sorted(language(tag).minus)]:
            yield (*minus, *spelled)
            for name in spellings(unit, tag) if unit else ():
                yield (*minus, *spelled, *name)


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
