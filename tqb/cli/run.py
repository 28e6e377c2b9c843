"""``tqb run``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from tqb.cli import options
from tqb.cli.keep import keep_in_history, keep_last_run, log_run, make_folder, saved_report
from tqb.cli.plans import plans_of
from tqb.errors import EXIT_PASS, ConfigError
from tqb.types import JOURNAL, RunOptions

EXAMPLES = """Examples:

\b
  tqb run                                       the gold set against the built-in demo
  tqb run -m openai/gpt-4o-mini                 any LiteLLM model
  tqb run --target http://localhost:8000/v1#m   an OpenAI-compatible server, directly
  tqb run --target python:app:answer            your own pipeline, a Python function
  tqb run --target "cmd:./ask.sh"               your own pipeline, any program
  tqb run -m openai/gpt-4o-mini --dry-run       what that would take, without asking
  tqb run --prompt prompt.txt -m … --watch      again whenever a file changes
  tqb run my-pack/ --baseline tqb-baseline.jsonl -o run.json
  tqb run -m openai/gpt-4o-mini --resume        go on after an interruption
  tqb run -m openai/gpt-4o-mini --shard 2/5 -o shard-2.json   one part of five
  tqb run -m openai/gpt-4o-mini --record DIR    keep the answers, to be replayed by --offline
"""


def run(
    context: typer.Context,
    packs: options.Packs = None,
    target: options.Targets = None,
    prompt: options.Prompts = None,
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
    repeats: options.Repeats = 1,
    max_concurrency: options.MaxConcurrency = 16,
    retries: options.Retries = 3,
    retry_delay: options.RetryDelay = 0.5,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    max_cost: options.MaxCost = None,
    journal: options.JournalFile = JOURNAL,
    resume: options.Resume = False,
    record: options.Record = None,
    offline: options.Offline = False,
    cache: options.Cache = False,
    cache_days: options.CacheDays = 7.0,
    per_request: options.PerRequest = 1,
    engine: options.EngineName = "asyncio",
    workers: options.Workers = None,
    shard: options.ShardOf = None,
    batch: options.Batch = False,
    batch_id: options.BatchId = None,
    limit: options.Limit = None,
    item: options.ItemIds = None,
    tag: options.Tags = None,
    temperature: options.Temperature = 0.0,
    seed: options.Seed = None,
    max_tokens: options.MaxTokens = 1024,
    timeout: options.Timeout = 60.0,
    deadline: options.Deadline = None,
    scorer: options.Scorer = "default",
    fuzzy_threshold: options.FuzzyThreshold = None,
    judge: options.Judge = None,
    verify: options.Verify = True,
    log_to: options.LogTo = None,
    dry_run: options.DryRun = False,
    watch: options.Watch = False,
    history: options.History = True,
    github: options.GitHub = True,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    config: options.Config = None,
) -> int:
    """Run packs through a pipeline and judge the answers."""
    if watch:
        from tqb.cli.watch import watch_runs

        return watch_runs(context)
    from tqb import pipeline
    from tqb.cli.cells import run_cells
    from tqb.cli.github import print_report
    from tqb.cli.logs import redact_logs
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.dashboards import require
    from tqb.formats import check_outputs, write_report
    from tqb.formats.terminal import render_report

    redact_logs()
    plans = plans_of(context)
    require(log_to or ())
    outputs = tuple(output or ())
    for plan in plans:
        warn_of_recorded(plan.options)
        if not dry_run:
            check_outputs(outputs, [*read_by(plan.options), config])
    if dry_run:
        return print_estimates(context, [plan.options for plan in plans])
    if len(plans) > 1:
        return run_cells(context, plans)
    asked = plans[0].options
    make_folder()
    with Patience() as patience:
        with progress(sys.stderr, quiet=quiet) as bar, contextlib.redirect_stdout(sys.stderr):
            report = pipeline.run(asked, on_start=bar.start, on_reply=patience.after(bar.advance))
        keep_last_run(report)
        if history and not report.run.part:
            keep_in_history(report)
        for path in outputs:
            write_report(report, path)
        log_run(report, log_to or [])
    text = render_report(report, sys.stdout, details=not quiet, every=verbose)
    print_report(text, report, saved_report(outputs), wanted=github)
    if report.verdict.status in ("interrupted", "budget") and asked.storage.journal:
        print("The answers are kept: the same command with --resume goes on.", file=sys.stderr)
    return report.verdict.exit_code


def warn_of_recorded(asked: RunOptions) -> None:
    """Say where a prompt changes nothing."""
    if asked.prompt and asked.target.partition(":")[0] in ("demo", "replay"):
        print("warning: --prompt changes nothing: the answers are recorded", file=sys.stderr)


def read_by(asked: RunOptions) -> list[str | Path | None]:
    """Return the files that a run reads, which no output may overwrite."""
    answers = [one.removeprefix("replay:") for one in (asked.target, asked.judge) if one]
    return [*asked.packs, asked.prompt, asked.baseline, *answers]


def print_estimates(context: typer.Context, asked: Sequence[RunOptions]) -> int:
    """Print what each run would take.

    Raises:
        InputError: it could not begin, or an output is named on the command line.
    """
    from tqb.cli.output import write_out
    from tqb.estimate import estimate
    from tqb.formats.terminal import render_estimate

    source = context.get_parameter_source("output")
    if source is not None and source.name == "COMMANDLINE":
        raise ConfigError("--dry-run writes nothing: leave out --output")
    sys.dont_write_bytecode = True  # not even of a python: target's module
    with contextlib.redirect_stdout(sys.stderr):
        made = [estimate(one) for one in asked]
    write_out("\n".join(render_estimate(one, sys.stdout) for one in made))
    return EXIT_PASS
