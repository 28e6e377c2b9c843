"""Unit tests for LLM pipelines.

    Pack → Item → Request → Response | Failure → Score → Result → Report → Comparison → Verdict

    >>> import tqb
    >>> report = tqb.run("core-en", target="demo")
    >>> report.passed
    True

`run` asks a pipeline the questions of some packs, `load_pack` reads a pack, `score` scores one
answer, `compare` holds a run against a baseline. All records are in `tqb.types`, all errors in
`tqb.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqb.types import Comparison, Item, Pack, Report, Score

__version__ = "0.1.0"

__all__ = ["__version__", "compare", "load_pack", "run", "score"]


def run(
    packs: str | Path | Sequence[str | Path] = "core-en",
    *,
    target: str = "demo",
    prompt: str | Path | None = None,
    baseline: str | Path | None = None,
    fail_under: float | None = None,
    must_pass: Sequence[str] = (),
    alpha: float = 0.05,
    tolerate: float = 0.05,
    max_drop: float = 0.2,
    max_broken: int | None = None,
    max_errors: float = 0.05,
    max_latency_p95: float | None = None,
    max_completion_p95: float | None = None,
    confirm: int = 3,
    confirm_limit: int | None = None,
    max_cost: float | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
    record: str | Path | None = None,
    offline: bool = False,
    cache: bool = False,
    cache_days: float = 7.0,
    repeats: int = 1,
    max_concurrency: int = 16,
    retries: int = 3,
    retry_delay: float = 0.5,
    rpm: int | None = None,
    tpm: int | None = None,
    limit: int | None = None,
    items: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    temperature: float | None = 0.0,
    seed: int | None = None,
    max_tokens: int | None = 1024,
    timeout: float = 60.0,
    deadline: float | None = None,
    scorer: str = "default",
    fuzzy_threshold: float | None = None,
    judge: str | None = None,
    verify: bool = True,
) -> Report:
    """Run packs through a target and judge the answers; the parameters are the flags of `tqb run`.

    Call it outside a running event loop.

    Args:
        packs: shipped names, ``core`` for all parallel packs, folders, ``croissant.json``,
            ``.jsonl`` or TQB++ ``.json`` files.
        target: the pipeline under test, as for ``--target``.
        prompt: a Jinja2 template; None is the built-in prompt.
        baseline: an accepted baseline, or an earlier JSON report.
        fail_under: least accuracy, 0 to 1.
        must_pass: items that may not fail, as ``id``, ``pack/id`` or ``tag=value``, beside those
            tagged ``critical=true``.
        alpha: level of the paired test of broken against fixed items.
        tolerate: net drop, as a share of the items, that is no failure even where it is certain.
        max_drop: net drop, as a share of the items, that fails whatever the test says; losing all
            of three items or more that passed fails too.
        max_broken: items that passed in the baseline and may fail now; None lets the test decide.
        max_errors: share of failed calls above which nothing is judged, 0 to 1.
        max_latency_p95: seconds that 95 % of the answers may take.
        max_completion_p95: completion tokens that 95 % of the answers may have.
        confirm: times that what seems broken is asked again before it counts.
        confirm_limit: most requests for that; None allows as many as the run itself takes.
        max_cost: US dollars that the run may cost; what could go over it is not asked.
        journal: file that keeps the answers as they come; None keeps none.
        resume: whether to go on where that journal ends.
        record: folder of the cassette, which keeps the answers to be replayed.
        offline: whether all answers come from there, by default from ``tqb-cassette``.
        cache: whether answers of earlier runs to the same prompt are taken.
        cache_days: days for which they are.
        repeats: how often each item is asked.
        max_concurrency: requests under way at once, at most; fewer while the server refuses some.
        retries: how often a failed request is repeated, where that may help.
        retry_delay: longest wait in seconds before the first repetition; it doubles with each.
        rpm: requests that may be sent in any minute, to one target.
        tpm: tokens in any minute, estimated before an answer and counted after it.
        limit: only the first items of each pack.
        items: ids to keep, as ``id`` or ``pack/id``.
        tags: tags an item must carry.
        temperature: sampling temperature; None leaves it to the provider, as for the next two.
        seed: seed, where the provider has one.
        max_tokens: longest answer, in tokens.
        timeout: seconds for one request.
        deadline: seconds for the whole run; what is unanswered then is a failed call.
        scorer: `default`, `exact`, `fuzzy`, `tqbpp`, or ``python:package.module:function``.
        fuzzy_threshold: least likeness, 0 to 1, of an answer with a slip in it, None for that of
            each language; of your own scorer the least number that passes, 0.9 if None.
        judge: a target, mostly a model, that looks again at the answers that the scorer failed.
        verify: whether items must match their hashes.

    Raises:
        tqb.errors.InputError: a pack, target, prompt, scorer, judge or baseline cannot be used.
    """
    from tqb import pipeline
    from tqb.types import Limits, Params, Policy, RunOptions, Storage

    sources = [packs] if isinstance(packs, (str, Path)) else packs
    options = RunOptions(
        packs=tuple(map(str, sources)),
        target=target,
        prompt=Path(prompt) if prompt is not None else None,
        params=Params(temperature, seed, max_tokens, timeout),
        repeats=repeats,
        limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
        storage=Storage(
            journal=Path(journal) if journal is not None else None,
            resume=resume,
            record=Path(record) if record is not None else None,
            offline=offline,
            cache=cache,
            cache_days=cache_days,
        ),
        limit=limit,
        items=tuple(items),
        tags=dict(tags or {}),
        scorer=scorer,
        fuzzy_threshold=fuzzy_threshold,
        judge=judge,
        baseline=Path(baseline) if baseline is not None else None,
        policy=Policy(
            fail_under=fail_under,
            must_pass=tuple(must_pass),
            alpha=alpha,
            tolerate=tolerate,
            max_drop=max_drop,
            max_broken=max_broken,
            max_errors=max_errors,
            max_cost_usd=max_cost,
            max_latency_p95_s=max_latency_p95,
            max_completion_p95=max_completion_p95,
            confirm=confirm,
            confirm_limit=confirm_limit,
        ),
        verify=verify,
    )
    return pipeline.run(options)


def load_pack(source: str | Path, *, verify: bool = True) -> Pack:
    """Read a pack: a shipped name, a folder, a ``croissant.json``, a ``.jsonl`` or ``.json`` file.

    Raises:
        tqb.errors.PackError: with every problem found, each with file and line.
    """
    from tqb import packs

    return packs.load_pack(str(source), verify=verify)


def score(answer: str, item: Item, *, scorer: str = "default") -> Score:
    """Score one answer to one item with the scorer of that name, as for ``--scorer``."""
    from tqb.scorers import load_scorer

    return load_scorer(scorer)(answer, item)


def compare(base: str | Path, new: Report) -> Comparison:
    """Hold a report against a baseline file or an earlier JSON report.

    Raises:
        tqb.errors.BaselineError: `base` cannot be read.
    """
    from tqb import baseline, pipeline

    return baseline.compare(pipeline.read_baseline(Path(base)), new)
