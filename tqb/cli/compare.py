"""``tqb compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb.cli import options

EXAMPLES = """Examples:

\b
  tqb compare tqb-baseline.jsonl run.json
  tqb compare main.json branch.json --max-broken 1
"""


def compare(
    context: typer.Context,
    base: Annotated[Path, typer.Argument(metavar="BASE", help="Baseline file or JSON report.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="JSON report to be judged.")],
    fail_under: options.FailUnder = None,
    must_pass: options.MustPass = None,
    alpha: options.Alpha = 0.05,
    tolerate: options.Tolerate = 0.05,
    max_drop: options.MaxDrop = 0.2,
    max_broken: options.MaxBroken = None,
    max_errors: options.MaxErrors = 0.05,
    max_latency_p95: options.MaxLatencyP95 = None,
    max_completion_p95: options.MaxCompletionP95 = None,
    fail_on: options.FailOn = None,
    github: options.GitHub = True,
    config: options.Config = None,
) -> int:
    """Compare a finished run with an earlier one."""
    from tqb import pipeline
    from tqb.cli.github import print_report
    from tqb.formats.terminal import render_comparison
    from tqb.report import load_report

    policy = options.policy_of(context.params)
    report = load_report(new)
    pipeline.refuse_unasked_must_pass(report.results, policy.must_pass, str(new))
    report = pipeline.compare(pipeline.read_baseline(base), report, policy)
    print_report(render_comparison(report, sys.stdout), report, new, wanted=github)
    return report.verdict.exit_code
