"""``tqb merge``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb.cli import options
from tqb.cli.keep import keep_in_history, keep_last_run, log_run, make_folder, saved_report
from tqb.cli.plans import with_own_baseline

EXAMPLES = """Examples:

\b
  tqb merge shard-*.json
  tqb merge shards/*.json --baseline tqb-baseline.jsonl -o run.json -o run.junit.xml
"""


def merge(
    context: typer.Context,
    reports: Annotated[
        list[Path],
        typer.Argument(metavar="REPORT.json…", help="JSON reports of all shards, in any order."),
    ],
    output: options.Outputs = None,
    baseline: options.BaselineFile = None,
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
    quarantine: options.Quarantine = None,
    confirm: options.Confirm = 3,
    confirm_limit: options.ConfirmLimit = None,
    max_cost: options.MaxCost = None,
    log_to: options.LogTo = None,
    history: options.History = True,
    github: options.GitHub = True,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config: options.Config = None,
) -> int:
    """Judge a run that was made in several shards; nobody is asked."""
    from tqb.cli.github import print_report
    from tqb.dashboards import require
    from tqb.formats import check_outputs, write_report
    from tqb.formats.terminal import render_report
    from tqb.merge import merge as put_together
    from tqb.report import load_report
    from tqb.types import RunOptions

    require(log_to or ())
    outputs = tuple(output or ())
    check_outputs(outputs, [*map(str, reports), baseline, config])
    read = [(path, load_report(path)) for path in reports]
    asked = RunOptions(
        target=read[0][1].run.target, baseline=baseline, policy=options.policy_of(context.params)
    )
    report = put_together(read, with_own_baseline(asked))
    make_folder()
    keep_last_run(report)
    if history:
        keep_in_history(report)
    for path in outputs:
        write_report(report, path)
    log_run(report, log_to or [])
    text = render_report(report, sys.stdout, details=not quiet, every=verbose)
    print_report(text, report, saved_report(outputs), wanted=github)
    return report.verdict.exit_code
