"""How the prompt tokens of the same questions moved: a pure function of two counts an item.

What is wrapped around a question is the same for all of them, so a template moves every count by
one number. What is done to the question itself moves it in proportion, or not at all. Another
tokenizer moves each count by a number of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
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
    "escaped",
    "content",
    "irregular",
]

LEAST = 4
"""Items with a count from which on a pattern is looked for."""
LEAST_BESIDE = 20
"""Items from which on a length tells whether it explains a count."""
MOST_OF = 0.7
"""Share of the items that must move alike."""
MOST_KEPT = 0.6
"""Share of the items that may not have moved at all where the others moved alike."""
ESCAPED = 1.6
"""Tokens that a letter takes more, at least, when it is written as ``\\u00e9``; bytes take 1."""
MOST_READ = 2_000
"""Questions that are read for what they have in common."""
FLAT = 0.4
"""Most of the difference between long and short questions that is left where they are cut."""
MOST_BEFORE = 6
"""Questions before one that may stand in its prompt, too."""
ALIKE = 0.15
"""Most of a number of tokens by which numbers of about its size differ."""
UNEXPLAINED = 0.35
"""Most of a correlation with the length of the question that explains nothing."""
MOST_SIZES = 4
"""Numbers by which questions moved that are few, where there are more questions by far."""
FAR = 0.03
"""Share of the items that may move by another number though nothing tells them from the rest."""

_SPECIAL = re.compile(r"<\|\w+\|>|</?s>|\[/?INST\]|<\w+_of_\w+>")


@dataclass(frozen=True, slots=True)
class Shift:
    """What became of the prompt tokens."""

    kind: Kind
    """- unknown: too few counts; same: no count moved.
    - constant: most by the same number (`size`). lost: all prompts are `size` tokens long.
    - multiple: `size` times what they were, but for a constant. cut: the long ones are shorter.
    - context: each moved with its context; `size` is -1 where it was lost, 1 where it came twice or
      in addition, 0 where it is another one.
    - beside: each is longer (`size` 1) or shorter (-1), whatever the length of its question.
    - escaped: each by what stands for the characters in it that are escaped (`trait`).
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
        or _escaped(known)
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
        counts = Counter(pair.shift or 0 for pair in group)
        if len(group) < LEAST or not any(counts):
            continue
        size = max(
            (one for one in counts if one), key=lambda one: (_near(counts, one), counts[one])
        )
        unmoved, moved = counts[0] / len(group), counts[size] / len(group)
        if _near(counts, size) < least * len(group) or unmoved > MOST_KEPT or moved < MOST_KEPT / 2:
            continue
        if moved < 0.8 and not _of_edges(plain if len(plain) >= LEAST else pairs):
            continue
        far = [pair for pair in pairs if abs((pair.shift or 0) - size) > 1]
        told = sum(_is_content(pair, size) for pair in far)
        if len(far) > FAR * len(pairs) and told < 0.8 * len(far):
            continue
        exact = tuple(pair for pair in pairs if pair.shift != size)
        if abs(size) == 1 and _of_letters(exact, pairs):
            continue
        return "constant", size, exact, _trait(far, pairs)[0]
    return _one_of_few(pairs) or _constant_in_some(pairs)


def _one_of_few(pairs: Sequence[Pair]) -> _Found | None:
    """All moved by one of a few numbers, each that of many questions, whatever their length.

    So does an instruction that is written in the language of its question.
    """
    counts = Counter(pair.shift or 0 for pair in pairs)
    usual = {size: n for size, n in counts.items() if n >= max(LEAST, 0.05 * len(pairs))}
    few = len(pairs) >= LEAST_BESIDE and 1 < len(usual) <= MOST_SIZES
    if not few or sum(usual.values()) < 0.9 * len(pairs) or min(map(abs, usual)) < 3:
        return None
    if max(usual) - min(usual) < 2 * len(usual):
        return None  # neighbours: so many more of something in each question
    size = counts.most_common(1)[0][0]
    return "constant", size, tuple(pair for pair in pairs if pair.shift != size), ""


def _constant_in_some(pairs: Sequence[Pair]) -> _Found | None:
    """All that moved did so by one number, whatever their length; the others not at all."""
    changed = [pair for pair in pairs if pair.shift]
    size = _usual(changed, 0.95) if len(changed) >= 0.2 * len(pairs) else 0
    if not size or len(set(map(_before, changed))) < LEAST:
        return None
    return "constant", size, tuple(pair for pair in pairs if pair.shift != size), ""


