"""How a figure went from run to run: a line for each pack and target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tqb.history.store import PackRun, Run
from tqb.text import usd


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a run of a pack."""

    title: str
    value: Callable[[PackRun], float | None]
    show: Callable[[float], str]
    low: float | None = None
    """Where its scale begins, and where it ends; None takes the least and the greatest value."""
    high: float | None = None


MEASURES: Mapping[str, Measure] = {
    "accuracy": Measure("Accuracy", lambda one: one.accuracy, lambda v: f"{v:.3f}", 0.0, 1.0),
    "latency": Measure("Latency p50", lambda one: one.latency_p50_s, lambda v: f"{v:.3g} s", 0.0),
    "cost": Measure("Cost", lambda one: one.cost_usd, usd, 0.0),
    "tokens": Measure("Tokens", lambda one: one.tokens, lambda v: f"{v:,.0f}", 0.0),
}
"""By the name that the command line has for it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A run in a trend."""

    started_at: str
    status: str
    value: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure of one pack and target, run after run."""

    pack: str
    target: str
    measure: str
    points: tuple[Point, ...]

    @property
    def scale(self) -> tuple[float, float]:
        """Where the scale begins and ends; never the same."""
        measure, values = MEASURES[self.measure], [point.value for point in self.points]
        low = min(values) if measure.low is None else measure.low
        high = max(values) if measure.high is None else measure.high
        return low, high if high > low else low + 1.0

    @property
    def shares(self) -> tuple[float, ...]:
        """The height of each point on the scale, 0 to 1."""
        low, high = self.scale
        return tuple(
            min(1.0, max(0.0, (point.value - low) / (high - low))) for point in self.points
        )

    def shown(self, value: float) -> str:
        """Render a value with its unit."""
        return MEASURES[self.measure].show(value)


def trends(runs: Sequence[Run], measures: Sequence[str] = tuple(MEASURES)) -> tuple[Trend, ...]:
    """Return the lines that have a point, by pack and target, in the order of `measures`."""
    lines: dict[tuple[str, str], list[tuple[Run, PackRun]]] = {}
    for run in runs:
        for pack in run.packs:
            lines.setdefault((pack.pack, run.target), []).append((run, pack))
    found = []
    for (pack_name, target), line in sorted(lines.items()):
        for name in measures:
            points = tuple(
                Point(run.started_at, run.status, value)
                for run, pack in line
                for value in [MEASURES[name].value(pack)]
                if value is not None
            )
            if points:
                found.append(Trend(pack_name, target, name, points))
    return tuple(found)


BARS = "▁▂▃▄▅▆▇█"


def sparkline(trend: Trend, width: int) -> str:
    """Draw the last points, a character each."""
    return "".join(BARS[min(7, int(share * 8))] for share in trend.shares[-width:])
