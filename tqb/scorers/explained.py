"""Which words of an answer are accounted for: by the question, by grammar, by "the answer is"."""

from __future__ import annotations

from collections.abc import Sequence

from tqb.scorers.forms import same_word
from tqb.scorers.names import months
from tqb.scorers.numbers import CJK_NUMERALS
from tqb.scorers.reading import SIGNS
from tqb.scorers.subject import Subject
from tqb.scorers.tokens import Token
from tqb.scorers.units import units


def unexplained(tokens: Sequence[Token], about: Subject, *, number: bool) -> list[Token]:
    """Return the tokens that neither the question nor grammar accounts for."""
    spoken = about.language
    known = spoken.function | spoken.articles | spoken.answer
    if number:
        known |= spoken.approximate | spoken.suffixes
    dates = date_tokens(tokens, about) if number else set()
    if number:
        names = units(about.tag)
        known |= {t.text for t in tokens if names.get(t.text) in about.units}
    return [
        token
        for place, token in enumerate(tokens)
        if token.text not in SIGNS and place not in dates and not is_known(token, about, known)
    ]


def is_known(token: Token, about: Subject, known: frozenset[str]) -> bool:
    """Whether a token is a word of the question, or a known one, in any of its forms."""
    text = token.text
    if text in known or text in about.words:
        return True
    if token.kind == "char":
        return any(text in word for word in known) and text not in CJK_NUMERALS
    return token.kind == "word" and len(text) > 1 and _is_form_of_known(text, about, known)


def _is_form_of_known(text: str, about: Subject, known: frozenset[str]) -> bool:
    """Whether a word is a word of the question, or a known one, in another form."""
    spoken = about.language
    if spoken.tag == "ko":
        return any(_common(text, word) > 1 for word in about.words)
    if (spoken.suffixes or spoken.prefixes) and any(
        same_word(text, word, spoken) for word in about.words
    ):
        return True
    if spoken.prefixes and any(same_word(text, word, spoken) for word in known):
        return True
    return len(text) > 3 and any(related(text, word) for word in about.words if len(word) > 3)


def _common(one: str, other: str) -> int:
    """Count the letters that two words begin with in common."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def related(one: str, other: str) -> bool:
    """Whether two words have a stem in common: Japan and Japanese, pair and pairs."""
    least = max(4, min(len(one), len(other)) - 2)
    return one[:least] == other[:least] and abs(len(one) - len(other)) < 5


def date_tokens(tokens: Sequence[Token], about: Subject) -> set[int]:
    """Return the places of day and month beside a year."""
    names = months(about.tag)
    places: set[int] = set()
    for place, token in enumerate(tokens):
        if token.text in names or token.text.rstrip(".") in names:
            places.add(place)
            for near in (place - 1, place + 1, place - 2, place + 2):
                if (
                    0 <= near < len(tokens)
                    and tokens[near].kind == "number"
                    and len(tokens[near].text) < 3
                ):
                    places.add(near)
        if token.text in "月日월일":
            places.update((place, place - 1))
    ordinal = {
        p + 1
        for p in places
        if p + 1 < len(tokens) and tokens[p + 1].text in ("st", "nd", "rd", "th", "er", "월", "일")
    }
    return places | ordinal
