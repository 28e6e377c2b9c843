"""What the run is held against: packs, scorer, judge and parameters of its own."""

from __future__ import annotations

from collections.abc import Iterator

from tqb.diagnose.case import Case, finding
from tqb.diagnose.shifts import Shift
from tqb.text import count
from tqb.types import Finding

ADVICE = "Accept a new baseline from a run that is known to be good."


def diagnose(case: Case, shift: Shift) -> Iterator[Finding]:
    """Yield what keeps the run from being compared."""
    base, now = case.base, case.now
    if base is None:
        return
    known = {item.key: item.question_sha256 for item in base.items}
    asked = [item for item in now.items if item.key in known]
    edited = [i.key for i in asked if known[i.key] != i.question_sha256]
    if edited:
        share = len(edited) / len(asked)
        yield finding(
            "data",
            "pack-edited",
            0.9 if share > 0.5 else 0.3,
            f"The pack was edited: {len(edited)} of {count(len(asked), 'question')} are not those "
            "of the baseline, and say nothing about the pipeline.",
            ADVICE,
            edited,
            edited=len(edited),
            of=len(asked),
        )
    changed = [
        f"{name} is {after or 'none'}, in the baseline it was {before or 'none'}"
        for name, before, after in (
            ("the scorer", base.scorer, now.scorer),
            ("the judge", base.judge, now.judge),
        )
        if before != after
    ]
    if changed:
        yield finding(
            "data",
            "scoring-changed",
            0.6 if case.is_drop else 0.3,
            f"Answers are judged by another rule: {'; '.join(changed)}.",
            "Compare with `tqb compare` what one and the same scorer says of both runs.",
            changed=changed,
        )
    yield from _params(case)


def _params(case: Case) -> Iterator[Finding]:
    base, now = case.base, case.now
    if base is None:
        return
    names = ("temperature", "seed", "max_tokens", "per_request")
    values = [(name, getattr(base.params, name), getattr(now.params, name)) for name in names]
    changed = [
        f"{name} is {today}, in the baseline it was {then}"
        for name, then, today in values
        if then != today
    ]
    if changed:
        yield finding(
            "data",
            "parameters-changed",
            0.6 if case.is_drop else 0.3,
            f"The run asks with other parameters: {'; '.join(changed)}.",
            "Run with the parameters of the baseline, or accept a new one.",
            changed=changed,
        )
