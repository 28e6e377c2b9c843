"""``tqb export-results``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.keep import LAST_RUN
from tqb.cli.output import shell_word, write_out
from tqb.errors import EXIT_PASS
from tqb.text import count, one_line

EXAMPLES = """Examples:

\b
  tqb export-results run.json --to inspect -o logs/
  tqb export-results --to openai-evals -o records/      the last run
"""


def export_results(
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="inspect, or openai-evals.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the record.")
    ],
    run: Annotated[
        Path, typer.Argument(metavar="RUN.json", help="JSON report of a finished run.")
    ] = LAST_RUN,
    force: Annotated[bool, typer.Option("--force", help="Replace a record of this run.")] = False,
) -> int:
    """Write a finished run as another tool records its own, so that its viewer opens it."""
    from tqb.exports.results import export_results as write_results
    from tqb.exports.results import find_recorder
    from tqb.report import load_report

    recorder = find_recorder(to)
    report = load_report(run)
    path = write_results(report, recorder, output, force=force)
    results = count(len(report.results), "result")
    command = recorder.command.format(folder=shell_word(output), file=shell_word(path))
    write_out(f"{one_line(str(path))}: {results} for {recorder.title}\nNext: {command}\n")
    return EXIT_PASS
