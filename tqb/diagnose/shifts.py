"""How the prompt tokens of the same questions moved: a pure function of two counts an item.

What is wrapped around a question is the same for all of them, so a template moves every count by
one number. What is done to the question itself moves it in proportion, or not at all. Another
tokenizer moves each count by a number of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import correlation, median
from typing import Literal

from tqb.diagnose.case import Pair
from tqb.signs import pieces, scripts_in

Kind = Literal[
    "unknown", "same", "constant", "lost", "multiple", "context", "cut", "content", "irregular"
]

LEAST = 4
"""Items with a count from which on a pattern is looked for."""
MOST_OF = 0.7
"""Share of the items that must move alike."""

_SPECIAL = re.compile(r"<\|\w+\|>|</?s>|\[/?INST\]|<\w+_of_\w+>")


@dataclass(frozen=True, slots=True)
class Shift:
    """What became of the prompt tokens."""

    kind: Kind
    """- unknown: too few counts; same: no count moved.
    - constant: most by the same number (`size`). lost: all prompts are `size` tokens long.
    - multiple: `size` times what they were, but for a constant. cut: the long ones are shorter.
    - context: each moved with the length of its context; `size` is -1 where it was lost, else 1.
    - content: only questions with certain characters moved (`trait`). irregular: each by its own.
    """
    size: int = 0
    moved: tuple[Pair, ...] = ()
    """Items that moved; of a constant shift, those that moved by another number."""
    n: int = 0
    """Items with both counts."""
    trait: str = ""
    """What the questions that moved have in common."""
    tokens: tuple[int, int] = (0, 0)
    """All prompt tokens before and now."""


def measure(pairs: Sequence[Pair]) -> Shift:
    """Name the pattern in which the counts moved."""
    known = [pair for pair in pairs if pair.shift is not None]
    totals = (sum(map(_before, known)), sum(map(_after, known)))
    changed = tuple(pair for pair in known if pair.shift)
    if not changed:
        return Shift("same" if known else "unknown", n=len(known), tokens=totals)
    if len(known) < LEAST:
        sizes = {pair.shift or 0 for pair in known}
        kind: Kind = "constant" if len(sizes) == 1 else "irregular"
        return Shift(kind, min(sizes), changed, len(known), tokens=totals)
    kind, size, odd, trait = (
        _lost(known)
        or _constant(known)
        or _multiple(known)
        or _context(known)
        or _cut(known)
        or _other(known)
    )
    return Shift(kind, size, odd, len(known), trait, totals)


_Found = tuple[Kind, int, tuple[Pair, ...], str]


def _before(pair: Pair) -> int:
    return pair.before.prompt_tokens or 0


def _after(pair: Pair) -> int:
    return pair.after.prompt_tokens or 0


def _lost(pairs: Sequence[Pair]) -> _Found | None:
    """All prompts are as long as each other, and were not."""
    sizes = Counter(map(_after, pairs))
    size, times = sizes.most_common(1)[0]
    if times < 0.9 * len(pairs) or len(set(map(_before, pairs))) < LEAST:
        return None
    return "lost", size, tuple(pair for pair in pairs if _after(pair) == size), ""


def _constant(pairs: Sequence[Pair]) -> _Found | None:
    """Most moved by the same number; or all plain questions did, and others by more."""
    plain = [pair for pair in pairs if not _odd(pair.result.question)]
    for group, most in ((pairs, MOST_OF), (plain, 0.9)):
        size, times = (
            Counter(pair.shift or 0 for pair in group).most_common(1)[0] if group else (0, 0)
        )
        if size and times >= most * len(group) and len(group) >= LEAST:
            others = tuple(pair for pair in pairs if pair.shift != size)
            return "constant", size, others, _trait(others, pairs)[0]
    return None


def _odd(question: str) -> bool:
    """Whether a question has more than plain words of ASCII on one line."""
    return not question.isascii() or not re.fullmatch(r"[\w ,.?!:;-]+", question)


def _multiple(pairs: Sequence[Pair]) -> _Found | None:
    """Each count is twice, or three times, what it was, but for a constant."""
    for factor in (2, 3):
        rests = [factor * _before(pair) - _after(pair) for pair in pairs]
        rest = median(rests)
        if sum(abs(one - rest) <= 2 for one in rests) >= 0.8 * len(pairs):
            return "multiple", factor, tuple(pairs), ""
    return None


def _context(pairs: Sequence[Pair]) -> _Found | None:
    """Each moved as far as its context is long."""
    having = [pair for pair in pairs if pair.result.context_pieces]
    without = [pair for pair in pairs if not pair.result.context_pieces]
    if len(having) < LEAST or sum(bool(p.shift) for p in without) > 0.1 * len(without):
        return None
    sizes = [float(pair.result.context_pieces) for pair in having]
    shifts = [float(pair.shift or 0) for pair in having]
    if len(set(sizes)) < LEAST or len(set(shifts)) < LEAST:
        return None
    seen = correlation(sizes, shifts)
    of_question = correlation([float(pieces(pair.result.question)) for pair in having], shifts)
    if abs(seen) < 0.75 or abs(seen) < abs(of_question):
        return None
    sign = 1 if seen > 0 else -1
    if any((pair.shift or 0) * sign < 0 for pair in having):
        return None
    return "context", sign, tuple(having), ""


def _cut(pairs: Sequence[Pair]) -> _Found | None:
    """Long prompts are shorter, short ones are as they were."""
    shrunk = tuple(pair for pair in pairs if (pair.shift or 0) < 0)
    grown = sum((pair.shift or 0) > 0 for pair in pairs)
    longest = max(map(_after, pairs))
    kept = [pair for pair in pairs if not pair.shift]
    spread_now, spread_then = _spread(map(_after, pairs)), _spread(map(_before, pairs))
    if not shrunk or grown > 0.05 * len(pairs) or spread_now >= 0.6 * spread_then:
        return None
    if not kept and spread_now > 0.25 * spread_then:
        return None
    if kept and median(map(_before, kept)) >= median(map(_before, shrunk)):
        return None
    return "cut", longest, shrunk, ""


def _spread(values: object) -> float:
    ordered = sorted(values)  # type: ignore[call-overload]
    n = len(ordered)
    return float(ordered[(9 * n) // 10] - ordered[n // 10])


def _other(pairs: Sequence[Pair]) -> _Found:
    """Only questions with certain characters moved, or each by a number of its own."""
    changed = tuple(pair for pair in pairs if pair.shift)
    trait, of_content = _trait(changed, pairs)
    return ("content" if of_content else "irregular"), 0, changed, trait


def _has(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern)
    return lambda question: found.search(question) is not None


CONTENT: Mapping[str, Callable[[str], bool]] = {
    "more than one line": _has(r"\S\s*\n\s*\S"),
    "quotes or markup": _has(r"[\"'<>&`]"),
    "braces or format signs": _has(r"[{}%$\\]"),
    "white space at an end, or several in a row": _has(r"^\s|\s$|[ \t]{2}|\t|\n{2}"),
    "special tokens": lambda question: _SPECIAL.search(question) is not None,
}
"""What a template may do something to."""

CHARACTERS: Mapping[str, Callable[[str], bool]] = {
    "letters beyond ASCII": lambda text: any(c.isalpha() and not c.isascii() for c in text),
    "letters with marks": lambda text: any(
        len(unicodedata.normalize("NFD", c)) > 1
        and "a" <= unicodedata.normalize("NFD", c)[0].lower() <= "z"
        for c in text
    ),
    "another script than Latin": lambda text: bool(scripts_in([text]) - {"latin"}),
    "digits": _has(r"\d"),
    "capitals": _has(r"[A-Z]"),
}
"""What a tokenizer may cut otherwise."""


def _trait(changed: Sequence[Pair], pairs: Sequence[Pair]) -> tuple[str, bool]:
    """Return what tells the questions that moved from the others best, and whether it is content.

    Content explains a change only if hardly a question without it moved.
    """
    moved_keys = {pair.key for pair in changed}
    if not moved_keys or len(moved_keys) == len(pairs):
        return "", False
    scores = {}
    for name, test in {**CONTENT, **CHARACTERS}.items():
        having = {pair.key for pair in pairs if test(pair.result.question)}
        both = len(having & moved_keys)
        precision = both / len(having) if having else 0.0
        recall = both / len(moved_keys)
        if name in CONTENT and recall < 0.9:
            continue
        scores[name] = precision * recall
    best = max(scores, key=lambda name: scores[name], default="")
    if not best or scores[best] < 0.2:
        return "", False
    return best, best in CONTENT


def by_language(pairs: Sequence[Pair]) -> dict[str, float]:
    """Return by how much the prompts of each language grew, as a share, sorted by its tag."""
    totals: dict[str, list[int]] = {}
    for pair in pairs:
        if pair.shift is not None:
            sums = totals.setdefault(pair.result.language, [0, 0])
            sums[0] += _before(pair)
            sums[1] += _after(pair)
    return {tag: round(now / was - 1, 4) for tag, (was, now) in sorted(totals.items()) if was}


def splits_special(shift: Shift) -> bool:
    """Whether special tokens are cut: all requests pay for theirs, and hardly others pay more."""
    if shift.kind != "constant" or shift.size <= 0:
        return False
    more = [pair for pair in shift.moved if (pair.shift or 0) >= shift.size + 3]
    return bool(more) and 2 * sum(map(has_special, more)) > len(shift.moved)


def has_special(pair: Pair) -> bool:
    """Whether the question holds what some models use as special tokens."""
    return _SPECIAL.search(pair.result.question) is not None
