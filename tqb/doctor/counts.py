"""Usage: are tokens counted, and can the counts be true?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tqb.doctor.case import Case, Pair, check, finding
from tqb.doctor.records import Check
from tqb.text import count
from tqb.tokens import prompt_bounds
from tqb.types import Finding

CLEARLY = 2
"""Times the characters of another question that make one longer in any tokenizer."""
ADVICE = "Who fills in `usage`: the server, a gateway, or a wrapper of your own?"


def look(case: Case) -> Check:
    """Look at the counts of tokens."""
    pairs = case.answered()
    counted = [pair for pair in pairs if pair[1].prompt_tokens is not None]
    if not counted:
        return check("usage", (), ("unknown", "the target tells no token counts"))
    found = [
        *_missing(pairs, counted),
        *_unordered(case),
        *_constant(case),
        *_prompts(case, counted),
        *_answers(pairs),
    ]
    sizes = [reply.prompt_tokens or 0 for _, reply in counted]
    said = (
        f"{count(len(counted), 'answer')} tell counts that can be true: {min(sizes):,} to "
        f"{max(sizes):,} prompt tokens, more for longer questions"
    )
    return check("usage", found, ("ok", said))


def _missing(pairs: Sequence[Pair], counted: Sequence[Pair]) -> Iterator[Finding]:
    if len(counted) < len(pairs):
        yield finding(
            "infrastructure",
            "usage-missing",
            0.4,
            f"{len(pairs) - len(counted)} of {count(len(pairs), 'answer')} tell no token counts.",
            ADVICE,
            [probe.key for probe, reply in pairs if reply.prompt_tokens is None],
        )


def _constant(case: Case) -> Iterator[Finding]:
    """Counts do not grow with the question, though the question reaches the model."""
    plain = [*case.answered("plain", "template")]
    sizes = {reply.prompt_tokens for _, reply in plain}
    right, _ = case.repeated
    if len(plain) < 3 or len(sizes) > 1 or right < 2:
        return
    yield finding(
        "infrastructure",
        "usage-constant",
        0.8,
        f"Every request is said to have {next(iter(sizes))} prompt tokens, whatever is asked, "
        "though the questions reach the model.",
        ADVICE,
        [probe.key for probe, _ in plain],
        prompt_tokens=next(iter(sizes)),
    )


def _unordered(case: Case) -> Iterator[Finding]:
    """Questions that are twice as long are said to have fewer tokens."""
    points = sorted(
        (len(probe.request.item.text), reply.prompt_tokens)
        for probe, reply in case.answered("plain", "again", "limit", "template")
        if reply.prompt_tokens is not None and probe.request.item.text.isascii()
    )
    apart = [
        (few, many)
        for place, (size, few) in enumerate(points)
        for longer, many in points[place + 1 :]
        if longer >= CLEARLY * size
    ]
    wrong = sum(many < few for few, many in apart)
    if wrong >= 3 and wrong > 0.2 * len(apart):
        yield finding(
            "infrastructure",
            "usage-unordered",
            0.7,
            f"Token counts do not grow with the question: of {count(len(apart), 'pair')} where "
            f"one is twice as long, that one has fewer prompt tokens in {wrong}.",
            ADVICE,
            pairs=len(apart),
            wrong=wrong,
        )


def _prompts(case: Case, counted: Sequence[Pair]) -> Iterator[Finding]:
    """Counts that no tokenizer could bring."""
    few, many = [], []
    for probe, reply in counted:
        fewest, most = prompt_bounds(probe.request)
        tokens = reply.prompt_tokens or 0
        if tokens < 0.5 * fewest:
            few.append((probe, tokens, fewest))
        if tokens > most:
            many.append((probe, tokens, most))
    if len(few) > 1 and not case.own:
        probe, tokens, fewest = few[0]
        yield finding(
            "infrastructure",
            "usage-too-low",
            0.6,
            f"{len(few)} of {count(len(counted), 'request')} are said to have fewer tokens than "
            f"half their words: {tokens:,} for {count(fewest, 'word')}.",
            ADVICE,
            [one.key for one, _, _ in few],
        )
    if many and not case.own:
        probe, tokens, most = many[0]
        yield finding(
            "infrastructure",
            "usage-high",
            0.4,
            f"{len(many)} of {count(len(counted), 'request')} have more tokens than they have "
            f"bytes: {tokens:,} for at most {most:,}; something is added on the way.",
            "Does a gateway put a prompt of its own around the question?",
            [one.key for one, _, _ in many],
        )


def _answers(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Completion tokens that are missing, or fewer than half the words of the answer."""
    told = [(p, r, r.completion_tokens) for p, r in pairs if r.completion_tokens is not None]
    few = [(p, r, n) for p, r, n in told if n < 0.5 * len(r.answer.split())]
    if len(few) > 1 or (few and len(told) < 4):
        _, reply, tokens = few[0]
        yield finding(
            "infrastructure",
            "completions-too-low",
            0.6,
            f"{len(few)} of {count(len(told), 'answer')} are said to have fewer tokens than half "
            f"their words: {tokens:,} for {count(len(reply.answer.split()), 'word')}.",
            ADVICE,
            [probe.key for probe, _, _ in few],
        )
    elif not told:
        yield finding(
            "infrastructure",
            "completions-uncounted",
            0.3,
            "Prompt tokens are told, completion tokens never.",
            ADVICE,
        )
