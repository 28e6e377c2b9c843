"""The options of the commands, and the settings file behind them."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from tqb import config
from tqb.types import Engine, Policy


def load_settings(context: typer.Context, given: Path | None) -> Path | None:
    """Make the settings file the defaults of the command; runs before the other options."""
    for warning in config.unknown_environment(os.environ):
        print(f"warning: {warning}", file=sys.stderr)
    path = given or config.find(Path())
    if path is not None and not given:
        path = Path(os.path.relpath(path))
    if path is not None and not context.resilient_parsing:
        known = {parameter.name: parameter for parameter in context.command.params}
        loaded = config.load(path)
        context.default_map = {
            name: [value] if isinstance(value, str) and known[name].multiple else value
            for name, value in loaded.values.items()
            if name in known
        }
        context.meta[SUITES] = loaded.suites
        sys.path.append(str(path.parent.resolve()))  # where a python: target may be
    return path


SUITES = "tqb.suites"
"""Where `load_settings` leaves the tables ``[[suite]]``, among what a context carries."""

SPELLED = {"max_cost_usd": "max_cost", "max_latency_p95_s": "max_latency_p95"}
"""Fields of `Policy` whose flags do without the unit."""


def policy_of(given: Mapping[str, Any]) -> Policy:
    """Return the rules that the flags of a command set; a flag that it lacks is as by default.

    Raises:
        ConfigError: --fail-on names no family of faults.
    """
    names = {field.name: SPELLED.get(field.name, field.name) for field in fields(Policy)}
    values = {field: given[name] for field, name in names.items() if name in given}
    values["must_pass"] = tuple(values["must_pass"] or ())
    values["fail_on"] = config.parse_families(values["fail_on"] or ())
    return Policy(**values)


def finite(value: float | None) -> float | None:
    """Refuse NaN and infinity, which no comparison and no JSON can hold."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


