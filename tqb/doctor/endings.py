"""Stop condition and determinism: do answers end where they should, and are they the same again?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tqb.doctor.case import Case, Pair, check, finding, notice, repeats
from tqb.doctor.probes import LIMITS, TIMES
from tqb.doctor.records import Check, Kind
from tqb.text import count, excerpt
from tqb.types import Finding

STOP_ADVICE = "Look at the end-of-turn token, the stop strings and max_tokens of the server."
SHORT: tuple[Kind, ...] = ("plain", "told", "system", "template", "tokenizer", "burst")
"""Kinds whose answers are short."""
SLACK = 2
"""Tokens by which servers count an answer otherwise: its end, or its begin."""


def look_at_stop(case: Case) -> Check:
    """Look at how answers end."""
    pairs = case.answered(*SHORT)
    reasons = Counter(reply.finish_reason for _, reply in pairs)
    cut = list(_cut_early(case))
    found = [*cut, *_never_stops(case, pairs), *_text_cut(case), *([] if cut else _limit(case))]
    if not any(reasons):
        return check("stop", found, ("unknown", "the target tells no finish reason"))
    kept = _kept_limit(case)
    said = f"{count(len(pairs), 'short answer')} ended before the limit"
    if case.own:
        return check("stop", found, ("ok", f"{said}; a pipeline of one's own gets no max_tokens"))
    if not kept:
        said += "; whether max_tokens is obeyed is unknown: the long answer ended before it"
        return check("stop", found, ("unknown", said))
    limits = " and ".join(str(tokens) for tokens in kept)
    return check("stop", found, ("ok", f"{said}, and max_tokens was obeyed ({limits})"))


def _cut_early(case: Case) -> Iterator[Finding]:
    """Answers are said to be cut for their length, below the length that was allowed."""
    cut = [
        (probe, reply)
        for probe, reply in case.answered()
        if reply.finish_reason == "length"
        and reply.completion_tokens
        and reply.completion_tokens < 0.9 * (probe.request.params.max_tokens or 0) - SLACK
    ]
    if not cut:
        return
    thinks = sum(not reply.answer.strip() for _, reply in cut) > len(cut) / 2
    most = max(reply.completion_tokens or 0 for _, reply in cut)
    asked = max(probe.request.params.max_tokens or 0 for probe, _ in cut)
    yield finding(
        "template",
        "answers-cut",
        0.9 if len(cut) > 1 and not thinks else 0.4,
        f"{count(len(cut), 'answer')} {'is' if len(cut) == 1 else 'are'} cut at "
        f"{count(most, 'token')}, where {asked:,} were allowed.",
        "Look for a max_tokens that is lowered on the way to the model, or a short context.",
        [probe.key for probe, _ in cut],
        tokens=most,
        allowed=asked,
    )


def _never_stops(case: Case, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Short answers run into the limit, which a weak model that goes in circles does as well.

    So it counts where right answers are gone on with, or hardly any ends.
    """
    cut = [(probe, reply) for probe, reply in pairs if reply.finish_reason == "length"]
    full = [
        (probe, reply)
        for probe, reply in cut
        if not reply.completion_tokens
        or reply.completion_tokens >= 0.9 * (probe.request.params.max_tokens or 0) - SLACK
    ]
    if not full:
        return
    empty = sum(not reply.answer.strip() for _, reply in full)
    thinks = empty > len(full) / 2
    right = [pair for pair in pairs if pair[0].kind != "tokenizer" and repeats(*pair)]
    went_on = sum(pair in full for pair in right)
    after = case.can_repeat and went_on >= max(3, 0.3 * len(right))
    sure = after or len(full) >= max(3, 0.8 * len(pairs))
    yield finding(
        "template",
        "never-stops",
        0.85 if sure and not thinks else 0.4,
        f"{len(full)} of {count(len(pairs), 'short answer')} did not end before the limit"
        + (", and most of them are empty: the model may think first." if thinks else "."),
        "Raise --max-tokens, and ask again." if thinks else STOP_ADVICE,
        [probe.key for probe, _ in full],
        answers=len(full),
        of=len(pairs),
        empty=empty,
        went_on_after_the_right_answer=went_on,
    )


