"""What makes an answer that holds a target no answer: denial, choice, hedging, another answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tqb.scorers.reading.answer import brackets
from tqb.scorers.reading.classes import begins, holds, joined, longest_of, stems
from tqb.scorers.reading.tokens import BOUNDARY, LIST, SIGNS, Token, capitals, tokenize
from tqb.scorers.rules.explained import is_known, unexplained
from tqb.scorers.rules.find import find, find_in
from tqb.scorers.rules.places import Place
from tqb.scorers.rules.spans import Span
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.names import is_place
from tqb.scorers.values.sounds import is_latin


def denied(tokens: Sequence[Token], about: Subject, want: Wanted) -> str | None:
    """Return the word that denies, or offers a choice; a "no …" of the question is none."""
    spoken, words = about.language, [token.text for token in tokens]
    if not spoken.spaced:
        if "".join(want.tokens) in spoken.negation:
            return None
        return longest_of(words, spoken.negation, about.words, about.words)
    refused = spoken.refusal.intersection(words) - want.words
    if refused:
        for word, follows in zip(words, [*words[1:], ""], strict=True):
            asked_so = word in spoken.negation and word in about.words and follows in about.words
            if word in refused and not asked_so:
                return word
    if spoken.tag == "ko":
        return next((word for word in words if word.startswith(stems(spoken.negation))), None)
    return None


def sets_off(after: Sequence[Token], about: Subject) -> bool:
    """Whether what follows begins with ", not …", which sets the answer off against another."""
    words = [token.text for token in after]
    return (
        len(words) > 2
        and words[0] in BOUNDARY
        and words[1] in about.language.negation
        and words[2] not in SIGNS
    )


def flagged(note: Sequence[Token], want: Wanted, about: Subject) -> str | None:
    """Return what in a note makes the answer no answer."""
    if sets_off(note, about):
        return None
    spoken, words = about.language, [token.text for token in note]
    flags = spoken.flags.intersection(words) - want.words - about.words
    for at, word in enumerate(words):
        if word in flags and not _only_stresses(note[at:], about):
            return word
    held = None if spoken.spaced else longest_of(words, spoken.flags, want.words, frozenset())
    if held and len(held) > 1:
        return held
    if other_name(note, want, about):
        return "another name"
    again = (c for c in clauses(note) if restates(c, about, alone=2) and not _describes(c, about))
    if any(not knows(clause, want, about) for clause in again):
        return "another answer"
    return another_item(note, about)


def _only_stresses(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a word such as "actually" is followed by the question's own words alone."""
    spoken, rest = about.language, tokens[1:]
    if not spoken.spaced or tokens[0].text not in spoken.correction:
        return False
    return about_the_question(rest, about) and not unexplained(rest, about, number=False)


