"""``tqb doctor``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tqb.cli import options
from tqb.errors import (
    EXIT_BUDGET,
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_PASS,
    ConfigError,
)
from tqb.types import Limits, Params

if TYPE_CHECKING:
    from tqb.doctor import Check, Examination
    from tqb.formats.terminal import Line

EXAMPLES = """Examples:

\b
  tqb doctor --target http://localhost:8000/v1#model    57 questions, no baseline
  tqb doctor -m openai/gpt-4o-mini --quick              18 questions
  tqb doctor --target python:app:answer -o doctor.json  your own pipeline, kept as JSON
  tqb doctor -m MODEL --verbose                         with tokens a character by script

Each line says ok, notice, wrong or unknown. Exit codes: 0 nothing is wrong (unknown and notices are
fine) · 1 something is wrong · 2 usage or input · 3 the target does not answer · 4 budget exceeded ·
130 interrupted.
"""

ENDINGS = {
    "unanswered": EXIT_INCONCLUSIVE,
    "budget": EXIT_BUDGET,
    "interrupted": EXIT_INTERRUPTED,
}
MARKS = {
    "ok": ("✓", "green"),
    "notice": ("!", "yellow"),
    "wrong": ("✗", "bold red"),
    "unknown": ("?", "dim"),
}
WIDTH = 600

Quick = Annotated[bool, typer.Option("--quick", help="Ask 18 questions instead of 57.")]
SavedAs = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE.json", help="Write the checks and findings as JSON."
    ),
]
MaxTokens = Annotated[
    int,
    typer.Option(
        "--max-tokens", metavar="N", min=64, help="Longest answer, in tokens, where none is probed."
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also show tokens a character, by script.")
]


def doctor(
    target: options.Target = "demo",
    quick: Quick = False,
    prompt: options.Prompt = None,
    saved_as: SavedAs = None,
    longest: MaxTokens = 512,
    max_concurrency: options.MaxConcurrency = 16,
    retries: options.Retries = 3,
    retry_delay: options.RetryDelay = 0.5,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    max_cost: options.MaxCost = None,
    timeout: options.Timeout = 60.0,
    deadline: options.Deadline = None,
    quiet: options.Quiet = False,
    details: Verbose = False,
    config: options.Config = None,
) -> int:
    """Ask a live target some 57 questions, and say what looks right without any baseline."""
    from tqb.cli.logs import redact_logs
    from tqb.cli.output import write_out
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.doctor import DoctorOptions, examine
    from tqb.files import write_whole
    from tqb.formats.terminal import render_lines

    if saved_as is not None and saved_as.suffix.lower() != ".json":
        raise ConfigError(f"--output {saved_as}: the doctor writes JSON alone; name a .json file")
    redact_logs()
    asked = DoctorOptions(
        target=target,
        prompt=prompt,
        params=Params(0.0, None, longest, timeout),
        limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
        max_cost_usd=max_cost,
        quick=quick,
    )
    with (
        Patience() as patience,
        progress(sys.stderr, quiet=quiet) as bar,
        contextlib.redirect_stdout(sys.stderr),
    ):
        made = examine(asked, on_start=bar.start, on_reply=patience.after(bar.advance))
    if saved_as is not None:
        write_whole(saved_as, to_json(made))
    write_out(render_lines(_told(made, quiet=quiet, details=details), sys.stdout))
    wrong = any(check.state == "wrong" for check in made.checks)
    return ENDINGS.get(made.ending, EXIT_FAIL if wrong else EXIT_PASS)


def to_json(made: Examination) -> str:
    """Render an examination as JSON text; `findings` has those of all checks."""
    from dataclasses import asdict

    from tqb.pipeline import TOOL

    fields = asdict(made)
    findings = [finding for check in fields["checks"] for finding in check.pop("findings")]
    data = {"kind": "tqb-doctor", "tool": asdict(TOOL), **fields, "findings": findings}
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _told(made: Examination, *, quiet: bool, details: bool) -> Iterator[Line]:
    from tqb.formats.terminal import Line
    from tqb.text import count, one_line

    wrong = [check.name for check in made.checks if check.state == "wrong"]
    word, style = ("WRONG", "bold red") if wrong else ("NOTHING WRONG", "bold green")
    if made.ending != "examined":
        word, style = made.ending.upper(), "bold yellow"
    asked = count(made.requests, "question")
    yield Line(f"{word}  ", one_line(f"{made.target} · {asked}"), style)
    if made.reason:
        yield Line("  ", one_line(made.reason, WIDTH))
    for check in made.checks:
        if not quiet or check.state == "wrong":
            yield from _lines(check)
    if details and made.scripts:
        yield from _table(made)


def _lines(check: Check) -> Iterator[Line]:
    from tqb.formats.terminal import Line
    from tqb.text import one_line

    mark, style = MARKS[check.state]
    yield Line(f"  {mark} {check.name:<11} {check.state:<7}  ", one_line(check.said, WIDTH), style)
    for finding in check.findings[1:]:
        yield Line(f"{'':<24}", one_line(f"also: {finding.summary}", WIDTH))
    if check.state == "wrong":
        yield Line(f"{'':<24}next: ", one_line(check.findings[0].advice, WIDTH), "dim")


def _table(made: Examination) -> Iterator[Line]:
    from tqb.formats.terminal import Line

    yield Line("")
    yield Line(f"  {'TOKENS A CHARACTER, BY SCRIPT':<44}{'CHARACTERS':>10}{'TOKENS':>8}  CAME BACK")
    for row in made.scripts:
        each = "–" if row.tokens is None else f"{row.tokens / row.characters:.2f}"
        tokens = "–" if row.tokens is None else f"{row.tokens}"
        back = "yes" if row.repeated else "no"
        yield Line(f"  {each:>5}  {row.script:<37}{row.characters:>10}{tokens:>8}  {back}")
