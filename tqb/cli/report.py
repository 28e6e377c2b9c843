"""``tqb report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.run import LAST_RUN
from tqb.errors import EXIT_PASS

EXAMPLES = """Examples:

\b
  tqb report run.json -o run.junit.xml -o run.md
  tqb report -o run.sarif          the last run
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
) -> int:
    """Write a finished report in other formats; it judges nothing and ends in 0."""
    from tqb.formats import check_outputs, write_report
    from tqb.report import load_report

    made = load_report(run)
    check_outputs(output, [run])
    for path in output:
        write_report(made, path)
    return EXIT_PASS
