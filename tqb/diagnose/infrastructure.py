"""What stands between the pipeline and its model: limits, outages, filters, gateways and caches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from tqb.diagnose.case import Case, Pair, example, finding, respaced, showing, sure
from tqb.diagnose.shifts import Shift
from tqb.text import count, one_line
from tqb.types import BaselineItem, FailureKind, Finding, Form

WORDS: Mapping[FailureKind, tuple[str, str]] = {
    "rate_limit": ("were refused: too many at once, or in a minute", "Lower -j, or set --rpm."),
    "timeout": ("got no answer in time", "Is the server overloaded, or --timeout short?"),
    "connection": ("lost their connection", "Is the server up, and the way to it?"),
    "server": ("met an error of the server", "Look into the server's log."),
    "auth": ("were refused for their key", "Look at the key and what it may ask."),
    "not_found": ("asked for a model or an address that is not there", "Look at the target."),
    "content_filter": ("were stopped by a content filter", "Look at the filter's settings."),
    "bad_response": ("got something that is no answer", "Is there a proxy in between?"),
    "context_length": ("were too long for the model", "Did its context, or the prompt, change?"),
    "bad_request": ("were refused as malformed", "Look at the parameters that are sent."),
    "target_bug": ("ended in an error of the pipeline's own code", "Look at the first message."),
}
AS_BEFORE = 0.6
"""Least share of the answers that take as many tokens as before, where only their text was cut."""
LEAST_TEXT = 8
"""Characters of a text that says more than an answer does."""
AS_KEPT = 0.15
"""Most of the other answers that may have changed beside those that are one and the same text."""
CACHE_ADVICE = "Look for a cache or a proxy in between, and at what its key is made of."


def diagnose(case: Case, shift: Shift) -> Iterator[Finding]:
    """Yield what speaks for trouble on the way."""
    yield from _failures(case)
    yield from _filtered(case)
    yield from _pages(case)
    yield from _cached(case)
    yield from _one_answer(case)
    yield from _one_text(case)
    yield from _uncounted(case)
    yield from _swapped(case, shift)
    yield from _cut_text(case, shift)


def _failures(case: Case) -> Iterator[Finding]:
    """Calls that brought no answer, or were repeated."""
    metrics, results = case.report.metrics, case.report.results
    asked = metrics.n + metrics.errors
    looked = results if metrics.errors else ()
    failed = [r for r in looked if r.outcome == "error" and r.failure and r.answer is None]
    kinds = Counter(r.failure.kind for r in failed if r.failure and r.failure.kind in WORDS)
    for kind, times in kinds.most_common(2):
        said, advice = WORDS[kind]
        share = times / asked
        first = next(r for r in failed if r.failure and r.failure.kind == kind)
        yield finding(
            "infrastructure",
            f"calls-failed-{kind.replace('_', '-')}",
            min(0.98, 0.75 + share) if share >= 0.02 else 0.4,
            f"{times:,} of {count(asked, 'request')} {said}.",
            advice,
            [r.key for r in failed if r.failure and r.failure.kind == kind],
            message=one_line(first.explanation, 300),
            failed=times,
            of=asked,
        )
    retries = metrics.retries
    if retries.n >= max(3, 0.1 * asked) and not kinds:
        named = ", ".join(f"{n} {kind}" for kind, n in retries.by_kind.items())
        requests = count(asked, "request")
        yield finding(
            "infrastructure",
            "calls-repeated",
            0.45,
            f"Calls had to be repeated {retries.n:,} times for {requests} ({named}).",
            "Lower -j, or set --rpm.",
            [r.key for r in results if r.retried],
            repeated=retries.n,
            by_kind=dict(retries.by_kind),
        )


def _filtered(case: Case) -> Iterator[Finding]:
    seen = showing(case, "filtered")
    confidence = sure(seen, least=2)
    if confidence > 0:
        yield finding(
            "infrastructure",
            "content-filtered",
            max(0.85, confidence),
            f"A content filter stopped {len(seen.gained)} of {count(seen.n, 'answer')}.",
            WORDS["content_filter"][1],
            seen.gained,
            foreign=seen.share,
            answers=len(seen.gained),
            of=seen.n,
        )


def _pages(case: Case) -> Iterator[Finding]:
    """An error page, a login page or an error object, given as an answer."""
    seen = showing(case, "page")
    confidence = sure(seen, least=2)
    if confidence > 0:
        yield finding(
            "infrastructure",
            "page-for-an-answer",
            max(0.9, confidence),
            f"A page or an error object stands in place of {len(seen.gained)} of "
            f"{count(seen.n, 'answer')}, as “{example(case, seen.gained[0])}”.",
            "A proxy, a gateway or a login answers for the model: ask it directly.",
            seen.gained,
            foreign=seen.share,
            answers=len(seen.gained),
            of=seen.n,
        )


def _cached(case: Case) -> Iterator[Finding]:
    """A cache says that it answered, or answers come at once and are those of the baseline."""
    was, now = case.was, case.now.fingerprint
    hits = [value for value in now.served.get("x-cache", ()) if "hit" in value.lower()]
    told = bool(hits) and "x-cache" not in was.served
    then, today = was.last_byte_p50_s, case.report.fingerprint.last_byte_p50_s
    same = bool(case.pairs) and not any(pair.reworded for pair in case.pairs)
    quick = bool(then and today and then >= 0.2 and today * 10 <= then and same)
    if not (told or quick) or case.report.metrics.recalled:
        return
    said = f"it says {hits[0]!r}" if told else f"median {today} s, in the baseline about {then} s"
    yield finding(
        "infrastructure",
        "cache-answers",
        0.45,
        f"A cache seems to answer for the model: {said}.",
        CACHE_ADVICE,
    )


def _one_answer(case: Case) -> Iterator[Finding]:
    """Everybody gets the same answer."""
    texts = Counter((r.answer or "").strip() for r in case.answered)
    questions = len({r.question for r in case.answered})
    if questions < 5:
        return
    text, times = texts.most_common(1)[0]
    then = Counter(pair.before.answer_sha256 for pair in case.pairs).most_common(1)
    usual = then[0][1] / len(case.pairs) if then else 0.2
    share = times / len(case.answered)
    if share < 0.5 or share < 2 * usual:
        return
    keys = [r.key for r in case.answered if (r.answer or "").strip() == text]
    again = _own_answer(case, keys)
    replaced = not again and _wrote_as_before(case, keys)
    confidence = 0.95 if again else 0.9 if replaced else 0.4
    said = f"{len(keys)} of {count(len(case.answered), 'question')} get one and the same answer"
    said += f", “{one_line(text, 60) or '(empty)'}”"
    if again:
        said += f", which was that of {again} alone in the baseline"
    if replaced:
        said += ", though the model wrote as many tokens for each as in the baseline"
    yield finding(
        "infrastructure",
        "one-answer-for-all",
        confidence,
        f"{said}.",
        CACHE_ADVICE,
        keys,
        foreign=len(keys) / len(case.answered),
        answers=len(keys),
        of=len(case.answered),
    )


def _one_text(case: Case) -> Iterator[Finding]:
    """One text stands for many answers, each another one before, and hardly any other changed.

    A model that was trained to say it would say other things otherwise, too; and a refusal is the
    model's own word.
    """
    reworded = [pair for pair in case.pairs if pair.reworded]
    if not reworded or case.base is None:
        return
    text, times = Counter(pair.after.answer_sha256 for pair in reworded).most_common(1)[0]
    same = [pair for pair in reworded if pair.after.answer_sha256 == text]
    untouched = len(case.pairs) - times
    often = max(5, 0.05 * len(case.pairs)) <= times <= untouched
    long = all(pair.after.form and _is_said(pair.after.form) for pair in same)
    other = any(pair.shift for pair in same)
    others = len(reworded) - times
    known = {pair.before.answer_sha256 for pair in case.pairs}
    own = any({"refusal", "no_question", "empty"} & set(pair.after.symptoms) for pair in same)
    right = any(pair.after.outcome == "pass" for pair in same)
    plain = text in known or own or right or other
    if plain or not (often and long) or others > AS_KEPT * untouched:
        return
    yield finding(
        "infrastructure",
        "one-text-for-many",
        0.8,
        f"{times} of {count(len(case.pairs), 'question')} get one and the same text, "
        f"“{example(case, same[0].key)}”, and of the others only {others} changed.",
        "A gateway, a fallback or a full queue answers for the model: look for its text.",
        [pair.key for pair in same],
        answers=times,
        of=len(case.pairs),
        others_changed=others,
    )


def _is_said(form: Form) -> bool:
    """Whether a text is more than a name, a number, yes or no."""
    return form.chars >= LEAST_TEXT and (form.words > 1 or form.script not in ("", "latin"))


def _uncounted(case: Case) -> Iterator[Finding]:
    """Tokens are no longer counted."""
    counted = [pair for pair in case.pairs if pair.before.prompt_tokens is not None]
    missing = [pair.key for pair in counted if pair.after.prompt_tokens is None]
    if len(missing) >= max(3, 0.5 * len(case.pairs)):
        yield finding(
            "infrastructure",
            "token-counts-missing",
            0.4,
            f"Tokens are no longer counted: {len(missing)} of {count(len(counted), 'answer')} came "
            "without the usage that the baseline has.",
            "Is there a new gateway, or a server that leaves out usage? Costs, and what tokens "
            "tell of templates and tokenizers, are unknown until then.",
            missing,
            answers=len(missing),
            of=len(counted),
        )


def _own_answer(case: Case, keys: list[str]) -> str:
    """Return the one item whose answer of the baseline everybody gets now; empty without one."""
    wanted = set(keys)
    same = [pair for pair in case.pairs if pair.key in wanted and not pair.reworded]
    whole = [p for p in same if p.after.prompt_tokens in (None, p.before.prompt_tokens)]
    return whole[0].key if 1 <= len(whole) <= max(1, 0.1 * len(keys)) else ""


def _wrote_as_before(case: Case, keys: list[str]) -> bool:
    """Whether one text stands for answers that took as many tokens as ever, each its own number.

    A refusal is the model's own word all the same.
    """
    wanted = set(keys)
    pairs = [p for p in case.pairs if p.key in wanted and p.after.completion_tokens]
    same = [p for p in pairs if p.after.completion_tokens == p.before.completion_tokens]
    refused = sum("refusal" in pair.after.symptoms for pair in pairs)
    counts = {pair.after.completion_tokens for pair in same}
    return len(counts) >= 3 and len(same) >= 0.8 * len(keys) and 2 * refused < len(keys)


def _swapped(case: Case, shift: Shift) -> Iterator[Finding]:
    """Questions get the answers that other questions got in the baseline."""
    if len(case.pairs) < 5:
        return
    owners: dict[str, list[Pair]] = {}
    for pair in case.pairs:
        owners.setdefault(pair.before.answer_sha256 or "", []).append(pair)
    reworded = [pair for pair in case.pairs if pair.reworded]
    strangers = [pair for pair in reworded if pair.after.answer_sha256 in owners]
    whole = _whole(case, shift, strangers, owners)
    lone = [
        pair
        for pair in strangers
        if len(owners[pair.after.answer_sha256 or ""]) == 1
        and pair.after.form
        and pair.after.form.chars >= 4
    ]
    answers = {pair.after.answer_sha256 for pair in lone}
    enough = len(answers) >= max(3, 0.1 * len(case.pairs))
    if whole:
        got = {pair.key for pair in strangers}
        seen = [pair for pair in case.pairs if pair.shift or pair.key in got]
        confidence = 0.97
    elif enough and len(strangers) >= 0.8 * len(reworded):  # no model errs so
        seen, confidence = strangers, 0.9 if len(answers) >= 5 else 0.8
    elif enough and 2 * len(lone) >= len(reworded):
        seen, confidence = lone, min(0.8, 0.6 + len(answers) / len(case.pairs))
    else:
        return
    place = {pair.key: index for index, pair in enumerate(case.pairs)}
    steps = Counter(
        place[pair.key] - place[owners[pair.after.answer_sha256 or ""][0].key] for pair in strangers
    )
    step, times = steps.most_common(1)[0]
    told = f", {times} of them that of the question {abs(step)} before" if step > 0 else ""
    yield finding(
        "infrastructure",
        "answers-swapped",
        confidence,
        f"{len(seen)} of {count(len(case.pairs), 'question')} get an answer that was another "
        f"question's in the baseline{told if times > len(seen) / 2 else ''}.",
        CACHE_ADVICE,
        [pair.key for pair in seen],
        foreign=len(seen) / len(case.pairs),
        answers=len(seen),
        of=len(case.pairs),
        with_their_token_counts=whole,
    )


def _whole(
    case: Case, shift: Shift, strangers: Sequence[Pair], owners: Mapping[str, list[Pair]]
) -> int:
    """Return how many replies came whole, with the token counts of the other question's.

    0 unless these explain why most prompt tokens moved, each by a number of its own.
    """
    if shift.kind == "constant":
        return 0
    came = [
        pair
        for pair in strangers
        if pair.shift
        and any(
            owner.before.prompt_tokens == pair.after.prompt_tokens
            and owner.before.completion_tokens == pair.after.completion_tokens
            for owner in owners[pair.after.answer_sha256 or ""]
        )
    ]
    shifted = sum(bool(pair.shift) for pair in case.pairs)
    return len(came) if len(came) >= max(3, 0.5 * shifted) else 0


def _cut_text(case: Case, shift: Shift) -> Iterator[Finding]:
    """The model writes as many tokens as before, and less text arrives.

    What is left begins or ends as the answer of the baseline did. So it is no other answer, of
    which some would have longer words.
    """
    if shift.kind not in ("same", "unknown") or case.base is None:
        return
    counted = [
        p for p in case.pairs if p.before.form and p.after.form and p.after.completion_tokens
    ]
    same = [
        p
        for p in counted
        if p.after.completion_tokens == p.before.completion_tokens
        and (p.after.finish_reason == p.before.finish_reason)
    ]
    short = [pair for pair in same if _missing(pair) > max(2, 0.05 * _chars(pair.before))]
    long = [pair for pair in same if -_missing(pair) > max(2, 0.05 * _chars(pair.before))]
    few = len(short) < max(3, 0.05 * len(same)) or len(short) < 5 * len(long)
    if few or len(same) < AS_BEFORE * len(counted) or not _is_rest(short) or respaced(case)[0]:
        return
    limit = max(_chars(pair.after) for pair in short)
    at_limit = sum(_chars(pair.after) >= limit - 1 for pair in short) >= 0.5 * len(short)
    then = median(_chars(pair.before) for pair in short)
    now = median(_chars(pair.after) for pair in short)
    arrive = (
        f"no more than {limit} characters of them arrive (median {then:.0f} then)"
        if at_limit
        else f"a part of their text is missing (median {now:.0f} characters, {then:.0f} then)"
    )
    yield finding(
        "infrastructure",
        "text-cut-on-the-way",
        0.9,
        f"Answers are cut on their way: {len(short)} of {count(len(same), 'answer')} took as many "
        f"tokens as in the baseline, but {arrive}.",
        "Look for a gateway, a log or a field with a limit on its length, and for lost pieces of "
        "a stream.",
        [pair.key for pair in short],
        foreign=len(short) / len(case.pairs),
        answers=len(short),
        characters=limit if at_limit else None,
    )


def _chars(item: BaselineItem) -> int:
    return item.form.chars if item.form else 0


def _missing(pair: Pair) -> int:
    return _chars(pair.before) - _chars(pair.after)


def _is_rest(short: Sequence[Pair]) -> bool:
    """Whether what arrived begins as the answer of the baseline did, or ends as it did."""
    forms = [(pair.before.form, pair.after.form) for pair in short]
    known = [(was, now) for was, now in forms if was and now]
    first = sum(now.first in (was.first, "") for was, now in known)
    last = sum(now.last in (was.last, "") for was, now in known)
    return max(first, last) >= 0.9 * len(known)
