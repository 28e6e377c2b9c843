"""A sentence without what it says beside the answer: a reason, a period, when else something was.

What is left out may hold other numbers and names, which are no other answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from tqb.scorers.languages import language
from tqb.scorers.reading.answer import before_reason
from tqb.scorers.reading.classes import holds
from tqb.scorers.reading.tokens import Token, is_hiragana, tokenize
from tqb.scorers.rules.doubt import from_the_question
from tqb.scorers.rules.explained import unexplained
from tqb.scorers.rules.find import find_in
from tqb.scorers.rules.places import is_year
from tqb.scorers.rules.subject import Subject, Wanted


def plainly(text: str, want: Wanted, about: Subject) -> str:
    """Return what a sentence says of one target."""
    text = _less_reason(text, want, about)
    if want.quantity is None and want.date is None:
        return _less_bounds(text, about) if _DIGIT.search(text) else text
    several = "=" not in text and _NUMBERS.search(text)
    return _clause_that_answers(text, want, about) if several else text


_DIGIT = re.compile(r"\d")
_NUMBERS = re.compile(r"\d\D+\d")


def _less_reason(text: str, want: Wanted, about: Subject) -> str:
    """Leave out the reason or example that a sentence gives."""
    head, spoken = before_reason(text, about.tag), about.language
    if head == text or not find_in(head, want, about)[1]:
        return text
    rest = [token.text for token in tokenize(text[len(head) :], about.tag)]
    return text if holds(rest, spoken.correction, spoken) else head


def _less_bounds(text: str, about: Subject) -> str:
    """Leave out a period of years, "between 1503 and 1506", and what opens a number: "or more"."""
    periods, openings = _bounds(about.tag)
    return openings.sub(r"\1", periods.sub("", text))


@lru_cache(maxsize=32)
def _bounds(tag: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    spoken = language(tag)
    years = (rf"{one}\s+{_YEAR}\s+{other}\s+{_YEAR}" for one, other in spoken.period if one)
    periods = rf"\s+(?:{'|'.join(years) or _NOTHING})(?!\w)"
    number = r"((?<![\d.,])\d[\d.,]{0,20}\s?%?(?:\s\w+)?)"
    openings = rf"{number}\s(?:{'|'.join(spoken.open) or _NOTHING})(?!\w)"
    return re.compile(periods, re.IGNORECASE), re.compile(openings, re.IGNORECASE)


_NOTHING = "(?!)"
_YEAR = r"[12]\d{3}"


class _Part(NamedTuple):
    """A clause of a sentence."""

    text: str
    tokens: Sequence[Token]
    new: bool
    """Whether it has a word of the question that no clause before it has."""


def _clause_that_answers(text: str, want: Wanted, about: Subject) -> str:
    """Of "it began in 1939 and ended in 1945", return the half that was asked for.

    Of years it is the last clause with one that has a word of the question by itself, and none of
    its own before the year: another subject. Every later one must have a word of its own, or it
    were a second answer. Of other numbers it is the first, if it holds the target and all others
    have another subject: "Mars has 2 moons and Jupiter has 95".
    """
    years = any(is_year(token.text) for token in want.reading)
    told = [part for part in _parts(text, about) if _is_told(part.tokens, about, years=years)]
    at = max((at for at, part in enumerate(told) if part.new), default=-1)
    if len(told) < 2 or at < 0 or _has_own_subject(told[at].tokens, about):
        return text
    others = [part.tokens for part in told[at + 1 :]]
    spoken = about.language
    if any(holds([token.text for token in other], spoken.denial, spoken) for other in others):
        return text
    if not years:
        first = at == 0 and all(_has_own_subject(tokens, about) for tokens in others)
        return told[0].text if first and find_in(told[0].text, want, about)[1] else text
    apart = (unexplained(tokens, about, number=True) for tokens in others)
    return told[at].text if all(any(t.kind == "word" for t in own) for own in apart) else text


def _is_told(tokens: Sequence[Token], about: Subject, *, years: bool) -> bool:
    """Whether a clause has a number, or a year, that the question does not have."""
    numbers = (t.text for t in tokens if t.kind == "number" and t.text not in about.words)
    return any(is_year(number) or not years for number in numbers)


def _has_own_subject(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a clause begins with a word, before its number, that is not the question's."""
    return [token.kind for token in unexplained(tokens, about, number=True)][:1] == ["word"]


def _parts(text: str, about: Subject) -> list[_Part]:
    """Split a sentence at its commas and at what joins its clauses."""
    parts: list[_Part] = []
    before: set[str] = set()
    for piece in _joints(about.tag).split(text):
        tokens = tokenize(piece, about.tag)
        said = (token for token in tokens if not is_hiragana(token.text))
        asked = {token.text for token in said if from_the_question(token, about)}
        parts.append(_Part(piece, tokens, not asked <= before))
        before |= asked
    return parts


@lru_cache(maxsize=32)
def _joints(tag: str) -> re.Pattern[str]:
    spoken = language(tag)
    joins = "|".join(map(re.escape, sorted(spoken.conjunction)))
    ways = [r"[,;](?!\s*\d)\s*", r"[،؛，；、]\s*"]
    if spoken.spaced and joins:
        ways.append(rf"\s+(?:{joins})\s+")
    if spoken.prefixes:
        ways.append(r"\s+(?=و\w{3})")
    if spoken.joint:
        either = "|".join(map(re.escape, sorted(spoken.joint)))
        ways.append(rf"(?<=\w)(?:{either})\s+")
    return re.compile("|".join(ways), re.IGNORECASE)