def knows(note: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a note names the target again, in a form that is known."""
    return bool(find(note, want, about))


def goes_on(text: str, tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether a name goes on after the target: Mexico City, asked for Mexico."""
    follows = tokens[span.end] if span.end < len(tokens) else None
    if follows is None or follows.kind != "word" or about.language.tag == "de":
        return False
    if follows.text in about.words:
        return False
    return {span.start, span.end} <= capitals(text, about.tag)


def one_of_two(before: Sequence[Token], after: Sequence[Token], about: Subject) -> bool:
    """Whether a target is the first of two items: both the yen and the dollar."""
    begun = {first for first, second in about.language.pairing if _next(after) == second}
    for token in reversed(before if begun else ()):
        if token.text in begun:
            return True
        if token.text not in about.light and token.text not in about.words:
            return False
    return False


def _next(tokens: Sequence[Token]) -> str:
    return tokens[0].text if tokens else ""


def another_item(note: Sequence[Token], about: Subject) -> str | None:
    """Return the next item of a list: a few words after a comma, with nothing that makes a note."""
    if not note or note[0].text not in LIST:
        return None
    words = [t for t in note if t.text not in SIGNS]
    spoken = about.language
    if not words or begins(words, spoken.gloss, spoken) or _is_light(words[0].text, about):
        return None
    short = len(words) <= 4 or any(t.text in LIST for t in note[1:])
    *_, last = [c for c in clauses(note) if c]
    if not short or is_place(joined(last, spoken), about.tag):
        return None
    return joined(words, spoken)


def _is_light(word: str, about: Subject) -> bool:
    """Whether a word makes a note of what follows it, in a language with spaces."""
    spoken = about.language
    function = word in spoken.function and word not in about.words
    return spoken.spaced and (function or word in spoken.articles or word in spoken.limit)


def trouble(parts: Sequence[str], want: Wanted, about: Subject) -> str | None:
    """Return what is wrong with the sentences after the answer, None where nothing is."""
    spoken = about.language
    for part in parts:
        tokens = tokenize(part, about.tag)
        words = [t for t in tokens if t.text not in SIGNS]
        if not words:
            continue
        if begins(words, spoken.correction, spoken, among=2) or _interrupts(tokens, about):
            return f"takes back what it said: {part[:40]!r}"
        again = bool(find_in(part, want, about)[1])
        if again and denied(tokens, about, want):
            return f"denies it further on: {part[:40]!r}"
        if words[0].text in spoken.alternative or words[0].text in spoken.hedge:
            return f"offers another answer: {part[:40]!r}"
        if (
            not again
            and len(words) <= 2
            and want.words & about.content
            and words[0].kind != "sign"
            and not unexplained(words, about, number=False)
        ):
            return f"lists another answer: {part[:40]!r}"
        if not again and (restates(words, about) or _announces(part, tokens, want, about)):
            return f"gives another answer further on: {part[:40]!r}"
    return None


def _announces(text: str, tokens: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a sentence says "the answer is", and then a name or number, as the target is one.

    Of a number a short sentence is enough: It is 1968.
    """
    spoken = about.language
    if not spoken.spaced or denied(tokens, about, want):
        return False
    own = unexplained(tokens, about, number=False)
    counted = want.quantity is not None and [token.kind for token in own] == ["number"]
    if counted and len([token for token in tokens if token.text not in SIGNS]) <= 4:
        return True
    places = [at for at, token in enumerate(tokens) if token.text in spoken.answer]
    if not places:
        return False
    if not 0 < len(own) <= _LONGEST_NAME or own[0] in tokens[: places[0]]:
        return False
    if want.quantity is not None:
        return any(token.kind == "number" for token in own)
    names = {tokens[at].start for at in capitals(text, about.tag)}
    return want.text[:1].isupper() and all(token.start in names for token in own)


_LONGEST_NAME = 4
"""Words of a name that is another answer."""


def _interrupts(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a text begins with a short no: "oh no, …", "not right: …"."""
    spoken = about.language
    signs = (at for at, token in enumerate(tokens) if at and token.text in SIGNS)
    end = next(signs, len(tokens))
    if end > (3 if spoken.spaced else 6):
        return False
    if not spoken.spaced:
        return holds([token.text for token in tokens[:end]], spoken.retraction, spoken)
    head = (*tokens[:end], *tokens[end + 1 : end + 3])
    words = [token.text for token in head if token.text not in SIGNS]
    return end < len(tokens) and holds(words, spoken.retraction, spoken)


def bracketed(text: str, want: Wanted, about: Subject) -> str | None:
    """Return what in the brackets of a text denies the target, or offers another."""
    spoken = about.language
    inside = [t for bracket in brackets(text) for t in tokenize(bracket, about.tag)]
    if not inside:
        return None
    flags = (spoken.alternative | spoken.correction) - about.words - want.words
    if other_name(inside, want, about):
        return "another name"
    flag = next((t.text for t in inside if t.text in flags), None)
    refusal = next((t.text for t in inside if t.text in spoken.negation), None)
    return flag or (refusal if refusal and find(inside, want, about) else None)


def restates(words: Sequence[Token], about: Subject, *, least: int = 2, alone: int = 1) -> bool:
    """Whether a clause answers the question again: in its words, with a few of its own.

    Args:
        words: of the clause.
        about: the question.
        least: words of the question that make it one, where it has several of its own.
        alone: the same, where it has one of its own.
    """
    words = [token for token in words if token.text not in SIGNS]
    spoken = about.language
    first = words[0].text if words else ""
    if first not in spoken.articles and begins(words, spoken.gloss, spoken):
        return False
    own = unexplained(words, about, number=False)
    if not 0 < len(own) <= (3 if spoken.spaced else 5):
        return False
    content = sum(from_the_question(token, about) for token in words)
    if not spoken.spaced:
        return content > 3
    few = len(own) == 1 or content >= least
    return few and content >= alone and own[-1].kind == "word"


def _describes(clause: Sequence[Token], about: Subject) -> bool:
    """Whether a noun, and no name, says at the end of a clause what something is: şehridir."""
    last = [token.text for token in clause if token.text not in SIGNS][-1]
    return "'" not in last and last.endswith(about.language.copula or "\0")


def answered_before(place: Place, want: Wanted, about: Subject) -> bool:
    """Whether a clause before the target's answers the question, and with another thing."""
    spoken = about.language
    ends = BOUNDARY if place.number or not spoken.spaced else BOUNDARY | spoken.conjunction
    *parts, _ = clauses(place.tokens[: place.span.start], ends)
    again = (part for part in (*parts, place.lead) if restates(part, about, least=1))
    return any(not knows(part, want, about) for part in again)


def from_the_question(token: Token, about: Subject) -> bool:
    """Whether a token is a word of the question that says something, in any form."""
    if token.text in about.words:
        return token.text in about.content
    return is_known(token, about)


def renames(note: Sequence[Token], about: Subject) -> bool:
    """Whether a note gives the answer another name."""
    spoken, words = about.language, [token.text for token in note]
    if spoken.tag == "ko":
        return any(word.endswith(tuple(spoken.identity)) for word in words)
    return holds(words, spoken.identity, spoken)


def other_name(tokens: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether what follows a target gives it another name, and one that it has today."""
    spoken = about.language
    if not renames(tokens, about):
        return False
    for at, token in enumerate(tokens):
        renamed = renames(tokens[at : at + 1] if spoken.spaced else tokens[at : at + 4], about)
        if renamed and len(unexplained(tokens[:at], about, number=False)) <= 2:
            rest = tokens[at:]
            limited = spoken.spaced and any(t.text in spoken.limit for t in tokens)
            past = limited or any(t.kind == "number" for t in rest)
            words = [token.text for token in rest if token.kind != "sign"]
            foreign = is_latin(words[-1]) != is_latin("".join(want.tokens))
            return not (past or foreign or knows(rest, want, about))
        if token.text in ".。":
            break
    return False


def about_the_question(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a text holds a word of the question that says something."""
    return any(from_the_question(token, about) for token in tokens)


def clauses(tokens: Sequence[Token], ends: frozenset[str] = BOUNDARY) -> Iterator[Sequence[Token]]:
    """Split what follows at its signs."""
    begin = 0
    for at, token in enumerate(tokens):
        if token.text in ends:
            yield tokens[begin:at]
            begin = at + 1
    yield tokens[begin:]
