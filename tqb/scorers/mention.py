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
from tqb.scorers.numbers import quantities
from tqb.scorers.reading import BOUNDARY, BRACKETS, SIGNS
from tqb.scorers.spans import Span
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token, capitals

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
        if part[-1] not in ":：" and _is_answer(tokens, about):
            return None
    return None


def _is_distinct(want: Wanted, about: Subject) -> bool:
    if want.quantity is not None:
        return True
    least = _LEAST_LETTERS if about.language.spaced else _LEAST_CHARACTERS
    return sum(map(len, want.tokens)) >= least and not want.formula


def _is_rich(tokens: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a sentence is long enough to say something, and does not begin with an answer."""
    words = [token for token in tokens if token.text not in SIGNS]
    first = next(iter(clauses(tokens)))
    begins = [token for token in first if token.text not in SIGNS]
    short = 0 < len(begins) < _FEW and len(first) < len(tokens)
    if short and unexplained(begins, about, number=True) and not knows(first, want, about):
        return begins[0].text in about.light - about.language.articles
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
        return want.date is not None or _first_of_its_kind(tokens, span, about)
    return _is_whole(text, tokens, span, want, about) and _stands_free(text, tokens, span, about)


def _doubtful(
    tokens: Sequence[Token], places: tuple[int, int, int, int], want: Wanted, about: Subject
) -> bool:
    start, first, last, end = places
    spoken, own = about.language, about.words | set(want.tokens)
    clause = (*tokens[start:first], *tokens[last:end])
    refused = (spoken.alternative | spoken.correction | spoken.limit) - own
    choice = spoken.hedge | spoken.alternative
    if holds(tokens, choice - own, about) or holds(clause, refused, about):
        return True
    if denied(clause, about, want) or other_name(tokens[last:], want, about):
        return True
    others = (*clauses(tokens[: max(0, start - 1)]), *clauses(tokens[end:]))
    return any(
        (restates(part, about) or (_speaks_of_it(part, about) and _is_answer(part, about)))
        and not knows(part, want, about)
        for part in others
    ) or any(holds(part, spoken.correction - own, about) for part in clauses(tokens[end:]))


def _first_of_its_kind(tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether no number before the target is of its unit, or of none."""
    days = date_tokens(tokens, about)
    target = next(
        (q for q in quantities(tokens, about.language, about.tag) if q.start <= span.start < q.end),
        None,
    )
    for other in quantities(tokens[: span.start], about.language, about.tag):
        places = set(range(other.start, other.end))
        asked = all(tokens[at].text in about.words for at in places)
        roman = tokens[other.start].kind == "word"
        another = target is not None and other.unit and other.unit != target.unit
        if not (asked or roman or another or places <= days or _is_year(tokens, other.start)):
            return False
    return True


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
        if token.text in spoken.relating:
            return at > 0 and not unexplained(tokens[at - 1 : at], about, number=False)
        if token.text in about.light:
            continue
        if at == span.start - 1 and token.text not in about.words:
            return at not in upper or spoken.tag == "de"
        return True
    return True
