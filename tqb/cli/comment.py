"""``tqb comment``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from tqb.cli import options
from tqb.cli.keep import LAST_RUN
from tqb.errors import EXIT_PASS, ConfigError

EXAMPLES = """Examples:

\b
  tqb comment                      in a workflow of a pull request, after `tqb run`
  tqb comment run.json --key nightly
  tqb comment run.json --repo OWNER/NAME --pr 12
"""


def comment(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(metavar="RUN.json", help="JSON report to be shown.")
    ] = LAST_RUN,
    repo: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="Repository of the pull request."
        ),
    ] = None,
    pr: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Pull request; by default that of the workflow's event."
        ),
    ] = None,
    key: Annotated[
        str, typer.Option(metavar="NAME", help="Tells the comments of several runs apart.")
    ] = "tqb",
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
    config: options.Config = None,
) -> int:
    """Keep one comment on a pull request that shows the run; it ends in 0 where that is written.

    The token is taken from GITHUB_TOKEN. With --baseline the run is judged anew; a baseline that is
    only in the settings was the run's own already.
    """
    from tqb import pipeline
    from tqb.cli.output import write_out
    from tqb.formats import markdown, matrix
    from tqb.github import API_URL, PullRequest, keep_comment
    from tqb.report import from_text, matrix_from_text, read

    data = read(run)
    source = context.get_parameter_source("baseline")
    judged_anew = baseline if source is not None and source.name == "COMMANDLINE" else None
    several = None if judged_anew else matrix_from_text(data)
    if several:
        text = matrix.to_markdown(several)
    else:
        report = from_text(data, run)
        if judged_anew:
            policy = options.policy_of(context.params)
            report = pipeline.compare(pipeline.read_baseline(judged_anew), report, policy)
        text = markdown.to_markdown(report)
    pull = PullRequest(
        repository=repo or "",
        number=pr or number_of_event(),
        token=os.environ.get("GITHUB_TOKEN", "").strip(),
        api_url=os.environ.get("GITHUB_API_URL") or API_URL,
    )
    place = keep_comment(pull, key, text)
    write_out(f"{place}\n")
    return EXIT_PASS


def number_of_event() -> int:
    """Return the number of the pull request that the workflow runs for.

    Raises:
        ConfigError: it runs for none.
    """
    found = re.fullmatch(r"refs/pull/(\d{1,18})/\w+", os.environ.get("GITHUB_REF", ""), re.ASCII)
    number = int(found[1]) if found else _number_in_payload()
    if not number:
        raise ConfigError(
            "this is no workflow of a pull request: give --pr N, or run the step only "
            "if: github.event_name == 'pull_request'"
        )
    return number


def _number_in_payload() -> int:
    """Read the event's payload; 0 where it is of no pull request."""
    path = os.environ.get("GITHUB_EVENT_PATH")
    try:
        event: Any = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        return 0
    if not isinstance(event, dict):
        return 0
    issue = event.get("issue")
    commented = issue if isinstance(issue, dict) and "pull_request" in issue else None
    for one in (event.get("pull_request"), commented):
        number = one.get("number") if isinstance(one, dict) else None
        if isinstance(number, int) and number > 0:
            return number
    return 0
