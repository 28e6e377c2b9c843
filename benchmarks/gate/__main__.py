"""How often the gate cries wolf, and how often it misses a break, beside other ways to compare.

    python -m benchmarks.gate [--runs 700] [--alpha 0.05] [--tolerate 0.05] [--confirm 3] …

Each row is a scenario at one size of pack: that many times a baseline and a run are drawn from
pipelines whose noise was recorded from a real model (`benchmarks/gate/pipelines.py`), and the
gate's own code confirms and judges. Shares of runs are in percent, with Wilson's interval at 95 %;
requests are those of the run with its confirmation, over the items of the pack.

Where items are repeated, a fifth of the runs is made, as the exact test takes long; and the rules
are applied without the words around them. The rivals get the same answers, but for the last, which
asks everything three times.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from benchmarks.gate import pipelines
from benchmarks.gate.deciders import RIVALS, tqb, trial
from benchmarks.gate.pipelines import SAME_WEIGHTS, Subjects
from tqb.stats import wilson
from tqb.types import Policy

SMALL, LARGE = 52, 440
"""Items of `core-en`; 40 in each of eleven languages."""
BOTH = (SMALL, LARGE)
Draw = Callable[[Random, int], Subjects]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated, and what is asked of the gate."""

    name: str
    draw: Draw
    at_most: float | None = None
    """Share of runs that may fail."""
    at_least: float | None = None
    """Share of runs that should fail."""
    requests: float | None = None
    """Requests allowed, over those of a single run."""
    sizes: Sequence[int] = BOTH
    repeats: int = 1
    outage: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a scenario."""

    failed: int
    unsure: int
    runs: int
    requests: float
    """Over the items of the pack."""
    rivals: tuple[int, ...]
    """Runs that each rival failed."""


def warm(pipeline: str) -> Draw:
    """Draw a pipeline at temperature 0.7."""
    return lambda rng, n: pipelines.warm(rng, n, pipeline)


def changed(draw: Draw, change: Callable[..., Subjects], *share: float) -> Draw:
    """Change what is drawn."""
    return lambda rng, n: change(rng, draw(rng, n), *share)


STRONG, PASSAGE, CLOSED = map(warm, ("strong", "passage", "closed"))


def engines(*names: str) -> Draw:
    """Go from the plain engine to one of these, as recorded."""
    return lambda rng, n: pipelines.recorded_engine(rng, n, names)


def breaks(draw: Draw, *sizes: int, repeats: int = 1) -> tuple[Scenario, ...]:
    """Return the breaks that have to be seen."""
    must_pass = changed(draw, pipelines.one_must_pass_broken)
    tenth = changed(draw, pipelines.broken, 0.1)
    fifth = changed(draw, pipelines.broken, 0.2)
    language = changed(draw, pipelines.one_language_broken)
    large = tuple(size for size in sizes if size == LARGE)
    found = (
        Scenario("one must-pass item broken", must_pass, at_least=1, sizes=sizes),
        Scenario("10 % of the items broken", tenth, at_least=0.95, sizes=sizes),
        Scenario("20 % of the items broken", fifth, at_least=0.999, sizes=sizes),
        Scenario("one language of eleven broken", language, at_least=0.95, sizes=large),
    )
    return tuple(replace(scenario, repeats=repeats) for scenario in found)


def repeated(draw: Draw, size: int, repeats: int) -> tuple[Scenario, ...]:
    """Return what repeats at temperature 0.7 make of a pipeline."""
    nothing = Scenario("unchanged", draw, at_most=0.01, sizes=(size,), repeats=repeats)
    return (nothing, *breaks(draw, size, repeats=repeats))


COLD_NOISE: Sequence[Scenario] = (
    Scenario("unchanged", pipelines.cold, at_most=0.01, requests=1.3),
    Scenario(
        "unchanged, 5 % flaky items",
        changed(pipelines.cold, pipelines.flaky, 0.05),
        at_most=0.01,
        requests=1.3,
    ),
    Scenario("unchanged, 1 % of calls fail", pipelines.cold, at_most=0.01, outage=0.01),
    Scenario(
        "another engine: 2/30 lost, 1/30 won",
        changed(pipelines.cold, pipelines.other_engine),
        at_most=0.01,
    ),
    Scenario("another engine, as recorded", engines(*SAME_WEIGHTS), at_most=0.01, sizes=(SMALL,)),
)

WARM_NOISE: Sequence[Scenario] = (
    Scenario("unchanged", STRONG, at_most=0.01, requests=2),
    Scenario(
        "unchanged, 5 % flaky items",
        changed(STRONG, pipelines.flaky, 0.05),
        at_most=0.01,
        requests=2,
    ),
    Scenario("unchanged, the small model", PASSAGE, at_most=0.01, requests=2),
    Scenario("unchanged, without its passages", CLOSED, at_most=0.01, requests=2),
)

PARTS: Sequence[tuple[str, Sequence[Scenario]]] = (
    ("Temperature 0: nothing broke", COLD_NOISE),
    (
        "Temperature 0: something broke",
        (
            *breaks(pipelines.cold, *BOTH),
            Scenario("4-bit cache, as recorded", engines("4-bit cache"), sizes=(SMALL,)),
        ),
    ),
    ("Temperature 0.7: nothing broke", WARM_NOISE),
    ("Temperature 0.7: something broke", breaks(STRONG, *BOTH)),
    ("Temperature 0.7: 52 items asked 5 times", repeated(STRONG, SMALL, 5)),
    ("Temperature 0.7: 440 items asked twice", repeated(STRONG, LARGE, 2)),
    ("Temperature 0.7, the small model: 52 items asked 12 times", repeated(PASSAGE, SMALL, 12)),
    ("Temperature 0.7, the small model: 440 items asked 3 times", repeated(PASSAGE, LARGE, 3)),
)


def simulate(scenario: Scenario, size: int, runs: int, policy: Policy) -> Row:
    """Run a scenario so many times; the same draws each time the benchmark is run."""
    rng = Random(f"{scenario.name} {size} {scenario.repeats}")
    status: list[str] = []
    requests, rivals = 0, [0] * len(RIVALS)
    for _ in range(runs):
        items = scenario.draw(rng, size)
        made = trial(
            rng, items, repeats=scenario.repeats, fresh=scenario.repeats > 1, outage=scenario.outage
        )
        said, asked = tqb(made, policy)
        status.append(said)
        requests += asked
        for place, (_, decide, _) in enumerate(RIVALS):
            rivals[place] += decide(made)
    return Row(
        failed=status.count("fail"),
        unsure=status.count("inconclusive"),
        runs=runs,
        requests=requests / (runs * size),
        rivals=tuple(rivals),
    )


def line(scenario: Scenario, size: int, row: Row) -> str:
    """Render a row of the table."""
    low, high = wilson(row.failed, row.runs)
    interval = f"{100 * low:.1f}–{100 * high:.1f}"
    rivals = "".join(f"{100 * failed / row.runs:12.1f}" for failed in row.rivals)
    return (
        f"{scenario.name:36}{size:5}{wanted(scenario):>9}{100 * row.failed / row.runs:8.1f}"
        f"{interval:>13}{100 * row.unsure / row.runs:7.1f}{row.requests:6.2f}×  "
        f"{met(scenario, row):4}{rivals}"
    )


def wanted(scenario: Scenario) -> str:
    """Say what is asked of the gate."""
    if scenario.at_most is not None:
        return f"≤ {100 * scenario.at_most:g}"
    return "" if scenario.at_least is None else f"≥ {100 * scenario.at_least:g}"


def met(scenario: Scenario, row: Row) -> str:
    """Say whether it is so."""
    share = row.failed / row.runs
    dear = scenario.requests is not None and row.requests > scenario.requests
    loud = scenario.at_most is not None and share > scenario.at_most
    deaf = scenario.at_least is not None and share < scenario.at_least
    return "no" if dear or loud or deaf else "yes" if wanted(scenario) else ""


def head() -> str:
    """Return the head of the table."""
    rivals = "".join(f"{name:>12}" for name, _, _ in RIVALS)
    return (
        f"{'':36}{'items':>5}{'wanted':>9}{'tqb':>8}{'95 %':>13}{'unsure':>7}{'asked':>7}  "
        f"{'met':4}{rivals}"
    )


def price(scenario: Scenario) -> str:
    """Say what the rivals ask for."""
    costs = (f"{times or scenario.repeats}×" for _, _, times in RIVALS)
    return f"{'asked':>90}" + "".join(f"{cost:>12}" for cost in costs)


def main() -> None:
    """Print the table."""
    policy, runs = options()
    started = time.perf_counter()
    print("Runs that fail, in percent\n")
    print(head())
    for title, scenarios in PARTS:
        print(f"\n{title}")
        for scenario in scenarios:
            times = max(1, runs // 5) if scenario.repeats > 1 else runs
            for size in scenario.sizes:
                print(line(scenario, size, simulate(scenario, size, times, policy)), flush=True)
        print(price(scenarios[0]))
    print(f"\n{runs} runs a row, {time.perf_counter() - started:.0f} s")


def options() -> tuple[Policy, int]:
    """Read the policy and the number of runs from the command line."""
    usual = Policy()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=700)
    parser.add_argument("--alpha", type=float, default=usual.alpha)
    parser.add_argument("--tolerate", type=float, default=usual.tolerate)
    parser.add_argument("--max-drop", type=float, default=usual.max_drop)
    parser.add_argument("--confirm", type=int, default=usual.confirm)
    given = vars(parser.parse_args())
    runs = given.pop("runs")
    return replace(usual, **given), runs


if __name__ == "__main__":
    main()
