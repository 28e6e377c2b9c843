"""``tqb run``."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.options import Config, FailUnder, MaxBroken, MaxErrors, finite
from tqb.errors import ConfigError
from tqb.types import Params, Policy, Report, RunOptions

LAST_RUN = Path(".tqb/last-run.json")
"""Where each run leaves its report, for `tqb baseline accept`, whatever `-o` says."""

EXAMPLES = """Examples:

\b
  tqb run                                       the gold set against the built-in demo
  tqb run -m openai/gpt-4o-mini                 any LiteLLM model
  tqb run --target http://localhost:8000/v1#m   an OpenAI-compatible server, directly
  tqb run --target python:app:answer            your own pipeline, a Python function
  tqb run --target "cmd:./ask.sh"               your own pipeline, any program
  tqb run my-pack/ --baseline tqb-baseline.jsonl -o run.json
"""


def run(
    packs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PACK",
            envvar="TQB_PACKS",
            show_default="core-en",
            help="Shipped name, folder, croissant.json, .jsonl, or a TQB++ .json.",
        ),
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-m",
            "--model",
            envvar="TQB_TARGET",
            metavar="TARGET",
            help="LiteLLM model id, http(s)://host/v1#model, python:module:function, cmd:PROGRAM, "
            "replay:FILE, or demo.",
        ),
    ] = "demo",
    prompt: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="TQB_PROMPT",
            help="Jinja2 template: text, or YAML/JSON messages.",
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            envvar="TQB_OUTPUT",
            help="Write the report; the suffix picks the format (.json). Repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="TQB_BASELINE",
            help="Compare with an accepted baseline, or with an earlier JSON report.",
        ),
    ] = None,
    fail_under: FailUnder = None,
    max_broken: MaxBroken = 0,
    max_errors: MaxErrors = 0.05,
    repeats: Annotated[
        int,
        typer.Option(
            "--repeats",
            "--epochs",
            metavar="N",
            min=1,
            envvar="TQB_REPEATS",
            help="Ask each item N times.",
        ),
    ] = 1,
    max_concurrency: Annotated[
        int,
        typer.Option(
            "--max-concurrency",
            "-j",
            metavar="N",
            min=1,
            envvar="TQB_MAX_CONCURRENCY",
            help="Requests under way at once.",
        ),
    ] = 16,
    max_cost: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            min=0,
            callback=finite,
            envvar="TQB_MAX_COST",
            help="Stop asking once so much is spent; a run that cost more ends in 4.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, envvar="TQB_LIMIT", help="Only the first N items of each pack."
        ),
    ] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", envvar="TQB_ITEM", help="Only this item (id or pack/id). Repeatable."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", envvar="TQB_TAG", help="Only items with this tag. Repeatable."
        ),
    ] = None,
    temperature: Annotated[
        float,
        typer.Option(
            metavar="T",
            min=0,
            callback=finite,
            envvar="TQB_TEMPERATURE",
            help="Temperature.",
        ),
    ] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", envvar="TQB_SEED", help="Seed, where the provider has one."),
    ] = None,
    max_tokens: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, envvar="TQB_MAX_TOKENS", help="Longest answer, in tokens."
        ),
    ] = 1024,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0.001,
            callback=finite,
            envvar="TQB_TIMEOUT",
            help="Seconds for one request.",
        ),
    ] = 60.0,
    scorer: Annotated[
        str,
        typer.Option(metavar="NAME", envvar="TQB_SCORER", help="default, exact, fuzzy or tqbpp."),
    ] = "default",
    fuzzy_threshold: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0,
            max=1,
            callback=finite,
            envvar="TQB_FUZZY_THRESHOLD",
            help="Least likeness.",
        ),
    ] = 0.9,
    verify: Annotated[
        bool,
        typer.Option(envvar="TQB_VERIFY", help="Refuse packs whose hashes do not match."),
    ] = True,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet/--no-quiet", "-q", envvar="TQB_QUIET", help="Print the verdict alone."
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose/--no-verbose", "-v", envvar="TQB_VERBOSE", help="Show every failed item."
        ),
    ] = False,
    config: Config = None,
) -> int:
    """Run packs through a pipeline and judge the answers."""
    from tqb import pipeline
    from tqb.cli.output import write_out
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.formats import check_outputs, write_report
    from tqb.formats.terminal import render_report

    if prompt and target.partition(":")[0] in ("demo", "replay"):
        print("warning: --prompt changes nothing: the answers are recorded", file=sys.stderr)
    outputs = tuple(output or ())
    inputs = [*(packs or ()), prompt, baseline, config, target.removeprefix("replay:")]
    check_outputs(outputs, inputs)
    options = RunOptions(
        packs=tuple(packs or ("core-en",)),
        target=target,
        prompt=prompt,
        params=Params(temperature, seed, max_tokens, timeout),
        repeats=repeats,
        max_concurrency=max_concurrency,
        limit=limit,
        items=tuple(item or ()),
        tags=parse_tags(tag or []),
        scorer=scorer,
        fuzzy_threshold=fuzzy_threshold,
        baseline=baseline,
        policy=Policy(fail_under, max_broken, max_errors, max_cost),
        verify=verify,
    )
    with Patience() as patience:
        with progress(sys.stderr, quiet=quiet) as bar, contextlib.redirect_stdout(sys.stderr):
            report = pipeline.run(options, on_start=bar.start, on_reply=patience.after(bar.advance))
        keep_last_run(report)
        for path in outputs:
            write_report(report, path)
    write_out(render_report(report, sys.stdout, details=not quiet, every=verbose))
    return report.verdict.exit_code


def parse_tags(pairs: list[str]) -> dict[str, str]:
    """Parse ``key=value`` options. Raises `ConfigError` for one without key or value."""
    tags = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign and value):
            raise ConfigError(f"--tag {pair}: wanted KEY=VALUE, such as category=history")
        tags[key] = value
    return tags


def keep_last_run(report: Report) -> None:
    """Leave the report in ``.tqb/``; where that cannot be written, say so and go on."""
    from tqb.files import write_whole
    from tqb.formats import write_report

    try:
        write_report(report, LAST_RUN)
        write_whole(LAST_RUN.with_name(".gitignore"), "*\n")
    except ConfigError as error:
        print(f"warning: {error}; this run's report is not kept there", file=sys.stderr)
