"""``tqb init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tqb.cli.output import write_out
from tqb.errors import EXIT_PASS, ConfigError

EXAMPLES = """Examples:

\b
  tqb init
  tqb init --target python:app:answer
"""

TEMPLATE = """\
# Settings of tqb. Each has the name of the flag of `tqb run`; a flag or TQB_* beats this file.
# Paths are relative to this file.

packs = ["core-en"]     # shipped names, core for all languages, folders, .jsonl
target = {target}         # LiteLLM id, http(s)://host/v1#model, python:module:function, …

# prompt = "prompt.yaml"              # Jinja2: text, or YAML/JSON messages
# baseline = "tqb-baseline.jsonl"     # made by `tqb baseline accept`
# output = ["run.json"]

# fail-under = 0.9        # least accuracy
# must-pass = ["capital-japan", "difficulty=easy"]  # beside items tagged critical = "true"
# alpha = 0.05            # level of the paired test of broken against fixed items
# tolerate = 0.05         # net drop, as a share of the items, that is no failure
# max-drop = 0.2          # net drop that fails whatever the test says
# max-broken = 0          # items that passed in the baseline and may fail now; mostly unset
# max-errors = 0.05       # share of failed calls above which the run is inconclusive
# max-latency-p95 = 5.0   # seconds that 95 % of the answers may take
# max-completion-p95 = 200  # completion tokens that 95 % of the answers may have
# fail-on = ["template", "tokenizer"]  # families of faults that fail the run, whatever the score
# confirm = 3             # times that what seems broken is asked again
# confirm-limit = 50      # most requests for that; mostly unset: as many as the run has

# repeats = 1
# max-concurrency = 16    # at most; fewer while the server refuses some
# retries = 3             # times that a failed request is repeated, where that may help
# retry-delay = 0.5       # seconds: longest wait before the first; it doubles with each
# rpm = 500               # requests in any minute
# tpm = 200000            # tokens in any minute
# max-cost = 0.50         # US dollars that the run may not exceed; cut short it ends in 4
# journal = ".tqb/journal.jsonl"  # answers one by one, for --resume
# record = "tqb-cassette" # folder of recorded answers: written, or with offline read
# offline = true          # all answers from there
# cache = true            # takes live answers of earlier runs; a gate should not
# cache-days = 7.0        # for so long
# temperature = 0.0
# seed = 1
# max-tokens = 1024
# timeout = 60.0          # seconds for one request
# deadline = 600.0        # seconds for the whole run

# scorer = "default"      # default, exact, fuzzy, tqbpp, python:module:function
# fuzzy-threshold = 0.9   # least likeness of an answer with a slip in it
# judge = "openai/gpt-4o-mini"  # looks again at the answers that the scorer failed
# limit = 10              # first items of each pack
# item = ["capital-japan"]
# tag = ["difficulty=easy"]
# verify = true           # refuse packs whose hashes do not match
# github = true           # in GitHub Actions: annotations, summary and outputs
# quiet = false
# verbose = false         # show every failed item
"""


def init(
    target: Annotated[
        str,
        typer.Option("--target", "-m", "--model", metavar="TARGET", help="Pipeline under test."),
    ] = "demo",
    force: Annotated[bool, typer.Option(help="Overwrite an existing tqb.toml.")] = False,
) -> int:
    """Write a commented tqb.toml into this folder."""
    import json

    from tqb.config import FILE
    from tqb.files import write_whole

    path = Path(FILE)
    if path.exists() and not force:
        raise ConfigError(f"{path} exists and was left as it is: edit it, or use --force")
    write_whole(path, TEMPLATE.format(target=json.dumps(target, ensure_ascii=False)))
    write_out(f"{path} written. Next: tqb run\n")
    return EXIT_PASS
