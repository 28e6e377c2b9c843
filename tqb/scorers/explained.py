"""Which words of an answer are accounted for: by the question, by grammar, by "the answer is"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from tqb.scorers.forms import same_word, without_affixes
from tqb.scorers.names import months
from tqb.scorers.reading import SIGNS
from tqb.scorers.subject import Subject
from tqb.scorers.tokens import Token


def unexplained(tokens: Sequence[Token], about: Subject, *, number: bool) -> list[Token]:
    """Return the tokens that neither the question nor grammar accounts for."""
    places = explained(tokens, about, number=number)
    return [token for at, token in enumerate(tokens) if at not in places]


def explained(tokens: Sequence[Token], about: Subject, *, number: bool) -> set[int]:
    """Return the places of the tokens that the question or grammar accounts for."""
    known = about.light_with_numbers if number else about.light
    places = date_tokens(tokens, about) if number else set()
    if not about.language.spaced:
        places = places | set(_covered(tokens, known))
    if about.person:
        places |= {at for at in range(len(tokens) - 1) if _is_initial(tokens[at], tokens[at + 1])}
    places.update(
        at
        for at, token in enumerate(tokens)
        if token.text in SIGNS or is_known(token, about, known)
    )
    return places


def _is_initial(token: Token, follows: Token) -> bool:
    return token.kind == "word" and len(token.text) <= 2 and follows.text == "."


def _covered(tokens: Sequence[Token], known: frozenset[str]) -> Iterator[int]:
    """Yield the places that words of a class take up in a text without spaces."""
    text, owners = "".join(token.text for token in tokens), []
    for at, token in enumerate(tokens):
        owners += [at] * len(token.text)
    longest = _longest(known)
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + longest) + 1):
            if text[start:end] in known:
                yield from owners[start:end]


@lru_cache(maxsize=256)
def _longest(words: frozenset[str]) -> int:
    return max(map(len, words), default=0)


def is_known(token: Token, about: Subject, known: frozenset[str] = frozenset()) -> bool:
    """Whether a token is a word of the question, or a known one, in any of its forms."""
    text = token.text
    if text in about.words or (text in known and token.kind != "char"):
        return True
    return token.kind == "word" and len(text) > 1 and _is_form_of_known(text, about, known)


@lru_cache(maxsize=16384)
def _is_form_of_known(text: str, about: Subject, known: frozenset[str]) -> bool:
    """Whether a word is a word of the question, or a known one, in another form."""
    spoken = about.language
    if spoken.tag == "ko":
        return any(_common(text, word) > 1 for word in about.words)
    if any(same_word(text, word, spoken) or _begins(word, text) for word in about.words):
        return True
    if spoken.tag == "ar" and any(_root(text) == _root(word) for word in about.content):
        return True
    if any(bare in known for bare in without_affixes(text, spoken)):
        return True
    return len(text) > 3 and any(related(text, word) for word in about.words if len(word) > 3)


def _begins(word: str, text: str) -> bool:
    return len(text) > 3 and word.startswith(text)


def _root(word: str) -> str:
    """Return the consonants of an Arabic word, three at least, which its plural has too."""
    root = word.translate(_WEAK)
    return root if len(root) > 2 else word


_WEAK = str.maketrans("", "", "اويهء")


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


_DATE_MARKS = ("月", "日", "월", "일")


def date_tokens(tokens: Sequence[Token], about: Subject) -> set[int]:
    """Return the places of day and month beside a year."""
    names = months(about.tag)
    places: set[int] = set()
    for place, token in enumerate(tokens):
        if token.text in names or token.text.rstrip(".") in names:
            places.add(place)
            for near in (place - 1, place + 1, place - 2, place + 2, place - 3):
                if (
                    0 <= near < len(tokens)
                    and tokens[near].kind == "number"
                    and len(tokens[near].text) < 3
                ):
                    places.add(near)
        if token.text[:1] in _DATE_MARKS and place and tokens[place - 1].kind != "word":
            places.update((place, place - 1))
    ordinal = {
        p + 1
        for p in places
        if p + 1 < len(tokens) and tokens[p + 1].text in ("st", "nd", "rd", "th", "er", "월", "일")
    }
    return places | ordinal
