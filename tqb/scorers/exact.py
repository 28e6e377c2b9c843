"""The answer equals a target once both are normalized."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import eq

from tqb.scorers.languages import language
from tqb.scorers.normalize import fold, fold_width, normalize
from tqb.types import Item, Score


def score_exact(answer: str, item: Item) -> Score:
    """Pass when the answer and a target have one normal form, but for an article before them."""
    if not answer.strip():
        return _EMPTY
    said = _without_article(normalize(answer, item.lang), item.lang)
    for position, target in enumerate(item.targets):
        if said == _normal_target(target, item.lang):
            rule = "exact" if position == 0 else "alias"
            return Score(True, 1.0, rule, _explain(answer.strip(), target, item.lang))
    return _OTHER


_EMPTY = Score(False, 0.0, None, "the answer is empty")
_OTHER = Score(False, 0.0, None, "is not one of the accepted answers")


@lru_cache(maxsize=4096)
def _normal_target(target: str, lang: str) -> str:
    return _without_article(normalize(target, lang), lang)


def _without_article(normal: str, lang: str) -> str:
    """Drop an article before a normal form, as its language writes it."""
    if " " not in normal and "'" not in normal:
        return normal
    articles = language(lang).articles
    head, space, rest = normal.partition(" ")
    if space and head in articles:
        return rest
    head, mark, rest = normal.partition("'")
    return rest if mark and rest and head + mark in articles else normal


def _explain(answer: str, target: str, lang: str) -> str:
    """Say which of the steps of normalization made the two equal."""
    if answer == target:
        return f"equals {target!r}"
    return f"equals {target!r} but for {' and '.join(_differences(answer, target, lang))}"


def _differences(answer: str, target: str, lang: str) -> Iterator[str]:
    steps: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("width or the kind of sign", fold_width),
        ("case", lambda text: fold_width(text).casefold()),
        ("script, accents or spaces", lambda text: fold(text, lang)),
        ("punctuation or quotes", lambda text: normalize(text, lang)),
        ("an article", lambda text: _without_article(normalize(text, lang), lang)),
    )
    one, other = answer, target
    for name, step in steps:
        before = one, other
        one, other = step(answer), step(target)
        if (one, other) != before and _nearer((one, other), before):
            yield name
        if one == other:
            return


def _nearer(now: tuple[str, str], before: tuple[str, str]) -> bool:
    """Whether a step made the texts more alike: equal, or with more in common at their ends."""
    return _common(*now) > _common(*before) or now[0] == now[1]


def _common(one: str, other: str) -> float:
    in_common: int = sum(map(eq, one, other))
    return in_common / max(len(one), len(other), 1)
