"""TQB++'s two figures, so that its users find the numbers they know.

Both texts are brought to NFKC and lower-cased, ASCII punctuation but the
hyphen becomes space, English articles go, space is folded
(the normalization of SQuAD, with space for punctuation). EM is 1 when the two are then equal; LR is
``1 - d / max(len)`` with `d` their Levenshtein distance, to the third decimal. Only the label
counts: TQB++ knows no aliases. In a report the share of passes is EM and `mean_score` is LR.
"""

from __future__ import annotations

import re
import string
import unicodedata

from tqb.types import Item, Score

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation.replace('-', ''))}]")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def score_tqbpp(answer: str, item: Item) -> Score:
    """Pass on EM 1; the score is LR."""
    from rapidfuzz.distance import Levenshtein

    said, wanted = _normalize(answer), _normalize(item.label)
    ratio = round(Levenshtein.normalized_similarity(said, wanted), 3)
    matched = said == wanted
    explanation = f"TQB++ EM {int(matched)}, LR {ratio:.3f}"
    return Score(matched, ratio, "tqbpp-em" if matched else None, explanation)


def _normalize(text: str) -> str:
    text = _PUNCTUATION.sub(" ", unicodedata.normalize("NFKC", text).lower())
    return " ".join(_ARTICLES.sub(" ", text).split())
