"""The default scorer: the rules of a careful person, in a fixed order."""

from __future__ import annotations

from tqb.scorers.exact import score_exact
from tqb.scorers.stated import judge, visible
from tqb.scorers.subject import subject, wanted
from tqb.types import Item, Score

LONGEST = 8_000
"""Characters of an answer that are read: of a longer one, the beginning and the end."""


def score_default(answer: str, item: Item) -> Score:
    """Pass an answer that is a target, or states one and does not take it back."""
    text = visible(_ends(answer))
    exact = score_exact(text, item)
    if exact.passed or not text:
        return exact
    about = subject(item.text, item.lang)
    failed = exact
    for target in item.targets:
        found = judge(text, wanted(target, item.lang), about)
        if found.passed:
            return Score(True, 1.0, found.rule, found.why)
        if failed is exact:
            failed = Score(False, 0.0, None, found.why)
    return failed


def _ends(answer: str) -> str:
    half = LONGEST // 2
    return answer if len(answer) <= LONGEST else f"{answer[:half]}\n{answer[-half:]}"
