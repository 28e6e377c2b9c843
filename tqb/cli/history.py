"""``tqb history``: what past runs came to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tqb.cli.output import write_out
from tqb.errors import EXIT_PASS, BaselineError, ConfigError
from tqb.text import count, one_line, usd
from tqb.types import HISTORY

if TYPE_CHECKING:
    from tqb.history import History, Run, Trend

LIST = """Examples:

\b
  tqb history
  tqb history --pack core-en --limit 5
  tqb history --json
"""

TREND = """Examples:

\b
  tqb history trend
  tqb history trend accuracy tokens --pack core-en
  tqb history trend -o trend.html
"""

FLAKY = """Examples:

\b
  tqb history flaky
  tqb history flaky --over 0.2 --json
"""

IMPORT = """Examples:

\b
  tqb history import run.json
  tqb history import artifacts/*.json
"""

DRAWN = 60
"""Runs of a line drawn in a terminal, where it has room for them."""


class Figure(str, Enum):
    """What can be drawn."""

    ACCURACY = "accuracy"
    LATENCY = "latency"
    COST = "cost"
    TOKENS = "tokens"


app = typer.Typer(
    help="List past runs, draw how they went, and say which items flake.", rich_markup_mode=None
)

File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="The history, where it is another than the project's.",
        show_default=".tqb/history.db",
    ),
]
Pack = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only this pack.", show_default=False)
]
Target = Annotated[
    str | None,
    typer.Option("--target", "-m", metavar="T", help="Only this target.", show_default=False),
]
Last = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Only the last N runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True, epilog=LIST)
def list_runs(
    context: typer.Context,
    pack: Pack = None,
    target: Target = None,
    limit: Last = 20,
    as_json: AsJson = False,
    file: File = None,
) -> int:
    """List past runs, the last one at the end; `tqb run` adds each."""
    if context.invoked_subcommand:
        return EXIT_PASS
    with _opened(file) as history:
        runs = history.runs(target=target, pack=pack, limit=limit)
    write_out(_as_json(map(asdict, runs)) if as_json else _listed(runs))
    return EXIT_PASS


@app.command("trend", epilog=TREND)
def trend(
    measures: Annotated[
        list[Figure] | None,
        typer.Argument(
            metavar="FIGURE", help="accuracy, latency, cost, tokens.", show_default="all"
        ),
    ] = None,
    pack: Pack = None,
    target: Target = None,
    limit: Last = 1000,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Write a page, too."),
    ] = None,
    as_json: AsJson = False,
    file: File = None,
) -> int:
    """Draw how figures went from run to run, by pack and target."""
    from tqb.history import MEASURES, trends

    if output and output.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--output {output}: a trend is written as a page; name it ….html")
    with _opened(file) as history:
        runs = history.runs(target=target, pack=pack, limit=limit)
    lines = trends(runs, [one.value for one in measures] if measures else tuple(MEASURES))
    if output:
        from tqb.files import write_whole
        from tqb.history.page import to_page

        write_whole(output, to_page(lines))
    write_out(_as_json(map(asdict, lines)) if as_json else _drawn(lines))
    return EXIT_PASS


@app.command("flaky", epilog=FLAKY)
def flaky(
    over: Annotated[
        float,
        typer.Option(metavar="X", min=0, max=1, help="Only items whose rate is above this."),
    ] = 0.0,
    limit: Last = 100,
    as_json: AsJson = False,
    file: File = None,
) -> int:
    """Say which items changed between right and wrong from run to run of the same pipeline."""
    from tqb.history import LEAST_RUNS, flake_rates

    with _opened(file) as history:
        found = [one for one in flake_rates(history.outcomes(limit)) if one.rate > over]
    if as_json:
        write_out(_as_json({**asdict(one), "rate": round(one.rate, 4)} for one in found))
    elif not found:
        write_out(f"No item flaked that was asked in {LEAST_RUNS} runs of one pipeline or more.\n")
    else:
        rows = [(f"{one.rate:.0%}", f"{one.passed}/{one.runs}", one.key) for one in found]
        write_out(_table([("CHANGES", "RIGHT", "ITEM"), *rows]))
    return EXIT_PASS


@app.command("import", epilog=IMPORT)
def import_(
    reports: Annotated[
        list[Path], typer.Argument(metavar="RUN.json…", help="JSON reports, such as CI kept.")
    ],
    file: File = None,
) -> int:
    """Add reports of other machines; a run that is there already stays as it is."""
    from tqb.cli.keep import make_folder
    from tqb.history import History
    from tqb.report import load_report

    if file is None:
        make_folder()
    added = 0
    with History(file or HISTORY) as history:
        for path in reports:
            made = load_report(path)
            if made.run.part:
                raise BaselineError(f"{path}: is one shard of a run: add what `tqb merge` made")
            added += history.add(made)
    write_out(
        f"Added {count(added, 'run')} of {len(reports)}; the others were there already.\n"
        if added < len(reports)
        else f"Added {count(added, 'run')}.\n"
    )
    return EXIT_PASS


def _opened(file: Path | None) -> History:
    """Open a history that is there.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    from tqb.history import History

    path = file or HISTORY
    if not path.exists():
        raise ConfigError(f"{path}: there is no history yet; `tqb run` adds each run to it")
    return History(path)


def _as_json(rows: Iterable[object]) -> str:
    return json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n"


def _listed(runs: Sequence[Run]) -> str:
    if not runs:
        return "No run.\n"
    rows = [("BEGAN (UTC)", "VERDICT", "RIGHT", "ERRORS", "COST", "PACKS · TARGET")]
    for run in runs:
        costs = [pack.cost_usd for pack in run.packs]
        known = [cost for cost in costs if cost is not None]
        names = ", ".join(pack.pack for pack in run.packs)
        rows.append(
            (
                run.started_at[:16].replace("T", " "),
                run.status,
                f"{sum(p.passed for p in run.packs):,} of {sum(p.n for p in run.packs):,}",
                f"{sum(p.errors for p in run.packs):,}",
                usd(sum(known)) if known and len(known) == len(costs) else "–",
                one_line(f"{names} · {run.target}", 200),
            )
        )
    return _table(rows)


def _drawn(lines: Sequence[Trend]) -> str:
    from tqb.history.trend import MEASURES, sparkline

    if not lines:
        return "No run with such a figure.\n"
    room = max(10, min(DRAWN, shutil.get_terminal_size().columns - 44))
    text, head = "", ""
    for line in lines:
        name = one_line(f"{line.pack} · {line.target}", 200)
        if name != head:
            text, head = f"{text}{'' if not text else chr(10)}{name}\n", name
        values = [point.value for point in line.points]
        first, last = line.shown(values[0]), line.shown(values[-1])
        drawn = sparkline(line, room)
        between = f"{first} → {last}" if len(values) > 1 else last
        text += f"  {MEASURES[line.measure].title:<12} {drawn}  {between}\n"
    return text


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)
