"""Whether a text holds words of a closed class, be its words written apart or not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from tqb.scorers.languages import Language
from tqb.scorers.reading.tokens import Token


def joined(tokens: Sequence[Token], spoken: Language) -> str:
    """Write tokens as a text, with spaces where the language has them."""
    return (" " if spoken.spaced else "").join([token.text for token in tokens])


_NONE: frozenset[str] = frozenset()


def holds(
    words: Sequence[str], known: frozenset[str], spoken: Language, own: frozenset[str] = _NONE
) -> bool:
    """Whether one of the known words is among these, in Korean with what is written after it.

    Known words that a question or target has as its `own` do not count. To take them out of
    `known` beforehand would make a large set for each question, and reading those takes longer.
    """
    if not spoken.spaced:
        return not own.issuperset(_known_in("".join(words), known))
    if not own.issuperset(known.intersection(words)):
        return True
    if spoken.tag == "ko":
        begun = [word for word in words if word.startswith(stems(known))]
        return any(word.startswith(tuple(set(stems(known)) - own)) for word in begun)
    if heads(known).isdisjoint(words):
        return False
    joined = {f"{one}-{other}" for one, other in pairwise(words)}
    return not own.issuperset(known & joined)


def longest_of(
    words: Sequence[str], known: frozenset[str], own: frozenset[str], characters: frozenset[str]
) -> str | None:
    """Return the longest known word of a text without spaces: no `own` one, nor of `characters`."""
    found = _known_in("".join(words), known) - own
    others = (word for word in found if not characters.issuperset(word))
    return max(others, key=lambda word: (len(word), word), default=None)


def begins(
    tokens: Sequence[Token], known: frozenset[str], spoken: Language, *, among: int = 1
) -> bool:
    """Whether a text begins with a known word; with spaces, one `among` its first words will do."""
    if spoken.spaced:
        return any(token.text in known for token in tokens[:among])
    text = "".join([token.text for token in tokens[:_LONGEST]])
    return any(text[:length] in known for length in _lengths(known).get(text[:1], ()))


_LONGEST = 8
"""Tokens of the longest word with which a text may begin."""


def covered(tokens: Sequence[Token], known: frozenset[str]) -> set[int]:
    """Return the places of the tokens that known words take up in a text without spaces."""
    found = _places("".join([token.text for token in tokens]), known)
    if not found:
        return set()
    owners = [at for at, token in enumerate(tokens) for _ in token.text]
    return {owner for start, end in found for owner in owners[start:end]}


def after_last(text: str, known: frozenset[str]) -> str | None:
    """Return what follows the last of the known words in a text without spaces, None for none."""
    ends = [end for start, end in _places(text, known) if end - start > 1]
    return text[max(ends) :] if ends else None


@lru_cache(maxsize=4096)
def stems(known: frozenset[str]) -> tuple[str, ...]:
    """Return the known words that are long enough to begin another word in Korean."""
    return tuple(word for word in known if len(word) > 1)


@lru_cache(maxsize=4096)
def heads(known: frozenset[str]) -> frozenset[str]:
    """Return what stands before the hyphen of known words: peut of peut-être."""
    return frozenset(word.partition("-")[0] for word in known if "-" in word)


def _known_in(text: str, known: frozenset[str]) -> set[str]:
    """Return the known words that a text without spaces holds."""
    return {text[start:end] for start, end in _places(text, known)}


def _places(text: str, known: frozenset[str]) -> list[tuple[int, int]]:
    """Return where known words begin and end in a text, one inside the other too."""
    lengths = _lengths(known)
    return [
        (start, start + length)
        for start, first in enumerate(text)
        if first in lengths
        for length in lengths[first]
        if text[start : start + length] in known
    ]


@lru_cache(maxsize=4096)
def _lengths(known: frozenset[str]) -> dict[str, tuple[int, ...]]:
    """Return the lengths of the known words, by their first character."""
    found: dict[str, set[int]] = {}
    for word in known:
        found.setdefault(word[:1], set()).add(len(word))
    return {first: tuple(sorted(lengths)) for first, lengths in found.items()}
