"""A target that is worth the same: another spelling of its number, another order of its date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from tqb.scorers.languages import Language
from tqb.scorers.reading.classes import joined
from tqb.scorers.reading.forms import same_word
from tqb.scorers.reading.tokens import SIGNS, Token
from tqb.scorers.rules.explained import is_known
from tqb.scorers.rules.spans import Span, is_factor
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.dates import read_date
from tqb.scorers.values.names import other_names
from tqb.scorers.values.numbers import Quantity, agrees, quantities
from tqb.scorers.values.numerals import in_words
from tqb.scorers.values.units import is_unit


def core(want: Wanted, about: Subject) -> Quantity | None:
    """Return the number of a target such as 16族 or siècle XVII, if the question says the rest."""
    found = list(quantities(want.reading, about.language, about.tag))
    typed = want.answer_type not in ("", "number")
    if typed or want.formula or len(found) != 1:
        return None
    if not about.language.spaced and (found[0].unit or other_names(want.text, about.tag)):
        return None
    rest = (*want.reading[: found[0].start], *want.reading[found[0].end :])
    return found[0] if rest and all(_is_asked(token, about) for token in rest) else None


def _is_asked(token: Token, about: Subject) -> bool:
    """Whether a question has a token of a target, in any form, or grammar adds it."""
    spoken, text = about.language, token.text
    if text in spoken.function or text in spoken.suffixes or is_known(token, about):
        return True
    return (token.kind == "char" or spoken.tag == "ko") and text in about.folded


def worth(
    tokens: Sequence[Token], want: Wanted, quantity: Quantity, about: Subject
) -> Iterator[Span]:
    """Yield the places of numbers that agree with the quantity of a target."""
    for said in quantities(tokens, about.language, about.tag):
        if quantity.unit and not said.unit and _another_unit(tokens, said.end, about):
            continue
        if about.counts and said.unit and not quantity.unit:
            continue
        if said.unit != quantity.unit and (said.unit, said.values) in about.given:
            continue
        if not said.unit and is_factor(tokens, said.end):
            continue
        exact, rough = about.exact, about.rough or want.rough
        if agrees(said, quantity, about.units, exact=exact, rough=rough, tolerance=want.tolerance):
            written = "".join(token.text for token in tokens[said.start : said.end])
            near = "=" if want.tolerance is None else f"is within {want.tolerance} of"
            yield Span(said.start, said.end, "number", f"{written} {near} {want.text}")


def bounds(want: Wanted, about: Subject) -> tuple[Quantity, Quantity] | None:
    """Return the two ends of a target that is a range: 60–100 bpm."""
    found = list(quantities(want.reading, about.language, about.tag))
    if len(found) != _ENDS or want.quantity or want.formula:
        return None
    low, high = found
    whole = low.start == 0 and high.end == len(want.reading)
    rises = min(low.values) < max(high.values)
    ranges = _begins_range(want.reading, low, high, about) is not None
    return (low, high) if whole and rises and ranges else None


def _begins_range(
    tokens: Sequence[Token], low: Quantity, high: Quantity, about: Subject
) -> int | None:
    """Return where a range of two numbers begins, or None: 60–100, between 60 and 100."""
    spoken, between = about.language, tokens[low.end : high.start]
    opened = tokens[max(0, low.start - 1) : low.start]
    middle = joined(between, spoken)
    if opened and (joined(opened, spoken), middle) in spoken.period:
        return low.start - 1
    joins = len(between) == 1 and (middle in _DASHES or middle in spoken.function)
    return low.start if joins or ("", middle) in spoken.period else None


_ENDS = 2
_DASHES = "-–—~〜至"


def ranged(
    tokens: Sequence[Token], want: Wanted, ends: tuple[Quantity, Quantity], about: Subject
) -> Iterator[Span]:
    """Yield the places of ranges with the same ends: 60 to 100 beats per minute."""
    found = list(quantities(tokens, about.language, about.tag))
    for low, high in pairwise(found):
        same = low.values & ends[0].values and high.values & ends[1].values
        units = {high.unit, ends[1].unit} - {""}
        start = _begins_range(tokens, low, high, about)
        if same and start is not None and len(units | {low.unit} - {""}) < _ENDS:
            end = _after_range(tokens, high.end, about.language)
            yield Span(start, end, "number", f"the same range as {want.text}")


def _after_range(tokens: Sequence[Token], at: int, spoken: Language) -> int:
    """Return the place after the word with which a range may end: arasında, 之间."""
    follows = tokens[at : at + 2]
    ends = (
        end for end in range(len(follows), 0, -1) if joined(follows[:end], spoken) in spoken.within
    )
    return at + next(ends, 0)


def _another_unit(tokens: Sequence[Token], at: int, about: Subject) -> bool:
    """Whether a word that may be a unit follows, though none that CLDR knows."""
    if at >= len(tokens) or tokens[at].kind not in ("word", "char"):
        return False
    return not _begins_grammar(tokens[at].text, about.language)


@lru_cache(maxsize=8192)
def _begins_grammar(text: str, spoken: Language) -> bool:
    return any(word.startswith(text) for word in (*spoken.function, *spoken.suffixes))


def number_for_words(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A target in words, such as twelve, against 12."""
    normal = " ".join(want.tokens)
    for said in quantities(tokens, about.language, about.tag):
        if said.unit and (about.counts or _is_foreign(said.unit, about)):
            continue
        if not said.unit and is_factor(tokens, said.end):
            continue
        for value in said.values:
            if _is_in_words(value, normal, about):
                yield Span(said.start, said.end, "number", f"{value} = {want.text}")


def _is_foreign(unit: str, about: Subject) -> bool:
    """Whether a question names units, and another than this."""
    return bool(about.units) and not any(is_unit(unit, asked) for asked in about.units)


def _is_in_words(value: Decimal, text: str, about: Subject) -> bool:
    whole = value == value.to_integral_value() and 0 <= value < 10**6
    return whole and any(
        same_word(text, words, about.language) for words in in_words(int(value), about.tag)
    )


def dated(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """A date in another order."""
    if not _beside_the_date(want, about).issubset(token.text for token in tokens):
        return
    for month_first in (False, True):
        said = read_date(tokens, about.tag, month_first=month_first)
        if said and want.date and said.agrees(want.date):
            end = said.end
            end += end < len(tokens) and tokens[end].text[:1] in _DAY
            yield Span(said.start, end, "date", f"the same day as {want.text}")
            return


@lru_cache(maxsize=4096)
def _beside_the_date(want: Wanted, about: Subject) -> frozenset[str]:
    """Return the words of a target that say more than its date."""
    date = want.date
    beside = (*want.tokens[: date.start], *want.tokens[date.end :]) if date else ()
    return frozenset(beside) - _DAY - about.light - SIGNS


_DAY = frozenset("日號号일")
"""Signs of the day of the month."""
