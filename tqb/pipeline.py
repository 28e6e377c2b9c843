"""The run on one page.

load_packs → build_requests → run_requests → score → ask_judge → make_report → compare → judge
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path

from tqb import __version__, baseline, grading, report
from tqb.errors import BaselineError, ConfigError, TargetError
from tqb.gate import judge
from tqb.packs import load_pack
from tqb.prompts import Prompt, fingerprint, load_prompt
from tqb.runner import Budget, Reply, run_requests
from tqb.scorers import load_scorer
from tqb.targets import open_target
from tqb.types import (
    Baseline,
    Failure,
    Item,
    Pack,
    PackRef,
    Policy,
    Report,
    Request,
    Result,
    RunInfo,
    RunOptions,
    Scorer,
    Target,
    Tool,
)

TOOL = Tool("tqb", __version__)

OnStart = Callable[[int], None]
OnReply = Callable[[Request, Reply], None]
Ask = Callable[[Target, Sequence[Request]], tuple[tuple[Reply, ...], bool]]
"""Put requests to a target; the replies, and whether a signal kept any from coming."""


def run(
    options: RunOptions,
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
) -> Report:
    """Run packs through a target and judge the answers.

    `on_start` gets the number of requests, and again, grown, when a judge is asked; `on_reply` each
    request with its reply as it arrives.

    Raises:
        InputError: a pack, prompt, target, scorer, judge, selection or baseline cannot be used;
            nothing has been asked then, unless a scorer of the user's own breaks on an answer.
    """
    started_at = _now()
    _refuse_running_loop()
    _refuse_counts_below_one(options)
    packs = load_packs(options)
    prompt = load_prompt(options.prompt)
    targets = [target for pack in packs for item in pack.items for target in item.targets]
    scorer = load_scorer(options.scorer, threshold=options.fuzzy_threshold, rivals=targets)
    requests = build_requests(packs, prompt, options)
    base = load_baseline(options.baseline, requests)
    try_scorer(scorer, requests)
    target = open_target(options.target, max_concurrency=options.max_concurrency)
    grader = open_judge(options)
    ask = partial(
        run_requests,
        max_concurrency=options.max_concurrency,
        budget=Budget(options.policy.max_cost_usd),
        on_reply=on_reply,
    )
    on_start(len(requests))
    replies, interrupted = ask(target, requests)
    results = score(requests, replies, scorer)
    if grader and not interrupted:
        results, interrupted = ask_judge(grader, requests, results, ask, on_start)
    info = run_info(started_at, target, grader, prompt, packs, requests, options)
    made = report.make_report(TOOL, info, results)
    compared = baseline.compare(base, made) if base else None
    made = replace(made, comparison=compared)
    return replace(made, verdict=judge(made, options.policy, interrupted=interrupted))


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError("an event loop is running here; call tqb.run by asyncio.to_thread")


def _refuse_counts_below_one(options: RunOptions) -> None:
    counts = {
        "repeats": options.repeats,
        "max-concurrency": options.max_concurrency,
        "limit": options.limit,
    }
    for name, number in counts.items():
        if number is not None and number < 1:
            raise ConfigError(f"{name} is {number}; give a whole number from 1 up")


def load_packs(options: RunOptions) -> tuple[Pack, ...]:
    """Load the packs of a run; two of one name would make their items one.

    Raises:
        PackError: a pack cannot be loaded.
        ConfigError: two packs have one name.
    """
    packs = tuple(load_pack(source, verify=options.verify) for source in options.packs)
    names = [pack.name for pack in packs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two packs are called {name!r}: run them apart, or rename one")
    return packs


def build_requests(
    packs: Sequence[Pack], prompt: Prompt, options: RunOptions
) -> tuple[Request, ...]:
    """Select items and render their prompts; repeats of an item follow each other.

    Raises:
        ConfigError: an id that no pack has.
        PromptError: the template cannot be rendered for an item.
    """
    _refuse_unknown_items(packs, options.items)
    return tuple(
        Request(pack.name, item, repeat, messages, options.params)
        for pack in packs
        for item in select(pack, options)
        for messages in [prompt.render(item)]
        for repeat in range(options.repeats)
    )


def select(pack: Pack, options: RunOptions) -> tuple[Item, ...]:
    """Keep the items that were asked for by id and tag, then the first `limit` of them."""
    wanted = set(options.items)
    kept = (
        item
        for item in pack.items
        if (not wanted or item.id in wanted or f"{pack.name}/{item.id}" in wanted)
        and all(item.tags.get(key) == value for key, value in options.tags.items())
    )
    return tuple(islice(kept, options.limit))


def _refuse_unknown_items(packs: Sequence[Pack], wanted: Sequence[str]) -> None:
    known = {name for p in packs for item in p.items for name in (item.id, f"{p.name}/{item.id}")}
    for name in wanted:
        if name not in known:
            raise ConfigError(f"no item {name!r} in {', '.join(pack.name for pack in packs)}")


def load_baseline(path: Path | None, requests: Sequence[Request]) -> Baseline | None:
    """Read a baseline, or a JSON report in its place, and see that it fits the run.

    Raises:
        BaselineError: it cannot be read, or has no item of this run.
    """
    if path is None:
        return None
    base = read_baseline(path)
    known = {item.key for item in base.items}
    if requests and not any(f"{r.pack}/{r.item.id}" in known for r in requests):
        raise BaselineError(f"{path}: has no item of this run: accept a baseline of these packs")
    return base


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file, or make a baseline of a JSON report.

    Raises:
        BaselineError: it is neither, or the report was not judged.
    """
    data = report.read(path)
    if path.suffix == ".jsonl" or baseline.is_baseline(data):
        return baseline.from_text(data, path)
    return baseline.accept(report.from_text(data, path))


