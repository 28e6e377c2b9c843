"""``tqb selftest``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tqb.cli import options
from tqb.cli.output import write_out
from tqb.errors import (
    EXIT_BUDGET,
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_PASS,
    ConfigError,
)
from tqb.types import Limits, Params, RunOptions

if TYPE_CHECKING:
    from tqb.formats.terminal import Line
    from tqb.selftest import Plan, Tested, Trial

EXAMPLES = """Examples:

\b
  tqb selftest                                            the demo: faults in its answers alone
  tqb selftest --target python:app:answer --dry-run       how many requests it takes
  tqb selftest my-pack/ canary-template -m MODEL --max-cost 0.50
  tqb selftest -m MODEL --baseline tqb-baseline.jsonl -o selftest.json

Your pipeline is asked once, then broken on purpose in up to 14 ways. Each fault is caught (the gate
fails, or says that nothing can be said), diagnosed (the gate passes, the report names a fault) or
missed. Exit codes: 0 none was missed · 1 one was · 2 usage or input · 3 the pipeline fails while
nothing is broken · 4 budget exceeded · 130 interrupted.
"""

ENDINGS = {
    "unhealthy": EXIT_INCONCLUSIVE,
    "budget": EXIT_BUDGET,
    "interrupted": EXIT_INTERRUPTED,
}
TITLES = {
    "unhealthy": "UNHEALTHY",
    "budget": "BUDGET EXCEEDED",
    "interrupted": "INTERRUPTED",
}
MARKS = {
    "caught": ("✓", "green"),
    "diagnosed": ("✓", "green"),
    "missed": ("✗", "bold red"),
    "no effect": ("=", "dim"),
    "skipped": ("-", "dim"),
}
WIDTH = 600

SavedAs = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE.json", help="Write what came of it as JSON."),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say how many requests it would take, and ask nobody."),
]


def selftest(
    context: typer.Context,
    packs: options.Packs = None,
    target: options.Target = "demo",
    prompt: options.Prompt = None,
    saved_as: SavedAs = None,
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
    confirm: options.Confirm = 3,
    confirm_limit: options.ConfirmLimit = None,
    max_concurrency: options.MaxConcurrency = 16,
    retries: options.Retries = 3,
    retry_delay: options.RetryDelay = 0.5,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    max_cost: options.MaxCost = None,
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
    verify: options.Verify = True,
    dry_run: DryRun = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> int:
    """Break your own pipeline on purpose, and show which faults your packs and gate catch."""
    from tqb.cli.plans import parse_tags

    if saved_as is not None and saved_as.suffix.lower() != ".json":
        raise ConfigError(f"--output {saved_as}: a self-test writes JSON alone; name a .json file")
    asked = RunOptions(
        packs=tuple(packs or ("core-en",)),
        target=target,
        prompt=prompt,
        params=Params(temperature, seed, max_tokens, timeout),
        limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
        limit=limit,
        items=tuple(item or ()),
        tags=parse_tags(tag or []),
        scorer=scorer,
        fuzzy_threshold=fuzzy_threshold,
        baseline=baseline,
        policy=options.policy_of(context.params),
        verify=verify,
    )
    return _print_plan(asked) if dry_run else _test(asked, saved_as, quiet=quiet)


def _print_plan(asked: RunOptions) -> int:
    from tqb.formats.terminal import render_lines
    from tqb.selftest import plan_of

    with contextlib.redirect_stdout(sys.stderr):
        plan = plan_of(asked)
    write_out(render_lines(_planned(plan), sys.stdout))
    return EXIT_PASS


def _test(asked: RunOptions, saved_as: Path | None, *, quiet: bool) -> int:
    from tqb.cli.logs import redact_logs
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.files import write_whole
    from tqb.formats.terminal import render_lines
    from tqb.selftest import selftest as press

    redact_logs()
    with (
        Patience() as patience,
        progress(sys.stderr, quiet=quiet) as bar,
        contextlib.redirect_stdout(sys.stderr),
    ):
        made = press(asked, on_start=bar.start, on_reply=patience.after(bar.advance))
    if saved_as is not None:
        write_whole(saved_as, to_json(made))
    write_out(render_lines(_told(made, quiet=quiet), sys.stdout))
    missed = any(trial.outcome == "missed" for trial in made.trials)
    return ENDINGS.get(made.ending, EXIT_FAIL if missed else EXIT_PASS)


def to_json(made: Tested) -> str:
    """Render a self-test as JSON text."""
    from dataclasses import asdict

    from tqb.pipeline import TOOL

    data = {"kind": "tqb-selftest", "tool": asdict(TOOL), **asdict(made)}
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _planned(plan: Plan) -> Iterator[Line]:
    from tqb.formats.terminal import Line
    from tqb.text import count, one_line

    items = count(plan.items, "item")
    packs = ", ".join(plan.packs)
    yield Line("DRY RUN  ", one_line(f"{packs} · {plan.target} · {items}"), "bold")
    yield Line("  ", f"the healthy pipeline is asked {count(plan.items, 'question')}")
    if plan.live:
        number = count(len(plan.live), "fault")
        each = f"{number} on the way in: the same questions for each ({', '.join(plan.live)})"
        yield Line("  ", each)
    yield Line("  ", f"{count(plan.free, 'fault')} on the way out: none")
    for why in plan.skipped:
        yield Line("  skipped: ", one_line(why, WIDTH))
    least, most = plan.requests
    again = f", {most:,} where all that seems broken is asked again" if most > least else ""
    yield Line("  ", f"in all {count(least, 'request')}{again}; failed calls are repeated beside")


def _told(made: Tested, *, quiet: bool) -> Iterator[Line]:
    from tqb.formats.terminal import Line
    from tqb.text import count, one_line

    missed = [trial.fault for trial in made.trials if trial.outcome == "missed"]
    word, style = (f"{len(missed)} MISSED", "bold red") if missed else ("NONE MISSED", "bold green")
    if made.ending != "done":
        word, style = TITLES[made.ending], "bold yellow"
    packs = ", ".join(made.packs)
    said = f"{packs} · {made.target} · {count(made.items, 'item')}, {made.passing} passing"
    yield Line(f"{word}  ", one_line(f"{said} · {count(made.requests, 'question')} asked"), style)
    for reason in made.reasons:
        yield Line("  ", one_line(reason, WIDTH))
    for trial in made.trials:
        if not quiet or trial.outcome == "missed":
            yield from _lines(trial)


def _lines(trial: Trial) -> Iterator[Line]:
    from tqb.formats.terminal import Line
    from tqb.text import count, one_line

    mark, style = MARKS[trial.outcome]
    head = f"  {mark} {trial.outcome:<9}  {trial.fault:<19} {trial.family:<15} "
    said = [f"by {', '.join(trial.by)}"] if trial.by else []
    if trial.by == ("inconclusive",):
        said = ["the gate judges nothing: inconclusive"]
    said += [f"as {trial.diagnosis}"] if trial.diagnosis else []
    if trial.outcome == "skipped":
        said = [trial.why]
    elif trial.outcome == "no effect":
        said = ["no answer and no count of tokens is another"]
    elif trial.outcome == "missed":
        of = f"{trial.changed} of {count(trial.of, 'answer')} changed, {trial.broken} items broke"
        said = [f"{trial.said} {of}."]
    yield Line(head, one_line("; ".join(said), WIDTH), style)
    if trial.outcome == "missed":
        yield Line(f"{'':<14}would be caught by: ", one_line(trial.why, WIDTH), "dim")
