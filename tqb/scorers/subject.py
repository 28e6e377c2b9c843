"""What a scorer knows of a question and its targets before it sees an answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tqb.scorers.dates import Date, read_date
from tqb.scorers.formulas import canonical, is_formula
from tqb.scorers.languages import Language, language
from tqb.scorers.normalize import fold, peeled
from tqb.scorers.numbers import Quantity, quantities
from tqb.scorers.reading import SIGNS
from tqb.scorers.tokens import Token, tokenize
from tqb.scorers.units import named_units, spellings


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A question, read once."""

    question: str
    folded: str
    tag: str
    language: Language
    words: frozenset[str]
    """Its tokens."""
    units: frozenset[str]
    """Units that it names."""
    exact: bool
    """Whether it asks for a number of decimals."""
    person: bool
    """Whether it asks who."""
    content: frozenset[str]
    """Its tokens but for function words and articles."""
    light: frozenset[str]
    """Words that add nothing to an answer: function words, articles, "the answer is"."""
    light_with_numbers: frozenset[str]
    """The same beside a number: "about", particles, and the units that were asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One target, read once."""

    text: str
    reading: tuple[Token, ...]
    tokens: tuple[str, ...]
    """Their texts."""
    quantity: Quantity | None
    """Where the target is a number and nothing else."""
    formula: frozenset[str]
    """Canonical spellings, where it is a formula."""
    short: bool
    """Whether another target is this one with something before it, as a surname's full name is."""
    date: Date | None
    """Where the target is a date."""


@lru_cache(maxsize=1024)
def subject(question: str, tag: str) -> Subject:
    """Read a question."""
    spoken, tokens, folded = language(tag), tokenize(question, tag), fold(question, tag)
    words = frozenset(token.text for token in tokens)
    units = named_units(tokens, spoken, tag)
    light = spoken.function | spoken.articles | spoken.answer
    named = {name[0] for unit in units for name in spellings(unit, tag) if len(name) == 1}
    return Subject(
        question=question,
        folded=folded,
        tag=tag,
        language=spoken,
        words=words,
        units=units,
        exact=bool(words & spoken.precision),
        person=_asks_who(folded, words, spoken),
        content=words - spoken.function - spoken.articles - SIGNS,
        light=light,
        light_with_numbers=light | spoken.approximate | spoken.suffixes | named,
    )


def _asks_who(question: str, words: frozenset[str], spoken: Language) -> bool:
    if spoken.spaced:
        first = question.split(maxsplit=1)[0].strip("¿¡\"'«»„“‘") if question else ""
        return bool(words & (spoken.person - spoken.function)) or first in spoken.person
    return any(word in question for word in spoken.person)


@lru_cache(maxsize=4096)
def wanted(target: str, tag: str, targets: tuple[str, ...] = ()) -> Wanted:
    """Read a target, one of `targets`."""
    spoken, tokens = language(tag), tokenize(peeled(target, tag), tag)
    quantity = next(quantities(tokens, spoken, tag), None)
    if quantity and (quantity.start, quantity.end) != (0, len(tokens)):
        quantity = None
    formula = canonical(target) if quantity is None and is_formula(target) else frozenset()
    return Wanted(
        text=target,
        reading=tokens,
        tokens=tuple(token.text for token in tokens),
        quantity=quantity,
        formula=formula,
        short=any(one != target and one.endswith(target) for one in targets),
        date=read_date(tokens, tag, month_first=False) if quantity is None else None,
    )
