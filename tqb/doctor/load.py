"""Answers at all, the same ones under load, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tqb.diagnose.infrastructure import WORDS
from tqb.doctor.case import Case, check, finding, notice, repeats
from tqb.doctor.records import Attempt, Check
from tqb.text import count, excerpt
from tqb.types import Finding

LEAST_FAILED = 0.05
"""Share of calls that fail for good from which on something is wrong."""
PROBING = ("limit", "system")
"""Kinds that a server may refuse for what they are: a check of their own tells."""


def look_at_answers(case: Case) -> Check:
    """Look at whether calls are answered, and by a model."""
    asked = [one for one in case.heard if one.probe.kind not in PROBING]
    answered = [one for one in case.answered() if one[0].kind not in PROBING]
    found = [*_failed(case, len(asked)), *_repeated(case), *_others(case)]
    empty = [probe for probe, reply in answered if not reply.answer.strip()]
    if len(empty) > max(1, 0.2 * len(answered)):
        found.append(
            finding(
                "infrastructure",
                "answers-empty",
                0.6 if len(empty) > len(answered) / 2 else 0.4,
                f"{len(empty)} of {count(len(answered), 'answer')} are empty.",
                "Does the model think first, up to --max-tokens? Raise it. Is text filtered out?",
                [probe.key for probe in empty],
            )
        )
    said = f"{len(answered)} of {count(len(asked), 'question')} were answered"
    return check("answers", found, ("ok", said))


def _failed(case: Case, asked: int) -> Iterator[Finding]:
    """Calls that failed for good, but for those that were too many."""
    failed = [
        (probe, failure)
        for probe, failure in case.failed()
        if probe.kind not in PROBING and failure.kind != "rate_limit" and not failure.withheld
    ]
    kinds = Counter(failure.kind for _, failure in failed)
    for kind, times in kinds.most_common(2):
        said, advice = WORDS.get(kind, (f"failed ({kind})", "Look at the first message."))
        first = next(failure for _, failure in failed if failure.kind == kind)
        yield finding(
            "infrastructure",
            f"calls-failed-{kind.replace('_', '-')}",
            0.8 if times > LEAST_FAILED * asked else 0.4,
            f"{times} of {count(asked, 'request')} {said}: {excerpt(first.message, limit=160)}.",
            advice,
            [probe.key for probe, failure in failed if failure.kind == kind],
            failed=times,
            of=asked,
        )


def _repeated(case: Case) -> Iterator[Finding]:
    """Calls that failed and were made again, but for those that were too many."""
    failed = [one.failure for one in case.attempts if one.failure not in (None, "rate_limit")]
    if len(failed) > max(2, LEAST_FAILED * len(case.attempts)):
        kinds = ", ".join(f"{times} {kind}" for kind, times in Counter(failed).most_common())
        yield finding(
            "infrastructure",
            "calls-repeated",
            0.4,
            f"{len(failed)} of {count(len(case.attempts), 'call')} failed at first ({kinds}).",
            "Is the server overloaded, or --timeout short?",
            failed=len(failed),
            of=len(case.attempts),
        )


def _others(case: Case) -> Iterator[Finding]:
    """Yield what the answers themselves tell of filters, pages and refusals."""
    for one in case.found("infrastructure", "behaviour"):
        if one.name in ("page-for-an-answer", "content-filtered"):
            yield one
        elif one.kind == "behaviour":
            yield notice(one)


def look_at_concurrency(case: Case) -> Check:
    """Look at whether questions asked at once get the answers that they get alone."""
    burst = case.answered("burst")
    peak = max((one.at_once for one in case.attempts), default=0)
    found = [*_swapped(case)]
    if len(burst) < 2 or peak < 2:
        said = "requests went out one at a time: see --max-concurrency"
        return check("concurrency", found, ("unknown", said))
    differ = _differ(case)
    if differ and not found:
        found.append(
            finding(
                "behaviour",
                "answers-vary-under-load",
                0.4,
                f"{differ} of {count(len(burst), 'question')} asked at once get another answer "
                "than alone, though none of another question.",
                "Batching changes the arithmetic of a model a little; does it change so much?",
            )
        )
    said = (
        f"{count(len(burst), 'question')}, up to {min(peak, len(burst))} at once, got the answers "
        "that they get alone: none was swapped"
    )
    return check("concurrency", found, ("ok", said))


def _differ(case: Case) -> int:
    alone = {probe.key: reply.answer for probe, reply in case.answered("plain")}
    return sum(
        reply.answer != alone[probe.key]
        for probe, reply in case.answered("burst")
        if probe.key in alone
    )


def _swapped(case: Case) -> Iterator[Finding]:
    """Answers to another question than their own, told by the line that they repeat."""
    lines = {probe.key: probe.request.item.label for probe, _ in case.answered("plain")}
    alone = {probe.key: reply.answer.strip() for probe, reply in case.answered("plain")}
    owners = Counter(alone.values())
    for kind, name, said in (
        ("plain", "answers-swapped", "even one at a time"),
        ("burst", "answers-swapped-at-once", "when they are asked at once"),
    ):
        asked = case.answered("plain") if kind == "plain" else case.answered("burst")
        others = {key: [line for one, line in lines.items() if one != key] for key in lines}
        by_line = [
            (probe, reply)
            for probe, reply in asked
            if not repeats(probe, reply)
            and any(line in reply.answer for line in others.get(probe.key, ()))
        ]
        by_text = [
            (probe, reply)
            for probe, reply in asked
            if (answer := reply.answer.strip()) != alone.get(probe.key) and owners[answer] == 1
        ]
        foreign = by_line or (by_text if len({r.answer for _, r in by_text}) > 1 else [])
        if not foreign or len({reply.answer for _, reply in foreign}) == 1 < len(foreign):
            continue  # one answer for all is said elsewhere
        yield finding(
            "infrastructure",
            name,
            0.9,
            f"{len(foreign)} of {count(len(asked), 'question')} get the answer to another question "
            f"{said}: “{excerpt(foreign[0][1].answer, limit=40)}” for "
            f"“{excerpt(foreign[0][0].request.item.label, limit=40)}”.",
            "Look for state that requests share: a global, a queue without ids, a cache.",
            [probe.key for probe, _ in foreign],
            answers=len(foreign),
            of=len(asked),
        )
        return


def look_at_rate_limits(case: Case) -> Check:
    """Look at what was refused for being too much, and whether a wait was named."""
    refused = [one for one in case.attempts if one.failure == "rate_limit"]
    peak = max((one.at_once for one in case.attempts), default=0)
    if not refused:
        said = f"none of {count(len(case.attempts), 'call')} was refused, up to {peak} at once"
        return check("rate limits", (), ("ok", said))
    return check("rate limits", [_refused(case, refused, peak)], ("ok", ""))


def _refused(case: Case, refused: list[Attempt], peak: int) -> Finding:
    waits = [one.retry_after_s for one in refused if one.retry_after_s is not None]
    lost = [probe for probe, failure in case.failed() if failure.kind == "rate_limit"]
    passed = max((one.at_once for one in case.attempts if one.failure is None), default=0)
    least = min(one.at_once for one in refused)
    said = f"{len(refused)} of {count(len(case.attempts), 'call')} were refused with 429"
    if least > 1:
        said += f", the first with {least} at once (up to {peak} were tried)"
    said += (
        f"; Retry-After asks for up to {max(waits):g} s" if waits else "; no Retry-After is sent"
    )
    said += f"; {len(lost)} were never answered" if lost else "; asked again, all were answered"
    return finding(
        "infrastructure",
        "rate-limited",
        0.6 if len(lost) > LEAST_FAILED * len(case.heard) else 0.4,
        f"{said}.",
        f"Set --max-concurrency {max(1, least - 1)}, or --rpm." if least > 1 else "Set --rpm.",
        [probe.key for probe in lost],
        refused=len(refused),
        of=len(case.attempts),
        refused_from=least,
        answered_at=passed,
        retry_after_s=max(waits) if waits else None,
        unanswered=len(lost),
    )
