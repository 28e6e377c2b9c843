"""Several runs judged together: targets × prompts × packs, one budget, one limiter a provider.

plan → run each cell → contrast → judge
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tqb import pipeline
from tqb.asking import OnStart, shared_by
from tqb.changes import by_item, count_passes
from tqb.errors import (
    EXIT_BUDGET,
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOTHING,
    EXIT_PASS,
    BaselineError,
    ConfigError,
    PromptError,
    TargetError,
)
from tqb.redaction import redact
from tqb.runner import OnReply
from tqb.stats import holm, paired_interval, sign_test
from tqb.targets import target_name
from tqb.text import usd
from tqb.types import Cell, Contrast, Matrix, Report, RunOptions, Status, Verdict

WORST_FIRST: Mapping[Status, int] = {
    "interrupted": EXIT_INTERRUPTED,
    "budget": EXIT_BUDGET,
    "fail": EXIT_FAIL,
    "inconclusive": EXIT_INCONCLUSIVE,
    "nothing": EXIT_NOTHING,
    "pass": EXIT_PASS,
}
"""Verdicts of a cell, with what the whole ends in where it is the worst of all."""

OnCell = Callable[[Cell], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A cell that is to run."""

    name: str
    """Unique among the cells."""
    suite: str
    options: RunOptions


def run(
    plans: Sequence[Plan],
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
    on_cell: OnCell = lambda cell: None,
) -> Matrix:
    """Run all cells, one after the other, and judge them together; there is at least one.

    They have the budget and the deadline in common, and those of one provider its limits. A target
    that cannot be opened makes its own cell inconclusive, and no other. `on_cell` gets each cell as
    it is done; for the others see `tqb.pipeline.run`.

    Raises:
        InputError: a pack, prompt, scorer, selection or baseline of any cell cannot be used;
            nothing has been asked then.
    """
    ready = {plan.name: _prepare(plan) for plan in plans}
    shared = shared_by(plans[0].options)
    totals: dict[str, int] = {}
    cells: list[Cell] = []

    def start(name: str, total: int) -> None:
        totals[name] = total
        on_start(sum(totals.values()))

    for plan in plans:
        asked = partial(
            pipeline.run,
            plan.options,
            on_start=partial(start, plan.name),
            on_reply=on_reply,
            shared=shared,
            ready=ready[plan.name],
        )
        interrupted = any(cell.verdict.status == "interrupted" for cell in cells)
        cells.append(_cell(plan, None if interrupted else asked))
        on_cell(cells[-1])
    contrasts = tuple(one for suite in _suites(cells) for one in contrast(suite))
    verdict = judge(cells, plans[0].options.policy.max_cost_usd)
    return Matrix("1.0", pipeline.TOOL, tuple(cells), contrasts, verdict)


def _prepare(plan: Plan) -> pipeline.Prepared:
    """Read what a cell needs; what is wrong with it is said with the cell's name."""
    try:
        return pipeline.prepare(plan.options)
    except (BaselineError, ConfigError, PromptError) as error:
        raise type(error)(f"{plan.name}: {error}") from error


def _cell(plan: Plan, run_it: Callable[[], Report] | None) -> Cell:
    """Run one cell, unless a signal stopped one before it."""
    report, why = None, "not run: the run was interrupted"
    if run_it:
        try:
            report = run_it()
        except TargetError as error:
            why = f"could not run: {redact(str(error))}"
    prompt = plan.options.prompt
    return Cell(
        name=plan.name,
        suite=plan.suite,
        target=report.run.target if report else target_name(plan.options.target),
        prompt=prompt.as_posix() if prompt else "",
        verdict=report.verdict if report else Verdict("inconclusive", EXIT_INCONCLUSIVE, (why,)),
        report=report,
    )


def _suites(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    for suite in dict.fromkeys(cell.suite for cell in cells):
        yield [cell for cell in cells if cell.suite == suite]


def contrast(cells: Sequence[Cell]) -> tuple[Contrast, ...]:
    """Hold each cell of a suite against the first that ran, over what both answered."""
    ran = [(cell, _right(cell.report)) for cell in cells if cell.report]
    if not ran:
        return ()
    (first, there), *others = ran
    counts = {
        cell.name: (
            sum(right[key] and not there[key] for key in both),
            sum(there[key] and not right[key] for key in both),
            len(both),
        )
        for cell, right in others
        if (both := right.keys() & there.keys())
    }
    p_values = {name: _either_way(gained, lost) for name, (gained, lost, _) in counts.items()}
    adjusted = holm(p_values)
    return tuple(
        Contrast(
            cell=name,
            against=first.name,
            items=n,
            gained=gained,
            lost=lost,
            difference=round((gained - lost) / n, 6),
            interval=_rounded(paired_interval(gained, lost, n)),
            p_value=float(f"{adjusted[name]:.6g}"),
        )
        for name, (gained, lost, n) in counts.items()
    )


def _right(report: Report) -> dict[tuple[str, str, str], bool]:
    """Return whether each item that was answered passes, by the question that was asked."""
    passes = {
        (pack, item, results[0].question_sha256): count_passes(results)
        for (pack, item), results in by_item(report.results).items()
    }
    return {key: one.passing for key, one in passes.items() if one.n}


def _either_way(gained: int, lost: int) -> float:
    """Return the two-sided p-value of the sign test."""
    return min(1.0, 2 * sign_test(max(gained, lost), min(gained, lost)))


def _rounded(interval: tuple[float, float]) -> tuple[float, float]:
    return round(interval[0], 6), round(interval[1], 6)


def judge(cells: Sequence[Cell], max_cost_usd: float | None = None) -> Verdict:
    """Give all cells one verdict, the worst of theirs, with the reasons of each that is no pass.

    Where all pass it has the first reason of each. What they cost together may be too much, too.
    """
    statuses = [cell.verdict.status for cell in cells]
    costs = [cell.report.metrics.cost_usd or 0.0 for cell in cells if cell.report]
    over = []
    if max_cost_usd is not None and round(sum(costs), 9) > max_cost_usd:
        statuses.append("budget")
        over = [f"the cells cost {usd(sum(costs))}, and --max-cost allows ${max_cost_usd:g}"]
    status = next(one for one in WORST_FIRST if one in statuses)
    reasons = tuple(
        f"{cell.name}: {reason}"
        for worst in WORST_FIRST
        for cell in cells
        if cell.verdict.status == worst != "pass"
        for reason in cell.verdict.reasons
    )
    passed = tuple(f"{cell.name}: {cell.verdict.reasons[0]}" for cell in cells)
    return Verdict(status, WORST_FIRST[status], (*over, *reasons) or passed)