def score(
    requests: Sequence[Request], replies: Sequence[Reply], scorer: Scorer
) -> tuple[Result, ...]:
    """Score the answers; a failure passes through unscored."""
    return tuple(
        report.failed_result(request, reply)
        if isinstance(reply, Failure)
        else report.scored_result(request, reply, scorer(reply.answer, request.item))
        for request, reply in zip(requests, replies, strict=True)
    )


def try_scorer(scorer: Scorer, requests: Sequence[Request]) -> None:
    """Score the first item's own label, so that a broken scorer shows before anything is asked.

    Raises:
        ConfigError: a scorer of the user's own raises, or returns what is no score.
    """
    for request in requests[:1]:
        scorer(request.item.label, request.item)


def open_judge(options: RunOptions) -> Target | None:
    """Open the judge, if there is to be one; it has a key of its own for an ``http(s)`` target.

    Raises:
        TargetError: it cannot be opened.
    """
    if options.judge is None:
        return None
    try:
        return open_target(
            options.judge,
            api_key_env="TQB_JUDGE_API_KEY",
            max_concurrency=options.max_concurrency,
        )
    except TargetError as error:
        raise TargetError(f"--judge: {error}") from error


def ask_judge(
    grader: Target,
    requests: Sequence[Request],
    results: Sequence[Result],
    ask: Ask,
    on_start: OnStart,
) -> tuple[tuple[Result, ...], bool]:
    """Put the answers that the scorer failed to the judge.

    Returns:
        The results with its word in them, and whether a signal cut it short.
    """
    failed = [place for place, result in enumerate(results) if grading.is_for_the_judge(result)]
    asked = [
        grading.judge_request(requests[place], results[place].answer or "") for place in failed
    ]
    on_start(len(requests) + len(asked))
    replies, interrupted = ask(grader, asked)
    judged = list(results)
    for place, reply in zip(failed, replies, strict=True):
        judged[place] = grading.judged_result(results[place], reply, grader.name)
    return tuple(judged), interrupted


def run_info(
    started_at: datetime,
    target: Target,
    grader: Target | None,
    prompt: Prompt,
    packs: Sequence[Pack],
    requests: Sequence[Request],
    options: RunOptions,
) -> RunInfo:
    """Write down how the run was made."""
    first_repeats = (request.messages for request in requests if request.repeat == 0)
    return RunInfo(
        id=f"{started_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}",
        started_at=_stamp(started_at),
        finished_at=_stamp(_now()),
        target=target.name,
        prompt_sha256=fingerprint(first_repeats),
        template_sha256=prompt.template_sha256,
        scorer=options.scorer,
        params=options.params,
        repeats=options.repeats,
        packs=tuple(
            PackRef(pack.name, pack.version, pack.sha256, pack.language, len(pack.items))
            for pack in packs
        ),
        judge=grader.name if grader else None,
    )


def compare(base: Baseline, new: Report, policy: Policy) -> Report:
    """Judge a finished run anew, against `base`."""
    metrics = report.make_metrics(new.results)
    compared = replace(new, metrics=metrics, comparison=baseline.compare(base, new))
    interrupted = new.verdict.status == "interrupted"
    return replace(compared, verdict=judge(compared, policy, interrupted=interrupted))


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
