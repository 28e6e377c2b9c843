"""Unit tests for LLM pipelines.

    Pack → Item → Request → Response | Failure → Score → Result → Report → Comparison → Verdict

    >>> import tqb
    >>> report = tqb.run("core-en", target="demo")
    >>> report.passed
    True

`run` asks a pipeline the questions of some packs, `load_pack` reads a pack, `score` scores one
answer, `compare` holds a run against a baseline, `generate` mints a pack. All records are in
`tqb.types`, all errors in `tqb.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tqb.version import __version__

if TYPE_CHECKING:
    from tqb.minting.records import Generated
    from tqb.types import Comparison, Engine, Item, Pack, Report, Score


__all__ = ["__version__", "compare", "generate", "load_pack", "run", "score"]


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
    fail_on: Sequence[str] = (),
    quarantine: float | None = None,
    past_runs: str | Path = ".tqb/history.db",
    confirm: int = 3,
    confirm_limit: int | None = None,
    max_cost: float | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
    record: str | Path | None = None,
    offline: bool = False,
    cache: bool = False,
    cache_days: float = 7.0,
    batch: bool = False,
    batch_id: str | None = None,
    repeats: int = 1,
    max_concurrency: int = 16,
    retries: int = 3,
    retry_delay: float = 0.5,
    rpm: int | None = None,
    tpm: int | None = None,
    per_request: int = 1,
    engine: Engine = "asyncio",
    workers: int | None = None,
    shard: str | None = None,
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
        fail_on: families whose faults fail the run: ``template``, ``tokenizer``, ``behaviour``,
            ``infrastructure``, ``data``.
        quarantine: share of past runs above which an item that changes between right and wrong
            counts neither way.
        past_runs: the file that tells, to which the command `tqb run` adds each run.
        confirm: times that what seems broken is asked again before it counts.
        confirm_limit: most requests for that; None allows as many as the run itself takes.
        max_cost: US dollars that the run may cost; what could go over it is not asked.
        journal: file that keeps the answers as they come; None keeps none.
        resume: whether to go on where that journal ends.
        record: folder of the cassette, which keeps the answers to be replayed.
        offline: whether all answers come from there, by default from ``tqb-cassette``.
        cache: whether answers of earlier runs to the same prompt are taken.
        cache_days: days for which they are.
        batch: whether all questions go to the provider as one batch, and are waited for.
        batch_id: the batch that was submitted before, with the same parameters.
        repeats: how often each item is asked.
        max_concurrency: requests under way at once, at most; fewer while the server refuses some.
        retries: how often a failed request is repeated, where that may help.
        retry_delay: longest wait in seconds before the first repetition; it doubles with each.
        rpm: requests that may be sent in any minute, to one provider.
        tpm: tokens in any minute, estimated before an answer and counted after it.
        per_request: questions in one request; what its reply leaves out is asked by itself.
        engine: where the target is asked from: this process, or ``ray`` for the workers of a Ray
            cluster.
        workers: how many of those; None for one on each CPU that is free there.
        shard: the part of the items that is asked, such as ``2/5``; nothing is judged then.
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
    from tqb import pipeline, shards
    from tqb.config import parse_families
    from tqb.types import Limits, Params, Policy, RunOptions, Storage

    sources = [packs] if isinstance(packs, (str, Path)) else packs
    options = RunOptions(
        packs=tuple(map(str, sources)),
        target=target,
        prompt=Path(prompt) if prompt is not None else None,
        params=Params(temperature, seed, max_tokens, timeout, per_request),
        repeats=repeats,
        limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
        storage=Storage(
            journal=Path(journal) if journal is not None else None,
            resume=resume,
            record=Path(record) if record is not None else None,
            offline=offline,
            cache=cache,
            cache_days=cache_days,
            batch=batch,
            batch_id=batch_id,
        ),
        engine=engine,
        workers=workers,
        shard=None if shard is None else shards.parse(shard),
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
            fail_on=parse_families(fail_on),
            quarantine=quarantine,
            confirm=confirm,
            confirm_limit=confirm_limit,
        ),
        history=Path(past_runs),
        verify=verify,
    )
    return pipeline.run(options)


def generate(
    output: str | Path,
    *,
    model: str,
    languages: str | Sequence[str] = "en",
    num: int | None = None,
    categories: Sequence[str] = (),
    difficulty: str = "mixed",
    context: str = "",
    recipe: str | Path | None = None,
    sources: Sequence[str | Path] = (),
    parallel_to: str | Path | None = None,
    avoid: Sequence[str | Path] = (),
    verify: str | None = None,
    verify_votes: int = 3,
    license: str | None = None,  # noqa: A002 (the name of the flag)
    temperature: float | None = 0.7,
    seed: int | None = None,
    max_tokens: int | None = 4096,
    timeout: float = 180.0,
    max_concurrency: int = 16,
    retries: int = 3,
    retry_delay: float = 0.5,
    rpm: int | None = None,
    tpm: int | None = None,
    deadline: float | None = None,
    max_cost: float | None = None,
    journal: str | Path | None = None,
    resume: bool = False,
    record: str | Path | None = None,
    offline: bool = False,
    force: bool = False,
) -> Generated:
    """Mint a pack with a model; the parameters are the flags of `tqb generate`.

    Call it outside a running event loop. `Generated.complete` says whether as many items as were
    asked for are there; where they are not, the pack is marked as incomplete.

    Args:
        output: folder of the pack; with several languages that of a folder for each.
        model: who writes the items, as for ``--model``.
        languages: BCP 47 tag, or several.
        num: items in each language; None takes 40, or all concepts of `parallel_to`.
        categories: of the recipe, or your own; none takes all of the recipe.
        difficulty: ``easy``, ``medium``, ``hard`` or ``mixed``.
        context: what the pack is for, told to the writer.
        recipe: a shipped one by its name, or a folder.
        sources: documents from which the items are made.
        parallel_to: the pack whose concepts are to be asked in another language.
        avoid: packs whose questions are not to be asked again.
        verify: the target that answers each question blind; an item stays where the default scorer
            accepts a majority of its answers.
        verify_votes: how often each question is answered.
        license: SPDX name or URL; None states that the terms of the model's provider apply.
        temperature: sampling temperature; None leaves it to the provider, as for the next two.
        seed: seed, where the provider has one; it also decides how topics are spread.
        max_tokens: longest reply with a batch of items, in tokens.
        timeout: seconds for one request.
        max_concurrency: requests under way at once, at most.
        retries: how often a failed request is repeated, where that may help.
        retry_delay: longest wait in seconds before the first repetition; it doubles with each.
        rpm: requests that may be sent in any minute, to one provider.
        tpm: tokens in any minute.
        deadline: seconds for the whole call.
        max_cost: US dollars after which no more is asked.
        journal: file that keeps the replies as they come; None keeps none.
        resume: whether to go on where that journal ends.
        record: folder of the cassette, which keeps the replies to be replayed.
        offline: whether all replies come from there.
        force: whether a pack that is there already is replaced.

    Raises:
        tqb.errors.InputError: something that was given cannot be used; nothing was asked.
    """
    from tqb.minting.mint import generate as mint
    from tqb.minting.records import PROVIDER_TERMS, GenerateOptions
    from tqb.types import Limits, Params, Storage

    return mint(
        GenerateOptions(
            model=model,
            output=Path(output),
            languages=(languages,) if isinstance(languages, str) else tuple(languages),
            num=num,
            categories=tuple(categories),
            difficulty=difficulty,
            context=context,
            recipe=None if recipe is None else str(recipe),
            sources=tuple(map(Path, sources)),
            parallel_to=None if parallel_to is None else str(parallel_to),
            avoid=tuple(map(str, avoid)),
            verify=verify,
            votes=verify_votes,
            license=PROVIDER_TERMS if license is None else license,
            params=Params(temperature, seed, max_tokens, timeout),
            limits=Limits(max_concurrency, retries, retry_delay, rpm, tpm, deadline),
            storage=Storage(
                journal=Path(journal) if journal is not None else None,
                resume=resume,
                record=Path(record) if record is not None else None,
                offline=offline,
            ),
            max_cost_usd=max_cost,
            force=force,
        )
    )


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