def whole_variable(
    context: typer.Context, parameter: typer.CallbackParam, value: list[str] | None
) -> list[str] | None:
    """Take an environment variable as one word, whatever spaces are in it."""
    source = context.get_parameter_source(parameter.name or "")
    if source is None or source.name != "ENVIRONMENT":
        return value
    return [os.environ[f"TQB_{(parameter.name or '').upper()}"]]


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="TQB_CONFIG",
        is_eager=True,
        callback=load_settings,
        help="Settings file; by default the nearest tqb.toml or pyproject.toml with [tool.tqb].",
    ),
]
FailUnder = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_FAIL_UNDER",
        help="Fail when accuracy is under X (0 to 1).",
    ),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FAMILY",
        envvar="TQB_FAIL_ON",
        help="Fail on a fault of this family: template, tokenizer, behaviour, infrastructure or "
        "data; several with commas. Repeatable.",
    ),
]
MustPass = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID",
        envvar="TQB_MUST_PASS",
        help="An item (id or pack/id) or tag=value that may not fail, beside those tagged "
        "critical=true. Repeatable.",
    ),
]
Alpha = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0.000_001,
        max=0.5,
        callback=finite,
        envvar="TQB_ALPHA",
        help="Level of the paired test of broken against fixed items.",
    ),
]
Tolerate = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_TOLERATE",
        help="Net drop (share of the items, 0 to 1) that is no failure even where it is certain.",
    ),
]
MaxDrop = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_MAX_DROP",
        help="Net drop (share of the items, 0 to 1) that fails, whatever the test says; losing "
        "all of three items or more that passed does too.",
    ),
]
MaxBroken = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        envvar="TQB_MAX_BROKEN",
        help="Items that passed in the baseline and may fail now; without it the test decides.",
    ),
]
MaxErrors = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_MAX_ERRORS",
        help="Share of failed calls (0 to 1) above which the run is inconclusive.",
    ),
]
MaxLatencyP95 = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        min=0,
        callback=finite,
        envvar="TQB_MAX_LATENCY_P95",
        help="Fail when more than 5 % of the answers take longer than S seconds.",
    ),
]
MaxCompletionP95 = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        min=0,
        callback=finite,
        envvar="TQB_MAX_COMPLETION_P95",
        help="Fail when more than 5 % of the answers have more than N completion tokens.",
    ),
]
Quarantine = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        envvar="TQB_QUARANTINE",
        help="Count no change of items that turned from right to wrong or back in more than this "
        "share of past runs (5 or more, see `tqb history flaky`); never of must-pass items.",
        show_default=False,
    ),
]
Confirm = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        max=100,
        envvar="TQB_CONFIRM",
        help="Ask what seems broken again, N times, before it counts; 0 for never.",
    ),
]
ConfirmLimit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        envvar="TQB_CONFIRM_LIMIT",
        help="Most requests for that; without it as many as the run itself takes.",
    ),
]
Packs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PACK",
        envvar="TQB_PACKS",
        show_default="core-en",
        help="Shipped name or group, folder, croissant.json, .jsonl, or a TQB++ .json.",
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        "-m",
        "--model",
        envvar="TQB_TARGET",
        metavar="TARGET",
        help="LiteLLM model id, http(s)://host/v1#model, python:module:function, cmd:PROGRAM, "
        "replay:FILE, local (a model on this machine), or demo.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-m",
        "--model",
        envvar="TQB_TARGET",
        metavar="TARGET",
        callback=whole_variable,
        show_default="demo",
        help="LiteLLM model id, http(s)://host/v1#model, python:module:function, cmd:PROGRAM, "
        "replay:FILE, local (a model on this machine), or demo. Repeatable: several are compared.",
    ),
]
Prompt = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="TQB_PROMPT",
        help="Jinja2 template: text, or YAML/JSON messages.",
    ),
]
Prompts = Annotated[
    list[str] | None,
    typer.Option(
        "--prompt",
        metavar="FILE",
        envvar="TQB_PROMPT",
        callback=whole_variable,
        help="Jinja2 template: text, or YAML/JSON messages. Repeatable: several are compared.",
    ),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        envvar="TQB_OUTPUT",
        help="Write the report; the suffix picks the format (.json, .junit.xml, .md, .html, "
        ".sarif, .prom, .csv, .parquet). Repeatable.",
    ),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="TQB_BASELINE",
        help="Compare with an accepted baseline, or with an earlier JSON report.",
    ),
]
Repeats = Annotated[
    int,
    typer.Option(
        "--repeats",
        "--epochs",
        metavar="N",
        min=1,
        envvar="TQB_REPEATS",
        help="Ask each item N times.",
    ),
]
MaxConcurrency = Annotated[
    int,
    typer.Option(
        "--max-concurrency",
        "-j",
        metavar="N",
        min=1,
        envvar="TQB_MAX_CONCURRENCY",
        help="Requests under way at once, at most; fewer while the server refuses some.",
    ),
]
Retries = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        max=100,
        envvar="TQB_RETRIES",
        help="Repeat a failed request N times, where that may help.",
    ),
]
RetryDelay = Annotated[
    float,
    typer.Option(
        metavar="S",
        min=0,
        max=60,
        callback=finite,
        envvar="TQB_RETRY_DELAY",
        help="Longest wait before the first repetition; it doubles with each.",
    ),
]
Rpm = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, envvar="TQB_RPM", help="Send at most N requests in any minute."
    ),
]
Tpm = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, envvar="TQB_TPM", help="At most N tokens in any minute."),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        metavar="USD",
        min=0,
        callback=finite,
        envvar="TQB_MAX_COST",
        help="Send nothing that could make the run cost more; one that is cut short ends in 4.",
    ),
]
PerRequest = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        envvar="TQB_PER_REQUEST",
        help="Questions in one request: cheaper, and answered otherwise than one by one.",
    ),
]
EngineName = Annotated[
    Engine,
    typer.Option(
        "--engine",
        envvar="TQB_ENGINE",
        help="Where the target is asked from: this process, or workers on a Ray cluster "
        "(RAY_ADDRESS, or the one on this machine).",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        envvar="TQB_WORKERS",
        help="Workers of --engine ray, each on a CPU of its own; without it on each that is free.",
    ),
]
ShardOf = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="K/N",
        envvar="TQB_SHARD",
        help="Ask the K-th of N parts of the items alone, and judge nothing: `tqb merge` does, "
        "given the reports of all parts.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, envvar="TQB_LIMIT", help="Only the first N items of each pack."
    ),
]
ItemIds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID", envvar="TQB_ITEM", help="Only this item (id or pack/id). Repeatable."
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE", envvar="TQB_TAG", help="Only items with this tag. Repeatable."
    ),
]
Temperature = Annotated[
    float,
    typer.Option(
        metavar="T",
        min=0,
        callback=finite,
        envvar="TQB_TEMPERATURE",
        help="Temperature.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", envvar="TQB_SEED", help="Seed, where the provider has one."),
]
MaxTokens = Annotated[
    int,
    typer.Option(metavar="N", min=1, envvar="TQB_MAX_TOKENS", help="Longest answer, in tokens."),
]
Timeout = Annotated[
    float,
    typer.Option(
        metavar="S",
        min=0.001,
        callback=finite,
        envvar="TQB_TIMEOUT",
        help="Seconds for one request.",
    ),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        min=0.001,
        callback=finite,
        envvar="TQB_DEADLINE",
        help="Seconds for the whole run; what is unanswered then is a failed call.",
    ),
]
Scorer = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        envvar="TQB_SCORER",
        help="default, exact, fuzzy, tqbpp, or your own: python:module:function.",
    ),
]
FuzzyThreshold = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_FUZZY_THRESHOLD",
        help="Least likeness of an answer with a slip; of your own scorer the least that passes.",
    ),
]
Judge = Annotated[
    str | None,
    typer.Option(
        metavar="TARGET",
        envvar="TQB_JUDGE",
        help="Let a model (any target) look again at the answers that the scorer failed.",
    ),
]
JournalFile = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        envvar="TQB_JOURNAL",
        help="Where answers are kept one by one as they come, for --resume.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on where the journal ends; ask only what is missing there."),
]
Record = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="TQB_RECORD",
        help="Folder of the cassette, to be committed: the answers are written there, or read from "
        "there with --offline.",
    ),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline/--no-offline",
        envvar="TQB_OFFLINE",
        help="Ask nobody: take all answers from the cassette (--record DIR, else tqb-cassette).",
    ),
]
Cache = Annotated[
    bool,
    typer.Option(
        "--cache/--no-cache",
        envvar="TQB_CACHE",
        help="Take answers of your earlier runs to the same prompt; a gate should see today's.",
    ),
]
Batch = Annotated[
    bool,
    typer.Option(
        "--batch/--no-batch",
        envvar="TQB_BATCH",
        help="Send all questions as one batch, at half the price and within a day, and wait for "
        "it; what it leaves out, and what is asked again, is asked one by one.",
    ),
]
BatchId = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        envvar="TQB_BATCH_ID",
        help="Take up this batch, which the same command submitted, perhaps on another machine.",
    ),
]
CacheDays = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0.000_01,
        max=365,
        callback=finite,
        envvar="TQB_CACHE_DAYS",
        help="Days for which --cache takes an answer.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(envvar="TQB_VERIFY", help="Refuse packs whose hashes do not match."),
]
LogTo = Annotated[
    list[str] | None,
    typer.Option(
        "--log-to",
        metavar="NAME",
        help="Send the finished run to a dashboard: otel, mlflow, opik or langfuse. Repeatable.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what the run would take, and ask and write nothing."),
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Run again whenever prompt, pack, settings or the target's code change, and show what "
        "changed; Ctrl-C ends it in 130.",
    ),
]
History = Annotated[
    bool,
    typer.Option(
        "--history/--no-history",
        envvar="TQB_HISTORY",
        help="Add the run to .tqb/history.db, which `tqb history` reads.",
    ),
]
GitHub = Annotated[
    bool,
    typer.Option(
        "--github/--no-github",
        envvar="TQB_GITHUB",
        help="In GitHub Actions also write annotations, the step's summary and its outputs.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet/--no-quiet",
        "-q",
        envvar="TQB_QUIET",
        help="Print verdict, findings and reasons alone.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose/--no-verbose", "-v", envvar="TQB_VERBOSE", help="Show every failed item."
    ),
]
