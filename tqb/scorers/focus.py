"""Whether a target stands where an answer stands, in a sentence that says much else.

Of the words about the target only its neighbours must be accounted for: what comes before it in
its clause, back to the first word that is no function word, and what comes next. The rest may
say what it likes, as long as nothing in it denies, hedges, limits, or answers a second time.
A target that is the only thing set in bold, as code or in a box needs no such neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

from tqb.scorers.calculations import comes_to, gives_formula
from tqb.scorers.doubt import (
    about_the_question,
    another_item,
    bracketed,
    clauses,
    denied,
    goes_on,
    holds,
    knows,
    other_name,
    restates,
    trouble,
)
from tqb.scorers.explained import date_tokens, explained, unexplained
from tqb.scorers.find import find, find_in
from tqb.scorers.names import is_place, other_names
from tqb.scorers.numbers import Quantity, agrees, quantities
from tqb.scorers.reading import BOUNDARY, BRACKETS, SIGNS
from tqb.scorers.spans import Span
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token, capitals, tokenize
from tqb.scorers.units import unit_at

_ANNOUNCES = frozenset(":=：")
_LEAD = 4
"""Words of a sentence so short that it is an answer itself."""


def in_focus(
    parts: Sequence[str], want: Wanted, about: Subject, emphasised: str | None
) -> Span | None:
    """Return the target in the first sentence that holds it, if it is the answer there.

    Args:
        parts: sentences of the answer.
        want: the target.
        about: the question.
        emphasised: the one thing that the answer sets apart, None where there is none or more.
    """
    if set(want.tokens) <= about.words:
        return None
    if _calculated(parts, want, about):
        return Span(0, 0, "calculation", f"comes to {want.text!r}")
    for at, part in enumerate(parts):
        text = BRACKETS.sub(" ", part).strip() or part
        tokens, spans = find_in(text, want, about)
        if spans:
            marked = emphasised is not None and _is_all(emphasised, want, about)
            stands = (s for s in spans if _stands(text, tokens, s, want, about, marked))
            found = next(stands, None)
            doubt = bracketed(part, want, about) or trouble(parts[at + 1 :], want, about)
            return None if doubt else found
        if part[-1] not in _ANNOUNCES and _answers(tokens, about):
            break
    return None


def _calculated(parts: Sequence[str], want: Wanted, about: Subject) -> bool:
    """Whether the answer is a formula, or a calculation, that nothing takes back."""
    spoken = about.language
    if gives_formula("\n".join(parts), want, about):
        tokens = tokenize(" ".join(parts), about.tag)
        refused = spoken.hedge | spoken.correction | spoken.negation
        return not holds(tokens, refused - about.words, about)
    return len(parts) > 1 and comes_to(parts[-1], want, about)


def _is_all(text: str, want: Wanted, about: Subject) -> bool:
    """Whether a text is the target and nothing else."""
    tokens = tokenize(text, about.tag)
    return any(
        not unexplained((*tokens[: span.start], *tokens[span.end :]), about, number=True)
        for span in find(tokens, want, about)
    )


def _answers(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a sentence without the target is an answer by itself, and so another one."""
    words = [token for token in tokens if token.text not in SIGNS]
    own = unexplained(tokens, about, number=False)
    return bool(own) and (len(words) <= _LEAD or restates(words, about))


def _stands(
    text: str, tokens: Sequence[Token], span: Span, want: Wanted, about: Subject, marked: bool
) -> bool:
    """Whether the target at a place of a sentence is what the sentence answers."""
    start = max((at + 1 for at in range(span.start) if tokens[at].text in BOUNDARY), default=0)
    ends = (at for at in range(span.end, len(tokens)) if tokens[at].text in BOUNDARY)
    end = next(ends, len(tokens))
    if _doubtful(tokens, (start, span.start, span.end, end), want, about):
        return False
    if marked:
        return True
    number = want.quantity is not None or span.rule in ("number", "date")
    if number and want.date is None and not _sole_number(tokens, span, end, want, about):
        return False
    if number and _is_year(tokens, span):
        return True
    upper = capitals(text, tokens, about.tag)
    if goes_on(text, tokens, span, about):
        return False
    return _fits_before(tokens, start, span, want, about, upper, number=number) and _fits_after(
        tokens, span, want, about
    )


def _doubtful(
    tokens: Sequence[Token], places: tuple[int, int, int, int], want: Wanted, about: Subject
) -> bool:
    """Whether a sentence denies, hedges, limits or offers a choice about the target."""
    spoken = about.language
    start, first, last, end = places
    refused = spoken.negation - set(want.tokens)
    flags = spoken.flags - about.words - set(want.tokens)
    limits = spoken.limit - about.words - set(want.tokens)
    clause = (*tokens[start:first], *tokens[last:end])
    if holds(tokens[:first], flags, about) or holds(clause, flags | limits, about):
        return True
    if denied((*tokens[:first], *tokens[last:end]), about, want):
        return True
    rest = tokens[end:]
    if holds(rest, spoken.flags - about.words, about) or other_name(tokens[last:], want, about):
        return True
    lead = tokens[: max(0, start - 1)]
    if restates(lead, about, least=1) and not knows(lead, want, about):
        return True
    return any(
        (holds(part, refused, about) and about_the_question(part, about)) or restates(part, about)
        for part in clauses(rest)
    )


