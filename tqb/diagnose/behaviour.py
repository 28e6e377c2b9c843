"""The model behaves otherwise: a fine-tune, another model, other sampling, broken weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain

from tqb.changes import by_item, sign_test
from tqb.diagnose.case import Case, Moved, Pair, example, finding, formed, moved, showing, sure
from tqb.diagnose.shifts import Shift
from tqb.text import count
from tqb.types import Finding, Form, Result, Shape

ADVICE = (
    "Compare the model's version, weights, adapters and sampling with those of the last good run; "
    "if the change is meant, accept a new baseline."
)
FORMS: dict[Shape, str] = {
    "sentence": "whole sentences",
    "bare": "bare answers, without a sentence around them",
    "lines": "several lines",
    "markdown": "Markdown",
    "json": "JSON",
    "code": "code blocks",
    "empty": "nothing at all",
}
EDGES: tuple[tuple[str, str, Callable[[Form], bool]], ...] = (
    ("case-changed", "are in small letters", lambda form: form.case == "lower"),
    ("case-changed", "are in capitals", lambda form: form.case == "upper"),
    ("case-changed", "begin with a small letter", lambda form: form.first.islower()),
    ("case-changed", "begin with a capital", lambda form: form.first.isupper()),
    ("full-stop", "end with a full stop", lambda form: form.last in (".", "。")),
)
CERTAIN = 1e-4
"""Most chance of a change of form where nothing changed, for it to count."""
LEAST_SHARE = 0.15
"""Least share of the answers that must have changed their form: other arithmetic moves some."""
RESTLESS = 0.5
"""Share of the answers that differ in more than their wording, from which on that is a fault.

Of a small model, other arithmetic moves 15 % and 4 bits in place of 8 move 43 %; noise of a tenth
of the weights' own spread, which breaks a third of its right answers, moves 62 %.
"""
SAID = 0.25
"""Share from which on it is said."""


def diagnose(case: Case, shift: Shift) -> Iterator[Finding]:
    """Yield what speaks for a model that behaves otherwise."""
    if case.base is not None:
        yield from _accuracy(case, shift)
        yield from _forms(case)
        yield from _length(case)
        yield from _script(case)
        yield from _restless(case)
        yield from _served(case)
    yield from _refusals(case)
    yield from _varies(case)


def _accuracy(case: Case, shift: Shift) -> Iterator[Finding]:
    """Right answers became wrong, with the same prompts."""
    if not (case.is_drop or case.is_loss):
        return
    counts = (
        f", though the same {shift.n} prompts take the same tokens" if shift.kind == "same" else ""
    )
    worst = _worst(case)
    yield finding(
        "behaviour",
        "accuracy-fell",
        min(0.9, 0.6 + case.drop) if case.is_drop else 0.45,
        f"{count(len(case.broken), 'answer')} that were right in the baseline are wrong now, and "
        f"{case.fixed} the other way round{counts}{worst}.",
        ADVICE,
        case.broken,
        broken=len(case.broken),
        fixed=case.fixed,
        of=len(case.pairs),
    )


def _worst(case: Case) -> str:
    """Name the category that lost most, where one stands out."""
    broken = set(case.broken)
    by_category: dict[str, list[int]] = {}
    for pair in case.pairs:
        if pair.before.outcome == "pass":
            sums = by_category.setdefault(pair.result.tags.get("category", ""), [0, 0])
            sums[0] += pair.key in broken
            sums[1] += 1
    by_category.pop("", None)
    known = {name: (lost, n) for name, (lost, n) in by_category.items() if lost >= 3}
    if len(by_category) < 2 or not known:
        return ""
    name = max(known, key=lambda one: known[one][0] / known[one][1])
    lost, n = known[name]
    return f"; {name} lost {lost} of {n}" if lost / n >= 1.5 * len(broken) / len(case.pairs) else ""


def _is(shape: Shape, form: Form) -> bool:
    return form.shape == shape


def _certain(seen: Moved) -> bool:
    return seen.share >= LEAST_SHARE and seen.net >= 4 and seen.p_value <= CERTAIN


def _forms(case: Case) -> Iterator[Finding]:
    """Answers took another shape."""
    found = {shape: moved(case.pairs, formed(partial(_is, shape))) for shape in FORMS}
    shape = max(found, key=lambda one: found[one].net)
    if not _certain(found[shape]):
        yield from _edges(case.pairs)
        return
    seen = found[shape]
    yield finding(
        "behaviour",
        "form-changed",
        min(0.9, 0.55 + seen.share / 2),
        f"Answers have another form: {len(seen.gained)} of {seen.n} are {FORMS[shape]} now, as in "
        f"“{example(case, seen.gained[0])}”.",
        ADVICE,
        seen.gained,
        form=shape,
        answers=len(seen.gained),
        lost=seen.lost,
        of=seen.n,
    )


def _edges(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Answers begin or end with another kind of character."""
    for name, said, shows in EDGES:
        seen = moved(pairs, formed(shows))
        if _certain(seen):
            yield finding(
                "behaviour",
                name,
                min(0.8, 0.4 + seen.share / 2),
                f"Answers have another form: {len(seen.gained)} of {seen.n} {said} now.",
                ADVICE,
                seen.gained,
                answers=len(seen.gained),
                lost=seen.lost,
                of=seen.n,
            )


