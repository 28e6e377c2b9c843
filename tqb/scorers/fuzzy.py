"""The answer is nearly a target: a slip in a word, never in a number or a formula.

A slip leaves letters out, doubles or adds them, or swaps two that stand together; one letter for
another makes another word (nitrate, nitrite), and so does another beginning (acidosis, alkalosis).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tqb.scorers.exact import score_exact
from tqb.scorers.languages import language
from tqb.scorers.normalize import normal_target, normalize
from tqb.types import Item, Score, Scorer

_NOT_WORDS = re.compile(r"[^\w\s'’.-]|[\d_]")
_LEAST_LETTERS = 8
"""Letters of the shortest answer in which a slip can be told from another word."""
_BEGINNING = 3
"""Letters with which both must begin: the other prefix is often the opposite."""


def fuzzy_scorer(threshold: float | None = None, rivals: Iterable[str] = ()) -> Scorer:
    """Return a scorer that tries `exact` first, then likeness; see `nearly`."""
    others = tuple(rivals)

    def score_fuzzy(answer: str, item: Item) -> Score:
        exact = score_exact(answer, item)
        return exact if exact.passed else nearly(answer, item, threshold, others) or exact

    return score_fuzzy


def nearly(
    answer: str, item: Item, threshold: float | None = None, rivals: Iterable[str] = ()
) -> Score | None:
    """Say whether an answer is a target but for a slip; None where it is nothing like one.

    Likeness is ``1 - d / max(len)`` with `d` the optimal string alignment distance of the normal
    forms (rapidfuzz's ``OSA.normalized_similarity``).

    Args:
        answer: of the target.
        item: its `tolerance`, where it is relative ("10%"), decides over `threshold`.
        threshold: least likeness, 0 to 1; None takes that of the item's language.
        rivals: targets of all items; an answer as much like one of another item fails.
    """
    said = normalize(answer, item.lang)
    if not _is_words(said):
        return None
    likeness, target = _nearest(said, item.targets, item.lang)
    if likeness == 0:
        return None
    if likeness < _threshold(item, threshold):
        return Score(False, likeness, None, f"only {likeness:.2f} like {target!r}")
    own = {normal_target(one, item.lang) for one in item.targets}
    others = (rival for rival in rivals if normal_target(rival, item.lang) not in own)
    closest, rival = _nearest(said, others, item.lang)
    if closest >= likeness:
        return Score(False, 0.0, None, f"is as much like {rival!r} as like {target!r}")
    return Score(True, likeness, "fuzzy", f"{likeness:.2f} like {target!r}")


def may_slip(item: Item) -> bool:
    """Whether a target of an item is long enough for a slip, and nothing but words."""
    return any(_is_words(normal_target(target, item.lang)) for target in item.targets)


def _nearest(said: str, targets: Iterable[str], lang: str) -> tuple[float, str]:
    """Return the target most like a normal form, after how much it is."""
    found = ((_likeness(said, normal_target(target, lang)), target) for target in targets)
    return max(found, default=(0.0, ""))


def _threshold(item: Item, threshold: float | None) -> float:
    if isinstance(item.tolerance, str) and item.tolerance.endswith("%"):
        return 1 - float(item.tolerance[:-1]) / 100
    return language(item.lang).fuzzy if threshold is None else threshold


def _likeness(said: str, wanted: str) -> float:
    """Return how alike two words are, 0 where the difference is no slip."""
    if not _is_words(wanted) or said[:_BEGINNING] != wanted[:_BEGINNING]:
        return 0.0
    letters, others = Counter(said), Counter(wanted)
    if not (letters <= others or letters >= others) or _differ_in_a_short_word(said, wanted):
        return 0.0
    from rapidfuzz.distance import OSA

    return OSA.normalized_similarity(said, wanted)


def _differ_in_a_short_word(said: str, wanted: str) -> bool:
    """Whether a word too short for a slip is another: Wilhelm I, Wilhelm II."""
    pairs = zip(said.split(), wanted.split(), strict=False)
    return any(one != other and min(len(one), len(other)) < _SHORT for one, other in pairs)


_SHORT = 5
"""Letters of a word in which there is no slip."""


def _is_words(text: str) -> bool:
    return len(text) >= _LEAST_LETTERS and not _NOT_WORDS.search(text)