def _text_cut(case: Case) -> Iterator[Finding]:
    """Lines come back cut, and no answer is longer than the cut ones."""
    sizes = [len(reply.answer.strip()) for _, reply in case.answered("plain", "burst", "again")]
    cut = [
        (probe, reply)
        for probe, reply in case.answered("plain", "burst")
        if reply.finish_reason != "length"
        and 0 < len(said := reply.answer.strip()) < len(probe.request.item.label)
        and probe.request.item.label.startswith(said)
    ]
    if len({probe.request.item.id for probe, _ in cut}) < 2:
        return
    longest = max(len(reply.answer.strip()) for _, reply in cut)
    if longest < max(sizes):
        return
    yield finding(
        "infrastructure",
        "text-cut-on-the-way",
        0.85,
        f"Answers are cut on their way: no more than {longest} characters of any arrive, and "
        f"nothing says so ({count(len(cut), 'line')}, as “{excerpt(cut[0][1].answer, limit=60)}”).",
        "Look for a gateway, a log or a field with a limit on its length.",
        [probe.key for probe, _ in cut],
        characters=longest,
    )


def _kept_limit(case: Case) -> list[int]:
    """Return the limits at which a long answer ended and said so."""
    return [
        probe.request.params.max_tokens or 0
        for probe, reply in case.answered("limit")
        if reply.finish_reason == "length"
    ]


def _limit(case: Case) -> Iterator[Finding]:
    """A long answer that may have a few tokens only."""
    refused = case.failed("limit")
    if refused:
        yield finding(
            "infrastructure",
            "max-tokens-refused",
            0.3,
            f"max_tokens={LIMITS[0]} is refused: {excerpt(refused[0][1].message, limit=160)}.",
            "Does the server want a larger one, or another name for it?",
            [probe.key for probe, _ in refused],
        )
    if case.own:
        return
    pairs = case.answered("limit")
    over = [pair for pair in pairs if _is_over(pair)]
    silent = [
        (probe, reply)
        for probe, reply in pairs
        if reply.finish_reason not in (None, "length")
        and reply.completion_tokens == probe.request.params.max_tokens
    ]
    if over:
        probe, reply = over[0]
        told = f" ({reply.completion_tokens:,} tokens)" if reply.completion_tokens else ""
        yield finding(
            "template",
            "max-tokens-ignored",
            0.9,
            f"max_tokens is not obeyed: with {probe.request.params.max_tokens} the answer has "
            f"{len(reply.answer):,} characters{told}.",
            "Is max_tokens passed on to the model, and under the name that it takes?",
            [one.key for one, _ in over],
            max_tokens=probe.request.params.max_tokens,
            completion_tokens=reply.completion_tokens,
        )
    elif silent and len(silent) == len(pairs):
        yield finding(
            "template",
            "cut-unsaid",
            0.6,
            f"Answers that max_tokens cuts are said to have ended by themselves "
            f"(finish_reason “{excerpt(silent[0][1].finish_reason or '', limit=30)}”).",
            "Is the finish reason of the model passed on? Without it no cut answer shows.",
            [probe.key for probe, _ in silent],
        )


def _is_over(pair: Pair) -> bool:
    """Whether an answer is longer than it may be, told by the commas in it.

    Its own count may hold what a model thinks aloud, beside the answer.
    """
    probe, reply = pair
    return reply.answer.count(",") > (probe.request.params.max_tokens or 0)


def look_at_determinism(case: Case) -> Check:
    """Look at the answers to the same questions, asked again."""
    groups: dict[str, list[Pair]] = {}
    for probe, reply in case.answered("again"):
        groups.setdefault(probe.key, []).append((probe, reply))
    asked = [group for group in groups.values() if len(group) > 1]
    if not asked:
        return check("determinism", (), ("unknown", "no question was answered twice"))
    varied = [group for group in asked if len(_texts(group)) > 1]
    said = f"{count(len(asked), 'question')} asked {TIMES} times at temperature 0: one answer each"
    found = [_varies(case, asked, varied)] if varied else []
    return check("determinism", found, ("ok", said))


def _texts(group: Sequence[Pair]) -> set[str]:
    return {reply.answer for _, reply in group}


def _varies(case: Case, asked: Sequence[list[Pair]], varied: Sequence[list[Pair]]) -> Finding:
    wild = all(len(_texts(group)) == len(group) >= TIMES for group in varied)
    sure = wild and len(varied) == len(asked)
    first, second = sorted(_texts(varied[0]))[:2]
    found = finding(
        "behaviour",
        "answers-vary",
        0.7 if sure else 0.4,
        f"Answers vary at temperature 0: {len(varied)} of {count(len(asked), 'question')}, as "
        f"“{excerpt(first, limit=50)}” and “{excerpt(second, limit=50)}”.",
        "Is the temperature passed on to the model? Batching on a busy server does the same, less.",
        [group[0][0].key for group in varied],
        varied=len(varied),
        of=len(asked),
    )
    return notice(found) if case.own else found
