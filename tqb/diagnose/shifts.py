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
from statistics import correlation, fmean, median
from typing import Literal

from tqb.diagnose.case import Pair
from tqb.signs import pieces, scripts_in

Kind = Literal[
    "unknown",
    "same",
    "constant",
    "lost",
    "multiple",
    "context",
    "cut",
    "beside",
    "content",
    "irregular",
]

LEAST = 4
"""Items with a count from which on a pattern is looked for."""
LEAST_BESIDE = 20
"""Items from which on a length tells whether it explains a count."""
MOST_OF = 0.7
"""Share of the items that must move alike."""
FAR = 0.06
"""Share of the items that may move by another number though nothing tells them from the rest."""

_SPECIAL = re.compile(r"<\|\w+\|>|</?s>|\[/?INST\]|<\w+_of_\w+>")


@dataclass(frozen=True, slots=True)
class Shift:
    """What became of the prompt tokens."""

    kind: Kind
    """- unknown: too few counts; same: no count moved.
    - constant: most by the same number (`size`). lost: all prompts are `size` tokens long.
    - multiple: `size` times what they were, but for a constant. cut: the long ones are shorter.
    - context: each moved with the length of its context; `size` is -1 where it was lost, else 1.
    - beside: each is longer (`size` 1) or shorter (-1), whatever the length of its question.
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
        or _beside(known)
        or _other(known)
    )
    return Shift(kind, size, odd, len(known), trait, totals)


_Found = tuple[Kind, int, tuple[Pair, ...], str]


def _before(pair: Pair) -> int:
    return pair.before.prompt_tokens or 0


def _after(pair: Pair) -> int:
    return pair.after.prompt_tokens or 0


def _lost(pairs: Sequence[Pair]) -> _Found | None:
    """All prompts are as long as each other, and were not; or all that moved are."""
    changed = [pair for pair in pairs if pair.shift]
    for group in (pairs, changed):
        size, times = Counter(map(_after, group)).most_common(1)[0]
        lost = tuple(pair for pair in group if _after(pair) == size)
        if times >= 0.9 * len(group) and len(set(map(_before, lost))) >= LEAST:
            return "lost", size, lost, ""
    return None


def _constant(pairs: Sequence[Pair]) -> _Found | None:
    """Most moved by the same number; or all plain questions did, and others by more.

    The first and the last piece of a question may join with what stands next to them, so that one
    token more or less is the same number. What is done to the text itself has no such bound.
    """
    plain = [pair for pair in pairs if not _odd(pair.result.question)]
    for group, least in ((pairs, MOST_OF), (plain, 0.9)):
        if len(group) < LEAST:
            continue
        counts = Counter(pair.shift or 0 for pair in group)
        if not any(counts):
            continue
        size = max((one for one in counts if one), key=lambda one: (_near(counts, one), counts[one]))
        far = [pair for pair in group if abs((pair.shift or 0) - size) > 1]
        near = len(group) - len(far)
        if near < least * len(group) or counts[0] > 0.35 * len(group):
            continue
        if counts[size] < 0.9 * len(group) and _grows(group):
            continue
        others = tuple(pair for pair in pairs if abs((pair.shift or 0) - size) > 1)
        trait, of_content = _trait(others, pairs)
        if len(far) > FAR * len(group) and not of_content:
            continue
        exact = tuple(pair for pair in pairs if pair.shift != size)
        return "constant", size, exact, trait
    return None


def _near(counts: Mapping[int, int], size: int) -> int:
    return counts.get(size - 1, 0) + counts.get(size, 0) + counts.get(size + 1, 0)


def _grows(pairs: Sequence[Pair]) -> bool:
    """Whether longer questions moved further."""
    seen = _by_length(pairs, lambda pair: abs(pair.shift or 0))
    return seen is not None and seen > 0.35


def _odd(question: str) -> bool:
    """Whether a question has more than plain words of ASCII on one line."""
    return not question.isascii() or not re.fullmatch(r"[\w ,.?!:;-]+", question)


def _multiple(pairs: Sequence[Pair]) -> _Found | None:
    """Each count is twice, or three times, what it was, but for a constant."""
    for factor in (2, 3, 4, 5):
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
    """Long prompts are shorter, short ones are as they were; or none depends on its question."""
    shrunk = tuple(pair for pair in pairs if (pair.shift or 0) < 0)
    grown = sum((pair.shift or 0) > 0 for pair in pairs)
    if not shrunk or grown > 0.05 * len(pairs):
        return None
    kept = [pair for pair in pairs if not pair.shift]
    longest = max(map(_after, shrunk))
    if _limited(shrunk, kept) or _levelled(pairs, kept) or _free_of_length(pairs):
        return "cut", longest, shrunk, ""
    return None


def _limited(shrunk: Sequence[Pair], kept: Sequence[Pair]) -> bool:
    """Whether just the questions of more than so many characters lost tokens."""
    if len(shrunk) < 3 or len(kept) < 3:
        return False
    limit = max(len(pair.result.question) for pair in kept)
    below = sum(len(pair.result.question) <= limit for pair in shrunk)
    least = min(len(pair.result.question) for pair in shrunk)
    above = sum(len(pair.result.question) >= least for pair in kept)
    return min(below, above) <= 0.1 * min(len(shrunk), len(kept))


def _levelled(pairs: Sequence[Pair], kept: Sequence[Pair]) -> bool:
    """Whether prompts are more alike in length than they were, the long ones made shorter."""
    spread_now, spread_then = _spread(map(_after, pairs)), _spread(map(_before, pairs))
    if spread_now >= 0.6 * spread_then:
        return False
    if not kept:
        return spread_now <= 0.25 * spread_then
    return median(map(_before, kept)) < median(
        _before(pair) for pair in pairs if (pair.shift or 0) < 0
    )


def _free_of_length(pairs: Sequence[Pair]) -> bool:
    """Whether prompts were longer for longer questions of a language, and are so no more."""
    was, now = _by_length(pairs, _before), _by_length(pairs, _after)
    return was is not None and now is not None and was > 0.7 and now < 0.3


def _beside(pairs: Sequence[Pair]) -> _Found | None:
    """Each prompt is longer, or each is shorter, by a number that its question does not explain."""
    shifts = [pair.shift or 0 for pair in pairs]
    sign = 1 if median(shifts) > 0 else -1
    if sum(shift * sign >= 2 for shift in shifts) < 0.95 * len(shifts):
        return None
    seen = _by_length(pairs, lambda pair: abs(pair.shift or 0))
    if len(pairs) < LEAST_BESIDE or seen is None or abs(seen) > 0.2:
        return None
    return "beside", sign, tuple(pairs), ""


def _by_length(pairs: Sequence[Pair], value: Callable[[Pair], int]) -> float | None:
    """Correlate a count with the length of the question, each from the mean of its language."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.result.language, []).append(pair)
    sizes, values = [], []
    for group in groups.values():
        size = fmean(pieces(pair.result.question) for pair in group)
        mean = fmean(map(value, group))
        sizes += [pieces(pair.result.question) - size for pair in group]
        values += [value(pair) - mean for pair in group]
    if len(pairs) < LEAST or not any(sizes) or not any(values):
        return None
    return correlation(sizes, values)


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
    return bool(more) and 2 * sum(map(has_special, more)) > len(more)


def has_special(pair: Pair) -> bool:
    """Whether the question holds what some models use as special tokens."""
    return _SPECIAL.search(pair.result.question) is not None
