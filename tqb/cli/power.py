"""``tqb power``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated

import typer

from tqb.cli.output import write_out
from tqb.errors import EXIT_PASS, ConfigError
from tqb.text import count

EXAMPLES = """Examples:

\b
  tqb power
  tqb power --items 120 --drop 3 --repeats 3
  tqb power ./my-pack --noise 0.05 --power 0.9
"""

MOST_ITEMS = 3_000
MOST_REPEATS = 10
ROWS = 5

ADVICE = (
    "Repeats count only where each is answered afresh: without a cache, and with a temperature\n"
    "above 0.\n"
)


def _between(low: float, high: float) -> Callable[[float], float]:
    """Return the check of an option that lies between two numbers, both excluded."""

    def check(value: float) -> float:
        if not low < value < high:
            raise typer.BadParameter(f"{value:g} is not between {low:g} and {high:g}")
        return value

    return check


def _noise(value: float) -> float:
    return value if value == 0 else _between(0, 0.25)(value)


def power(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PACK", show_default="core-en", help="Packs whose items are counted."
        ),
    ] = None,
    items: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=MOST_ITEMS, help="Number of items, without a pack."),
    ] = None,
    drop: Annotated[
        float,
        typer.Option(
            metavar="POINTS",
            callback=_between(0, 100),
            help="Drop in accuracy to be seen; from 0.90 to 0.85 is 5 points.",
        ),
    ] = 5.0,
    repeats: Annotated[
        int, typer.Option(metavar="N", min=1, max=MOST_REPEATS, help="Times each item is asked.")
    ] = 1,
    noise: Annotated[
        float,
        typer.Option(
            metavar="X",
            callback=_noise,
            help="Share of items that pass, and fail when asked again with nothing changed.",
        ),
    ] = 0.02,
    alpha: Annotated[
        float,
        typer.Option(metavar="X", callback=_between(0, 1), help="Share of false alarms allowed."),
    ] = 0.05,
    wanted: Annotated[
        float,
        typer.Option(
            "--power", metavar="X", callback=_between(0, 1), help="Wanted chance to see the drop."
        ),
    ] = 0.8,
) -> int:
    """Plan a pack: how small a drop its items can show, and how many items a drop takes."""
    from tqb.power import detectable_drop, items_needed, repeats_needed

    steady = 1 - 4 * noise
    if drop / 100 > steady:
        raise ConfigError(
            f"--drop {drop:g} is too much beside --noise {noise:g}, where only {100 * steady:g} "
            "points can drop: lower one of them"
        )
    n = _size(sources, items)
    see = partial(detectable_drop, n, noise=noise, alpha=alpha, power=wanted)
    take = partial(
        items_needed, drop / 100, noise=noise, alpha=alpha, power=wanted, most=MOST_ITEMS
    )
    rows = [(see(repeats=r), take(repeats=r)) for r in range(1, max(ROWS, repeats) + 1)]
    enough = repeats_needed(
        n, drop / 100, noise=noise, alpha=alpha, power=wanted, most=MOST_REPEATS
    )
    write_out(f"{count(n, 'item')} · noise {noise:g} · alpha {alpha:g} · power {wanted:g}\n\n")
    write_out(_table(rows, drop))
    asked = "once" if repeats == 1 else f"{repeats} times"
    seen, needed = rows[repeats - 1]
    write_out(f"\nWith {count(n, 'item')} asked {asked}, {_limit(seen, wanted)}.\n")
    write_out(f"{_cost(drop, n, needed, enough)}.\n{ADVICE}")
    return EXIT_PASS


def _size(sources: Sequence[str] | None, items: int | None) -> int:
    """Return the number of items meant."""
    from tqb.packs import expand_all, load_pack

    if sources and items:
        raise ConfigError("--items and a pack both say how many items there are: leave one out")
    named = expand_all(sources or ["core-en"])
    size = items or sum(len(load_pack(name).items) for name in named)
    if not 1 <= size <= MOST_ITEMS:
        raise ConfigError(f"{size:,} items in the packs, and the plan is for 1 to {MOST_ITEMS:,}")
    return size


def _table(rows: Sequence[tuple[float | None, int | None]], drop: float) -> str:
    """Render a line for each number of repeats, from 1."""
    lines = [("REPEATS", "SMALLEST DROP SEEN", f"ITEMS TO SEE {_points(drop).upper()}")]
    for repeats, (seen, needed) in enumerate(rows, 1):
        shown = "none" if seen is None else _points(_rounded_up(seen))
        lines.append((str(repeats), shown, _items(needed)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + "\n"
        for line in lines
    )


def _limit(seen: float | None, wanted: float) -> str:
    runs = f"{100 * wanted:g} % of runs"
    if seen is None:
        return f"no drop can be told from noise in {runs}"
    return (
        f"a drop of less than {_points(_rounded_up(seen))} is told from noise in fewer than {runs}"
    )


def _cost(drop: float, n: int, needed: int | None, enough: int | None) -> str:
    """Say what it takes to see the drop."""
    more = enough and (needed is None or needed > n)
    instead = f", or these {n:,} asked {enough} times" if more else ""
    return f"To see a drop of {_points(drop)} takes {_items(needed)} items{instead}"


def _points(points: float) -> str:
    return "1 point" if points == 1 else f"{points:g} points"


def _rounded_up(drop: float) -> float:
    """Return a share as percentage points, rounded up to a tenth."""
    return math.ceil(round(drop * 1000, 6)) / 10


def _items(needed: int | None) -> str:
    return f"over {MOST_ITEMS:,}" if needed is None else f"{needed:,}"
