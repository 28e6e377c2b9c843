"""Report + Comparison + Policy → Verdict. The exit code is decided here and nowhere else.

The rules, in this order; the first that speaks decides:

    interrupted       the run was stopped                              130
    budget            the money ran out before the questions did         4
    nothing           no item was asked at all                           5
    inconclusive      too many calls failed, or nothing comparable       3
    fail              accuracy under the floor, too many items broken    1
    pass              otherwise                                          0
"""

from __future__ import annotations

from collections.abc import Iterator

from tqb.errors import (
    EXIT_BUDGET,
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOTHING,
    EXIT_PASS,
)
from tqb.text import count
from tqb.types import Comparison, Metrics, Policy, Report, Verdict

COMPARABLE = ("broken", "fixed", "still_failing", "unchanged")


def judge(report: Report, policy: Policy, *, interrupted: bool = False) -> Verdict:
    """Decide on a report that holds its comparison, if there is a baseline."""
    metrics, comparison = report.metrics, report.comparison
    if interrupted:
        return Verdict("interrupted", EXIT_INTERRUPTED, (_interrupted(metrics),))
    over = tuple(_over_budget(report, policy))
    if over:
        return Verdict("budget", EXIT_BUDGET, over)
    if metrics.n + metrics.errors == 0:
        return Verdict("nothing", EXIT_NOTHING, ("nothing was scored: no item was asked",))
    unknown = tuple(_inconclusive(report, policy))
    if unknown:
        return Verdict("inconclusive", EXIT_INCONCLUSIVE, unknown)
    failed = tuple(_failed(metrics, comparison, policy))
    if failed:
        return Verdict("fail", EXIT_FAIL, failed + tuple(_errors(metrics)))
    return Verdict("pass", EXIT_PASS, tuple(_passed(metrics, comparison, policy)))


def _interrupted(metrics: Metrics) -> str:
    asked = metrics.n + metrics.errors + metrics.skipped
    return f"interrupted after {metrics.n} of {asked} answers: nothing was judged"


def _over_budget(report: Report, policy: Policy) -> Iterator[str]:
    """Say that the money ran out; answers under way at that moment may have passed the limit."""
    metrics, limit = report.metrics, policy.max_cost_usd
    if limit is None or all(r.answer is None for r in report.results):
        return
    if metrics.cost_usd is None:
        whose = "this target or its judge" if report.run.judge else "this target"
        yield f"the price of {whose} is unknown, so --max-cost {limit:g} cannot be held"
    elif metrics.cost_usd > limit or metrics.skipped:
        yield f"the run cost ${metrics.cost_usd:.4f}, and --max-cost allows ${limit:g}"
    else:
        return
    unjudged = sum(r.outcome == "skipped" and r.answer is not None for r in report.results)
    asked = metrics.n + metrics.errors + metrics.skipped
    yield f"{metrics.skipped - unjudged} of {asked} questions were not asked: nothing was judged"
    if unjudged:
        yield f"{count(unjudged, 'failed answer')} of {asked} went to no judge"


def _inconclusive(report: Report, policy: Policy) -> Iterator[str]:
    metrics, comparison = report.metrics, report.comparison
    asked = metrics.n + metrics.errors
    if metrics.n == 0:
        yield f"none of {asked} calls brought an answer: nothing was judged"
        yield _most_common_failure(report)
    elif metrics.errors > policy.max_errors * asked:
        yield (
            f"{metrics.errors} of {asked} calls failed, more than --max-errors "
            f"{policy.max_errors:g} allows: nothing was judged"
        )
        yield _most_common_failure(report)
    elif comparison is not None and not comparable(comparison):
        yield "no item of the baseline could be compared: accept a new one"


def _most_common_failure(report: Report) -> str:
    kind, times = max(report.metrics.failures.items(), key=lambda pair: pair[1])
    failures = (r.failure for r in report.results if r.failure and r.failure.kind == kind)
    return f"{times} × {kind}: {next(failures).message}"


def comparable(comparison: Comparison) -> int:
    """Count the items that were answered both times and asked the same."""
    return sum(comparison.counts.get(change, 0) for change in COMPARABLE)


def _failed(metrics: Metrics, comparison: Comparison | None, policy: Policy) -> Iterator[str]:
    if comparison is not None and comparison.counts.get("broken", 0) > policy.max_broken:
        yield _broken(comparison, policy)
    accuracy = metrics.passed / metrics.n
    if policy.fail_under is not None and accuracy < policy.fail_under:
        yield (
            f"accuracy {accuracy:.3f} ({metrics.passed} of {metrics.n}) is under "
            f"--fail-under {policy.fail_under:g}"
        )


def _broken(comparison: Comparison, policy: Policy) -> str:
    counts = comparison.counts
    broken, fixed = counts.get("broken", 0), counts.get("fixed", 0)
    passed_before = broken + counts.get("unchanged", 0)
    allowed = f"; --max-broken allows {policy.max_broken}" if policy.max_broken else ""
    verb = "fails" if broken == 1 else "fail"
    pairs = f"{fixed} that failed before now pass{'es' if fixed == 1 else ''}"
    before = count(passed_before, "item")
    return f"{broken} of {before} that passed before now {verb}; {pairs}{allowed}"


def _errors(metrics: Metrics) -> Iterator[str]:
    if metrics.errors:
        kinds = ", ".join(f"{times} {kind}" for kind, times in metrics.failures.items())
        yield f"{count(metrics.errors, 'call')} failed ({kinds}), counted neither for nor against"


def _passed(metrics: Metrics, comparison: Comparison | None, policy: Policy) -> Iterator[str]:
    if comparison is not None:
        broken, fixed = (comparison.counts.get(change, 0) for change in ("broken", "fixed"))
        seen = count(comparable(comparison), "item")
        word = f"{broken} broken, as --max-broken allows" if broken else "none broken"
        yield f"{seen} compared with the baseline: {word}, {fixed} fixed"
    if policy.fail_under is not None:
        accuracy = metrics.passed / metrics.n
        yield f"accuracy {accuracy:.3f} is not under --fail-under {policy.fail_under:g}"
    if comparison is None and policy.fail_under is None:
        yield (
            "the pipeline answers, and that is all this run could judge: with no --baseline and "
            "no --fail-under, wrong answers cannot fail it"
        )
    yield from _errors(metrics)
