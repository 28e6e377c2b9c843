"""The trends as a page: one file, opened from disk, with no script and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqb.formats.page.environment import environment
from tqb.history.trend import MEASURES, Trend

WIDTH, HEIGHT, EDGE = 560, 120, 8
"""Of a line's picture, in the units of its view box, and the room around the line."""


def to_page(lines: Sequence[Trend]) -> str:
    """Render trends as HTML."""
    groups: dict[tuple[str, str], list[Trend]] = {}
    for line in lines:
        groups.setdefault((line.pack, line.target), []).append(line)
    return (
        environment(Path(__file__).parent)
        .get_template("trend.html.j2")
        .render(
            groups=groups,
            titles={name: one.title for name, one in MEASURES.items()},
            places=places,
            WIDTH=WIDTH,
            HEIGHT=HEIGHT,
        )
    )


def places(line: Trend) -> list[tuple[float, float]]:
    """Return where the points of a line lie."""
    steps = max(1, len(line.points) - 1)
    return [
        (
            round(EDGE + number * (WIDTH - 2 * EDGE) / steps, 1),
            round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1),
        )
        for number, share in enumerate(line.shares)
    ]
