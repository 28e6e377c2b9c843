"""What the detectors look at: a run, its baseline, and the items that both were asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from typing import Any

from tqb import baseline
from tqb.changes import Evidence, count_items, each_item, sign_test, weigh
from tqb.text import count, one_line
from tqb.types import (
    Baseline,
    BaselineItem,
    Comparison,
    Family,
    Finding,
    Fingerprint,
    Form,
    Policy,
    Report,
    Result,
)

FAULT = 0.5
"""Least confidence of a fault; what is less sure is a notice."""
CERTAIN = 0.85
"""Least confidence with which an answer is taken for one that is not the model's own."""

RESPACED = 0.6
"""Least share of the answers that changed, in which only spaces did."""
LEAST_RESPACED = 3

MOST_LOOKED_AT = 10_000
"""Items that are looked at; of a larger run every second, third, …"""


@dataclass(frozen=True, slots=True)
class Pair:
    """One item that was asked the same question and answered both times."""

    key: str
    """``pack/item``."""
    result: Result
    """Its first answer now."""
    before: BaselineItem
    after: BaselineItem

    @property
    def shift(self) -> int | None:
        """Prompt tokens more than in the baseline; None where one of the counts is unknown."""
        was, now = self.before.prompt_tokens, self.after.prompt_tokens
        return None if was is None or now is None else now - was

    @property
    def reworded(self) -> bool:
        """Whether the answer's text is another one."""
        return self.before.answer_sha256 != self.after.answer_sha256

    @property
    def respaced(self) -> int:
        """How many spaces were added, or lost, where nothing else can have changed; else 0."""
        was, now = self.before.form, self.after.form
        if was is None or now is None or not self.reworded or _letters(was) != _letters(now):
            return 0
        return now.words - was.words


def _letters(form: Form) -> int:
    """Return the characters that are no space, where each space stands alone."""
    return form.chars - max(0, form.words - 1) - form.first.isspace() - form.last.isspace()


