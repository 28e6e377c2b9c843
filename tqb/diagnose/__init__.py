"""What broke, named before the number: (baseline, report) → findings, pure functions.

One file a family: what each sees by itself stands there, and here what one finding makes of
another. Answers that are not the model's own are left out first: they say nothing about the prompt
or the model. A fault on the way in (template, tokenizer) or in between explains why answers
changed; so what the answers alone say of the model is a notice then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tqb.diagnose import behaviour, data, infrastructure, template, tokenizer
from tqb.diagnose.case import FAULT, Case, open_case
from tqb.diagnose.shifts import Shift, measure
from tqb.types import Baseline, Family, Finding, Report

__all__ = ["diagnose"]

FAMILIES: dict[Family, Callable[[Case, Shift], Iterator[Finding]]] = {
    "template": template.diagnose,
    "tokenizer": tokenizer.diagnose,
    "behaviour": behaviour.diagnose,
    "data": data.diagnose,
}
"""But for infrastructure, which comes first."""

MOST_ITEMS = 1_000
"""Items named by a finding."""


def diagnose(base: Baseline | None, report: Report) -> tuple[Finding, ...]:
    """Return what speaks for a fault, the likeliest first; the report holds its comparison.

    Without a baseline only the absolute signs speak.
    """
    case = open_case(base, report)
    found = list(infrastructure.diagnose(case, measure(case.pairs)))
    own = case.without({key for one in found if one.foreign for key in one.items})
    shift = measure(own.pairs)
    found += [finding for family in FAMILIES.values() for finding in family(own, shift)]
    ordered = sorted(_weighed(found), key=lambda one: -one.confidence)
    return tuple(replace(one, items=one.items[:MOST_ITEMS]) for one in ordered)


def _weighed(found: list[Finding]) -> Iterator[Finding]:
    """Lower what another finding explains."""
    causes = [one for one in found if one.kind not in ("behaviour", "data")]
    cause = max((one.confidence for one in causes), default=0.0)
    for one in found:
        if one.kind == "behaviour" and cause >= max(FAULT, one.confidence - 0.2):
            lowered = min(one.confidence, 0.4)
            yield replace(one, confidence=lowered, level="notice")
        else:
            yield one
