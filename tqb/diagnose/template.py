"""A broken prompt template: what reaches the model is not what was meant for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from tqb.diagnose.case import Case, Pair, example, finding, formed, moved, showing, signed, sure
from tqb.diagnose.shifts import Shift, slope, splits_special
from tqb.text import count
from tqb.types import Finding, Form

SIGNS = {
    "special_token": ("special-tokens-in-answers", "Special tokens of a chat format stand"),
    "placeholder": ("placeholder-in-answers", "A placeholder that nobody filled in stands"),
    "role": ("role-in-answers", "The name of a role stands in front"),
    "second_turn": ("second-turn", "A second turn, written by the model itself, follows"),
    "no_question": ("question-missing", "The model asks for the question"),
    "echo": ("question-echoed", "The question is repeated"),
}
"""Name and wording by sign; each wording goes on with the answers in which that is so."""

SAME = 0.3
"""Share of answers that differ, up to which they are alike."""
RIGHT = 0.2
"""Share of right answers, up to which none of them may be more than luck."""
WEAK = ("echo", "role", "no_question", "second_turn")
"""Signs that a small model shows in health, too: without a baseline they are no more than hints."""

TEMPLATE_ADVICE = (
    "Compare the request as it is sent, and the chat template of the server, with those of the "
    "last good run."
)
SMALL_ADVICE = (
    "So little is often a begin-of-text token, there twice or not at all, a space or a line end in "
    "the template, or a date in it that is longer today."
)
STOP_ADVICE = "Look at the end-of-turn token, the stop strings and max_tokens of the server."


def diagnose(case: Case, shift: Shift) -> Iterator[Finding]:
    """Yield what speaks for a broken template."""
    if case.base is not None:
        if case.prompt_edited:
            yield from _edited(case, shift)
        else:
            yield from _shifted(case, shift)
        yield from _length(case)
        yield from _stopped(case, shift)
        yield from _space(case)
    else:
        yield from _alike(case)
    yield from _signs(case, shift)


def _edited(case: Case, shift: Shift) -> Iterator[Finding]:
    """The prompt file itself is another one: no riddle, but its effect is worth a word."""
    if shift.kind in ("lost", "cut") or (shift.kind == "context" and shift.size < 0):
        yield _edited_too_far(case, shift)
        return
    said = "The prompt template was edited since the baseline"
    said += f": {_moved_by(shift)}" if shift.kind not in ("unknown", "same") else ""
    if case.is_drop:
        said += f", and {count(len(case.broken), 'item')} broke, {case.fixed} got fixed"
    yield finding(
        "template",
        "prompt-edited",
        0.9 if case.is_drop else 0.3,
        f"{said}.",
        "Compare the two versions of the prompt file; accept a new baseline if this is meant.",
        case.broken,
        **_figures(shift),
    )


def _edited_too_far(case: Case, shift: Shift) -> Finding:
    """What an edit is hardly meant to do, surely not where answers broke."""
    name, confidence, summary, advice = NAMERS[shift.kind](shift)
    return finding(
        "template",
        name,
        confidence if len(case.broken) > case.fixed else 0.6,
        f"The prompt template was edited since the baseline. {summary}",
        advice,
        [pair.key for pair in shift.moved],
        **_figures(shift),
    )


def _moved_by(shift: Shift) -> str:
    was, now = shift.tokens
    if shift.kind == "constant":
        more = "longer" if shift.size > 0 else "shorter"
        return f"every request is {count(abs(shift.size), 'token')} {more}"
    return f"the same questions take {now:,} prompt tokens, in the baseline they took {was:,}"


def _figures(shift: Shift) -> dict[str, Any]:
    was, now = shift.tokens
    return {
        "prompt_tokens_before": was,
        "prompt_tokens_now": now,
        "pattern": shift.kind,
        "size": shift.size,
        "trait": shift.trait,
    }


def _shifted(case: Case, shift: Shift) -> Iterator[Finding]:
    """What the prompt tokens of the same questions say."""
    if shift.kind == "constant":
        yield from _constant(case, shift)
        return
    namer = NAMERS.get(shift.kind)
    if namer is None or (shift.kind == "lost" and _answered_before(case, shift)):
        return
    keys = [pair.key for pair in shift.moved]
    yield finding("template", *namer(shift), keys, **_figures(shift))


_Named = tuple[str, float, str, str]
"""Name, confidence, summary and advice."""


def _lost(shift: Shift) -> _Named:
    return (
        "question-lost",
        0.97,
        f"The question no longer reaches the model: every request has {shift.size:,} prompt "
        "tokens, whatever is asked.",
        "Look for the variable of the question in the template; is it spelled as it is passed?",
    )


def _multiple(shift: Shift) -> _Named:
    times = "twice" if shift.size == 2 else f"{shift.size} times"
    return (
        "sent-twice",
        0.95,
        f"The question is sent {times}: prompt tokens are {shift.size} times what they were, "
        "but for a constant.",
        "Look for a history, a loop or a wrapper that adds the question again.",
    )


def _context(shift: Shift) -> _Named:
    was, now = shift.tokens
    tokens = f"({was:,} prompt tokens then, {now:,} now)."
    name, said = {
        -1: (
            "context-lost",
            "The context no longer reaches the model: requests are shorter by as much as the "
            "context of their item is long",
        ),
        0: (
            "context-altered",
            "The context that reaches the model is another one: requests that have one changed in "
            "length, and no others",
        ),
        1: (
            "context-added",
            "More context is sent than before, or the same twice: requests are longer as far as "
            "they have one",
        ),
    }[shift.size]
    return (
        name,
        0.95 if shift.size else 0.85,
        f"{said} {tokens}",
        "Look for the variable of the context, or of the retrieved passages, in the template.",
    )


def _beside(shift: Shift) -> _Named:
    more = shift.size > 0
    was, now = shift.tokens
    return (
        "something-added" if more else "something-missing",
        0.85,
        f"{'Something is sent beside' if more else 'A part is missing of'} each question: "
        f"requests are {'longer' if more else 'shorter'}, each by a number of its own that the "
        f"length of its question does not explain ({was:,} prompt tokens then, {now:,} now).",
        "Look for a history, other users' turns or retrieved text in the requests."
        if more
        else "Look for a cut or a lost variable in the template.",
    )


def _cut(shift: Shift) -> _Named:
    return (
        "question-cut",
        0.9,
        f"Questions arrive cut: no request is longer than {shift.size:,} tokens now, and "
        f"{count(len(shift.moved), 'longer one')} lost tokens, while short ones are as they were.",
        "Look for a limit on characters, lines or tokens between the pipeline and the model.",
    )


def _escaped(shift: Shift) -> _Named:
    return (
        "question-altered",
        0.97,
        f"Questions are escaped on their way: {count(len(shift.moved), 'request')} of {shift.n} "
        f"grew with the {shift.trait} in them, by more than another tokenizer would make of them.",
        "Look for URL, JSON or Unicode escapes, or a repr, in what renders the question.",
    )


def _content(shift: Shift) -> _Named:
    return (
        "question-altered",
        0.8,
        f"Questions are altered on their way: of {count(shift.n, 'request')} only "
        f"{len(shift.moved)} changed in length, and they have {shift.trait}.",
        "Look for escaping, stripping, or a second rendering of the question.",
    )


NAMERS: Mapping[str, Callable[[Shift], _Named]] = {
    "lost": _lost,
    "multiple": _multiple,
    "context": _context,
    "beside": _beside,
    "cut": _cut,
    "escaped": _escaped,
    "content": _content,
}
"""What a pattern of prompt tokens is called; a constant one needs a look at the prompt, too."""


def _constant(case: Case, shift: Shift) -> Iterator[Finding]:
    """Every request is longer, or shorter, by the same number."""
    if splits_special(shift):
        return  # the tokenizer's: see there
    size = abs(shift.size)
    more = "longer" if shift.size > 0 else "shorter"
    same = "the questions themselves take as many tokens as before"
    if shift.moved:
        same = f"but for {count(len(shift.moved), 'question')}"
        same += f", which have {shift.trait}" if shift.trait else ""
    name, what = "wrapping-changed", "What is put around the question has changed"
    system = _system_tokens(case)
    if system and shift.size < 0 and 0.75 * system <= size <= 1.35 * system + 6:
        name, what = "system-prompt-lost", "The system prompt is no longer sent"
    elif system and shift.size > 0 and 0.75 * system <= size <= 1.35 * system + 6:
        name, what = "system-prompt-doubled", "As much as the system prompt is sent in addition"
    yield finding(
        "template",
        name,
        _confidence(case, shift),
        f"{what}: every request is {count(size, 'token')} {more} than in the baseline; {same}.",
        TEMPLATE_ADVICE if size > 2 else SMALL_ADVICE,
        [pair.key for pair in case.pairs if pair.shift],
        **_figures(shift),
    )


def _confidence(case: Case, shift: Shift) -> float:
    """One or two tokens that leave the answers as they were may be a date."""
    size, reworded = abs(shift.size), sum(pair.reworded for pair in case.pairs) / len(case.pairs)
    if size <= 2 and reworded < 0.1 and not shift.moved:
        return 0.45
    return 0.97 if size > 2 else 0.85


def _system_tokens(case: Case) -> float | None:
    """Estimate the tokens that the baseline's prompt had beside the questions.

    The tokens of a character are taken from how the counts grow with the length of the questions
    in Latin script.
    """
    chars = case.was.instruction_chars
    points = (
        (len(pair.result.question), pair.before.prompt_tokens)
        for pair in case.pairs
        if pair.before.prompt_tokens and pair.result.question.isascii()
    )
    each = slope(points)
    return chars * each if chars and each is not None else None


def _answered_before(case: Case, shift: Shift) -> bool:
    """Whether the one count and the one answer are those of some item in the baseline."""
    known = (
        {(item.prompt_tokens, item.answer_sha256) for item in case.base.items}
        if case.base
        else set()
    )
    now = Counter(pair.after.answer_sha256 for pair in case.pairs)
    answer, times = now.most_common(1)[0]
    return times >= 0.9 * len(case.pairs) and (shift.size, answer) in known


def _length(case: Case) -> Iterator[Finding]:
    """Answers that no longer stop, or are cut."""
    cut = moved(case.pairs, lambda item: item.finish_reason == "length")
    if cut.net < max(3, 0.1 * cut.n) or cut.p_value > 0.01:
        return
    if case.base and case.base.params.max_tokens != case.now.params.max_tokens:
        return  # said as a change of the run's own parameters
    gained = set(cut.gained)
    pairs = [pair for pair in case.pairs if pair.key in gained]
    was = sorted(pair.before.completion_tokens or 0 for pair in pairs)
    now = sorted(pair.after.completion_tokens or 0 for pair in pairs)
    most = max((pair.after.completion_tokens or 0 for pair in case.pairs), default=0)
    longest_then = max((pair.before.completion_tokens or 0 for pair in case.pairs), default=0)
    evidence = {
        "cut_answers": len(gained),
        "of": cut.n,
        "median_tokens_before": _mid(was),
        "median_tokens_now": _mid(now),
    }
    if now and most and most < longest_then and _mid(now) <= _mid(was):
        yield finding(
            "template",
            "answers-cut",
            0.9,
            f"Answers are cut at {count(most, 'token')}: {len(gained)} of {cut.n} that ended by "
            "themselves in the baseline are cut short now.",
            "Look for a max_tokens that was lowered on the way to the model.",
            cut.gained,
            **evidence,
        )
        return
    kept = _kept(case, gained)
    yield finding(
        "template",
        "never-stops",
        0.85 if kept else 0.45,
        f"Answers no longer stop: {len(gained)} of {cut.n} that ended by themselves in the "
        f"baseline now run into the limit (median {_mid(was)} tokens then, {_mid(now)} now).",
        STOP_ADVICE,
        cut.gained,
        **evidence,
    )


def _stopped(case: Case, shift: Shift) -> Iterator[Finding]:
    """Answers end before they should: each that changed begins as it did, and is shorter."""
    changed = [pair for pair in case.pairs if pair.reworded]
    cut = [pair.key for pair in changed if _ends_sooner(pair, 1)]
    much = [pair.key for pair in changed if _ends_sooner(pair, 3)]
    few = len(cut) < max(5, 0.05 * len(case.pairs), 0.97 * len(changed))
    little = 2 * len(much) < len(cut)
    if few or little or shift.kind not in ("same", "unknown") or _as_many(case, cut):
        return
    lost = len(set(cut).intersection(case.broken))
    yield finding(
        "template",
        "answers-stopped-early",
        0.85 if lost >= 3 and case.is_drop else 0.45,
        f"Answers stop too early: the {len(cut)} that changed begin as in the baseline and end "
        f"sooner, as “{example(case, much[0])}”, and {lost} of them were right before.",
        STOP_ADVICE,
        cut,
        answers=len(cut),
        broken=lost,
        of=len(case.pairs),
    )


def _as_many(case: Case, keys: Collection[str]) -> bool:
    """Whether most of these answers took as many tokens as before, and lost text on their way."""
    wanted = set(keys)
    pairs = [pair for pair in case.pairs if pair.key in wanted]
    same = [p for p in pairs if p.before.completion_tokens == p.after.completion_tokens is not None]
    return 2 * len(same) > len(pairs)


def _ends_sooner(pair: Pair, by: int) -> bool:
    """Whether an answer begins as it did, and is so many characters shorter, in no more tokens."""
    was, now = pair.before.form, pair.after.form
    if was is None or now is None or pair.after.finish_reason == "length":
        return False
    begins = now.first == was.first or (by == 1 and not now.chars)
    return begins and was.chars - now.chars >= by and not _more_tokens(pair, 1)


def _more_tokens(pair: Pair, by: int) -> bool:
    """Whether an answer took so many more tokens than before; unknown counts do not tell."""
    was, now = pair.before.completion_tokens, pair.after.completion_tokens
    return was is not None and now is not None and now - was > by


def _kept(case: Case, keys: set[str]) -> bool:
    """Whether answers that do not stop begin as they did, or go on with another turn."""
    pairs = [pair for pair in case.pairs if pair.key in keys]
    passed = [pair for pair in pairs if pair.before.outcome == "pass"]
    same = sum(pair.after.outcome == "pass" for pair in passed)
    turns = sum(
        bool({"second_turn", "special_token", "role"} & set(pair.after.symptoms)) for pair in pairs
    )
    return (len(passed) >= 3 and same >= 0.6 * len(passed)) or turns >= 0.3 * len(pairs)


def _mid(values: Sequence[int]) -> int:
    return values[(len(values) - 1) // 2] if values else 0


def _space(case: Case) -> Iterator[Finding]:
    """Answers begin with white space that the end of the prompt used to have, or the reverse.

    A model that behaves otherwise has no reason to do so in nearly every answer.
    """
    for said, starts in (("begin with white space", True), ("no longer begin with it", False)):
        seen = moved(case.pairs, formed(partial(_starts_with_space, starts)))
        if seen.net < 5 or seen.share < 0.5:
            continue
        yield finding(
            "template",
            "space-in-front",
            0.45 if case.babbles else 0.75,
            f"{len(seen.gained)} of {count(seen.n, 'answer')} {said} now: the prompt ends "
            "otherwise than in the baseline.",
            "Look at spaces and line ends at the end of the template, after the assistant's turn "
            "is opened.",
            seen.gained,
            answers=len(seen.gained),
            lost=seen.lost,
            of=seen.n,
        )


def _starts_with_space(wanted: bool, form: Form) -> bool:
    return form.first.isspace() is wanted


def _signs(case: Case, shift: Shift) -> Iterator[Finding]:
    for sign, (name, said) in SIGNS.items():
        seen = showing(case, sign)
        least = 2 if sign in ("special_token", "placeholder") else 3
        confidence = sure(seen, least=least, most=0.9)
        if sign in WEAK:
            confidence -= 0.1
            confidence = confidence if case.base else min(confidence, 0.45)
            if shift.kind == "same" and case.is_drop and seen.share < 0.5:  # as a broken model
                confidence = min(confidence, 0.6)
        if confidence <= 0:
            continue
        advice = STOP_ADVICE if sign in ("second_turn", "special_token") else TEMPLATE_ADVICE
        yield signed(case, "template", name, said, seen, confidence, advice)


def _alike(case: Case) -> Iterator[Finding]:
    """Without a baseline: all requests are as long as each other, whatever was asked.

    A server that makes up its counts says so too, but answers each question by itself.
    """
    counts = [(r.prompt_tokens, len(r.question)) for r in case.answered if r.prompt_tokens]
    if len(counts) < 5 or len({size for _, size in counts}) < 5:
        return
    texts = {(r.answer or "").strip() for r in case.answered}
    right = sum(r.outcome == "pass" for r in case.answered)
    steady = case.now.params.temperature == 0  # so that equal prompts get equal answers
    answers_each = len(texts) > SAME * len(case.answered) and (
        steady or right > RIGHT * len(case.answered)
    )
    if len({tokens for tokens, _ in counts}) == 1 and not answers_each:
        yield finding(
            "template",
            "question-lost",
            0.9,
            f"The question does not seem to reach the model: each of {len(counts)} requests has "
            f"{counts[0][0]:,} prompt tokens, whatever is asked.",
            "Look for the variable of the question in the template; is it spelled as it is passed?",
            [r.key for r in case.answered],
            prompt_tokens=counts[0][0],
        )
