"""Targets of several words: lists in any order, phrases in other words' order, yes and no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from tqb.scorers.normalize import fold
from tqb.scorers.reading.answer import Answer, without_brackets
from tqb.scorers.reading.classes import begins, holds
from tqb.scorers.reading.forms import same_word, without_affixes
from tqb.scorers.reading.tokens import LIST, SIGNS, Token, is_hiragana, tokenize
from tqb.scorers.rules.explained import related, unexplained
from tqb.scorers.rules.find import find_in
from tqb.scorers.rules.subject import Subject, Wanted

_MOST_NAMES = 3
"""Names of a person of whom a list may have the surname alone."""
_LEAST = 3
"""Words of the shortest target that is a phrase."""


def lists_the_same(answer: Answer, want: Wanted, about: Subject) -> bool:
    """Whether an answer has the items of a target that is a list, in whatever order.

    Where the question asks for an order, it is that of the target.
    """
    items = _several(want, about).items
    if len(items) < 2 or want.quantity or want.formula:
        return False
    bare = re.sub(r"\s*\n\s*", ", ", without_brackets(answer.text))
    plain = ", ".join(answer.points) if len(answer.points) > 1 else bare.rpartition(":")[2]
    said = _items(tokenize(plain, about.tag), about)
    if len(said) != len(items):
        return False
    if about.ordered:
        return all(_same_item(one, item, about) for one, item in zip(said, items, strict=True))
    return all(any(_same_item(one, item, about) for one in said) for item in items)


class _Several(NamedTuple):
    """A target of several words."""

    items: list[tuple[str, ...]]
    """As a list."""
    phrase: list[str]
    """Its words, less what grammar adds, where it is a phrase; else none."""
    yes: bool | None
    """Whether it says yes, None where it is neither yes nor no."""


@lru_cache(maxsize=4096)
def _several(want: Wanted, about: Subject) -> _Several:
    """Read a target as what the rules here compare."""
    items = _items(want.reading, about)
    return _Several(items, _phrase(want, about), _yes_or_no(want, about))


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
    if about.person and len(other) == 1 < len(one) <= _MOST_NAMES:
        one = one[-1:]
    return len(one) == len(other) and all(
        same_word(a, b, about.language) for a, b in zip(one, other, strict=True)
    )


def says_the_same(sentence: str, want: Wanted, about: Subject) -> bool:
    """Whether a sentence has all the words of a phrase, in some form, and few others.

    The verb with which it begins may be another: describing costs, an analysis of costs.
    """
    spoken, words = about.language, _several(want, about).phrase
    text = without_brackets(sentence)
    if not words or find_in(text, want, about)[1]:
        return False
    tokens = tokenize(text, about.tag)
    said = [token.text for token in tokens]
    denies, own = spoken.denial, about.words
    if holds(said, denies, spoken, own) != holds(want.tokens, denies, spoken, own):
        return False
    missing = [w for w in words if not any(_alike(s, w, about) for s in said)]
    in_order = about.ordered or any(len(word) == 1 for word in words)
    known = [next((w for w in words if _alike(s, w, about)), "") for s in said]
    if in_order and list(filter(None, known)) != words:
        return False
    strange = len(unexplained(tokens, about, number=False))
    if missing == words[:1] and words[0].endswith(tuple(spoken.verbal) or "\0"):
        others = [w for w in want.tokens[1:] if len(w) >= _LEAST]
        return strange <= len(words) and all(
            any(related(s, w) or s == w for s in said) for w in others
        )
    return not missing and strange <= 3 * len(words)


def _alike(one: str, other: str, about: Subject) -> bool:
    """Whether two words are one, or have a stem in common, whatever is written before it."""
    if one == other or related(one, other):
        return True
    spoken = about.language
    bare = {other, *without_affixes(other, spoken)} if spoken.prefixes else set()
    return not bare.isdisjoint(without_affixes(one, spoken)) or one in bare


def _phrase(want: Wanted, about: Subject) -> list[str]:
    spoken = about.language
    numbered = any(token.kind == "number" for token in want.reading)
    if len(want.reading) < _LEAST or not spoken.spaced or want.quantity or numbered:
        return []
    light = about.light | SIGNS | spoken.conjunction
    words = [word for word in want.tokens if word not in light]
    return words if len(words) >= _LEAST else []


def is_yes_or_no(want: Wanted, about: Subject) -> bool:
    """Whether a target is yes or no."""
    return _several(want, about).yes is not None


def refuses(text: str, about: Subject) -> bool:
    """Whether somebody says in an answer that they do not answer."""
    said = fold(text, about.tag)
    return any(phrase in said for phrase in about.language.refusing)


def answers_yes_or_no(sentence: str, want: Wanted, about: Subject) -> bool:
    """Whether a target is yes or no, and a sentence says so, or says the question again as such."""
    wanted = _several(want, about).yes
    if sentence.rstrip().endswith(("?", "？", "؟")):
        return False
    return wanted is not None and _polarity(tokenize(sentence, about.tag), about) == wanted


def _yes_or_no(want: Wanted, about: Subject) -> bool | None:
    spoken, target = about.language, fold(want.text, about.tag).strip(".!")
    return target in spoken.yes if target in spoken.yes or target in spoken.no else None


def _polarity(tokens: Sequence[Token], about: Subject) -> bool | None:
    spoken = about.language
    words = [token.text for token in tokens if token.text not in SIGNS]
    if holds(words, spoken.hedge, spoken) or not words:
        return None
    if not spoken.spaced and begins(tokens, spoken.yes | spoken.no, spoken):
        return begins(tokens, spoken.yes, spoken)
    if words[0] in spoken.yes or words[0] in spoken.no:
        return words[0] in spoken.yes
    if _echoes(tokens, about) or _repeats(words, about):
        return not holds(words, spoken.negation, spoken, about.words)
    return None


def _repeats(words: Sequence[str], about: Subject) -> bool:
    """Whether half of the question is said again, but not all of one with a "no" of its own."""
    spoken = about.language
    asked = [t.text for t in tokenize(about.question, about.tag) if t.text not in SIGNS]
    whole = not spoken.spaced and asked[: len(words) - 1] == words[:-1]
    if whole and holds(words, spoken.negation, spoken, about.words):
        return False
    return 2 * len(about.content.intersection(words)) >= len(about.content)


def _echoes(tokens: Sequence[Token], about: Subject) -> bool:
    """Whether a few words say the question's verb again and nothing else: it cannot."""
    spoken, said = about.language, [t for t in tokens if t.text not in SIGNS]
    if not said or len(said) >= (_FEW if spoken.spaced else 2 * _FEW):
        return False
    own = [t for t in unexplained(said, about, number=False) if t.text not in spoken.negation]
    if own and spoken.spaced:
        return False
    asked = [t.text for t in tokenize(about.question, about.tag) if t.text not in SIGNS]
    if not asked:
        return False
    if spoken.tag == "ko":
        return said[0].text[:2] == asked[-1][:2]
    if not spoken.spaced:
        verb = [text for text in asked if not is_hiragana(text)][-1:]
        return [t.text for t in said if not is_hiragana(t.text)] == verb
    ends = said[-1].text in spoken.negation or said[-1].text.startswith(asked[0])
    return ends and any(t.text.startswith(asked[0]) for t in said)


_FEW = 4
"""Words of an answer that only says the verb again."""
