"""``tqb run``."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import typer

from tqb.cli import options
from tqb.errors import EXIT_PASS, ConfigError
from tqb.types import JOURNAL, Limits, Params, Report, RunOptions, Shard, Storage

FOLDER = JOURNAL.parent
LAST_RUN = FOLDER / "last-run.json"
"""Where each run leaves its report, for `tqb baseline accept`, whatever `-o` says."""

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
    target: options.Target = "demo",
    prompt: options.Prompt = None,
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
    shard: options.ShardOf = None,
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
    from tqb import pipeline, shards
    from tqb.cli.github import print_report
    from tqb.cli.logs import redact_logs
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.dashboards import require
    from tqb.formats import check_outputs, write_report
    from tqb.formats.terminal import render_report

    if prompt and target.partition(":")[0] in ("demo", "replay"):
        print("warning: --prompt changes nothing: the answers are recorded", file=sys.stderr)
    redact_logs()
    require(log_to or ())
    outputs = tuple(output or ())
    if not dry_run:
        asked_of = [one.removeprefix("replay:") for one in (target, judge) if one]
        check_outputs(outputs, [*(packs or ()), prompt, baseline, config, *asked_of])
    part = shards.parse(shard) if shard else None
    asked = RunOptions(
        packs=tuple(packs or ("core-en",)),
        target=target,
        prompt=prompt,
        params=Params(temperature, seed, max_tokens, timeout),
        repeats=repeats,
        limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
        storage=Storage(own_journal(journal, part), resume, record, offline, cache, cache_days),
        shard=part,
        limit=limit,
        items=tuple(item or ()),
        tags=parse_tags(tag or []),
        scorer=scorer,
        fuzzy_threshold=fuzzy_threshold,
        judge=judge,
        baseline=baseline,
        policy=options.policy_of(context),
        verify=verify,
    )
    if dry_run:
        return print_estimate(context, asked)
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


def print_estimate(context: typer.Context, asked: RunOptions) -> int:
    """Print what a run would take.

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
        made = estimate(asked)
    write_out(render_estimate(made, sys.stdout))
    return EXIT_PASS


def own_journal(journal: Path, shard: Shard | None) -> Path:
    """Return a journal of a shard's own, where none was chosen: several may run in one folder."""
    if shard is None or journal != JOURNAL:
        return journal
    return journal.with_stem(f"{journal.stem}-{shard.number}-of-{shard.of}")


def parse_tags(pairs: list[str]) -> dict[str, str]:
    """Parse ``key=value`` options. Raises `ConfigError` for one without key or value."""
    tags = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign and value):
            raise ConfigError(f"--tag {pair}: wanted KEY=VALUE, such as category=history")
        tags[key] = value
    return tags


def make_folder() -> None:
    """Make ``.tqb/``, which git ignores; those who write there say if they cannot."""
    from tqb.files import write_whole

    with contextlib.suppress(ConfigError):
        write_whole(FOLDER / ".gitignore", "*\n")


def saved_report(outputs: tuple[Path, ...]) -> Path:
    """Return where the JSON report lies: as asked for, else that of the last run."""
    return next((path for path in outputs if path.suffix.lower() == ".json"), LAST_RUN)


def log_run(report: Report, dashboards: list[str]) -> None:
    """Send the report to dashboards; where that fails, say so and go on."""
    from tqb.dashboards import send

    for name in dict.fromkeys(dashboards):
        with contextlib.redirect_stdout(sys.stderr):
            failed = send(report, name)
        if failed:
            print(f"warning: {failed}; the verdict stands", file=sys.stderr)


def keep_last_run(report: Report) -> None:
    """Leave the report in ``.tqb/``; where that cannot be written, say so and go on."""
    from tqb.formats import write_report

    try:
        write_report(report, LAST_RUN)
    except ConfigError as error:
        print(f"warning: {error}; this run's report is not kept there", file=sys.stderr)


def keep_in_history(report: Report) -> None:
    """Add the run to the project's history; where that cannot be, say so and go on."""
    from tqb.history import History

    try:
        with History() as history:
            history.add(report)
    except ConfigError as error:
        print(f"warning: {error}; the verdict stands", file=sys.stderr)
