"""``tqb baseline``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb.baseline import DEFAULT_NAME
from tqb.cli.keep import LAST_RUN
from tqb.cli.output import write_out
from tqb.errors import EXIT_PASS, BaselineError
from tqb.text import count
from tqb.types import Baseline, Matrix

ACCEPT_EXAMPLES = """Examples:

\b
  tqb baseline accept              the last run
  tqb baseline accept run.json -o tests/tqb-baseline.jsonl
  tqb baseline accept --answers    with the text of the answers
"""

SHOW_EXAMPLES = """Examples:

\b
  tqb baseline show
  tqb baseline show tests/tqb-baseline.jsonl
"""

DIFF_EXAMPLES = """Examples:

\b
  tqb baseline diff tqb-baseline.jsonl run.json
  tqb baseline diff old.jsonl new.jsonl
"""

FOLDER = Path("tqb-baselines")
"""Where the baselines of several runs go."""

app = typer.Typer(help="Keep an accepted run to compare with.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep an accepted run to compare with."""


@app.command(epilog=ACCEPT_EXAMPLES)
def accept(
    report: Annotated[
        Path, typer.Argument(metavar="RUN.json", help="JSON report to accept.")
    ] = LAST_RUN,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the baseline goes; of several runs a folder, by default tqb-baselines.",
        ),
    ] = Path(DEFAULT_NAME),
    answers: Annotated[
        bool, typer.Option("--answers", help="Keep the answers' text too, for reading diffs.")
    ] = False,
) -> int:
    """Make a run the baseline: a text file to commit beside the code."""
    from tqb import baseline
    from tqb.report import from_text, matrix_from_text, read

    if report == LAST_RUN and not report.exists():
        raise BaselineError("there is no last run here: do `tqb run` first, or name a report")
    data = read(report)
    several = matrix_from_text(data)
    if several:
        if output == Path(DEFAULT_NAME):
            output = FOLDER
        made = _accepted_cells(several, output, answers=answers)
    else:
        made = {output: baseline.accept(from_text(data, report), answers=answers)}
    for path, accepted in made.items():
        passing = keep(accepted, path)
        write_out(f"{path}: {count(len(accepted.items), 'item')}, {passing} of them passing\n")
    write_out(f"Commit it, and compare with: tqb run --baseline {output}\n")
    return EXIT_PASS


def _accepted_cells(matrix: Matrix, folder: Path, *, answers: bool) -> dict[Path, Baseline]:
    """Make a baseline of each cell, in a file of its own.

    Raises:
        BaselineError: a cell was not judged; then none is made.
    """
    from tqb import baseline
    from tqb.cli.plans import slug

    if folder.is_file():
        raise BaselineError(f"{folder}: is a file: several runs go into a folder, give -o FOLDER")
    made = {}
    for cell in matrix.cells:
        if cell.report is None:
            raise BaselineError(f"{cell.name}: {cell.verdict.reasons[0]}: accept cells that ran")
        made[folder / f"{slug(cell.name)}.jsonl"] = baseline.accept(cell.report, answers=answers)
    return made


def keep(accepted: Baseline, output: Path) -> int:
    """Write a baseline, and warn of one in which nothing passes; return how many items do.

    Raises:
        BaselineError: the file is something else.
        ConfigError: it cannot be written.
    """
    from tqb import baseline
    from tqb.files import write_whole

    if output.is_file() and not baseline.is_baseline(output.read_bytes()):
        raise BaselineError(f"{output}: exists and is no baseline; choose another name for it")
    write_whole(output, baseline.to_text(accepted))
    passing = sum(item.outcome == "pass" for item in accepted.items)
    if not passing:
        print("warning: no item passes in this baseline, so none can break", file=sys.stderr)
    return passing


@app.command(epilog=SHOW_EXAMPLES)
def show(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Baseline file or JSON report.")
    ] = Path(DEFAULT_NAME),
) -> int:
    """Show what a baseline holds: how it was made, and each item that does not pass every time."""
    from tqb.formats.terminal import render_baseline
    from tqb.pipeline import read_baseline

    write_out(render_baseline(read_baseline(file), sys.stdout))
    return EXIT_PASS


@app.command(epilog=DIFF_EXAMPLES)
def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="Baseline file or JSON report.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The one to hold against it.")],
) -> int:
    """Show what changed between two baselines; it judges nothing and ends in 0."""
    from tqb import baseline
    from tqb.formats.terminal import render_changes
    from tqb.pipeline import read_baseline

    changes = baseline.diff(read_baseline(before), read_baseline(after))
    write_out(render_changes(changes, sys.stdout))
    return EXIT_PASS
