"""A smoke detector's test button: the user's pipeline, broken on purpose, on one page.

healthy run → faults → (ask → score → compare → confirm → diagnose → judge) for each → trials
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial

from tqb import baseline, pipeline
from tqb.asking import Asker, OnStart, shared_by
from tqb.errors import CallError
from tqb.estimate import OWN, most_confirmed
from tqb.memory import Memories
from tqb.pipeline import Prepared
from tqb.runner import OnReply
from tqb.selftest.faults import MORE_ITEMS, Fault, Key, faults_for, key_of, on_the_way_in
from tqb.selftest.records import Ending, Outcome, Plan, Tested, Trial
from tqb.text import count
from tqb.types import (
    JOURNAL,
    Price,
    Report,
    Request,
    Response,
    RunInfo,
    RunOptions,
    Target,
)

__all__ = ["Plan", "Tested", "Trial", "plan_of", "selftest"]

SMALL = 40
"""Items below which a pack misses faults for its size."""
FREE = Price((0.0, 0.0), 0.0, longest=0)


class Remembered:
    """The answers of the healthy run, given again for nothing."""

    recorded = False

    def __init__(self, name: str, answers: Mapping[Key, Response]) -> None:
        """Keep the answers."""
        self._answers = answers
        self.name = name

    async def complete(self, request: Request) -> Response:
        """Give the answer that the item had. Raises `CallError` where it had none."""
        known = self._answers.get(key_of(request))
        if known is None:
            raise CallError("bad_response", "there was no answer while nothing was broken")
        return known

    def price(self, request: Request) -> Price:
        """Say that it costs nothing."""
        return FREE

    async def aclose(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all runs of a self-test share."""

    options: RunOptions
    ready: Prepared
    info: RunInfo

    @property
    def requests(self) -> Sequence[Request]:
        """What the healthy pipeline is asked."""
        return self.ready.requests

    @property
    def packs(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(pack.name for pack in self.ready.packs)


@dataclass(frozen=True, slots=True)
class Askers:
    """Who asks: the live pipeline within the limits and the money, memory without either."""

    live: Asker
    free: Asker


def selftest(
    options: RunOptions,
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
) -> Tested:
    """Break a pipeline in each way that is possible from outside, and see what the gate says.

    Faults in the answers need no further request: they are done to those of the healthy run.
    `on_start` and `on_reply` as for `tqb.pipeline.run`; one budget holds for all that is asked.

    Raises:
        InputError: as `tqb.pipeline.run`.
    """
    target, bench = _opened(options)
    askers = _askers(options, on_start, on_reply)
    healthy = _judged(bench, target, askers.live)
    tested = Tested(
        target=target.name,
        packs=bench.packs,
        ending=_ending(healthy),
        reasons=tuple(_unhealthy(healthy)),
        items=len({key_of(request) for request in bench.requests}),
        passing=healthy.metrics.passed,
        requests=_questions(healthy),
    )
    if tested.ending == "done" and tested.reasons:
        return replace(tested, ending="unhealthy")
    return tested if tested.ending != "done" else _broken(bench, target, askers, healthy, tested)


def _broken(
    bench: Bench, target: Target, askers: Askers, healthy: Report, tested: Tested
) -> Tested:
    """Try one fault after the other."""
    answers = _answers_of(healthy)
    base = bench.ready.base or baseline.from_report(healthy)
    bench = replace(bench, ready=replace(bench.ready, base=base))
    for fault, why in _injectable(faults_for(bench.requests, answers), target, bench):
        if why:
            trial = Trial(fault.name, fault.family, fault.said, "skipped", why=why)
            tested = replace(tested, trials=(*tested.trials, trial))
            continue
        if fault.side == "request":
            with _unlogged():
                made = _judged(bench, fault.wrap(target), askers.live)
            asked = _questions(made)
        else:
            remembered = Remembered(target.name, answers)
            made, asked = _judged(bench, fault.wrap(remembered), askers.free), 0
        tested = replace(tested, requests=tested.requests + asked)
        if (ending := _ending(made)) != "done":
            return replace(tested, ending=ending, reasons=made.verdict.reasons)
        trial = replace(_trial(fault, healthy, made), requests=asked)
        tested = replace(tested, trials=(*tested.trials, trial))
    return tested


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep errors of the pipeline from the log: what breaks by our own doing is no news."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def plan_of(options: RunOptions) -> Plan:
    """Return what a self-test would ask; no key is needed and nothing is sent.

    Raises:
        InputError: as `selftest`.
    """
    target, bench = _opened(options, needs_key=False)
    found = [(fault.name, why) for fault, why in _injectable(on_the_way_in(), target, bench)]
    compared = replace(options, baseline=options.baseline or JOURNAL)
    return Plan(
        target=target.name,
        packs=bench.packs,
        items=len(bench.requests),
        live=tuple(name for name, why in found if not why),
        skipped=tuple(f"{name}: {why}" for name, why in found if why),
        free=len(faults_for(bench.requests, {})) - len(found),
        confirm=0 if target.recorded else most_confirmed(bench.requests, compared),
    )


def _opened(options: RunOptions, *, needs_key: bool = True) -> tuple[Target, Bench]:
    ready = pipeline.prepare(options)
    target = pipeline.open_pipeline(options, needs_key=needs_key)
    info = pipeline.run_info(datetime.now(timezone.utc), target, None, ready, options)
    return target, Bench(options, ready, info)


def _askers(options: RunOptions, on_start: OnStart, on_reply: OnReply) -> Askers:
    totals = {"live": 0, "free": 0}

    def start(name: str, total: int) -> None:
        totals[name] = total
        on_start(sum(totals.values()))

    unlimited = replace(
        options,
        limits=replace(options.limits, rpm=None, tpm=None, deadline_s=None),
        policy=replace(options.policy, max_cost_usd=None),
    )
    live, free = (
        Asker(one, shared_by(one), Memories(), partial(start, name), on_reply)
        for name, one in (("live", options), ("free", unlimited))
    )
    return Askers(live, free)


def _judged(bench: Bench, target: Target, ask: Asker) -> Report:
    """Make a run of the gate."""
    answer = partial(pipeline.answers, target, None, bench.ready, ask)
    return pipeline.go_through(bench.info, bench.ready, target, answer, bench.options)


def _ending(made: Report) -> Ending:
    status = made.verdict.status
    return status if status in ("budget", "interrupted") else "done"


def _unhealthy(healthy: Report) -> Iterator[str]:
    """Say why nothing can be learned from breaking this pipeline."""
    if healthy.verdict.status != "pass":
        yield from healthy.verdict.reasons
    elif not healthy.metrics.passed:
        yield "no item passes while nothing is broken, so that none can break"


def _questions(made: Report) -> int:
    """Count the questions that were put to the pipeline, confirmation included."""
    again = made.confirmation.results if made.confirmation else ()
    return sum(r.outcome != "skipped" for r in (*made.results, *again))


def _answers_of(healthy: Report) -> dict[Key, Response]:
    """Return the first answer to each item, which costs nothing when it is given again."""
    return {
        (r.pack, r.item_id): Response(
            answer=r.answer,
            finish_reason=r.finish_reason,
            prompt_tokens=r.prompt_tokens,
            completion_tokens=r.completion_tokens,
            latency_s=r.latency_s or 0.0,
            cost_usd=0.0,
            model=r.model,
            first_byte_s=r.first_byte_s,
            served=r.served,
        )
        for r in reversed(healthy.results)
        if r.answer is not None
    }


def _injectable(
    faults: Sequence[Fault], target: Target, bench: Bench
) -> Iterator[tuple[Fault, str]]:
    """Yield each fault, and why it cannot be injected; empty where it can."""
    seen = {_seen(bench.requests, target, bench): ""}
    for fault in faults:
        if fault.change is None:
            yield fault, ""
        elif target.recorded:
            yield fault, "the answers are recorded: whatever is asked, they stay the same"
        else:
            changed = [fault.change(request) for request in bench.requests]
            same = seen.setdefault(_seen(changed, target, bench), fault.name)
            said = f"with this prompt it is {same}" if same else "it changes nothing that is asked"
            yield fault, "" if same == fault.name else said


def _seen(requests: Sequence[Request], target: Target, bench: Bench) -> tuple[object, ...]:
    """Return what a target gets to see of requests: a program the question alone."""
    scheme = bench.options.target.strip().partition(":")[0]
    if scheme in OWN and not getattr(target, "takes_messages", False):
        return tuple(request.question for request in requests)
    if scheme in OWN:
        return tuple(request.messages for request in requests)
    return tuple((request.messages, request.params) for request in requests)


def _trial(fault: Fault, healthy: Report, made: Report) -> Trial:
    """Say what the gate made of a fault."""
    before = {r.key: (r.answer, r.prompt_tokens) for r in healthy.results}
    changed = sum(before[r.key][0] != r.answer for r in made.results)
    moved = any(before[r.key] != (r.answer, r.prompt_tokens) for r in made.results)
    usual = {one.name for one in healthy.findings if one.level == "fault"}
    found = [one for one in made.findings if one.level == "fault" and one.name not in usual]
    outcome: Outcome = "diagnosed" if found else "missed"
    by: tuple[str, ...] = ()
    if made.verdict.status == "fail":
        outcome = "caught"
        by = tuple(rule.name for rule in made.verdict.rules if rule.outcome == "failed")
    elif made.verdict.status != "pass":
        outcome, by = "caught", (made.verdict.status,)
    elif not found and not moved and fault.side == "request":
        outcome = "no effect"
    counts = made.comparison.counts if made.comparison else {}
    return Trial(
        fault=fault.name,
        family=fault.family,
        said=fault.said,
        outcome=outcome,
        by=by,
        diagnosis=f"{found[0].kind}: {found[0].name}" if found else "",
        why=_remedy(fault, len(before), changed) if outcome == "missed" else "",
        changed=changed,
        broken=counts.get("broken", 0),
        of=len(before),
    )


def _remedy(fault: Fault, items: int, changed: int) -> str:
    """Say what would have caught a fault."""
    said = [fault.remedy]
    if changed and items < SMALL and MORE_ITEMS not in fault.remedy:
        said.append(f"more than {count(items, 'item')}: `tqb power` says how many")
    if changed:
        said.append("--must-pass for the items that matter")
    return "; ".join(said)
