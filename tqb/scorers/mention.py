"""Whether a target that is mentioned in a full sentence is what the sentence answers.

The last rule for rich answers, whose words neither question nor grammar accounts for. The first
sentence that speaks of what was asked must hold the target. Nothing in the target's clause may
deny, hedge, limit or offer a choice; no clause may answer the question without it; and its
neighbours may neither make it a part of a longer name nor relate it to another thing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tqb.scorers.doubt import (
    bracketed,
    clauses,
    denied,
    from_the_question,
    goes_on,
    holds,
    is_hiragana,
    knows,
    other_name,
    outdone,
    restates,
    trouble,
)
from tqb.scorers.explained import date_tokens, unexplained
from tqb.scorers.find import find_in
from tqb.scorers.names import months
from tqb.scorers.numbers import quantities
from tqb.scorers.reading import BOUNDARY, BRACKETS, SIGNS
from tqb.scorers.spans import Span
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token, capitals
from tqb.scorers.units import unit_at
from tqb.scorers.words import numerals

_LEAST_LETTERS = 3
_LEAST_CHARACTERS = 2
"""Length of the shortest target that a sentence can hold only on purpose."""
_FEW = 4
"""Words of a sentence so short that it is an answer itself."""


def mentioned(parts: Sequence[str], want: Wanted, about: Subject) -> Span | None:
    """Return the target in the sentence that answers the question."""
    if set(want.tokens) <= about.words or not _is_distinct(want, about):
        return None
    for at, part in enumerate(parts):
        text = BRACKETS.sub(" ", part).strip() or part
        tokens, spans = find_in(text, want, about)
        if spans:
            if not _is_rich(tokens, want, about) or (at and not _speaks_of_it(tokens, about)):
                return None
            found = next((s for s in spans if _answers(text, tokens, s, want, about)), None)
            doubt = bracketed(part, want, about) or trouble(parts[at + 1 :], want, about)
            return None if doubt or outdone(parts, want, about) else found
        if part[-1] not in ":：!！" and _is_answer(tokens, about):
            return None
    return None


def _is_distinct(want: Wanted, about: Subject) -> bool:
    if want.quantity is not None:
        return True
    lettered = about.language.spaced and about.language.tag != "ko"
    least = _LEAST_LETTERS if lettered else _LEAST_CHARACTERS
    return sum(map(len, want.tokens)) >= least and not want.formula


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


def _answers(text: str, tokens: Sequence[Token], span: Span, want: Wanted, about: Subject) -> bool:
    """Whether nothing in a sentence keeps the target from being its answer."""
    start = max((at + 1 for at in range(span.start) if tokens[at].text in BOUNDARY), default=0)
    ends = (at for at in range(span.end, len(tokens)) if tokens[at].text in BOUNDARY)
    end = next(ends, len(tokens))
    if _doubtful(tokens, (start, span.start, span.end, end), want, about):
        return False
    if want.quantity is not None or span.rule in ("number", "date"):
        return want.date is not None or _is_only_number(tokens, span, want, about)
    return _is_whole(text, tokens, span, want, about) and _stands_free(text, tokens, span, about)


def _doubtful(
    tokens: Sequence[Token], places: tuple[int, int, int, int], want: Wanted, about: Subject
) -> bool:
    start, first, last, end = places
    spoken, own = about.language, about.words | set(want.tokens) | set(months(about.tag))
    clause = (*tokens[start:first], *tokens[last:end])
    beside = (*tokens[max(start, first - 2) : first], *tokens[last : min(end, last + 2)])
    refused = spoken.correction - own
    choice = spoken.hedge | spoken.alternative
    if holds(tokens, choice - own, about) or holds(clause, refused, about):
        return True
    if holds(beside, spoken.limit - own, about) or denied(clause, about, want):
        return True
    lead, later = tokens[: max(0, start - 1)], list(clauses(tokens[end:]))
    again = [lead] if restates(lead, about, least=1) else []
    again += [part for part in later if restates(part, about, alone=2)]
    return (
        any(not knows(part, want, about) for part in again)
        or other_name(tokens[last:], want, about)
        or any(holds(part, spoken.correction - own, about) for part in later)
    )


def _is_only_number(tokens: Sequence[Token], span: Span, want: Wanted, about: Subject) -> bool:
    """Whether no other number of the sentence may be meant: none of its unit, or without one."""
    days = date_tokens(tokens, about)
    target = want.quantity.unit if want.quantity else ""
    for other in quantities(tokens, about.language, about.tag):
        if other.start < span.end and span.start < other.end:
            target = target or other.unit
            continue
        places = set(range(other.start, other.end))
        asked = all(tokens[at].text in about.words for at in places)
        roman = tokens[other.start].kind == "word"
        another = other.unit and other.unit != target
        year = _is_year(tokens, other.start) and not _is_year(tokens, span.start)
        if not (asked or roman or another or year or places <= days):
            return False
    inside = range(span.start, span.end)
    spelled = (t.text in numerals(about.tag) for at, t in enumerate(tokens) if at not in inside)
    return not any(spelled) and _counts_what_was_asked(tokens, span, about)


def _counts_what_was_asked(tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether the noun after a number, if there is one, is the question's."""
    follows = tokens[span.end : span.end + 1]
    united = bool(unit_at(tokens, span.start + 1, about.tag)[0])
    year = _is_year(tokens, span.start)
    return year or united or not unexplained(follows, about, number=True)


def _is_year(tokens: Sequence[Token], at: int) -> bool:
    text = tokens[at].text
    return len(text) == 4 and text.isdecimal() and "1000" <= text < "2100"


def _is_whole(text: str, tokens: Sequence[Token], span: Span, want: Wanted, about: Subject) -> bool:
    """Whether the target is no part of a longer name, and owns nothing."""
    spoken = about.language
    if goes_on(text, tokens, span, about):
        return False
    last = tokens[span.end - 1].text
    follows = tokens[span.end] if span.end < len(tokens) else None
    if last not in want.tokens and last.endswith(tuple(spoken.genitive) or "\0"):
        return False
    if follows is None or follows.text in SIGNS:
        return True
    if not spoken.spaced:
        known = not unexplained(tokens[span.end : span.end + 1], about, number=False)
        return follows.text not in spoken.genitive and (known or follows.kind != "char")
    if follows.text in spoken.conjunction:
        return len(tokens) - span.end > _FEW
    return True


def _stands_free(text: str, tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether what stands before the target does not make it another, or relate it to one."""
    spoken = about.language
    upper = capitals(text, tokens, about.tag)
    for at in range(span.start - 1, -1, -1):
        token = tokens[at]
        if token.text in BOUNDARY:
            return True
        if token.text in SIGNS:
            continue
        if token.text in spoken.relating and not spoken.spaced:
            return False
        if token.text in spoken.relating:
            return at > 0 and not unexplained(tokens[at - 1 : at], about, number=False)
        if token.text in about.light:
            continue
        if at == span.start - 1 and token.text not in about.words:
            return at not in upper or spoken.tag == "de"
        return True
    return True
