"""``tqb compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.options import Config, FailUnder, MaxBroken, MaxErrors
from tqb.types import Policy

EXAMPLES = """Examples:

\b
  tqb compare tqb-baseline.jsonl run.json
  tqb compare main.json branch.json --max-broken 1
"""


def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Baseline file or JSON report.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="JSON report to be judged.")],
    fail_under: FailUnder = None,
    max_broken: MaxBroken = 0,
    max_errors: MaxErrors = 0.05,
    config: Config = None,
) -> int:
    """Compare a finished run with an earlier one."""
    from tqb import pipeline
    from tqb.cli.output import write_out
    from tqb.formats.terminal import render_comparison
    from tqb.report import load_report

    policy = Policy(fail_under, max_broken, max_errors)
    report = pipeline.compare(pipeline.read_baseline(base), load_report(new), policy)
    write_out(render_comparison(report, sys.stdout))
    return report.verdict.exit_code
