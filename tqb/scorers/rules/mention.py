"""Whether a target that is mentioned in a full sentence is what the sentence answers.

The last rule for rich answers, whose words neither question nor grammar accounts for. The first
sentence that speaks of what was asked must hold the target. Nothing in the target's clause may
deny, hedge, limit or offer a choice; no clause may answer the question without it; and its
neighbours may neither make it a part of a longer name nor relate it to another thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tqb.scorers.languages.cldr import months
from tqb.scorers.reading.answer import outside_brackets
from tqb.scorers.reading.classes import holds
from tqb.scorers.reading.tokens import BOUNDARY, SIGNS, Token, capitals, is_hiragana
from tqb.scorers.rules.doubt import (
    about_the_question,
    answered_before,
    clauses,
    denied,
    from_the_question,
    goes_on,
    knows,
    one_of_two,
    other_name,
    restates,
)
from tqb.scorers.rules.explained import date_tokens, unexplained
from tqb.scorers.rules.find import find_in
from tqb.scorers.rules.places import Place, is_year, place_of
from tqb.scorers.rules.plain import plainly
from tqb.scorers.rules.rivals import in_doubt
from tqb.scorers.rules.spans import Span
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.numbers import Quantity, quantities
from tqb.scorers.values.numerals import numerals
from tqb.scorers.values.units import unit_at

_LEAST_LETTERS = 3
_LEAST_CHARACTERS = 2
"""Length of the shortest target that a sentence can hold only on purpose."""
_FEW = 4
"""Words of a sentence so short that it is an answer itself."""


def mentioned(parts: tuple[str, ...], want: Wanted, about: Subject) -> Span | None:
    """Return the target in the sentence that answers the question."""
    if want.words <= about.words or not _is_distinct(want, about):
        return None
    for at, part in enumerate(parts):
        text = plainly(outside_brackets(part), want, about)
        tokens, spans = find_in(text, want, about)
        if spans:
            if not _is_rich(tokens, want, about) or (at and not _speaks_of_it(tokens, about)):
                return None
            for span in dict.fromkeys(spans):
                if _answers(place_of(text, tokens, span, want), want, about):
                    return None if in_doubt(parts, at, want, about) else span
            return None
        last = at + 1 == len(parts)
        if last or (part[-1] not in ":：!！" and _is_answer(tokens, about)):
            break
    return None


def _is_distinct(want: Wanted, about: Subject) -> bool:
    if want.quantity is not None:
        return True
    lettered = about.language.spaced and about.language.tag != "ko"
    least = _LEAST_LETTERS if lettered else _LEAST_CHARACTERS
    return want.letters >= least and not want.formula


def _is_rich(tokens: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a sentence is long enough to say something, and does not begin with an answer."""
    words = [token for token in tokens if token.text not in SIGNS]
    first = next(iter(clauses(tokens)))
    begins = [token for token in first if token.text not in SIGNS]
    said = [token for token in begins if token.text not in about.language.articles]
    short = 0 < len(said) < _FEW - 1 and len(first) < len(tokens) and not knows(first, want, about)
    if short and unexplained(said, about, number=True):
        return any(t.kind == "number" or t.text in about.light for t in said)
    return len(words) >= (_RICH if about.language.spaced else 2 * _RICH)


_RICH = 7
"""Words of the shortest sentence that the stricter rules may not understand."""


