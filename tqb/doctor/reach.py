"""Template: do the question and the system prompt reach the model, and as they were sent?"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tqb.doctor.case import Case, Pair, check, finding, notice, repeats
from tqb.doctor.probes import FILLER_WORDS
from tqb.doctor.records import Check
from tqb.text import count, excerpt
from tqb.tokens import prompt_bounds
from tqb.types import Finding

WEAK = ("question-echoed", "question-missing", "role-in-answers")
"""Signs that a weak model gives without any fault."""
TWICE = 1.6
"""Times by which one kind of plain English may not be longer in tokens than another."""
LEAST_A_WORD = 0.8
"""Least tokens of a word of plain English."""
LOOK = "Compare the request as the model gets it with what is sent: the server's log shows both."
ALTERED: Mapping[str, Callable[[str], str]] = {
    "escaped as for a web page": html.escape,
    "stripped of braces": lambda text: re.sub(r"\{[^{}]*\}", "", text),
    "rendered a second time": lambda text: re.sub(r"\{\{.*?\}\}", "", text),
    "with its double braces collapsed": lambda text: text.replace("{{", "{").replace("}}", "}"),
    "with its quotes escaped": lambda text: text.replace('"', '\\"').replace("'", "\\'"),
    "with its quotes doubled": lambda text: text.replace('"', '""'),
}
"""What a second hand makes of a line, by its words."""


def look(case: Case) -> Check:
    """Look at what reaches the model."""
    lost = list(_lost(case))
    found = [
        *_signs(case),
        *(lost or (*_system(case), *_twice(case), *_cut(case), *_altered(case))),
    ]
    right, n = case.repeated
    named = case.answered("system")
    obeyed = sum(repeats(probe, reply) for probe, reply in named)
    said = (
        f"questions reach the model ({right} of {count(n, 'plain line')} came back) and so does "
        f"the system prompt (obeyed {obeyed} of {count(len(named), 'time')})"
    )
    if not case.can_repeat:
        return check("template", found, ("unknown", _too_weak(case)))
    if not obeyed:
        return check("template", found, ("unknown", _no_system(case, right, n)))
    return check("template", found, ("ok", said))


def _too_weak(case: Case) -> str:
    right, n = case.repeated
    return f"too weak a model to tell: it repeats {right} of {count(n, 'plain line')}"


def _no_system(case: Case, right: int, n: int) -> str:
    who = (
        "a pipeline of one's own may have a system prompt of its own"
        if case.own
        else ("the model does not give back a name that stands in the question either")
    )
    return (
        f"questions reach the model ({right} of {n} plain lines came back); whether a system "
        f"prompt does is unknown: {who}"
    )


def _signs(case: Case) -> Iterator[Finding]:
    """Yield what stands in the answers; some of it only where the model is no weak one."""
    for one in case.found("template"):
        if one.name != "question-lost":
            yield notice(one) if one.name in WEAK or not case.can_repeat else one


def _lost(case: Case) -> Iterator[Finding]:
    """Everybody gets the same answer, so the question does not matter."""
    pairs = [*case.answered("plain", "template", "tokenizer")]
    texts = Counter(reply.answer.strip() for _, reply in pairs)
    if len(pairs) < 3 or case.repeated[0] > 1:
        return
    text, times = texts.most_common(1)[0]
    if not text or times < 0.8 * len(pairs):
        return  # empty answers are said elsewhere
    counts = {reply.prompt_tokens for _, reply in pairs}
    where = "The question does not reach the model"
    if None not in counts and len(counts) > 1:
        where = "The question is counted, but does not matter"
    elif counts == {None}:
        where = "The question does not reach the model, or a cache answers for it"
    yield finding(
        "template",
        "question-lost",
        0.9,
        f"{where}: {times} of {count(len(pairs), 'different question')} get one and the same "
        f"answer, “{excerpt(text, limit=60)}”.",
        "Look for the variable of the question in the template; is it spelled as it is passed?",
        [probe.key for probe, _ in pairs],
        answers=times,
        of=len(pairs),
        prompt_tokens=sorted(one for one in counts if one is not None),
    )


def _system(case: Case) -> Iterator[Finding]:
    """Yield what becomes of a system prompt, which a name stands in."""
    refused = case.failed("system")
    if refused and not case.own:
        yield finding(
            "template",
            "system-prompt-refused",
            0.4,
            f"A system prompt is refused: {excerpt(refused[0][1].message, limit=160)}.",
            "Does the chat template of this model take a system role at all?",
            [probe.key for probe, _ in refused],
        )
        return
    pairs, told = case.answered("system"), case.answered("told")
    obeyed = sum(repeats(probe, reply) for probe, reply in pairs)
    knows = sum(repeats(probe, reply) for probe, reply in told)
    grown = _growth(pairs)
    if case.own or obeyed or len(pairs) < 2:
        return
    figures: dict[str, Any] = {
        "obeyed": obeyed,
        "of": len(pairs),
        "tokens_grown": grown,
        "told": knows,
    }
    if grown is not None and grown < FILLER_WORDS // 2:
        yield finding(
            "template",
            "system-prompt-lost",
            0.95,
            f"The system prompt does not reach the model: {FILLER_WORDS} words more in it make the "
            f"request {count(grown, 'token')} longer, and the name in it is never given.",
            LOOK,
            [probe.key for probe, _ in pairs],
            **figures,
        )
    elif knows and knows == len(told):
        yield finding(
            "template",
            "system-prompt-lost" if grown is None else "system-prompt-ignored",
            0.4 if grown is not None else 0.7,
            "The system prompt is counted but not obeyed: "
            if grown is not None
            else "The system prompt does not seem to reach the model: "
            "a name in the question is given back, one in the system prompt never.",
            LOOK,
            [probe.key for probe, _ in pairs],
            **figures,
        )


def _growth(pairs: list[Pair]) -> int | None:
    """Return by how many tokens the longer system prompt is longer; None where nobody counts."""
    sizes = [reply.prompt_tokens for _, reply in pairs]
    if len(sizes) < 2 or sizes[0] is None or sizes[-1] is None:
        return None
    return sizes[-1] - sizes[0]


def _twice(case: Case) -> Iterator[Finding]:
    """A word of the system prompt takes twice the tokens of a word of the question, or half."""
    grown = _growth(case.answered("system"))
    few, around = min(_sizes(case.answered("plain")), default=(0, 0))
    words, tokens = max(_sizes(case.answered("template")), default=(0, 0))
    if case.own or not grown or words < few + 200:
        return
    of_system, of_question = grown / FILLER_WORDS, (tokens - around) / (words - few)
    if of_question <= 0 or max(of_system, of_question) < TWICE * min(of_system, of_question):
        return
    if min(of_system, of_question) < LEAST_A_WORD:
        return  # one of them is cut, which is said elsewhere
    what = "The system prompt" if of_system > of_question else "The question"
    yield finding(
        "template",
        "system-prompt-doubled" if of_system > of_question else "sent-twice",
        0.7,
        f"{what} seems to be sent twice: a word of the system prompt takes {of_system:.1f} tokens, "
        f"one of the question {of_question:.1f}.",
        "Look for a history, a loop or a wrapper that adds it again.",
        tokens_a_word_of_system=round(of_system, 2),
        tokens_a_word_of_question=round(of_question, 2),
    )


def _sizes(pairs: list[Pair]) -> list[tuple[int, int]]:
    """Return the words of each question, and the prompt tokens."""
    return [
        (len(probe.request.item.text.split()), reply.prompt_tokens)
        for probe, reply in pairs
        if reply.prompt_tokens is not None
    ]


def _cut(case: Case) -> Iterator[Finding]:
    """A long question takes fewer tokens than it has words."""
    for probe, reply in case.answered("template"):
        words = prompt_bounds(probe.request)[0]
        if words < 200 or reply.prompt_tokens is None or reply.prompt_tokens >= 0.8 * words:
            continue
        if case.own or not _counts_differ(case):
            continue
        yield finding(
            "template",
            "question-cut",
            0.9,
            f"A long question arrives cut: {words:,} words take {reply.prompt_tokens:,} prompt "
            "tokens.",
            "Look for a limit on characters or tokens between the pipeline and the model.",
            [probe.key],
            words=words,
            prompt_tokens=reply.prompt_tokens,
        )


def _counts_differ(case: Case) -> bool:
    return len({reply.prompt_tokens for _, reply in case.answered("plain")}) > 1


def _altered(case: Case) -> Iterator[Finding]:
    """Lines come back as a second template, an escape or a format call would leave them."""
    if not case.can_repeat:
        return
    seen: list[tuple[str, Pair]] = []
    for probe, reply in case.answered("template"):
        line, said = probe.request.item.label, reply.answer.strip()
        if probe.request.item.answer_type != "verbatim" or line in said:
            continue
        how = next((how for how, make in ALTERED.items() if said == make(line) != line), None)
        if how:
            seen.append((how, (probe, reply)))
    if not seen:
        return
    how, (_, example) = seen[0]
    yield finding(
        "template",
        "question-altered",
        0.7 if len(seen) > 1 else 0.4,
        f"{count(len(seen), 'line')} came back {how}, as in “{excerpt(example.answer, limit=60)}”.",
        "Look for escaping, or for a second rendering of the question.",
        [probe.key for _, (probe, _) in seen],
        how=sorted({how for how, _ in seen}),
    )
