"""The answer is nearly a target: a typing slip in a word, never in a number or a formula."""

from __future__ import annotations

import re

from tqb.scorers.exact import score_exact
from tqb.scorers.normalize import normalize
from tqb.types import Item, Score, Scorer

_NOT_WORDS = re.compile(r"[^\w\s'’.-]|[\d_]")
_LEAST_LETTERS = 5


def fuzzy_scorer(threshold: float) -> Scorer:
    """Return a scorer that tries `exact` first, then likeness.

    Likeness is ``1 - d / max(len)`` with `d` the Levenshtein distance of the normal forms
    (rapidfuzz's ``Levenshtein.normalized_similarity``). It is tried only where target and answer
    are both words: no digit, no operator, at least five letters.
    """

    def score_fuzzy(answer: str, item: Item) -> Score:
        exact = score_exact(answer, item)
        if exact.passed or not answer.strip():
            return exact
        likeness, target = max((_likeness(answer, t, item.lang), t) for t in item.targets)
        if likeness >= threshold:
            return Score(True, likeness, "fuzzy", f"{likeness:.2f} like {target!r}")
        if likeness == 0:
            return exact
        return Score(False, likeness, None, f"only {likeness:.2f} like {target!r}")

    return score_fuzzy


def _likeness(answer: str, target: str, lang: str) -> float:
    from rapidfuzz.distance import Levenshtein

    said, wanted = normalize(answer, lang), normalize(target, lang)
    if not (_is_words(said) and _is_words(wanted)):
        return 0.0
    return Levenshtein.normalized_similarity(said, wanted)


def _is_words(text: str) -> bool:
    return len(text) >= _LEAST_LETTERS and not _NOT_WORDS.search(text)
