"""What makes an answer that holds a target no answer: denial, choice, hedging, another answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tqb.scorers.explained import is_known, unexplained
from tqb.scorers.find import find, find_in
from tqb.scorers.names import is_place
from tqb.scorers.reading import BOUNDARY, BRACKETS, LIST, SIGNS
from tqb.scorers.sounds import is_latin
from tqb.scorers.spans import Span
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token, capitals, tokenize


def denied(tokens: Iterable[Token], about: Subject, want: Wanted) -> str | None:
    """Return the word that denies, or offers a choice; a "no …" of the question is none."""
    spoken, tokens = about.language, list(tokens)
    words = [token.text for token in tokens]
    if not spoken.spaced:
        text, negation = "".join(words), spoken.negation - about.words
        return next((w for w in negation if w in text and not set(w) <= about.words), None)
    refused = (spoken.negation | spoken.alternative) - set(want.tokens)
    for at, word in enumerate(words):
        asked_so = word in about.words and word in spoken.negation and words[at + 1 : at + 2] != []
        if word in refused and not (asked_so and words[at + 1] in about.words):
            return word
    if spoken.tag == "ko":
        return next(
            (w for w in words if w.startswith(tuple(n for n in spoken.negation if len(n) > 1))),
            None,
        )
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
    spoken = about.language
    flags = spoken.flags - set(want.tokens)
    for token in note:
        if token.text in flags - about.words:
            return token.text
    if not spoken.spaced:
        text = "".join(token.text for token in note)
        found = next((word for word in flags if len(word) > 1 and word in text), None)
        if found:
            return found
    if other_name(note, want, about):
        return "another name"
    again = (c for c in clauses(note) if restates(c, about, alone=2))
    if any(not knows(clause, want, about) for clause in again):
        return "another answer"
    return another_item(note, about)


def renames(note: Sequence[Token], about: Subject) -> bool:
    """Whether a note gives the answer another name."""
    words = about.language.identity
    if about.language.tag == "ko":
        return any(token.text.endswith(tuple(words)) for token in note)
    if about.language.spaced:
        return any(token.text in words for token in note)
    text = "".join(token.text for token in note)
    return any(word in text for word in words)


def knows(note: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether a note names the target again, in a form that is known."""
    return bool(find(note, want, about))


