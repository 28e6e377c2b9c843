"""Who decides on a simulated run: the gate of tqb, and what else teams compare runs with.

Each says whether the run fails, and how many requests it took.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from statistics import NormalDist

from benchmarks.gate.pipelines import Subject, Subjects
from tests.make import result, run_info
from tqb.changes import change_of, count_changes
from tqb.gate import judge, plan, settle
from tqb.gate.rules import Case, apply
from tqb.report import make_report
from tqb.types import ComparedItem, Comparison, Passes, Policy, Report, Status, Tool

TIMES = 3
"""How often the last of the rivals asks everything."""

EMPTY = make_report(Tool("tqb", ""), run_info(), [])
FAILED_CALL = result("e")


@dataclass(frozen=True, slots=True)
class Trial:
    """A baseline, a run to be judged, and the pipeline that can be asked again."""

    rng: Random
    items: Subjects
    before: tuple[Passes, ...]
    after: tuple[Passes, ...]
    fresh: bool
    outage: float
    """Share of calls that fail."""

    def again(self, place: int, times: int) -> Passes:
        """Ask an item anew."""
        return asked(self.rng, self.items[place].after, times, self.outage)

    @property
    def requests(self) -> int:
        """Requests of the run to be judged."""
        return sum(now.n + now.errors for now in self.after)

    @property
    def pairs(self) -> Iterator[tuple[Passes, Passes]]:
        """What each item that was answered did before, and does now."""
        return ((was, now) for was, now in zip(self.before, self.after, strict=True) if now.n)


def trial(rng: Random, items: Subjects, *, repeats: int, fresh: bool, outage: float = 0.0) -> Trial:
    """Ask all items before and after the change."""
    before = tuple(asked(rng, item.before, repeats) for item in items)
    after = tuple(asked(rng, item.after, repeats, outage) for item in items)
    return Trial(rng, items, before, after, fresh and repeats > 1, outage)


def asked(rng: Random, chance: float, times: int, outage: float = 0.0) -> Passes:
    """Ask an item so many times."""
    errors = sum(rng.random() < outage for _ in range(times)) if outage else 0
    return passes(sum(rng.random() < chance for _ in range(times - errors)), times - errors, errors)


@cache
def passes(passed: int, n: int, errors: int) -> Passes:
    """Return the one record of these counts."""
    return Passes(passed, n, errors)


def tqb(made: Trial, policy: Policy) -> tuple[Status, int]:
    """Let tqb confirm and judge as `tqb run` does; the verdict and the requests."""
    comparison, requests = compared(made), made.requests
    while wave := plan(comparison, policy, asked=made.requests):
        answers = {key: made.again(int(key[2:]), wave.times) for key in wave.keys}
        requests += sum(again.n + again.errors for again in answers.values())
        comparison = settle(comparison, answers)
    return verdict(report(made, comparison), policy), requests


def verdict(made: Report, policy: Policy) -> Status:
    """Judge; where no call failed, by the rules alone, as the words around them take long."""
    metrics = made.metrics
    if metrics.errors or any(item.again and item.again.errors for item in compared_items(made)):
        return judge(made, policy).status
    case = Case(policy, made.comparison, metrics.passed, metrics.n, (), ())
    failed = any(rule.outcome == "failed" for rule in apply(case))
    return "fail" if failed else "pass"


def compared_items(made: Report) -> Sequence[ComparedItem]:
    """Return the items of the comparison."""
    return made.comparison.items if made.comparison else ()


def compared(made: Trial) -> Comparison:
    """Hold the run against its baseline, as `tqb.baseline.compare` does with its files."""
    items = tuple(
        compared_item(place, item, was, now)
        for place, (item, was, now) in enumerate(
            zip(made.items, made.before, made.after, strict=True)
        )
    )
    return Comparison("t", count_changes(items), items, (), made.fresh)


def compared_item(place: int, item: Subject, was: Passes, now: Passes) -> ComparedItem:
    """Hold an item against itself."""
    change = change_of(was, now)
    return ComparedItem("p", str(place), change, was, now, language=item.language, tags=item.tags)


def report(made: Trial, comparison: Comparison) -> Report:
    """Make a report with the figures that the gate looks at."""
    errors = sum(now.errors for now in made.after)
    metrics = replace(
        EMPTY.metrics,
        n=sum(now.n for now in made.after),
        passed=sum(now.passed for now in made.after),
        errors=errors,
        failures={"server": errors} if errors else {},
    )
    return replace(EMPTY, metrics=metrics, results=(FAILED_CALL,), comparison=comparison)


def any_failure(made: Trial) -> bool:
    """Fail where an item that passed fails."""
    return any(was.passing and not now.passing for was, now in made.pairs)


def five_points(made: Trial) -> bool:
    """Fail where accuracy is more than 5 points under the baseline."""
    was, now = accuracies(made)
    return was - now > 0.05 + 1e-9


def z_test(made: Trial) -> bool:
    """Fail where two accuracies, taken as independent, differ with one-sided p ≤ 0.05.

    The comparison of the language model evaluation harness, with its standard errors.
    """
    (was, now), n = accuracies(made), sum(now.n for now in made.after)
    error = math.sqrt((was * (1 - was) + now * (1 - now)) / (n - 1))
    return was > now and (error == 0 or (was - now) / error >= NormalDist().inv_cdf(0.95))


def accuracies(made: Trial) -> tuple[float, float]:
    """Return the share of answers that passed before and now."""
    before, after = zip(*made.pairs, strict=True)
    return accuracy(before), accuracy(after)


def accuracy(counts: Sequence[Passes]) -> float:
    """Return the share of answers that passed."""
    return sum(count.passed for count in counts) / sum(count.n for count in counts)


def best_of_three(made: Trial) -> bool:
    """Ask everything three times, before and now, and fail where a majority turned."""
    three = trial(made.rng, made.items, repeats=TIMES, fresh=False, outage=made.outage)
    return any_failure(three)


Decider = Callable[[Trial], bool]
RIVALS: Sequence[tuple[str, Decider, int | None]] = (
    ("any failure", any_failure, None),
    ("−5 points", five_points, None),
    ("z-test", z_test, None),
    ("2 of 3", best_of_three, TIMES),
)
"""Name, decider, and how often it asks everything; None for as often as the run does."""
