"""Report + Policy → Verdict. The exit code is decided here and nowhere else.

The first of these that speaks decides:

    interrupted       the run was stopped                                      130
    budget            the money ran out before the questions did                 4
    shard             this is a part of a run: `tqb merge` judges the whole      0
    nothing           no item was asked at all                                   5
    inconclusive      more calls failed than --max-errors allows, or more
                      answers are not the model's own, or nothing could be
                      compared                                                   3
    fail              a rule failed                                              1
    inconclusive      the unanswered questions could still make a rule fail      3
    pass              otherwise                                                  0

The rules are applied to what was answered, for their words; and to what would stand there had every
failed call brought a right answer, or a wrong one. A rule fails, or holds, where these two agree:
so an outage turns no fail into a pass, and no pass into a fail.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from tqb.changes import COMPARED, lacks_answers, supposed
from tqb.errors import (
    EXIT_BUDGET,
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOTHING,
    EXIT_PASS,
)
from tqb.gate import words
from tqb.gate.confirm import is_clear
from tqb.gate.rules import Case, apply
from tqb.text import count, usd
from tqb.types import Comparison, Finding, Metrics, Part, Policy, Report, Rule, Verdict

SPOKEN = (
    "must-pass",
    "paired-test",
    "fail-under",
    "max-latency-p95",
    "max-completion-p95",
    "fail-on",
)
"""Rules that are worth a word where they hold."""


def judge(report: Report, policy: Policy, *, interrupted: bool = False) -> Verdict:
    """Decide on a report that holds its comparison, if there is a baseline."""
    metrics = report.metrics
    if interrupted:
        return Verdict("interrupted", EXIT_INTERRUPTED, (_interrupted(report),))
    over = tuple(_over_budget(report, policy))
    if over:
        return Verdict("budget", EXIT_BUDGET, over)
    part = report.run.part
    if part and part.items:
        return Verdict("shard", EXIT_PASS, (_part(report, part),))
    if metrics.n + metrics.errors == 0:
        return Verdict("nothing", EXIT_NOTHING, ("nothing was scored: no item was asked",))
    unknown = tuple(_unknown(report, policy))
    if unknown:
        return Verdict("inconclusive", EXIT_INCONCLUSIVE, unknown)
    return _by_rules(report, policy)


def _part(report: Report, part: Part) -> str:
    metrics, of = report.metrics, f"of the run's {count(part.items, 'item')}"
    failed = f", and {count(metrics.errors, 'call')} failed" if metrics.errors else ""
    asked = f"{len(part.places)} {of} fell to shard {part.shard}{failed}"
    return f"{asked}: nothing was judged; `tqb merge` judges the whole"


def _interrupted(report: Report) -> str:
    metrics = report.metrics
    asked = metrics.n + metrics.errors + metrics.skipped
    where = " and while changes were confirmed" if report.confirmation else ""
    return f"interrupted after {metrics.n} of {asked} answers{where}: nothing was judged"


def _over_budget(report: Report, policy: Policy) -> Iterator[str]:
    """Say that the money ran out, or that nobody knows whether it did."""
    metrics, limit = report.metrics, policy.max_cost_usd
    again = report.confirmation.results if report.confirmation else ()
    if limit is None:
        return
    withheld = (r for r in chain(report.results, again) if r.outcome == "skipped")
    first = next(withheld, None)
    skipped = 0 if first is None else 1 + sum(1 for _ in withheld)
    answered = any(r.answer is not None for r in report.results)
    if not (skipped or answered):
        return
    if answered and metrics.cost_usd is None:
        whose = "this target or its judge" if report.run.judge else "this target"
        yield f"the price of {whose} is unknown, so --max-cost {limit:g} cannot be held"
    elif (metrics.cost_usd or 0.0) > limit:
        yield f"the run cost {usd(metrics.cost_usd or 0.0)}, and --max-cost allows ${limit:g}"
    elif first:
        yield first.failure.message if first.failure else "--max-cost allows no more"
    else:
        return
    unjudged = sum(r.outcome == "skipped" and r.answer is not None for r in report.results)
    asked = metrics.n + metrics.errors + metrics.skipped
    yield f"{metrics.skipped - unjudged} of {asked} questions were not asked: nothing was judged"
    if unjudged:
        yield f"{count(unjudged, 'failed answer')} of {asked} went to no judge"
    if skipped > metrics.skipped:
        yield f"{skipped - metrics.skipped} of {len(again)} questions were not asked again"


def _unknown(report: Report, policy: Policy) -> Iterator[str]:
    metrics, comparison = report.metrics, report.comparison
    asked = metrics.n + metrics.errors
    looked = report.results if metrics.errors else ()
    missing = [r.key for r in looked if r.failure and r.failure.kind == "not_recorded"]
    if missing:
        yield f"{len(missing)} of {asked} answers are not recorded: {words.listed(missing)}"
        yield _most_common_failure(report)
    elif metrics.n == 0:
        yield f"none of {asked} calls brought an answer: nothing was judged"
        yield _most_common_failure(report)
    elif metrics.errors > policy.max_errors * asked:
        yield (
            f"{metrics.errors} of {asked} calls failed, more than --max-errors "
            f"{policy.max_errors:g} allows: nothing was judged"
        )
        yield _most_common_failure(report)
    elif (foreign := _foreign(report)) and (
        foreign.foreign * metrics.n + metrics.errors > policy.max_errors * asked
    ):
        yield (
            f"{foreign.foreign:.0%} of the answers are not the model's own, and count as failed "
            f"calls; that is more than --max-errors {policy.max_errors:g} allows: nothing was "
            "judged"
        )
        yield foreign.summary
    elif comparison and comparison.baseline is not None and not comparable(comparison):
        yield "no item of the baseline could be compared: accept a new one"


def _foreign(report: Report) -> Finding | None:
    """Return the finding that says of most answers that they come from somebody else."""
    return max(
        (one for one in report.findings if one.foreign), key=lambda one: one.foreign, default=None
    )


def _most_common_failure(report: Report) -> str:
    kind, times = max(report.metrics.failures.items(), key=lambda pair: pair[1])
    failures = (r.failure for r in report.results if r.failure and r.failure.kind == kind)
    return f"{times} × {kind}: {next(failures).message}"


def comparable(comparison: Comparison) -> int:
    """Count the items that were answered both times and asked the same."""
    counts = comparison.counts
    return sum(counts.get(change, 0) for change in COMPARED if change != "inconclusive")


def _by_rules(report: Report, policy: Policy) -> Verdict:
    rules = (*_settled_rules(report, policy), *_limits(report.metrics, policy))
    failed = [rule.said for rule in rules if rule.outcome == "failed"]
    undecided = [_undecided(rule) for rule in rules if rule.outcome == "inconclusive"]
    notes = tuple(_notes(report, policy))
    if failed:
        return Verdict("fail", EXIT_FAIL, (*failed, *notes), rules)
    if undecided:
        return Verdict("inconclusive", EXIT_INCONCLUSIVE, (*undecided, *notes), rules)
    return Verdict("pass", EXIT_PASS, (*_passed(report, policy, rules), *notes), rules)


def _settled_rules(report: Report, policy: Policy) -> Iterator[Rule]:
    """Apply each rule to what was answered; its outcome is that of the best and the worst case."""
    case = _case(report, policy)
    if not report.metrics.errors and not lacks_answers(case.items):
        yield from apply(case)
        return
    best, worst = (apply(_supposed(case, report, passed=passed)) for passed in (True, False))
    for rule, well, badly in zip(apply(case), best, worst, strict=True):
        agreed = well.outcome == badly.outcome
        yield replace(rule, outcome=well.outcome if agreed else "inconclusive")


def _case(report: Report, policy: Policy) -> Case:
    return Case(
        policy=policy,
        comparison=report.comparison,
        passed=report.metrics.passed,
        n=report.metrics.n,
        latencies_s=_known(policy.max_latency_p95_s, (r.latency_s for r in report.results)),
        completions=_known(
            policy.max_completion_p95, (r.completion_tokens for r in report.results)
        ),
        findings=report.findings,
    )


def _known(limit: float | None, values: Iterable[float | None]) -> tuple[float, ...]:
    """Return the values that are held against a limit; none, where there is no limit."""
    return tuple(value for value in values if value is not None) if limit is not None else ()


def _supposed(case: Case, report: Report, *, passed: bool) -> Case:
    """Suppose that failed calls had brought right answers at no cost, or wrong ones without end."""
    errors = report.metrics.errors
    comparison = case.comparison and supposed(case.comparison, passed=passed)
    missing = (0.0 if passed else math.inf,) * errors
    return replace(
        case,
        comparison=comparison,
        passed=case.passed + errors * passed,
        n=case.n + errors,
        latencies_s=case.latencies_s and case.latencies_s + missing,
        completions=case.completions and case.completions + missing,
    )


def _undecided(rule: Rule) -> str:
    return f"{rule.said}, but the questions without an answer could turn that over"


def _limits(metrics: Metrics, policy: Policy) -> Iterator[Rule]:
    """State the limits that the run kept: had it not, no rule would have been applied."""
    asked = metrics.n + metrics.errors
    said = f"{metrics.errors} of {count(asked, 'call')} failed"
    yield Rule("max-errors", policy.max_errors, round(metrics.errors / asked, 6), "ok", said)
    limit, cost = policy.max_cost_usd, metrics.cost_usd
    if limit is None or cost is None:
        yield Rule("max-cost", limit, cost, "not applied", "not set")
    else:
        yield Rule("max-cost", limit, cost, "ok", f"the run cost {usd(cost)}")


def _notes(report: Report, policy: Policy) -> Iterator[str]:
    metrics = report.metrics
    if report.comparison and report.comparison.baseline is not None:
        yield from words.unsettled(report.comparison)
        yield from _unconfirmed(report.comparison, policy)
    if metrics.errors:
        kinds = ", ".join(f"{times} {kind}" for kind, times in metrics.failures.items())
        yield f"{count(metrics.errors, 'call')} failed ({kinds}), counted neither for nor against"
    again = report.confirmation.results if report.confirmation else ()
    failed = sum(result.outcome == "error" for result in again)
    if failed:
        yield f"{count(failed, 'call')} of the confirmation failed, counted neither for nor against"


def _unconfirmed(comparison: Comparison, policy: Policy) -> Iterator[str]:
    """Say that broken items were taken as they seemed, where asking again was wanted."""
    broken = sum(item.change == "broken" and item.again is None for item in comparison.items)
    if broken and policy.confirm:
        clear = ": the verdict is clear without" if is_clear(comparison, policy) else ""
        were = "was" if broken == 1 else "were"
        yield f"{count(broken, 'broken item')} {were} not asked again{clear}"


def _passed(report: Report, policy: Policy, rules: Sequence[Rule]) -> Iterator[str]:
    said = [rule.said for rule in rules if rule.name in SPOKEN and rule.outcome == "ok"]
    yield from said
    yield from words.sensitivity(report, policy)
    if not said:
        yield (
            "the pipeline answers, and that is all this run could judge: with no --baseline and "
            "no --fail-under, wrong answers cannot fail it"
        )