def begins_note(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a text begins with a word of notes: which, because, located."""
    gloss = about.language.gloss
    if about.language.spaced:
        return bool(tokens) and tokens[0].text in gloss
    text = "".join(token.text for token in tokens[:8])
    return any(text[:length] in gloss for length in range(1, len(text) + 1))


def goes_on(text: str, tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether a name goes on after the target: Mexico City, asked for Mexico."""
    follows = tokens[span.end] if span.end < len(tokens) else None
    if follows is None or follows.kind != "word" or about.language.tag == "de":
        return False
    named = {span.start, span.end} <= capitals(text, tokens, about.tag)
    return named and follows.text not in about.words


def another_item(note: Sequence[Token], about: Subject) -> str | None:
    """Return the next item of a list: a few words after a comma, with nothing that makes a note."""
    if not note or note[0].text not in LIST:
        return None
    words = [t for t in note if t.text not in SIGNS]
    spoken = about.language
    light = spoken.gloss | spoken.articles | spoken.limit | (spoken.function - about.words)
    if not words or begins_note(words, about) or (spoken.spaced and words[0].text in light):
        return None
    text = (
        " ".join(t.text for t in words) if about.language.spaced else "".join(t.text for t in words)
    )
    short = len(words) <= 4 or any(t.text in LIST for t in note[1:])
    *_, last = [c for c in clauses(note) if c]
    place = (" " if about.language.spaced else "").join(token.text for token in last)
    return text if short and not is_place(place, about.tag) else None


def trouble(parts: Sequence[str], want: Wanted, about: Subject) -> str | None:
    """Return what is wrong with the sentences after the answer, None where nothing is."""
    spoken = about.language
    for part in parts:
        tokens = tokenize(part, about.tag)
        words = [t for t in tokens if t.text not in SIGNS]
        if not words:
            continue
        if (
            words[0].text in spoken.correction
            or starts_with(words, spoken.correction, about)
            or _interrupts(tokens, about)
        ):
            return f"takes back what it said: {part[:40]!r}"
        holds = bool(find_in(part, want, about)[1])
        if holds and denied(tokens, about, want):
            return f"denies it further on: {part[:40]!r}"
        if words[0].text in spoken.alternative | spoken.hedge:
            return f"offers another answer: {part[:40]!r}"
        if (
            not holds
            and len(words) <= 2
            and words[0].kind != "sign"
            and not unexplained(words, about, number=False)
        ):
            return f"lists another answer: {part[:40]!r}"
        if not holds and restates(words, about):
            return f"gives another answer further on: {part[:40]!r}"
    return None


def _interrupts(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a text begins with a short no: "oh no, …", "not right: …"."""
    spoken = about.language
    signs = [at for at, token in enumerate(tokens) if token.text in SIGNS and at]
    head = tokens[: signs[0] if signs else len(tokens)]
    rest = tokens[len(head) + 1 : len(head) + 3]
    words = [token.text for token in (*head, *rest) if token.text not in SIGNS]
    refusals = spoken.negation | spoken.correction
    if not spoken.spaced:
        text = "".join(token.text for token in head)
        return len(head) <= 6 and any(word in text for word in refusals)
    stems = tuple(word for word in refusals if len(word) > 1) if spoken.tag == "ko" else ()
    said = [word for word in words if word in refusals or (stems and word.startswith(stems))]
    return len(head) <= 3 and bool(said) and len(head) < len(tokens)


def starts_with(words: Sequence[Token], flags: frozenset[str], about: Subject) -> bool:
    """Whether the second word is one of a class, or a text without spaces begins with one."""
    if about.language.spaced:
        return len(words) > 1 and words[1].text in flags
    text = "".join(t.text for t in words[:6])
    return any(text.startswith(flag) for flag in flags)


def bracketed(text: str, want: Wanted, about: Subject) -> str | None:
    """Return what in the brackets of a text denies the target, or offers another."""
    spoken = about.language
    inside = [t for bracket in BRACKETS.findall(text) for t in tokenize(bracket, about.tag)]
    flags = (spoken.alternative | spoken.correction) - about.words - set(want.tokens)
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
    begins = about.language.gloss - about.language.articles
    if about.language.spaced and words and words[0].text in begins:
        return False
    own = unexplained(words, about, number=False)
    content = [t for t in words if _from_the_question(t, about)]
    if not about.language.spaced:
        return 0 < len(own) <= 5 and len(content) > 3
    few = len(own) <= (3 if len(content) >= least else 1)
    return bool(own) and few and len(content) >= alone and own[-1].kind == "word"


def _from_the_question(token: Token, about: Subject) -> bool:
    """Whether a token is a word of the question that says something, in any form."""
    if token.text in about.words:
        return token.text in about.content
    return is_known(token, about)


def other_name(tokens: Sequence[Token], want: Wanted, about: Subject) -> bool:
    """Whether what follows a target gives it another name, and one that it has today."""
    spoken = about.language
    for at, token in enumerate(tokens):
        begins = renames(tokens[at : at + 1] if spoken.spaced else tokens[at : at + 4], about)
        if begins and len(unexplained(tokens[:at], about, number=False)) <= 2:
            rest = tokens[at:]
            limited = spoken.spaced and any(t.text in spoken.limit for t in tokens)
            past = limited or any(t.kind == "number" for t in rest)
            words = [token.text for token in rest if token.kind != "sign"]
            foreign = is_latin(words[-1]) != is_latin("".join(want.tokens))
            return not (past or foreign or knows(rest, want, about))
        if token.text in ".。":
            break
    return False


def holds(tokens: Sequence[Token], words: frozenset[str], about: Subject) -> bool:
    """Whether a text holds one of a class of words."""
    if about.language.spaced:
        if about.language.tag == "ko":
            stems = tuple(word for word in words if len(word) > 1)
            return any(t.text in words or t.text.startswith(stems) for t in tokens)
        return any(token.text in words for token in tokens)
    text = "".join(token.text for token in tokens)
    return any(word in text for word in words)


def about_the_question(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a text holds a word of the question that says something."""
    return any(_from_the_question(token, about) for token in tokens)


def clauses(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Split what follows at its signs."""
    begin = 0
    for at, token in enumerate(tokens):
        if token.text in BOUNDARY:
            yield tokens[begin:at]
            begin = at + 1
    yield tokens[begin:]