@dataclass(frozen=True)
class Case:
    """A run to be diagnosed."""

    report: Report
    base: Baseline | None
    now: Baseline
    """The run in the form of a baseline."""
    pairs: tuple[Pair, ...] = ()
    answered: tuple[Result, ...] = ()
    """The first answer to each item, with a baseline or without."""

    @property
    def comparison(self) -> Comparison | None:
        """What changed item by item, once confirmed."""
        return self.report.comparison

    @property
    def was(self) -> Fingerprint:
        """The baseline's fingerprint; an empty one where there is no baseline."""
        return self.base.fingerprint if self.base else Fingerprint()

    @cached_property
    def changes(self) -> Mapping[str, str]:
        """The change of each compared item, by key."""
        items = self.comparison.items if self.comparison else ()
        return {item.key: item.change for item in items if item.key in self.keys}

    @cached_property
    def forms(self) -> tuple[tuple[str, Form, Form], ...]:
        """What the answers looked like and look like now, by key, where both are known."""
        return tuple(
            (pair.key, pair.before.form, pair.after.form)
            for pair in self.pairs
            if pair.before.form and pair.after.form
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """The items that were asked the same question and answered both times."""
        return frozenset(pair.key for pair in self.pairs)

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """Items that passed in the baseline and fail now, for good."""
        return tuple(key for key, change in self.changes.items() if change == "broken")

    @cached_property
    def fixed(self) -> int:
        """How many failed in the baseline and pass now."""
        return sum(change == "fixed" for change in self.changes.values())

    @property
    def drop(self) -> float:
        """Net loss as a share of the compared items, 0 to 1."""
        return max(0.0, (len(self.broken) - self.fixed) / len(self.pairs)) if self.pairs else 0.0

    @cached_property
    def evidence(self) -> Evidence:
        """What speaks for a loss, as the gate weighs it with its own defaults."""
        items = self.comparison.items if self.comparison else ()
        fresh = self.comparison is not None and self.comparison.fresh_repeats
        asked = [item for item in items if item.key in self.keys]
        return weigh(asked, Policy().tolerate, fresh_repeats=fresh)

    @property
    def is_drop(self) -> bool:
        """Whether neither chance nor what another engine loses explains the loss."""
        return self.evidence.is_drop(Policy().alpha) or self.evidence.lost_all

    @property
    def is_loss(self) -> bool:
        """Whether chance hardly explains the loss, however small."""
        return len(self.broken) >= 3 and self.evidence.p_value <= 0.01

    @cached_property
    def babbles(self) -> bool:
        """Whether answers have no end and no sense: hardly one stops or is right any more.

        So writes a broken model; what its text looks like then says nothing about a tokenizer.
        """
        cut = sum(pair.after.finish_reason == "length" for pair in self.pairs)
        cut_before = sum(pair.before.finish_reason == "length" for pair in self.pairs)
        passed = [pair for pair in self.pairs if pair.before.outcome == "pass"]
        right = sum(pair.after.outcome == "pass" for pair in passed)
        endless = cut >= 0.9 * len(self.pairs) and cut - cut_before >= 0.2 * len(self.pairs)
        return bool(passed) and endless and right <= 0.1 * len(passed)

    def without(self, keys: Collection[str]) -> Case:
        """Return the same without the items whose answers say nothing about the model."""
        if not keys:
            return self
        return replace(
            self,
            pairs=tuple(pair for pair in self.pairs if pair.key not in keys),
            answered=tuple(result for result in self.answered if result.key not in keys),
        )

    @property
    def prompt_edited(self) -> bool:
        """Whether tqb's own prompt is another one than the baseline's."""
        return self.base is not None and self.base.template_sha256 != self.now.template_sha256


def open_case(base: Baseline | None, report: Report) -> Case:
    """Put side by side what the detectors compare."""
    results = _sampled(report)
    now = baseline.from_report(replace(report, results=results))
    first: dict[str, Result] = {}
    for result in sorted(results, key=lambda r: r.repeat):
        if result.outcome in baseline.SCORED:
            first.setdefault(result.key, result)
    in_order = dict.fromkeys(r.key for r in results if r.key in first)
    was = {item.key: item for item in base.items} if base else {}
    after = {item.key: item for item in now.items}
    pairs = tuple(
        Pair(key, first[key], was[key], after[key])
        for key in in_order
        if key in was
        and was[key].outcome in baseline.SCORED
        and was[key].question_sha256 == after[key].question_sha256
    )
    return Case(report, base, now, pairs, tuple(first[key] for key in in_order))


def _sampled(report: Report) -> tuple[Result, ...]:
    """Return the results of so many items that patterns show, evenly spread over the run."""
    items = count_items(report)
    if items <= MOST_LOOKED_AT:
        return tuple(report.results)
    step = -(-items // MOST_LOOKED_AT)
    return tuple(chain.from_iterable(islice(each_item(report.results), 0, None, step)))


def finding(
    kind: Family,
    name: str,
    confidence: float,
    summary: str,
    advice: str,
    items: Iterable[str] = (),
    foreign: float = 0.0,
    **evidence: Any,
) -> Finding:
    """Make a finding; its level follows from its confidence.

    Of a doubtful one no answer is taken for foreign.
    """
    return Finding(
        kind=kind,
        name=name,
        level="fault" if confidence >= FAULT else "notice",
        confidence=round(confidence, 2),
        summary=summary,
        advice=advice,
        evidence=evidence,
        items=tuple(items),
        foreign=round(foreign, 4) if confidence >= CERTAIN else 0.0,
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """Items that show something now and did not before, and the other way round."""

    gained: tuple[str, ...]
    lost: int
    n: int
    """Items looked at."""

    @property
    def net(self) -> int:
        """How many more show it."""
        return len(self.gained) - self.lost

    @property
    def share(self) -> float:
        """The same as a share of the items."""
        return self.net / self.n if self.n else 0.0

    @property
    def p_value(self) -> float:
        """Chance of so lopsided a change where nothing changed (exact sign test)."""
        return sign_test(len(self.gained), self.lost)


def moved(pairs: Sequence[Pair], shows: Callable[[BaselineItem], bool]) -> Moved:
    """Count the items that began to show something, and those that no longer do."""
    flags = [(pair.key, shows(pair.before), shows(pair.after)) for pair in pairs]
    gained = tuple(key for key, was, now in flags if now and not was)
    return Moved(gained, sum(was and not now for _, was, now in flags), len(flags))


def formed(shows: Callable[[Form], bool]) -> Callable[[BaselineItem], bool]:
    """Turn a question about the form of an answer into one about an item."""
    return lambda item: item.form is not None and shows(item.form)


def showing(case: Case, sign: str) -> Moved:
    """Count the answers that began to show a sign; without a baseline, those that show it."""
    if case.base is None:
        keys = tuple(r.key for r in case.answered if sign in r.symptoms)
        return Moved(keys, 0, len(case.answered))
    return moved(case.pairs, lambda item: sign in item.symptoms)


def sure(seen: Moved, *, least: int = 3, most: float = 0.95) -> float:
    """Turn a count of telling answers into a confidence: 0 below `least`, then rising to `most`.

    A sign that was as common before tells nothing: what it gained must outweigh what it lost.
    """
    if seen.net < least or seen.p_value > 0.1:
        return 0.0
    return min(most, 0.55 + 0.05 * (seen.net - least) + seen.share / 2)


def respaced(case: Case) -> tuple[list[Pair], bool]:
    """Return the answers that lost, or gained, spaces and nothing else, and whether they lost them.

    Empty where most of the answers that changed did so otherwise: by chance some fit.
    """
    changed = [pair for pair in case.pairs if pair.reworded]
    lost = [pair for pair in changed if pair.respaced < 0]
    more = [pair for pair in changed if pair.respaced > 0]
    most = max(lost, more, key=len)
    least = max(LEAST_RESPACED, RESPACED * len(changed))
    return (most if len(most) >= least else []), most is lost


def signed(
    case: Case,
    kind: Family,
    name: str,
    said: str,
    seen: Moved,
    confidence: float,
    advice: str,
) -> Finding:
    """Make the finding of a sign: ``said`` in so many answers, as in the first of them."""
    now = " now" if case.base else ""
    return finding(
        kind,
        name,
        confidence,
        f"{said} in {len(seen.gained)} of {count(seen.n, 'answer')}{now}, as in "
        f"“{example(case, seen.gained[0])}”.",
        advice,
        seen.gained,
        answers=len(seen.gained),
        lost=seen.lost,
        of=seen.n,
    )


def example(case: Case, key: str, limit: int = 60) -> str:
    """Quote the answer to an item."""
    answer = next((r.answer for r in case.answered if r.key == key), None)
    return one_line(answer or "", limit)
