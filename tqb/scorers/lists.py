"""Targets of several words: lists in any order, phrases in other words' order, yes and no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from tqb.scorers.doubt import holds
from tqb.scorers.explained import related, unexplained
from tqb.scorers.forms import same_word
from tqb.scorers.normalize import fold
from tqb.scorers.reading import BRACKETS, LIST, SIGNS
from tqb.scorers.subject import Subject, Wanted
from tqb.scorers.tokens import Token, tokenize

_LEAST = 3
"""Words of the shortest target that is a phrase."""


def lists_the_same(text: str, want: Wanted, about: Subject) -> bool:
    """Whether an answer has the items of a target that is a list, in whatever order."""
    items = _wanted_items(want, about)
    if len(items) < 2 or want.quantity or want.formula:
        return False
    bare = re.sub(r"\s*\n\s*", ", ", BRACKETS.sub("", text))
    said = _items(tokenize(bare.rpartition(":")[2], about.tag), about)
    return len(said) == len(items) and all(
        any(_same_item(one, item, about) for one in said) for item in items
    )


@lru_cache(maxsize=4096)
def _wanted_items(want: Wanted, about: Subject) -> list[tuple[str, ...]]:
    return _items(want.reading, about)


def _items(tokens: Sequence[Token], about: Subject) -> list[tuple[str, ...]]:
    """Split a text at its list signs and conjunctions; what grammar adds is dropped."""
    spoken, light = about.language, about.light
    items: list[list[str]] = [[]]
    for token in tokens:
        if token.text in LIST or token.text in spoken.conjunction:
            items.append([])
        elif token.text not in light and token.text not in SIGNS:
            items[-1].append(token.text)
    return [tuple(item) for item in items if item]


def _same_item(one: tuple[str, ...], other: tuple[str, ...], about: Subject) -> bool:
    if about.language.prefixes and len(one) == 1 and "و" + other[0] == one[0]:
        return len(other) == 1
    return len(one) == len(other) and all(
        same_word(a, b, about.language) for a, b in zip(one, other, strict=True)
    )


def says_the_same(sentence: str, want: Wanted, about: Subject) -> bool:
    """Whether a sentence has all the words of a phrase, in some form, and few others.

    The verb with which it begins may be another: describing costs, an analysis of costs.
    """
    spoken = about.language
    if len(want.reading) < _LEAST or not spoken.spaced or want.quantity:
        return False
    light = about.light | SIGNS | spoken.conjunction
    words = [token.text for token in want.reading if token.text not in light]
    if len(words) < _LEAST or any(t.kind == "number" for t in want.reading):
        return False
    tokens = tokenize(BRACKETS.sub("", sentence), about.tag)
    said = [token.text for token in tokens]
    refused = (spoken.negation | spoken.hedge | spoken.correction) - about.words
    if holds(tokens, refused, about) != holds(want.reading, refused, about):
        return False
    missing = [w for w in words if not any(s == w or related(s, w) for s in said)]
    if missing == words[:1] and words[0].endswith(tuple(spoken.verbal) or "\0"):
        missing = []
    return not missing and len(unexplained(tokens, about, number=False)) <= 3 * len(words)


def answers_yes_or_no(sentence: str, want: Wanted, about: Subject) -> bool:
    """Whether a target is yes or no, and a sentence says so, or says the question again as such."""
    spoken = about.language
    target = fold(want.text, about.tag).strip(".!")
    if target not in spoken.yes | spoken.no:
        return False
    tokens = tokenize(sentence, about.tag)
    said = _polarity(tokens, about)
    return said is not None and said == (target in spoken.yes)


def _polarity(tokens: Sequence[Token], about: Subject) -> bool | None:
    spoken = about.language
    words = [token.text for token in tokens if token.text not in SIGNS]
    if holds(tokens, spoken.hedge, about) or not words:
        return None
    for word in words[:1]:
        if word in spoken.yes or word in spoken.no:
            return word in spoken.yes
    again = about.content & {*words, *(t.text for t in tokens)}
    if 2 * len(again) < len(about.content):
        return None
    return not holds(tokens, spoken.negation, about)
