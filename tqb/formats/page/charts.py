"""The figures of a run as bars: each chart says where its bars lie, and what its table has.

All lengths are in the units of the chart's view box, 0 to `WIDTH`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tqb.changes import by_item, count_passes
from tqb.formats.page.visible import visible
from tqb.tallies import interval
from tqb.text import count, cut
from tqb.types import Report, Result, Tally

WIDTH = 360
"""Of the room for bars."""
ROW = 24
"""Height of a bar with its space."""
LABEL = 18
"""Characters of a name beside a bar; the table has all of it."""
MOST_ROWS = 40
"""Rows of a chart and its table."""

_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Edges of the latency bars within a power of ten."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart and of its table."""

    label: str
    cells: tuple[str, ...]
    length: float
    low: float | None = None
    """Where the interval begins, and where it ends; None where there is none."""
    high: float | None = None

    @property
    def short(self) -> str:
        """The label where there is little room."""
        return cut(" ".join(self.label.split()), LABEL)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and the table that says the same."""

    id: str
    title: str
    said: str
    """What a reader who does not see the bars is told."""
    head: tuple[str, ...]
    bars: tuple[Bar, ...]
    more: int = 0
    """Rows there was no room for."""

    @property
    def height(self) -> int:
        """Of all bars."""
        return ROW * len(self.bars)


def charts(report: Report) -> Iterator[Chart]:
    """Yield what there is to draw: accuracies, latencies, prompt tokens by language."""
    yield from _accuracies(report)
    waited = [one.latency_s for one in report.results if one.latency_s is not None]
    if waited:
        yield _latencies(waited)
    languages = report.metrics.languages
    premium = {
        row.language: row.token_premium
        for row in (languages.rows if languages else ())
        if row.token_premium is not None
    }
    if premium:
        yield _premium(premium)


def _accuracies(report: Report) -> Iterator[Chart]:
    metrics = report.metrics
    slices: Mapping[str, tuple[Mapping[str, Tally], Callable[[Result], str]]] = {
        "pack": (metrics.by_pack, lambda one: one.pack),
        "language": (metrics.by_language, lambda one: one.language),
        "category": (metrics.by_category, lambda one: one.tags.get("category", "")),
        "difficulty": (metrics.by_difficulty, lambda one: one.tags.get("difficulty", "")),
    }
    for by, (tallies, name_of) in slices.items():
        if any(one.n for one in tallies.values()):
            yield _accuracy(by, tallies, _intervals(report.results, tallies, name_of))


def _intervals(
    results: Sequence[Result], tallies: Mapping[str, Tally], name_of: Callable[[Result], str]
) -> dict[str, tuple[float, float] | None]:
    groups: dict[str, list[Result]] = {name: [] for name in tallies}
    for result in results:
        if name_of(result) in groups:
            groups[name_of(result)].append(result)
    return {
        name: interval(tallies[name], map(count_passes, by_item(group).values()))
        for name, group in groups.items()
    }


def _accuracy(
    by: str, tallies: Mapping[str, Tally], intervals: Mapping[str, tuple[float, float] | None]
) -> Chart:
    answered = [(name, one) for name, one in tallies.items() if one.accuracy is not None]
    shown = answered[:MOST_ROWS]
    bars = []
    for name, one in shown:
        low, high = intervals[name] or (None, None)
        share = one.accuracy or 0.0
        between = "–" if low is None or high is None else f"{low:.2f}–{high:.2f}"
        bars.append(
            Bar(
                label=visible(name),
                cells=(f"{one.passed:,} of {one.n:,}", f"{share:.3f}", between),
                length=share * WIDTH,
                low=None if low is None else low * WIDTH,
                high=None if high is None else high * WIDTH,
            )
        )
    return Chart(
        id=f"accuracy-by-{by}",
        title=f"Accuracy by {by}",
        said=f"Bars from 0 to 1, with 95 % intervals, of {count(len(shown), by)}; "
        "the table beside it has the figures.",
        head=(by.capitalize(), "Right", "Accuracy", "95 % interval"),
        bars=tuple(bars),
        more=len(answered) - len(shown),
    )


def _latencies(seconds: Sequence[float]) -> Chart:
    """Count answers between round edges, those between the fastest and the slowest."""
    edges = [0.0, *(step * 10.0**power for power in range(-3, 4) for step in _STEPS)]
    counts = [0] * len(edges)
    for one in seconds:
        counts[bisect_right(edges, max(one, 0.0)) - 1] += 1
    used = [place for place, number in enumerate(counts) if number]
    most = max(counts)
    bars = []
    for place in range(used[0], used[-1] + 1):
        last = place == len(edges) - 1
        label = (
            f"{edges[place]:g} s or more" if last else f"{edges[place]:g}–{edges[place + 1]:g} s"
        )
        number = counts[place]
        share = f"{number / len(seconds):.1%}"
        bars.append(Bar(label, (f"{number:,}", share), number / most * WIDTH))
    return Chart(
        id="latency",
        title="Latency",
        said=f"Histogram of {count(len(seconds), 'answer')} by seconds from sending to the last "
        "byte; the table beside it has the figures.",
        head=("Seconds", "Answers", "Share"),
        bars=tuple(bars),
    )


def _premium(premium: Mapping[str, float]) -> Chart:
    most = max(premium.values())
    bars = tuple(
        Bar(visible(language), (f"{times:.2f} ×",), times / most * WIDTH)
        for language, times in list(premium.items())[:MOST_ROWS]
    )
    return Chart(
        id="tokens-by-language",
        title="Prompt tokens by language",
        said="Prompt tokens of the same questions as a multiple of English; the table beside it "
        "has the figures.",
        head=("Language", "Times English"),
        bars=bars,
        more=max(0, len(premium) - MOST_ROWS),
    )