def _usual(pairs: Sequence[Pair], least: float) -> int:
    """Return the number by which so many of the pairs moved, if it is more than an edge; else 0."""
    size, times = Counter(pair.shift or 0 for pair in pairs).most_common(1)[0]
    return size if times >= least * len(pairs) and abs(size) >= 3 else 0


def _spoken(pairs: Iterable[Pair]) -> Iterable[list[Pair]]:
    """Return the questions of each language."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.result.language, []).append(pair)
    return groups.values()


def _is_content(pair: Pair, size: int) -> bool:
    """Whether a template may have done more to a question than to others: what it has tells.

    Letters that were escaped take so many tokens as no tokenizer needs.
    """
    question = pair.result.question
    if any(test(question) for test in CONTENT.values()):
        return True
    letters = sum(not letter.isascii() for letter in question)
    return bool(letters) and (pair.shift or 0) - size >= ESCAPED * letters


def _of_letters(odd: Sequence[Pair], pairs: Sequence[Pair]) -> bool:
    """Whether those that did not move alike are the questions with letters beyond ASCII."""
    foreign = {pair.key for pair in pairs if any(not c.isascii() for c in pair.result.question)}
    told = foreign.intersection(pair.key for pair in odd)
    return len(told) >= max(LEAST, 0.9 * len(odd), 0.6 * len(foreign))


def _near(counts: Mapping[int, int], size: int) -> int:
    return counts.get(size - 1, 0) + counts.get(size, 0) + counts.get(size + 1, 0)


def _of_edges(pairs: Sequence[Pair]) -> bool:
    """Whether questions that begin and end alike moved alike.

    These end with the same mark and begin with the same word, or are of the same language.
    """
    begun: dict[tuple[str, str], list[int]] = {}
    spoken: dict[tuple[str, str], list[int]] = {}
    for pair in pairs:
        words = pair.result.question.split() or [""]
        begun.setdefault((words[0], words[-1][-1:]), []).append(pair.shift or 0)
        spoken.setdefault((pair.result.language, words[-1][-1:]), []).append(pair.shift or 0)
    return any(_alike(list(groups.values()), len(pairs)) for groups in (begun, spoken))


def _alike(groups: Sequence[Sequence[int]], n: int) -> bool:
    """Whether each group moved by one number, and groups of several are most of all."""
    large = [group for group in groups if len(group) >= 3]
    members = sum(map(len, large))
    same = sum(Counter(group).most_common(1)[0][1] for group in large)
    return members >= 0.3 * n and same >= 0.95 * members


def _odd(question: str) -> bool:
    """Whether a question has more than plain words of ASCII on one line."""
    return not question.isascii() or not re.fullmatch(r"[\w ,.?!:;-]+", question)


def _multiple(pairs: Sequence[Pair]) -> _Found | None:
    """Each count is twice, or three times, what it was, but for a constant."""
    if sum(not pair.shift for pair in pairs) > 0.1 * len(pairs):
        return None
    for factor in (2, 3, 4, 5):
        rests = [factor * _before(pair) - _after(pair) for pair in pairs]
        rest = median(rests)
        if _spread(rests) > 0.5 * _spread(pair.shift or 0 for pair in pairs):
            continue  # one number more for each explains it as well
        if sum(abs(one - rest) <= 2 for one in rests) >= 0.8 * len(pairs):
            return "multiple", factor, tuple(pairs), ""
    return None


def _context(pairs: Sequence[Pair]) -> _Found | None:
    """Each moved as far as its context is long; or those with a context did, and no others."""
    having = [pair for pair in pairs if pair.result.context_pieces]
    without = [pair for pair in pairs if not pair.result.context_pieces]
    if len(having) < LEAST or sum(bool(p.shift) for p in without) > 0.1 * len(without):
        return None
    shifts = [pair.shift or 0 for pair in having]
    alone = len(without) >= LEAST and sum(map(bool, shifts)) >= 0.8 * len(having)
    more, less = (sum(s * sign > 0 for s in shifts) for sign in (1, -1))
    sign = 1 if more > less else -1
    if max(more, less) < 0.95 * len(having):
        return ("context", 0, tuple(having), "") if alone else None
    return ("context", sign, tuple(having), "") if alone or _of_context(having) else None


def _of_context(pairs: Sequence[Pair]) -> bool:
    """Whether requests moved with the length of their context rather than of their question."""
    sizes = [float(pair.result.context_pieces) for pair in pairs]
    shifts = [float(pair.shift or 0) for pair in pairs]
    if len(set(sizes)) < LEAST or len(set(shifts)) < LEAST:
        return False
    of_question = correlation([float(pieces(pair.result.question)) for pair in pairs], shifts)
    return abs(correlation(sizes, shifts)) >= max(0.75, abs(of_question))


def _cut(pairs: Sequence[Pair]) -> _Found | None:
    """Long prompts are shorter, short ones are as they were; or none depends on its question."""
    shrunk = tuple(pair for pair in pairs if (pair.shift or 0) < 0)
    grown = sum((pair.shift or 0) > 2 for pair in pairs)  # a mark of the cut takes one
    if not shrunk or grown > 0.05 * len(pairs):
        return None
    kept = [pair for pair in pairs if (pair.shift or 0) >= 0]
    longest = max(map(_after, shrunk))
    tests = (_limited(shrunk, kept), _levelled(pairs, kept), _free_of_length(pairs))
    if any(tests) or _emptied(pairs):
        return "cut", longest, shrunk, ""
    return None


def _limited(shrunk: Sequence[Pair], kept: Sequence[Pair]) -> bool:
    """Whether just the questions of more than so many characters lost tokens."""
    if len(shrunk) < 3 or len(kept) < 3:
        return False
    sizes = [(len(pair.result.question), True) for pair in shrunk]
    sizes += [(len(pair.result.question), False) for pair in kept]
    wrong = fewest = len(kept)
    for _, group in groupby(sorted(sizes), key=itemgetter(0)):
        wrong += sum(1 if is_shrunk else -1 for _, is_shrunk in group)
        fewest = min(fewest, wrong)
    return fewest <= 0.15 * min(len(shrunk), len(kept))


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


def _emptied(pairs: Sequence[Pair]) -> bool:
    """Whether all questions of a language are about as long as each other now, and were not."""
    return any(
        len(group) >= 2 * LEAST
        and sum((pair.shift or 0) < 0 for pair in group) >= 0.9 * len(group)
        and _spread(map(_after, group)) <= 0.35 * _spread(map(_before, group))
        for group in _spoken(pairs)
    )


def _free_of_length(pairs: Sequence[Pair]) -> bool:
    """Whether prompts were longer for longer questions, and are hardly so any more.

    Of a language that another tokenizer knows better little may be left, of plain ASCII most.
    """
    plain = [pair for pair in pairs if pair.result.question.isascii()]
    group, most = (plain, FLAT) if len(plain) >= 10 else (list(pairs), FLAT / 2)
    group.sort(key=_before)
    half = len(group) // 2
    if half < LEAST:
        return False
    then = median(map(_before, group[half:])) - median(map(_before, group[:half]))
    now = median(map(_after, group[half:])) - median(map(_after, group[:half]))
    return then >= 3 and now <= most * then


def _beside(pairs: Sequence[Pair]) -> _Found | None:
    """Each prompt is longer, or each is shorter, by a number that its question does not explain.

    Another tokenizer would cut a long question into many more pieces, and a short one into a few.
    """
    shifts = [pair.shift or 0 for pair in pairs]
    sign = 1 if median(shifts) > 0 else -1
    if len(pairs) < LEAST_BESIDE or sum(s * sign > 0 for s in shifts) < 0.95 * len(shifts):
        return None
    sizes = list(map(abs, shifts))
    by_tokens = _correlated(pairs, list(map(_before, pairs)), sizes)
    by_letters = _correlated(pairs, [len(pair.result.question) for pair in pairs], sizes)
    if by_tokens is None or by_letters is None:
        return None
    own = max(by_tokens, by_letters)
    alike = _spread(sizes) <= ALIKE * median(sizes)
    if own <= UNEXPLAINED and (sign < 0 or alike):
        return "beside", sign, tuple(pairs), ""
    if sign > 0 and _follows(pairs) > max(0.6, own):
        return "beside", sign, tuple(pairs), ""
    return None


def _escaped(pairs: Sequence[Pair]) -> _Found | None:
    """Questions grew by what escapes add, which is more than any tokenizer makes of them.

    It cuts a text into as many tokens as it has bytes at most; a letter in hexadecimal takes more.
    """
    grown = tuple(pair for pair in pairs if (pair.shift or 0) > 0)
    moved = sum(bool(pair.shift) for pair in pairs)
    if len(grown) < max(LEAST, 0.1 * len(pairs), 0.9 * moved):
        return None
    foreign = [pair for pair in pairs if _bytes(_FOREIGN, pair)]
    both = sum((pair.shift or 0) > 0 for pair in foreign)
    points = [(_bytes(_FOREIGN, pair), pair.shift or 0) for pair in pairs]
    if both >= 0.9 * max(len(grown), len(foreign)) and (slope(points) or 0) > 1:
        return "escaped", 0, grown, "letters beyond ASCII"
    plain = [pair for pair in grown if pair.result.question.isascii()]
    if len(plain) >= LEAST_BESIDE and len(grown) >= 0.9 * len(pairs) and _of_marks(plain):
        return "escaped", 0, grown, "spaces and marks"
    return None


def slope(points: Iterable[tuple[float, float]]) -> float | None:
    """Return by how much the second number grows with the first; None where too few tell.

    The median of the slopes from each point of the lower half to its like in the upper one (Theil's
    incomplete method).
    """
    ordered = sorted(points)
    half = len(ordered) // 2
    slopes = [
        (b[1] - a[1]) / (b[0] - a[0])
        for a, b in zip(ordered[:half], ordered[len(ordered) - half :], strict=True)
        if b[0] > a[0]
    ]
    return median(slopes) if len(slopes) >= LEAST else None


def _of_marks(pairs: Sequence[Pair]) -> bool:
    """Whether questions grew with their spaces and marks, as by ``%20``, not with their letters."""
    shifts = [float(pair.shift or 0) for pair in pairs]
    marks = [float(_bytes(_MARK, pair)) for pair in pairs]
    sizes = [float(len(pair.result.question)) for pair in pairs]
    if min(len(set(values)) for values in (shifts, marks, sizes)) < LEAST:
        return False
    enough = sum(shift >= ESCAPED * mark for shift, mark in zip(shifts, marks, strict=True))
    told = correlation(marks, shifts)
    return enough >= 0.9 * len(pairs) and told >= 0.8 and told > correlation(sizes, shifts)


_FOREIGN, _MARK = re.compile(r"[^\x00-\x7f]"), re.compile(r"[^\w.~-]")


def _bytes(kind: re.Pattern[str], pair: Pair) -> int:
    """Count the bytes of the characters of a kind in a question."""
    return sum(len(c.encode("utf-8", "replace")) for c in kind.findall(pair.result.question))


def _follows(pairs: Sequence[Pair]) -> float:
    """Correlate how far each prompt moved with the length of the questions before it, by ranks.

    Of the one before, of the two before, and so on; the closest.
    """
    sizes, best = [_before(pair) for pair in pairs], 0.0
    for window in range(1, MOST_BEFORE + 1):
        sums = [sum(sizes[place - window : place]) for place in range(window, len(sizes))]
        later = pairs[window:]
        best = max(best, _correlated(later, sums, [pair.shift or 0 for pair in later]) or 0.0)
    return best


def _correlated(pairs: Sequence[Pair], first: Sequence[int], second: Sequence[int]) -> float | None:
    """Correlate two numbers of each item, by ranks within each language.

    Spearman's coefficient; None where one of the two is the same for all.
    """
    groups: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        groups.setdefault(pair.result.language, []).append(place)
    one: list[float] = []
    other: list[float] = []
    for places in groups.values():
        one += _ranks([first[place] for place in places])
        other += _ranks([second[place] for place in places])
    if len(pairs) < LEAST or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return correlation(one, other)


def _ranks(values: Sequence[int]) -> list[float]:
    """Return the rank of each value from the middle, as a share; equal values share theirs."""
    places: dict[int, list[int]] = {}
    for place, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(place)
    middle, n = (len(values) - 1) / 2, len(values)
    return [(fmean(places[value]) - middle) / n for value in values]


def _spread(values: Iterable[float]) -> float:
    """Return the distance from the lowest tenth of the values to the highest."""
    ordered = sorted(values)
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
    "quotes or markup": _has(r"[\"'’“”<>&`]"),
    "braces or format signs": _has(r"[{}%$\\]"),
    "white space at an end, or several in a row": _has(r"^\s|\s$|[ \t]{2}|\t|\n{2}"),
    "characters that are not printed": lambda question: (
        not question.replace("\n", "").isprintable()
    ),
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
    pairs = pairs[:: -(-len(pairs) // MOST_READ) or 1]
    asked = {pair.key for pair in pairs}
    moved_keys = {pair.key for pair in changed} & asked
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
