"""The run on one page.

load_packs → build_requests → run_requests → score → make_report → compare → judge
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path

from tqb import __version__, baseline, report
from tqb.errors import BaselineError, ConfigError
from tqb.gate import judge
from tqb.packs import load_pack
from tqb.prompts import Prompt, fingerprint, load_prompt
from tqb.runner import Reply, run_requests
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


def run(
    options: RunOptions,
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
) -> Report:
    """Run packs through a target and judge the answers.

    `on_start` gets the number of requests; `on_reply` each request with its reply as it arrives.

    Raises:
        InputError: a pack, prompt, target, scorer, selection or baseline cannot be used; nothing
            has been asked then.
    """
    started_at = _now()
    _refuse_running_loop()
    _refuse_counts_below_one(options)
    packs = load_packs(options)
    prompt = load_prompt(options.prompt)
    scorer = load_scorer(options.scorer, threshold=options.fuzzy_threshold)
    requests = build_requests(packs, prompt, options)
    base = load_baseline(options.baseline, requests)
    target = open_target(options.target, max_concurrency=options.max_concurrency)
    on_start(len(requests))
    replies, interrupted = run_requests(
        target,
        requests,
        max_concurrency=options.max_concurrency,
        max_cost_usd=options.policy.max_cost_usd,
        on_reply=on_reply,
    )
    results = score(requests, replies, scorer)
    info = run_info(started_at, target, prompt, packs, requests, options)
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


def run_info(
    started_at: datetime,
    target: Target,
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
