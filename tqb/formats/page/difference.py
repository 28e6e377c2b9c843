"""An answer beside the accepted answer that is nearest to it, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

Mark = Literal["same", "missing", "extra"]
"""missing stands in the accepted answer alone, extra in the answer alone."""
Part = tuple[Mark, str]

LONGEST = 1_000
"""Characters of an answer that is compared, and those compared of an accepted one."""
MOST_TARGETS = 20
"""Accepted answers looked at."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|\s+|[^\w\s]")


def difference(answer: str, targets: Sequence[str]) -> tuple[Part, ...]:
    """Mark what an answer has beside the nearest of the accepted answers, and what it lacks.

    Han and kana count as words each. Nothing comes of an answer that is longer than `LONGEST`.
    """
    if len(answer) > LONGEST:
        return ()
    said = _words(answer)
    nearest = _nearest(said, [_words(target) for target in targets[:MOST_TARGETS]])
    parts: list[Part] = []
    for operation, a, b, c, d in SequenceMatcher(None, nearest, said, False).get_opcodes():
        if operation == "equal":
            parts.append(("same", "".join(said[c:d])))
            continue
        if b > a:
            parts.append(("missing", "".join(nearest[a:b])))
        if d > c:
            parts.append(("extra", "".join(said[c:d])))
    return tuple(parts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:LONGEST])


def _nearest(said: list[str], targets: Sequence[list[str]]) -> list[str]:
    """Return the target with the largest share of words in common, whatever their case."""
    lower = [word.casefold() for word in said]

    def likeness(target: list[str]) -> float:
        return SequenceMatcher(None, [word.casefold() for word in target], lower, False).ratio()

    return targets[0] if len(targets) == 1 else max(targets, key=likeness, default=[])