def _sole_number(
    tokens: Sequence[Token], span: Span, end: int, want: Wanted, about: Subject
) -> bool:
    """Whether the target's clause, and what leads to it, has no other number of its own."""
    days = date_tokens(tokens, about)
    last = not unexplained(tokens[span.end :], about, number=True)
    for other in quantities(tokens[:end], about.language, about.tag):
        if other.start < span.end and span.start < other.end:
            continue
        if tokens[other.start].kind == "word" or _same_worth(other, want, about):
            continue
        asked = all(tokens[at].text in about.words for at in range(other.start, other.end))
        lead = tokens[: span.start]
        step = last and other.end <= span.start and _apart(tokens[other.end : span.start])
        step = step and not about_the_question(lead[: other.end], about)
        if not (asked or step or set(range(other.start, other.end)) <= days):
            return False
    return True


def _same_worth(other: Quantity, want: Wanted, about: Subject) -> bool:
    """Whether a number is the target again, in more digits or in another unit."""
    return want.quantity is not None and agrees(other, want.quantity, about.units, exact=False)


def _apart(tokens: Sequence[Token]) -> bool:
    return any(token.text in BOUNDARY for token in tokens)


def _is_year(tokens: Sequence[Token], span: Span) -> bool:
    text = tokens[span.start].text
    return len(text) == 4 and text.isdecimal() and "1000" <= text < "2100"


def _fits_before(
    tokens: Sequence[Token],
    start: int,
    span: Span,
    want: Wanted,
    about: Subject,
    upper: frozenset[int],
    *,
    number: bool,
) -> bool:
    """Whether what leads to the target is the question's, or makes a name of no other thing."""
    spoken, days = about.language, date_tokens(tokens, about)
    light = about.light_with_numbers if number else about.light
    places = explained(tokens[start : span.start], about, number=number)
    if span.start > start and not spoken.spaced and tokens[span.start - 1].text in spoken.genitive:
        return True
    for at in range(span.start - 1, start - 1, -1):
        token = tokens[at]
        if token.text in _ANNOUNCES:
            return True
        if token.text in SIGNS or at in days or token.text in light:
            continue
        if at - start in places:
            if spoken.spaced or token.text in about.words:
                return True
            continue
        plain = at not in upper and token.kind == "word" and spoken.spaced
        adjacent = at == span.start - 1 and span.rule != "surname"
        return plain and (
            number or (adjacent and about.person and _titles(token, span, upper, about))
        )
    lead = tokens[: max(0, start - 1)]
    return number or not _is_item(lead, about) or _is_gloss(lead, tokens[span.start :], want, about)


def _is_gloss(lead: Sequence[Token], rest: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether what stands before a target is its name elsewhere, or a place in that country."""
    space = " " if about.language.spaced else ""
    before, country = (space.join(t.text for t in part) for part in (lead, rest))
    if before in other_names(want.text, about.tag):
        return True
    return is_place(country, about.tag) and not is_place(before, about.tag)


def _titles(token: Token, span: Span, upper: frozenset[int], about: Subject) -> bool:
    """Whether a word before a person's name is a title or description of that person."""
    if about.language.tag == "ar":
        return token.text.startswith("ال")
    if about.language.tag == "ko":
        return not token.text.endswith(_RELATING)
    return span.start in upper


_RELATING = ("의", "와", "과", "랑", "보다", "에게")
"""Particles of Korean that relate a word to the next."""


def _is_item(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether what stands before a comma may be the first item of a list."""
    words = [token for token in tokens if token.text not in SIGNS]
    limit = _LEAD if about.language.spaced else 2 * _LEAD
    known = any(token.text in about.content for token in words)
    return bool(words) and len(words) <= limit and not known


def _per_unit(tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether the target is a unit, and another follows: joule per second."""
    if unit_at(tokens, span.start, about.tag)[1] != span.end:
        return False
    return any(unit_at(tokens, at, about.tag)[0] for at in (span.end, span.end + 1))


def _fits_after(tokens: Sequence[Token], span: Span, want: Wanted, about: Subject) -> bool:
    """Whether the target is not the beginning of a longer name, or of a list."""
    spoken, after = about.language, tokens[span.end :]
    last = tokens[span.end - 1].text
    if not after or _owns(last, after, want, about) or _per_unit(tokens, span, about):
        return not after
    if last not in want.tokens and last.startswith(want.tokens[-1]) and spoken.suffixes:
        return True
    if after[0].text in SIGNS:
        return another_item(after, about) is None
    joined = "و" in spoken.prefixes and after[0].text.startswith("و")
    if joined or after[0].text in spoken.conjunction:
        return len([token for token in after if token.text not in SIGNS]) > _LEAD
    return not unexplained(after[:1], about, number=True)


def _owns(last: str, after: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether the target is only the owner of what follows: Paris's mayor."""
    genitive = about.language.genitive
    owner = last not in want.tokens and last.endswith(tuple(genitive) or "\0")
    return owner or after[0].text in genitive
