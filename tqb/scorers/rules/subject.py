"""What a scorer knows of a question and its targets before it sees an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tqb.scorers.languages import Language, language
from tqb.scorers.normalize import fold, peeled
from tqb.scorers.reading.classes import holds
from tqb.scorers.reading.tokens import SIGNS, Token, split, tokenize
from tqb.scorers.values.dates import Date, read_date
from tqb.scorers.values.formulas import canonical, is_formula
from tqb.scorers.values.numbers import Quantity, quantities
from tqb.scorers.values.units import named_scales, named_units, spellings
from tqb.types import AnswerType


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
    counts: bool
    """Whether it asks for a count of things that are no units."""
    ordered: bool
    """Whether it asks for things in an order."""
    given: frozenset[tuple[str, frozenset[Decimal]]]
    """Its quantities with a unit: an answer that says them again has not answered yet."""
    exact: bool
    """Whether it asks for a number of decimals."""
    rough: bool
    """Whether it asks for about how much."""
    person: bool
    """Whether it asks who."""
    content: frozenset[str]
    """Its tokens but for function words and articles."""
    light: frozenset[str]
    """Words that add nothing to an answer: function words, articles, "the answer is"."""
    light_with_numbers: frozenset[str]
    """The same beside a number: "about", particles."""
    named: frozenset[str]
    """Words for the units that were asked for, which add nothing to a number either."""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One target, read once."""

    text: str
    reading: tuple[Token, ...]
    tokens: tuple[str, ...]
    """Their texts."""
    words: frozenset[str]
    """The same without order."""
    letters: int
    """Characters of all of them."""
    quantity: Quantity | None
    """Where the target is a number and nothing else."""
    formula: frozenset[str]
    """Canonical spellings, where it is a formula."""
    short: bool
    """Whether another target is this one with something before it, as a surname's full name is."""
    date: Date | None
    """Where the target is a date."""
    answer_type: AnswerType = ""
    """How the item asks for the target to be read."""
    rough: bool = False
    """Whether it says itself that it is about so much."""
    by_value: bool = False
    """Whether nothing but its value makes an answer right."""
    tolerance: float | str | None = None
    """How far a quantity may be off."""


@lru_cache(maxsize=4096)
def subject(question: str, tag: str) -> Subject:
    """Read a question."""
    spoken, tokens, folded = language(tag), tokenize(question, tag), fold(question, tag)
    words = frozenset(token.text for token in tokens)
    units = named_units(tokens, spoken, tag) | named_scales(words, tag)
    named = {name[0] for unit in units for name in spellings(unit, tag) if len(name) == 1}
    return Subject(
        question=question,
        folded=folded,
        tag=tag,
        language=spoken,
        words=words,
        units=units,
        counts=not units and any(phrase in folded for phrase in spoken.counting),
        ordered=any(phrase in folded for phrase in spoken.ordering),
        given=frozenset(
            (one.unit, one.values) for one in quantities(tokens, spoken, tag) if one.unit
        ),
        exact=bool(words & spoken.precision),
        rough=holds([t.text for t in tokens], spoken.approximate - spoken.function, spoken),
        person=_asks_who(folded, words, spoken),
        content=words - spoken.function - spoken.articles - SIGNS,
        light=spoken.light,
        light_with_numbers=spoken.light_with_numbers,
        named=frozenset(named),
    )


def _asks_who(question: str, words: frozenset[str], spoken: Language) -> bool:
    if spoken.spaced:
        first = question.split(maxsplit=1)[0].strip("¿¡\"'«»„“‘") if question else ""
        return bool((words & spoken.person) - spoken.gloss) or first in spoken.person
    return any(word in question for word in spoken.person)


@lru_cache(maxsize=4096)
def wanted(
    target: str,
    tag: str,
    targets: tuple[str, ...] = (),
    answer_type: AnswerType = "",
    tolerance: float | str | None = None,
) -> Wanted:
    """Read a target, one of `targets`, as what its item says it is; without a type it tells."""
    tokens = split(peeled(target, tag), tag)
    if answer_type == "number" and _counts_something_else(tokens, tag, targets):
        return wanted(target, tag, targets)
    date = read_date(tokens, tag, month_first=False) if answer_type in ("", "date") else None
    quantity = None
    if answer_type in ("", "number") or (answer_type == "date" and date is None):
        quantity = _quantity(tokens, tag, among_words=answer_type == "number")
    formula: frozenset[str] = frozenset()
    if answer_type == "formula" or (not answer_type and not quantity and is_formula(target)):
        formula = canonical(target)
    words = tuple(token.text for token in tokens)
    return Wanted(
        text=target,
        reading=tokens,
        tokens=words,
        words=frozenset(words),
        letters=sum(map(len, words)),
        quantity=quantity,
        formula=formula,
        short=any(one != target and one.endswith(target) for one in targets),
        date=date if quantity is None else None,
        answer_type=answer_type,
        rough=holds(words, language(tag).approximate, language(tag)),
        by_value=answer_type in ("number", "date"),
        tolerance=tolerance,
    )


def _counts_something_else(tokens: Sequence[Token], tag: str, targets: tuple[str, ...]) -> bool:
    """Whether the words of a target are what makes it right: 23 pairs, where the label is 46."""
    said = _quantity(tokens, tag, among_words=True)
    if said is None or _quantity(tokens, tag, among_words=False) or not targets:
        return False
    label = _quantity(split(peeled(targets[0], tag), tag), tag, among_words=True)
    return label is not None and set(said.values).isdisjoint(label.values)


def _quantity(tokens: Sequence[Token], tag: str, *, among_words: bool) -> Quantity | None:
    """Return the one quantity of a target: the whole of it, or what it holds `among_words`.

    A word before it that makes it a rough one, as in "about 40", does not count.
    """
    spoken = language(tag)
    found = list(quantities(tokens, spoken, tag))
    if len(found) != 1:
        return None
    (only,) = found
    whole = only.end == len(tokens) and all(
        token.text in spoken.approximate for token in tokens[: only.start]
    )
    return only if among_words or whole else None