def _is_answer(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a sentence without the target answers the question."""
    words = [token for token in tokens if token.text not in SIGNS]
    own = unexplained(words, about, number=False)
    return bool(own) and (len(words) <= _FEW or _speaks_of_it(tokens, about))


def _speaks_of_it(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a text has half of the words of the question that say something."""
    content = {word for word in about.content if about.language.spaced or not is_hiragana(word)}
    if about.language.spaced:
        said = sum(from_the_question(token, about) for token in tokens)
    else:
        said = len(content & {token.text for token in tokens})
    return bool(content) and 2 * said >= len(content)


def _answers(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether nothing in a sentence keeps the target from being its answer."""
    if place.number:
        fits = want.date is not None or _is_only_number(place, want, about)
    else:
        fits = _is_whole(place, want, about) and _stands_free(place, about)
    return fits and not _doubtful(place, want, about)


def _doubtful(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether a sentence denies, hedges, limits or corrects, or has another answer."""
    spoken, own, span, tokens = about.language, _own(want, about), place.span, place.tokens
    words = [token.text for token in tokens]
    first, last = max(place.start, span.start - 2), min(place.end, span.end + 2)
    clause = words[place.start : span.start] + words[span.end : place.end]
    beside = words[first : span.start] + words[span.end : last]
    if (
        holds(words, spoken.choice, spoken, own)
        or holds(clause, spoken.correction, spoken, own)
        or holds(beside, spoken.limit, spoken, own)
        or denied((*place.before, *tokens[span.end : place.end]), about, want)
    ):
        return True
    later = list(clauses(tokens[place.end :]))
    again = [part for part in later if restates(part, about, alone=2)]
    return (
        answered_before(place, want, about)
        or any(not knows(part, want, about) for part in again)
        or other_name(place.after, want, about)
        or any(_corrects(part, about, own) or _refuses(part, want, about) for part in later)
    )


def _refuses(clause: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a clause further on denies something of the question."""
    words, spoken = [token.text for token in clause], about.language
    return holds(words, spoken.negation, spoken, want.words) and about_the_question(clause, about)


def _corrects(clause: Sequence[Token], about: Subject, own: frozenset[str]) -> bool:
    words, spoken = [token.text for token in clause], about.language
    return holds(words, spoken.correction, spoken, own)


@lru_cache(maxsize=4096)
def _own(want: Wanted, about: Subject) -> frozenset[str]:
    """Return the words of the question and the target, and names of months such as May."""
    return about.words.union(want.words, months(about.tag))


def _is_only_number(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether no other number of the sentence may be meant: none of its unit, or without one."""
    tokens, span, days = place.tokens, place.span, date_tokens(place.tokens, about)
    if days.issuperset(range(span.start, span.end)):
        return False
    target = want.quantity.unit if want.quantity else ""
    for other in _numbers(tokens, about):
        if other.start < span.end and span.start < other.end:
            target = target or other.unit
            continue
        taken = range(other.start, other.end)
        asked = all(tokens[at].text in about.words for at in taken)
        roman = tokens[other.start].kind == "word"
        another = other.unit and other.unit != target
        year = is_year(tokens[other.start].text) and not is_year(tokens[span.start].text)
        if not (asked or roman or another or year or days.issuperset(taken)):
            return False
    spelled = numerals(about.tag)
    beside = (*tokens[: span.start], *place.after)
    return spelled.isdisjoint(t.text for t in beside) and _counts_what_was_asked(place, about)


@lru_cache(maxsize=1)
def _numbers(tokens: tuple[Token, ...], about: Subject) -> list[Quantity]:
    """Return the numbers of a sentence, which each place of a target in it is held against."""
    return list(quantities(tokens, about.language, about.tag))


def _counts_what_was_asked(place: Place, about: Subject) -> bool:
    """Whether the noun after a number, if there is one, is the question's."""
    start = place.span.start
    united = bool(unit_at(place.tokens, start + 1, about.tag)[0])
    year = is_year(place.tokens[start].text)
    return year or united or not unexplained(place.after[:1], about, number=True)


def _is_whole(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether the target is no part of a longer name, and owns nothing."""
    spoken, tokens, after = about.language, place.tokens, place.after
    if goes_on(place.text, tokens, place.span, about):
        return False
    if one_of_two(place.before, after, about):
        return False
    last = tokens[place.span.end - 1].text
    if last not in want.tokens and last.endswith(tuple(spoken.genitive)):
        return False
    if not after or after[0].text in SIGNS:
        return True
    if not spoken.spaced:
        known = not unexplained(after[:1], about, number=False)
        return after[0].text not in spoken.genitive and (known or after[0].kind != "char")
    return after[0].text not in spoken.conjunction or len(after) > _FEW


def _stands_free(place: Place, about: Subject) -> bool:
    """Whether what stands before the target does not make it another, or relate it to one."""
    spoken, tokens, span = about.language, place.tokens, place.span
    for at in range(span.start - 1, -1, -1):
        token = tokens[at]
        if token.text in BOUNDARY:
            return True
        if token.text in SIGNS:
            continue
        if token.text in spoken.conjunction:
            return False
        if token.text in spoken.relating:
            beginning = tokens[at - 1 : at] if spoken.spaced else ()
            return bool(beginning) and not unexplained(beginning, about, number=False)
        if token.text in about.light:
            continue
        strange = at == span.start - 1 and token.text not in about.words
        return not strange or spoken.tag == "de" or at not in capitals(place.text, about.tag)
    return True
