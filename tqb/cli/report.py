"""``tqb report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.keep import LAST_RUN
from tqb.errors import EXIT_PASS

EXAMPLES = """Examples:

\b
  tqb report run.json -o run.junit.xml -o run.md
  tqb report -o run.sarif          the last run
  tqb report branch.json main.json -o page.html
"""


def report(
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where it goes; the suffix picks the format, as for `tqb run`. Repeatable.",
        ),
    ],
    run: Annotated[
        Path, typer.Argument(metavar="RUN.json", help="JSON report to be written anew.")
    ] = LAST_RUN,
    base: Annotated[
        Path | None,
        typer.Argument(
            metavar="BASE",
            help="Baseline file or JSON report to compare it with first, by the default rules.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Write a finished report in other formats; whatever its verdict, it ends in 0."""
    from tqb import pipeline
    from tqb.formats import check_outputs, write_report
    from tqb.report import load_report
    from tqb.types import Policy

    made = load_report(run)
    check_outputs(output, [run, base])
    if base:
        made = pipeline.compare(pipeline.read_baseline(base), made, Policy())
    for path in output:
        write_report(made, path)
    return EXIT_PASS
