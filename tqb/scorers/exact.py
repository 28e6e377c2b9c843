"""The answer equals a target once both are normalized."""

from __future__ import annotations

from tqb.scorers.normalize import normalize
from tqb.types import Item, Score


def score_exact(answer: str, item: Item) -> Score:
    """Pass when the answer and a target have one normal form, whatever their case and spacing."""
    if not answer.strip():
        return Score(False, 0.0, None, "the answer is empty")
    said = normalize(answer, item.lang)
    for position, target in enumerate(item.targets):
        if said == normalize(target, item.lang):
            rule = "exact" if position == 0 else "alias"
            return Score(True, 1.0, rule, _explain(answer, target))
    return Score(False, 0.0, None, "is not one of the accepted answers")


def _explain(answer: str, target: str) -> str:
    if answer == target:
        return f"equals {target!r}"
    return f"equals {target!r} but for case, spacing, width or punctuation"
