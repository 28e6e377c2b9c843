"""Whether a target stands where an answer stands, in a sentence that says much else.

Of the words about the target only its neighbours must be accounted for: what comes before it in
its clause, back to the first word that is no function word, and what comes next. The rest may
say what it likes, as long as nothing in it denies, hedges, limits, or answers a second time.
A target that is the only thing set in bold, as code or in a box needs no such neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tqb.scorers.languages import Language
from tqb.scorers.reading.answer import Answer, outside_brackets
from tqb.scorers.reading.classes import holds, joined
from tqb.scorers.reading.tokens import BOUNDARY, SIGNS, Token, capitals, tokenize
from tqb.scorers.rules.calculations import comes_to, gives_formula, same_formula
from tqb.scorers.rules.doubt import (
    about_the_question,
    another_item,
    answered_before,
    clauses,
    denied,
    goes_on,
    one_of_two,
    other_name,
    restates,
)
from tqb.scorers.rules.explained import date_tokens, explained, is_light, unexplained
from tqb.scorers.rules.find import find, find_in
from tqb.scorers.rules.places import Place, is_year, place_of
from tqb.scorers.rules.plain import plainly
from tqb.scorers.rules.rivals import in_doubt
from tqb.scorers.rules.spans import Span
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.names import is_place, other_names
from tqb.scorers.values.numbers import Quantity, agrees, quantities
from tqb.scorers.values.units import unit_at

_ANNOUNCES = frozenset(":=：")
_LEAD = 4
"""Words of a sentence so short that it is an answer itself."""


def in_focus(answer: Answer, want: Wanted, about: Subject) -> Span | None:
    """Return the target in the first sentence that holds it, if it is the answer there."""
    parts = answer.sentences
    if want.words <= about.words:
        return None
    if _calculated(answer, want, about):
        return Span(0, 0, "calculation", f"comes to {want.text!r}")
    for at, part in enumerate(parts):
        text = plainly(outside_brackets(part), want, about)
        tokens, spans = find_in(text, want, about)
        if spans:
            marked = answer.emphasised is not None and _is_all(answer.emphasised, want, about)
            for span in dict.fromkeys(spans):
                place = place_of(text, tokens, span, want)
                if _stands(place, want, about, marked=marked):
                    summed = _is_total(place, about)
                    return None if in_doubt(parts, at, want, about, summed=summed) else span
            return None
        last = at + 1 == len(parts)
        if last or (part[-1] not in _ANNOUNCES and _answers(tokens, about)):
            break
    return None


def _calculated(answer: Answer, want: Wanted, about: Subject) -> bool:
    """Whether the answer is a formula, or a calculation, that nothing takes back."""
    spoken, parts = about.language, answer.sentences
    if not want.formula:
        end = max((at for at, part in enumerate(parts) if "=" in part or "≈" in part), default=0)
        again = (find_in(part, want, about)[1] for part in parts[end + 1 :])
        return end > 0 and comes_to(parts[end], want, about) and all(again)
    solved = answer.emphasised is not None and same_formula(answer.emphasised, want)
    if solved or gives_formula("\n".join(parts), want, about):
        tokens = tokenize(" ".join(parts), about.tag)
        return not holds([token.text for token in tokens], spoken.denial, spoken, about.words)
    return False


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


def _stands(place: Place, want: Wanted, about: Subject, *, marked: bool) -> bool:
    """Whether the target at a place of a sentence is what the sentence answers."""
    return (marked or _fits(place, want, about)) and not _doubtful(place, want, about)


def _fits(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether what stands beside the target leaves it the answer."""
    if place.number and want.date is None and not _sole_number(place, want, about):
        return False
    if place.number and is_year(place.tokens[place.span.start].text):
        return True
    if goes_on(place.text, place.tokens, place.span, about):
        return False
    if one_of_two(place.before, place.after, about):
        return False
    return _fits_after(place, want, about) and _fits_before(place, want, about)


