"""What stands between the pipeline and its model: limits, outages, filters, gateways and caches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median

from tqb.diagnose.case import Case, Pair, example, finding, showing, sure
from tqb.diagnose.shifts import Shift
from tqb.text import count, one_line
from tqb.types import FailureKind, Finding

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
CACHE_ADVICE = "Look for a cache or a proxy in between, and at what its key is made of."


def diagnose(case: Case, shift: Shift) -> Iterator[Finding]:
    """Yield what speaks for trouble on the way."""
    yield from _failures(case)
    yield from _filtered(case)
    yield from _pages(case)
    yield from _cached(case)
    yield from _one_answer(case, shift)
    yield from _swapped(case)
    yield from _cut_text(case, shift)


def _failures(case: Case) -> Iterator[Finding]:
    """Calls that brought no answer, or were repeated."""
    results = case.report.results
    asked = sum(r.outcome != "skipped" for r in results)
    failed = [r for r in results if r.outcome == "error" and r.failure and r.answer is None]
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
    retries = case.report.metrics.retries
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


def _one_answer(case: Case, shift: Shift) -> Iterator[Finding]:
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
    lost = shift.kind == "lost" and not again
    confidence = 0.95 if again else 0.4 if lost else 0.6
    if not text:
        confidence = min(confidence, 0.55)
    said = f"{len(keys)} of {count(len(case.answered), 'question')} get one and the same answer"
    said += f", “{one_line(text, 60) or '(empty)'}”"
    if again:
        said += f", which was that of {again} alone in the baseline"
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


def _own_answer(case: Case, keys: list[str]) -> str:
    """Return the one item whose answer of the baseline everybody gets now; empty without one."""
    same = [pair for pair in case.pairs if pair.key in set(keys) and not pair.reworded]
    whole = [p for p in same if p.after.prompt_tokens in (None, p.before.prompt_tokens)]
    return whole[0].key if 1 <= len(whole) <= max(1, 0.1 * len(keys)) else ""


def _swapped(case: Case) -> Iterator[Finding]:
    """Questions get the answers that other questions got in the baseline."""
    if len(case.pairs) < 5:
        return
    owner: dict[str, list[Pair]] = {}
    for pair in case.pairs:
        owner.setdefault(pair.before.answer_sha256 or "", []).append(pair)
    strangers = [
        pair
        for pair in case.pairs
        if pair.reworded and len(owner.get(pair.after.answer_sha256 or "", ())) == 1
    ]
    long = [pair for pair in strangers if (pair.after.form and pair.after.form.chars >= 4)]
    answers = {pair.after.answer_sha256 for pair in long}
    if len(answers) < max(3, 0.1 * len(case.pairs)):
        return
    place = {pair.key: index for index, pair in enumerate(case.pairs)}
    steps = Counter(
        place[pair.key] - place[owner[pair.after.answer_sha256 or ""][0].key] for pair in long
    )
    step, times = steps.most_common(1)[0]
    told = f", {times} of them that of the question {abs(step)} before" if step > 0 else ""
    yield finding(
        "infrastructure",
        "answers-swapped",
        min(0.97, 0.6 + len(answers) / len(case.pairs)),
        f"{len(long)} of {count(len(case.pairs), 'question')} get an answer that was another "
        f"question's in the baseline{told if times > len(long) / 2 else ''}.",
        CACHE_ADVICE,
        [pair.key for pair in long],
        foreign=len(long) / len(case.pairs),
        answers=len(long),
        of=len(case.pairs),
    )


def _cut_text(case: Case, shift: Shift) -> Iterator[Finding]:
    """The model writes as many tokens as before, and less text arrives."""
    if shift.kind not in ("same", "unknown") or case.base is None:
        return
    same = [
        pair
        for pair in case.pairs
        if pair.before.form
        and pair.after.form
        and pair.after.completion_tokens
        and pair.after.completion_tokens == pair.before.completion_tokens
        and pair.after.finish_reason == pair.before.finish_reason
    ]
    short = [
        p
        for p in same
        if p.before.form and p.after.form and p.after.form.chars < 0.9 * p.before.form.chars
    ]
    long = [
        p
        for p in same
        if p.before.form and p.after.form and p.after.form.chars > 1.1 * p.before.form.chars
    ]
    if len(short) < max(3, 0.1 * len(same)) or len(short) < 5 * len(long):
        return
    sizes = [pair.after.form.chars for pair in short if pair.after.form]
    limit = max(sizes)
    at_limit = sum(size >= limit - 1 for size in sizes)
    if at_limit < 0.5 * len(sizes):
        return
    then = median(pair.before.form.chars for pair in short if pair.before.form)
    yield finding(
        "infrastructure",
        "text-cut-on-the-way",
        0.9,
        f"Answers are cut on their way: {len(short)} of {count(len(same), 'answer')} took as many "
        f"tokens as in the baseline, but no more than {limit} characters of them arrive "
        f"(median {then:.0f} then).",
        "Look for a gateway, a log or a field with a limit on its length.",
        [pair.key for pair in short],
        foreign=len(short) / len(case.pairs),
        answers=len(short),
        characters=limit,
    )
