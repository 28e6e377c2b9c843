"""The answer equals a target once both are normalized."""

from __future__ import annotations

from functools import lru_cache

from tqb.scorers.languages import language
from tqb.scorers.normalize import normalize
from tqb.types import Item, Score


def score_exact(answer: str, item: Item) -> Score:
    """Pass when the answer and a target have one normal form, but for an article before them."""
    if not answer.strip():
        return Score(False, 0.0, None, "the answer is empty")
    said = _without_article(normalize(answer, item.lang), item.lang)
    for position, target in enumerate(item.targets):
        if said == _normal_target(target, item.lang):
            rule = "exact" if position == 0 else "alias"
            return Score(True, 1.0, rule, _explain(answer, target))
    return Score(False, 0.0, None, "is not one of the accepted answers")


@lru_cache(maxsize=4096)
def _normal_target(target: str, lang: str) -> str:
    return _without_article(normalize(target, lang), lang)


def _without_article(normal: str, lang: str) -> str:
    """Drop an article before a normal form, as its language writes it."""
    articles = language(lang).articles
    head, space, rest = normal.partition(" ")
    if space and head in articles:
        return rest
    head, mark, rest = normal.partition("'")
    return rest if mark and rest and head + mark in articles else normal


def _explain(answer: str, target: str) -> str:
    if answer == target:
        return f"equals {target!r}"
    return f"equals {target!r} but for case, spacing, width, punctuation or an article"