def _restless(case: Case) -> Iterator[Finding]:
    """Answers differ in more than their wording, in no one direction.

    Other arithmetic (another engine, another batch) rewords answers too, but most of them begin
    alike, are about as long, and have the same shape.
    """
    changed = [key for key, was, now in case.forms if _differs(was, now)]
    share = len(changed) / len(case.forms) if case.forms else 0.0
    if len(changed) < 8 or share < SAID:
        return
    changes = sum(change in ("broken", "fixed") for change in case.changes.values())
    yield finding(
        "behaviour",
        "answers-changed",
        min(0.8, 0.2 + share) if share >= RESTLESS else 0.4,
        f"Answers are other ones: {len(changed)} of {len(case.forms)} begin otherwise, have "
        f"another form or are twice as long or half as long as in the baseline, and {changes} "
        "changed between right and wrong.",
        ADVICE,
        changed,
        answers=len(changed),
        of=len(case.forms),
        changed_outcomes=changes,
    )


def _differs(was: Form, now: Form) -> bool:
    size = math.log((now.chars + 3) / (was.chars + 3))
    return was.first != now.first or was.shape != now.shape or abs(size) > math.log(2)


def _length(case: Case) -> Iterator[Finding]:
    """Answers became longer, or shorter."""
    sizes = [(key, was.chars, now.chars) for key, was, now in case.forms]
    longer = [key for key, was, now in sizes if now > 1.5 * was + 4]
    shorter = [key for key, was, now in sizes if was > 1.5 * now + 4]
    for name, said, more, fewer in (
        ("answers-longer", "longer", longer, shorter),
        ("answers-shorter", "shorter", shorter, longer),
    ):
        seen = Moved(tuple(more), len(fewer), len(sizes))
        if not _certain(seen):
            continue
        ratios = sorted(math.log((now + 1) / (was + 1)) for _, was, now in sizes)
        factor = math.exp(ratios[len(ratios) // 2])
        yield finding(
            "behaviour",
            name,
            min(0.85, 0.5 + seen.share / 2),
            f"Answers are much {said}: {len(more)} of {len(sizes)}, against {len(fewer)} the other "
            f"way round (by the median {factor:.1f} times as long as in the baseline).",
            ADVICE,
            seen.gained,
            answers=len(more),
            lost=len(fewer),
            of=len(sizes),
        )


def _script(case: Case) -> Iterator[Finding]:
    """Answers are in another script, as where another language is spoken."""
    changes = {
        key: (was.script, now.script)
        for key, was, now in case.forms
        if was.script and now.script and was.script != now.script
    }
    kinds = Counter(changes.values())
    if not kinds:
        return
    (was, now), times = kinds.most_common(1)[0]
    back = kinds.get((now, was), 0)
    if times < 4 or sign_test(times, back) > 0.01:
        return
    keys = [key for key, change in changes.items() if change == (was, now)]
    yield finding(
        "behaviour",
        "script-changed",
        min(0.8, 0.5 + times / len(case.pairs)),
        f"{times} answers changed from {was.capitalize()} to {now.capitalize()} letters, as in "
        f"“{example(case, keys[0])}”; {back} the other way round.",
        "Does the model answer in the language of the question?",
        keys,
        answers=times,
        lost=back,
    )


def _served(case: Case) -> Iterator[Finding]:
    """Somebody else says that it answers."""
    was, now = case.was, case.now.fingerprint
    said = []
    if was.models and now.models and was.models != now.models:
        said.append(f"the model is {', '.join(now.models)}, it was {', '.join(was.models)}")
    for name in sorted(was.served.keys() & now.served.keys()):
        if was.served[name] != now.served[name] and name not in ("via", "x-cache"):
            then, today = ", ".join(was.served[name]), ", ".join(now.served[name])
            said.append(f"{name} is {today}, it was {then}")
    if said:
        yield finding(
            "behaviour",
            "served-by-another",
            0.45 if case.is_drop else 0.3,
            f"Somebody else answers than in the baseline: {'; '.join(said)}.",
            "If the new version is meant, accept a new baseline; else pin the version.",
            changed=said,
        )


def _refusals(case: Case) -> Iterator[Finding]:
    seen = showing(case, "refusal")
    confidence = sure(seen, least=3, most=0.9)
    if confidence > 0:
        now = "now " if case.base else ""
        yield finding(
            "behaviour",
            "refusals",
            confidence,
            f"The model refuses {len(seen.gained)} of {count(seen.n, 'question')} {now}that it "
            f"{'answered in the baseline' if case.base else 'was asked'}, as in "
            f"“{example(case, seen.gained[0])}”.",
            ADVICE,
            seen.gained,
            answers=len(seen.gained),
            lost=seen.lost,
            of=seen.n,
        )


def _varies(case: Case) -> Iterator[Finding]:
    """The same question gets other answers at temperature 0."""
    again = case.report.confirmation.results if case.report.confirmation else ()
    if case.report.run.repeats == 1 and not again:
        return
    asked = {r.key for r in chain(case.answered, again)}
    live = [r for r in chain(case.report.results, again) if r.answer is not None and r.key in asked]
    groups = [group for group in by_item(live).values() if len(group) > 1]
    if case.now.params.temperature != 0 or len(groups) < 2:
        return
    varied = [group[0] for group in groups if _texts(group) > 1]
    if len(varied) < max(2, 0.3 * len(groups)):
        return
    steady_before = case.base is not None and case.base.repeats > 1 and not case.base.fresh_repeats
    yield finding(
        "behaviour",
        "answers-vary",
        0.6 if steady_before else 0.4,
        f"Answers vary at temperature 0: {len(varied)} of {count(len(groups), 'question')} that "
        "were asked again got another answer each time or some times.",
        "Is the temperature passed on to the model? Batching on a busy server does the same, less.",
        [result.key for result in varied],
        varied=len(varied),
        of=len(groups),
    )


def _texts(group: Sequence[Result]) -> int:
    return len({result.answer for result in group})
