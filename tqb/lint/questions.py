"""Questions that are asked twice in other words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tqb.lint.records import Line, is_canary
from tqb.lint.scripts import script_of
from tqb.packs.messages import quoted
from tqb.packs.template import is_placeholder
from tqb.scorers import load_scorer
from tqb.scorers.normalize import primary
from tqb.scorers.reading.tokens import tokenize
from tqb.types import Item, Pack

ALIKE = 75.0
"""Least likeness, 0 to 100, of two questions that ask the same, if they have one answer."""


def repeated_questions(pack: Pack, others: Iterable[Pack]) -> Iterator[Line]:
    """Yield items whose question an earlier item asks already, of the pack or of another.

    Two questions are the same where they have the same words, or where the answer of one is right
    for the other and the words are alike (rapidfuzz's ``token_sort_ratio``). The exact same text
    within a pack is a finding of `check_pack`.
    """
    score = load_scorer()
    earlier = [(item, f"{other.path}:{item.line}") for other in others for item in _asked(other)]
    for item in _asked(pack):
        for one, where in earlier:
            alike = likeness(item, one)
            if alike == 100 or (alike >= ALIKE and score(one.label, item).passed):
                said = f"asks nearly the same as {where}, {quoted(one.text)}"
                yield item.line, f"{said}; ask something else"
                break
        earlier.append((item, f"line {item.line}"))


def _asked(pack: Pack) -> list[Item]:
    return [item for item in pack.items if not (is_canary(item) or is_placeholder(item.text))]


def likeness(one: Item, other: Item) -> float:
    """Return how alike two questions of one language are, 0 to 100, signs aside."""
    from rapidfuzz import fuzz

    if _language(one) != _language(other):
        return 0.0
    return fuzz.token_sort_ratio(_words(one), _words(other))


def _language(item: Item) -> tuple[str, str]:
    return primary(item.lang), script_of(item.lang)


def _words(item: Item) -> str:
    tokens = tokenize(item.text, item.lang)
    return " ".join(token.text for token in tokens if token.kind != "sign")
