"""The report on a terminal: the verdict first, then the reasons, then what failed and why."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, TYPE_CHECKING

from tqb.text import one_line
from tqb.types import Comparison, Metrics, Problem, Report, Result, Status

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 300
"""Characters of a question, an answer or a note that are shown."""

SHOWN = 5
"""Failed items shown of each section, unless all are asked for."""

SHOWN_BROKEN = 20
"""Broken items shown: these are what the reader came for."""

WORDS: dict[Status, tuple[str, str]] = {
    "pass": ("PASS", "bold green"),
    "fail": ("FAIL", "bold red"),
    "inconclusive": ("INCONCLUSIVE", "bold yellow"),
    "nothing": ("NOTHING SCORED", "bold yellow"),
    "budget": ("BUDGET EXCEEDED", "bold yellow"),
    "interrupted": ("INTERRUPTED", "bold yellow"),
}


def print_report(
    report: Report, file: IO[str], *, details: bool = True, every: bool = False
) -> None:
    """Print the verdict and its reasons; with `details` also figures and failed items.

    `every` shows all failed items, not only the first `SHOWN`.
    """
    _print(file, chain(_verdict(report), _details(report, every) if details else ()))


def _print(file: IO[str], lines: Iterable[Text]) -> None:
    """Write lines to a stream, wrapped on a terminal only; rich reads NO_COLOR and FORCE_COLOR."""
    from rich.console import Console

    console = Console(
        file=file, highlight=False, markup=False, emoji=False, soft_wrap=not file.isatty()
    )
    with console.capture() as captured:
        for line in lines:
            console.print(line)
    file.write(captured.get())
    file.flush()


def _verdict(report: Report) -> Iterator[Text]:
    from rich.text import Text

    word, style = WORDS[report.verdict.status]
    packs = ", ".join(pack.name for pack in report.run.packs)
    asked = f"{len({r.key for r in report.results})} items"
    if report.run.repeats > 1:
        asked += f" × {report.run.repeats}"
    yield Text.assemble((word, style), "  ", one_line(f"{packs} · {report.run.target} · {asked}"))
    for reason in report.verdict.reasons:
        yield Text(f"  {one_line(reason, 2 * WIDTH)}")


def _details(report: Report, every: bool) -> Iterator[Text]:
    from rich.text import Text

    yield Text()
    for line in _figures(report):
        yield Text(f"  {line}", style="dim")
    for note in report.comparison.notes if report.comparison else ():
        yield Text(f"  note: {one_line(note, WIDTH)}")
    changed = _changed_items(report.comparison)
    failed = [r for r in report.results if r.outcome == "fail"]
    broken = [r for r in failed if r.key in changed["broken"]]
    before = [r for r in failed if r.key in changed["still_failing"]]
    others = [r for r in failed if r not in broken and r not in before]
    limit = len(failed) if every else None
    yield from _section("Broken: passed in the baseline", broken, limit or SHOWN_BROKEN)
    yield from _section("Failed", others, limit or SHOWN)
    yield from _section("Failed in the baseline too", before, limit or 0)
    yield from _failures(report)


def _changed_items(comparison: Comparison | None) -> dict[str, set[str]]:
    """Return the keys of the items by kind of change."""
    changed: dict[str, set[str]] = defaultdict(set)
    for item in comparison.items if comparison else ():
        changed[item.change].add(f"{item.pack}/{item.item_id}")
    return changed


def _figures(report: Report) -> Iterator[str]:
    metrics = report.metrics
    if metrics.accuracy is not None:
        yield _accuracy(metrics, report.run.scorer)
    parts = []
    if metrics.latency:
        parts.append(f"latency p50 {metrics.latency.p50:.2f} s, p95 {metrics.latency.p95:.2f} s")
    if metrics.tokens.prompt is not None:
        parts.append(f"tokens {metrics.tokens.prompt:,} in, {metrics.tokens.completion or 0:,} out")
    cost = "unknown" if metrics.cost_usd is None else f"${metrics.cost_usd:.4f}"
    if metrics.n:
        yield " · ".join([*parts, f"cost {cost}"])


def _accuracy(metrics: Metrics, scorer: str) -> str:
    if scorer == "tqbpp":
        return f"TQB++ EM {metrics.accuracy:.3f} · LR {metrics.mean_score:.3f} over {metrics.n}"
    text = f"accuracy {metrics.accuracy:.3f} ({metrics.passed} of {metrics.n} right)"
    if len(metrics.by_language) > 1:
        slices = (f"{name} {t.accuracy:.2f}" for name, t in metrics.by_language.items() if t.n)
        text += " · " + ", ".join(slices)
    return text


def _section(title: str, failed: Sequence[Result], limit: int) -> Iterator[Text]:
    from rich.text import Text

    if not failed:
        return
    yield Text(f"\n{title} ({len(failed)})", style="bold")
    for result in failed[:limit]:
        yield from _failed_item(result)
    if len(failed) > limit:
        more = f"… and {len(failed) - limit} more" if limit else "not shown"
        yield Text(f"  {more}: see them with --verbose", style="dim")


def _failed_item(result: Result) -> Iterator[Text]:
    from rich.text import Text

    tags = ", ".join(result.tags[key] for key in ("category", "difficulty") if key in result.tags)
    name = result.key + (f" #{result.repeat + 1}" if result.repeat else "")
    yield Text.assemble("  ", one_line(name), "  ", (one_line(tags), "dim"))
    expected = " | ".join(one_line(target, 60) for target in result.targets)
    why = result.explanation
    if result.symptoms:
        why += f" ({', '.join(result.symptoms)})"
    rows = (
        ("question", one_line(result.question, WIDTH)),
        ("expected", expected),
        ("answer", one_line(result.answer or "", WIDTH) or "(empty)"),
        ("why", one_line(why, WIDTH)),
    )
    for label, value in rows:
        yield Text.assemble((f"    {label:<9} ", "dim"), value)


def _failures(report: Report) -> Iterator[Text]:
    from rich.text import Text

    failed = [r for r in report.results if r.outcome == "error" and r.failure]
    if not failed:
        return
    yield Text(f"\nNot answered ({len(failed)})", style="bold")
    groups: dict[str, list[Result]] = {}
    for result in failed:
        groups.setdefault(result.explanation, []).append(result)
    for message, results in sorted(groups.items(), key=lambda pair: -len(pair[1]))[:SHOWN_BROKEN]:
        kind = results[0].failure.kind if results[0].failure else ""
        names = ", ".join(result.key for result in results[:3])
        more = f" and {len(results) - 3} more" if len(results) > 3 else ""
        yield Text(f"  {kind}: {one_line(message, 2 * WIDTH)}")
        yield Text(f"    {one_line(names)}{more}", style="dim")


def print_comparison(report: Report, file: IO[str]) -> None:
    """Print what `tqb compare` found: the verdict, its reasons, and each item that changed."""
    _print(file, chain(_verdict(report), _comparison(report)))


def _comparison(report: Report) -> Iterator[Text]:
    from rich.text import Text

    comparison = report.comparison
    if comparison is None:
        raise ValueError("the report holds no comparison")
    counts = (f"{count} {name.replace('_', ' ')}" for name, count in comparison.counts.items())
    yield Text(f"  {', '.join(counts)}", style="dim")
    for note in comparison.notes:
        yield Text(f"  note: {one_line(note, WIDTH)}")
    for item in comparison.items:
        if item.change != "still_failing":
            passes = f"{item.before or '–'} → {item.after or '–'}"
            name = one_line(f"{item.pack}/{item.item_id}")
            yield Text(f"  {item.change:<12} {passes:<11} {name}")


def print_problems(problems: Iterable[Problem], file: IO[str]) -> None:
    """Print one line a problem, ``file:line: message``, free of control characters."""
    for problem in problems:
        file.write(one_line(str(problem), 1000) + "\n")


def live_display_wanted(stream: IO[str]) -> bool:
    """Tell whether a progress bar may be drawn: a terminal, not under CI, not a dumb one."""
    return stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
