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

_WORD = re.compile(r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|[^\w\s])")
"""A word with the space before it, which counts for nothing."""


def difference(answer: str, targets: Sequence[str]) -> tuple[Part, ...]:
    """Mark what an answer has beside the nearest of the accepted answers, and what it lacks.

    Han and kana count as words each. Nothing comes of an answer that is longer than `LONGEST`.
    """
    if len(answer) > LONGEST:
        return ()
    said = _words(answer)
    nearest = _nearest(said, [_words(target) for target in targets[:MOST_TARGETS]])
    parts: list[Part] = []
    for operation, a, b, c, d in _match(nearest, said).get_opcodes():
        if operation == "equal":
            _add(parts, "same", said[c:d])
        else:
            _add(parts, "missing", nearest[a:b])
            _add(parts, "extra", said[c:d])
    return tuple(parts)


def _add(parts: list[Part], mark: Mark, words: list[str]) -> None:
    """Add a part; the space before it has no mark."""
    text = "".join(words)
    bare = text.lstrip()
    if mark != "same" and bare != text:
        parts.append(("same", text[: -len(bare)]))
        text = bare
    if text:
        parts.append((mark, text))


def _match(first: list[str], second: list[str]) -> SequenceMatcher[str]:
    bare, other = ([word.strip() for word in words] for words in (first, second))
    return SequenceMatcher(None, bare, other, autojunk=False)


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:LONGEST])


def _lower(words: list[str]) -> list[str]:
    return [word.casefold() for word in words]


def _nearest(said: list[str], targets: Sequence[list[str]]) -> list[str]:
    """Return the target with the largest share of words in common, whatever their case."""

    def likeness(target: list[str]) -> float:
        return _match(_lower(target), _lower(said)).ratio()

    return targets[0] if len(targets) == 1 else max(targets, key=likeness, default=[])