def _doubtful(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether a sentence denies, hedges, limits or offers a choice about the target."""
    spoken, tokens, span = about.language, place.tokens, place.span
    flags, own = spoken.flags, about.words | want.words
    words = [token.text for token in tokens]
    total = _is_total(place, about)
    start = max(place.start, span.start - _NEAR) if total else place.start
    clause = words[start : span.start] + words[span.end : place.end]
    return (
        holds(words[: span.start], flags, spoken, own)
        or holds(clause, flags, spoken, own)
        or holds(clause, spoken.limit, spoken, own)
        or denied((*tokens[: span.start], *tokens[span.end : place.end]), about, want) is not None
        or holds(words[place.end :], flags, spoken, about.words)
        or other_name(place.after, want, about)
        or (not total and answered_before(place, want, about))
        or any(_rivals(clause, want, about) for clause in clauses(tokens[place.end :]))
    )


def _rivals(clause: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a clause further on denies something of the question, or answers it again."""
    words, spoken = [token.text for token in clause], about.language
    refuses = holds(words, spoken.negation, spoken, want.words)
    return (refuses and about_the_question(clause, about)) or restates(clause, about)


def _sole_number(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether the target's clause, and what leads to it, has no other number of its own."""
    tokens, span = place.tokens, place.span
    days = date_tokens(tokens, about)
    for other in quantities(tokens[: place.end], about.language, about.tag):
        taken = range(other.start, other.end)
        if other.start < span.end and span.start < other.end:
            continue
        if tokens[other.start].kind == "word" or _same_worth(other, want, about):
            continue
        asked = all(tokens[at].text in about.words for at in taken)
        if not (asked or days.issuperset(taken) or _is_step(other, place, about)):
            return _is_total(place, about)
    return True


def _is_total(place: Place, about: Subject) -> bool:
    """Whether a number is said to be a sum, with which the sentence ends: so 90 in all."""
    spoken = about.language
    before = [token.text for token in place.before[-_NEAR:]]
    announced = holds(before, _sums(spoken), spoken)
    return place.number and announced and not unexplained(place.after, about, number=True)


@lru_cache(maxsize=32)
def _sums(spoken: Language) -> frozenset[str]:
    """Return the words that announce a sum: in total, so, that is."""
    return spoken.total | spoken.conclusion | frozenset(spoken.connectors[:1])


_NEAR = 3
"""Words between "in total" and a number."""


def _same_worth(other: Quantity, want: Wanted, about: Subject) -> bool:
    """Whether a number is the target again, in more digits or in another unit."""
    return want.quantity is not None and agrees(other, want.quantity, about.units, exact=False)


def _is_step(other: Quantity, place: Place, about: Subject) -> bool:
    """Whether a number is a step on the way to the target, with which the sentence ends."""
    between = place.tokens[other.end : place.span.start]
    return (
        other.end <= place.span.start
        and any(token.text in BOUNDARY for token in between)
        and not unexplained(place.after, about, number=True)
        and not about_the_question(place.tokens[: other.end], about)
    )


def _fits_before(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether what leads to the target is the question's, or makes a name of no other thing."""
    spoken, tokens, span, start = about.language, place.tokens, place.span, place.start
    before = place.before
    if before and not spoken.spaced and before[-1].text in spoken.genitive:
        return True
    days = date_tokens(tokens, about) if before else set()
    places: set[int] = set()
    for at in range(span.start - 1, start - 1, -1):
        token = tokens[at]
        if token.text in _ANNOUNCES:
            return True
        if token.text in SIGNS or at in days or is_light(token, about, number=place.number):
            continue
        if place.number and token.text in spoken.total:
            return True
        places = places or explained(before, about, number=place.number)
        if at - start not in places:
            return _fits_after_strange(at, place, about)
        if spoken.spaced or token.text in about.words:
            return True
    return place.number or not _is_item(place.lead, about) or _is_gloss(place, want, about)


def _fits_after_strange(at: int, place: Place, about: Subject) -> bool:
    """Whether a target may stand behind a word that nothing accounts for."""
    token, upper = place.tokens[at], capitals(place.text, about.tag)
    if not about.language.spaced:
        return about.person and place.tokens[place.span.start - 1].text in _DESCRIBES
    if at in upper or token.kind != "word":
        return False
    if token.text in about.language.conjunction:
        return False
    adjacent = at == place.span.start - 1 and place.span.rule != "surname"
    named = place.span.start in upper
    return place.number or (adjacent and about.person and _titles(token, about, named=named))


def _titles(token: Token, about: Subject, *, named: bool) -> bool:
    """Whether a word before a person's name is a title or description of that person."""
    if about.language.tag == "ar":
        return token.text.startswith("ال")
    if about.language.tag == "ko":
        return not token.text.endswith(_RELATING)
    return named


_DESCRIBES = frozenset("家者师師人王帝后代朝士手员員官臣将將")
"""Characters with which a description of a person ends, before the name: 明代医学家."""
_RELATING = ("의", "와", "과", "랑", "보다", "에게")
"""Particles of Korean that relate a word to the next."""


def _is_gloss(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether what stands before a target is its name elsewhere, or a place in that country."""
    rest = place.tokens[place.span.start :]
    before, country = (joined(part, about.language) for part in (place.lead, rest))
    if before in other_names(want.text, about.tag):
        return True
    return is_place(country, about.tag) and not is_place(before, about.tag)


def _is_item(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether what stands before a comma may be the first item of a list."""
    words = [token for token in tokens if token.text not in SIGNS]
    limit = _LEAD if about.language.spaced else 2 * _LEAD
    known = any(token.text in about.content for token in words)
    return bool(words) and len(words) <= limit and not known


def _fits_after(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether the target is not the beginning of a longer name, or of a list."""
    spoken, after = about.language, place.after
    if not after:
        return True
    last = place.tokens[place.span.end - 1].text
    if _owns(last, after, want, about) or _per_unit(place, about):
        return False
    if last not in want.tokens and last.startswith(want.tokens[-1]) and spoken.suffixes:
        return True
    if after[0].text in SIGNS:
        return another_item(after, about) is None
    joins = "و" in spoken.prefixes and after[0].text.startswith("و")
    if joins or after[0].text in spoken.conjunction:
        return len([token for token in after if token.text not in SIGNS]) > _LEAD
    return not unexplained(after[:1], about, number=True)


def _owns(last: str, after: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether the target is only the owner of what follows: Paris's mayor."""
    genitive = about.language.genitive
    owner = last not in want.tokens and last.endswith(tuple(genitive))
    return owner or after[0].text in genitive


def _per_unit(place: Place, about: Subject) -> bool:
    """Whether the target is a unit, and another follows: joule per second."""
    tokens, span = place.tokens, place.span
    if unit_at(tokens, span.start, about.tag)[1] != span.end:
        return False
    return any(unit_at(tokens, at, about.tag)[0] for at in (span.end, span.end + 1))
