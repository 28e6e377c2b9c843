"""The answer is a target, character for character."""

from __future__ import annotations

import re

from tqb.scorers.reading import without_reasoning
from tqb.types import Item, Score

_FENCE = re.compile("`{3,}|~{3,}")
_INLINE = re.compile(r"(`+)([^`]+)\1")


def score_verbatim(answer: str, item: Item) -> Score:
    """Pass when the answer equals a target, case and punctuation included.

    Set aside are reasoning blocks, the white space around the answer, and one Markdown code fence,
    or one pair of backticks, around the whole of it.
    """
    said = without_reasoning(answer).strip()
    if not said:
        return Score(False, 0.0, None, "the answer is empty")
    for target in item.targets:
        if target.strip() in (said, _unwrapped(said)):
            return Score(True, 1.0, "verbatim", f"is {target!r}, character for character")
    return Score(False, 0.0, None, f"is not {item.label!r}, character for character")


def _unwrapped(text: str) -> str:
    """Take off one code fence or one pair of backticks."""
    inline = _INLINE.fullmatch(text)
    fence = _FENCE.match(text)
    if fence and "\n" in text:
        content = text.partition("\n")[2].removesuffix(fence[0])
        return text if fence[0] in content else content.strip()
    return inline[2].strip() if inline else text
