"""The run on one page.

prepare → ask → score → ask_judge → make_report → compare → confirm → diagnose → judge
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from typing import get_args

from tqb import baseline, grading, report, shards
from tqb.asking import Asker, OnStart, Shared, shared_by
from tqb.batching import ask_batch
from tqb.changes import by_item, count_passes
from tqb.cluster import on_cluster
from tqb.diagnose import diagnose
from tqb.errors import BaselineError, ConfigError, TargetError
from tqb.files import portable_path
from tqb.gate import Wave, judge, names_of, plan, plan_shard, set_aside, settle
from tqb.memory import (
    Cache,
    Cassette,
    CassetteTarget,
    Header,
    Journal,
    Memories,
    cache_file,
)
from tqb.packs import expand_all, load_pack
from tqb.prompts import Prompt, fingerprint, load_prompt
from tqb.report import prompt_sha256
from tqb.runner import (
    NOT_ASKED,
    OnReply,
    Reply,
    on_stop,
)
from tqb.scorers import NAMES, load_scorer, preload
from tqb.spool import MOST_IN_MEMORY, Spool, spooled
from tqb.targets import address, open_target, target_name
from tqb.types import (
    CASSETTE,
    JOURNAL,
    Baseline,
    Comparison,
    Engine,
    Failure,
    Item,
    Pack,
    PackRef,
    Params,
    Part,
    Policy,
    Report,
    Request,
    Result,
    RunInfo,
    RunOptions,
    Scorer,
    Storage,
    Target,
    Tool,
)
from tqb.version import __version__

_log = logging.getLogger("tqb.pipeline")

TOOL = Tool("tqb", __version__)

MOST_RIVALS = 20_000
"""Targets of other items that are held against an answer which looks like a slip."""

PAST_RUNS = 100
"""Runs of the history that tell which items flake."""

Answer = Callable[[Sequence[Request]], tuple[Sequence[Result], bool]]
"""Put requests to the pipeline under test; the results, and whether a signal cut them short."""
Again = Callable[[Wave], tuple[Sequence[Result], bool]]
"""The same for a wave of items that are asked once more; no result where none can be had."""


def run(
    options: RunOptions,
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
    shared: Shared | None = None,
    ready: Prepared | None = None,
) -> Report:
    """Run packs through a target and judge the answers.

    `on_start` gets the number of requests, and again, grown, when a judge is asked or something is
    asked again; `on_reply` each request with its reply as it arrives. Runs that have their limits
    in common are given what they have `shared`; one that was prepared before, what is `ready`.

    Raises:
        InputError: a pack, prompt, target, scorer, judge, selection or baseline cannot be used;
            nothing has been asked then, unless a scorer of the user's own breaks on an answer.
    """
    started_at = _now()
    _refuse_running_loop()
    ready = ready or prepare(options)
    options = share_of(options, ready.part)
    shared = shared or shared_by(options)
    opened = open_pipeline(options)
    grader = open_judge(options)
    info = run_info(started_at, opened, grader, ready, options)
    with (
        open_memory(info, opened, ready.packs, options.storage) as memory,
        on_cluster(opened, options) as target,
    ):
        batch = None
        if options.storage.batch or options.storage.batch_id:
            batch = partial(ask_batch, header_of(info), options, shared.ends_at)
        ask = Asker(options, shared, memory, on_start, on_reply, batch=batch)
        most = max(1, len(ready.requests)) if batch else MOST_IN_MEMORY
        answer = partial(answers, target, grader, ready, ask, most=most)
        return go_through(info, ready, target, answer, options)


def share_of(options: RunOptions, part: Part | None) -> RunOptions:
    """Leave to a shard its share of what the whole run may spend, and ask in a minute."""
    if part is None:
        return options
    limits, policy, of = options.limits, options.policy, part.shard.of
    share = len(part.places) / part.items if part.items else 1.0
    return replace(
        options,
        limits=replace(
            limits,
            rpm=limits.rpm and max(1, limits.rpm // of),
            tpm=limits.tpm and max(1, limits.tpm // of),
        ),
        policy=replace(
            policy,
            max_cost_usd=policy.max_cost_usd and round(policy.max_cost_usd * share, 9),
        ),
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run needs beside its target: read, selected and tried."""

    packs: tuple[Pack, ...]
    prompt: Prompt
    requests: Sequence[Request]
    scorer_name: str
    scorer: Scorer
    base: Baseline | None
    flaky: frozenset[str] = frozenset()
    """Items that flaked in past runs, and count neither way."""
    part: Part | None = None
    """Which part of the run, where it is one shard of it."""


def prepare(options: RunOptions) -> Prepared:
    """Read all that a run needs beside its target; nobody is asked.

    Raises:
        InputError: as `run`, but for the target and the judge.
    """
    refuse_counts_too_low(options)
    refuse_idle_flags(options)
    packs = load_packs(options)
    refuse_unknown_must_pass(packs, options.policy.must_pass)
    prompt = load_prompt(options.prompt)
    targets = (target for pack in packs for item in pack.items for target in item.targets)
    rivals = islice(targets, MOST_RIVALS)
    scorer = load_scorer(options.scorer, threshold=options.fuzzy_threshold, rivals=rivals)
    requests = build_requests(packs, prompt, options)
    base = load_baseline(options.baseline, map(key_of, requests))
    if options.scorer not in NAMES:
        try_scorer(scorer, requests)
    flaky = flaky_items(options.history, options.policy.quarantine)
    part = None
    if options.shard:
        requests, part = shards.take(requests, options.shard, chars_beside_question)
    return Prepared(packs, prompt, requests, options.scorer, scorer, base, flaky, part)


def key_of(request: Request) -> str:
    """Return ``pack/item`` of what is asked."""
    return f"{request.pack}/{request.item.id}"


def go_through(
    info: RunInfo, ready: Prepared, target: Target, answer: Answer, options: RunOptions
) -> Report:
    """Ask, compare, confirm, diagnose and judge: the run itself."""
    results, interrupted = answer(ready.requests)
    made = report.make_report(TOOL, info, results)
    compared = baseline.compare(ready.base, made)
    made = replace(made, comparison=set_aside(compared, ready.flaky, options.policy))
    if not interrupted:
        again = partial(ask_again, ready.requests, target, answer, options)
        made, interrupted = confirm(made, options.policy, again)
    made = replace(made, run=replace(made.run, finished_at=_stamp(_now())))
    if info.part:
        made = replace(made, comparison=None)
    else:
        made = replace(made, findings=diagnose(ready.base, made))
    return replace(made, verdict=judge(made, options.policy, interrupted=interrupted))


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError("an event loop is running here; call tqb.run by asyncio.to_thread")


def refuse_counts_too_low(options: RunOptions) -> None:
    """Raise `ConfigError` for a count that no run can have."""
    limits = options.limits
    counts = {
        "repeats": (options.repeats, 1),
        "max-concurrency": (limits.max_concurrency, 1),
        "limit": (options.limit, 1),
        "retries": (limits.retries, 0),
        "rpm": (limits.rpm, 1),
        "tpm": (limits.tpm, 1),
        "workers": (options.workers, 1),
        "per-request": (options.params.per_request, 1),
    }
    for name, (number, least) in counts.items():
        if number is not None and number < least:
            raise ConfigError(f"{name} is {number}; give a whole number from {least} up")


def refuse_idle_flags(options: RunOptions) -> None:
    """Raise `ConfigError` for flags that mean nothing together, and for no known engine."""
    if options.engine not in get_args(Engine):
        raise ConfigError(f"--engine {options.engine}: give one of {', '.join(get_args(Engine))}")
    if options.workers and options.engine != "ray":
        raise ConfigError("--workers goes with --engine ray")
    if options.params.per_request > 1 and (options.storage.batch or options.storage.batch_id):
        raise ConfigError("--per-request: a batch has one question to a request: leave out one")
    if options.engine == "ray" and (options.storage.batch or options.storage.batch_id):
        raise ConfigError("--engine ray: a batch is sent by one process: leave out one of them")


def refuse_unknown_must_pass(packs: Sequence[Pack], names: Sequence[str]) -> None:
    """Raise `ConfigError` for a name in `Policy.must_pass` that means nothing here."""
    if not names:
        return
    known = {
        name
        for pack in packs
        for item in pack.items
        for name in names_of(pack.name, item.id, item.tags)
    }
    refuse_unknown_names(names, known, ", ".join(pack.name for pack in packs))


def refuse_unasked_must_pass(results: Iterable[Result], names: Sequence[str], where: str) -> None:
    """Raise `ConfigError` for a name in `Policy.must_pass` that is none of what was asked."""
    if not names:
        return
    known = {name for one in results for name in names_of(one.pack, one.item_id, one.tags)}
    refuse_unknown_names(names, known, where)


def refuse_unknown_names(names: Sequence[str], known: Collection[str], where: str) -> None:
    """Raise `ConfigError` for a name in `Policy.must_pass` that is none of those known."""
    for name in names:
        if name not in known:
            raise ConfigError(
                f"--must-pass {name}: no item and no tag of {where} is called so; give an id, "
                "pack/id, or tag=value"
            )


def load_packs(options: RunOptions) -> tuple[Pack, ...]:
    """Load the packs of a run, those of a group too; two of one name would make their items one.

    Raises:
        PackError: a pack cannot be loaded.
        ConfigError: two packs have one name.
    """
    sources = expand_all(options.packs)
    packs = tuple(load_pack(source, verify=options.verify) for source in sources)
    names = [pack.name for pack in packs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two packs are called {name!r}: run them apart, or rename one")
    return packs


def build_requests(packs: Sequence[Pack], prompt: Prompt, options: RunOptions) -> Sequence[Request]:
    """Select items and render their prompts; repeats of an item follow each other.

    Raises:
        ConfigError: an id that no pack has.
        PromptError: the template cannot be rendered for an item.
    """
    _refuse_unknown_items(packs, options.items)
    return spooled(
        Request(pack.name, item, repeat, messages, params_of(options.params, repeat))
        for pack in packs
        for item in select(pack, options)
        for messages in [prompt.render(item)]
        for repeat in range(options.repeats)
    )


def params_of(params: Params, repeat: int) -> Params:
    """Return the parameters of a repeat: a seed counts on, so that each is a draw of its own."""
    return params if params.seed is None else replace(params, seed=params.seed + repeat)


def select(pack: Pack, options: RunOptions) -> Iterator[Item]:
    """Keep the items that were asked for by id and tag, then the first `limit` of them."""
    wanted = set(options.items)
    kept = (
        item
        for item in pack.items
        if (not wanted or item.id in wanted or f"{pack.name}/{item.id}" in wanted)
        and all(item.tags.get(key) == value for key, value in options.tags.items())
    )
    return islice(kept, options.limit)


def _refuse_unknown_items(packs: Sequence[Pack], wanted: Sequence[str]) -> None:
    if not wanted:
        return
    known = {name for p in packs for item in p.items for name in (item.id, f"{p.name}/{item.id}")}
    for name in wanted:
        if name not in known:
            raise ConfigError(f"no item {name!r} in {', '.join(pack.name for pack in packs)}")


def flaky_items(history: Path, over: float | None) -> frozenset[str]:
    """Return the items that changed between right and wrong in more than this share of past runs.

    Raises:
        ConfigError: there is no history, or it cannot be read.
    """
    if over is None:
        return frozenset()
    if not history.exists():
        raise ConfigError(
            f"--quarantine {over:g}: there is no history of past runs in {history}; run without it "
            "first, or `tqb history import` reports"
        )
    from tqb.history import History, flake_rates

    with History(history) as past:
        return frozenset(
            one.key for one in flake_rates(past.outcomes(PAST_RUNS)) if one.rate > over
        )


def load_baseline(path: Path | None, keys: Iterable[str]) -> Baseline | None:
    """Read a baseline, or a JSON report in its place, and see that it fits the run of some items.

    Raises:
        BaselineError: it cannot be read, or has no item of this run.
    """
    if path is None:
        return None
    base = read_baseline(path)
    known = {item.key for item in base.items}
    asked = iter(keys)
    first = next(asked, None)
    if first is not None and first not in known and known.isdisjoint(asked):
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


def open_pipeline(options: RunOptions, *, needs_key: bool = True) -> Target:
    """Open the target, or the cassette in its place.

    Raises:
        InputError: it cannot be opened.
    """
    if options.storage.offline:
        return open_cassette(options.target, options.storage)
    most = options.limits.max_concurrency
    return open_target(options.target, max_concurrency=most, needs_key=needs_key)


def open_cassette(spec: str, storage: Storage) -> CassetteTarget:
    """Open what was recorded of a target; the target itself is not opened.

    Raises:
        ConfigError: there is no cassette, or it cannot be read.
    """
    name = target_name(spec)
    return CassetteTarget(storage.record or CASSETTE, name, address(name))


@contextmanager
def open_memory(
    info: RunInfo,
    target: Target,
    packs: Sequence[Pack],
    storage: Storage,
) -> Iterator[Memories]:
    """Open what keeps the answers of this run; recorded answers need no journal and no cache.

    The cassette is written at the end, with what was answered by then.

    Raises:
        ConfigError: the journal cannot be written, or is another run's; the cassette cannot be.
    """
    memory = Memories()
    try:
        if storage.journal and not target.recorded:
            open_journal(memory, storage.journal, header_of(info), resume=storage.resume)
        if storage.cache and not target.recorded:
            memory.add(Cache(cache_file(), storage.cache_days))
        cassette = None
        if storage.record and not storage.offline:
            items = {pack.name: {item.id for item in pack.items} for pack in packs}
            cassette = Cassette(storage.record, items)
            memory.add(cassette)
        yield memory
        if cassette:
            cassette.write()
    finally:
        memory.close()


def open_journal(memory: Memories, path: Path, header: Header, *, resume: bool) -> None:
    """Add a journal; a run that was told of none goes on without, where it cannot be written.

    Raises:
        ConfigError: it cannot be written or taken up.
    """
    try:
        memory.add(Journal.open(path, header, resume=resume))
    except ConfigError as error:
        if resume or path.parent != JOURNAL.parent:
            raise
        _log.warning("%s; this run keeps none", error)


def header_of(info: RunInfo) -> Header:
    """Return what a run has to share with a journal to take it up."""
    params = info.params
    return Header(
        target=address(info.target),
        judge=info.judge and address(info.judge),
        template_sha256=info.template_sha256,
        params={
            "temperature": params.temperature,
            "seed": params.seed,
            "max_tokens": params.max_tokens,
            "per_request": params.per_request,
        },
        packs={pack.name: pack.sha256 for pack in info.packs},
    )


def answers(
    target: Target,
    grader: Target | None,
    ready: Prepared,
    ask: Asker,
    requests: Sequence[Request],
    *,
    most: int = MOST_IN_MEMORY,
) -> tuple[Sequence[Result], bool]:
    """Put requests to the target, score its answers, and let the judge look at the failed ones.

    A great many go in stretches of `most`, so that no more than these are in memory. What ends
    the asking in one of them ends it for all that follow.

    Returns:
        The results, and whether a signal cut them short.
    """
    tables = preload(ready.scorer_name, ready.scorer, (r.item for r in requests))
    results: Spool[Result] = Spool()
    interrupted, end, stops = False, None, list[bool]()
    # Within a stretch the runner sees to signals; between two of them, this does.
    with on_stop(lambda: stops.append(True)) if len(requests) > most else nullcontext():
        for start in range(0, len(requests), most):
            some = requests[start : start + most]
            following = len(requests) - start - len(some)
            replies, stopped = ask(target, some, steps=tables, following=following, instead=end)
            scored = score(some, replies, ready.scorer)
            interrupted = interrupted or stopped or bool(stops)
            if grader and not interrupted:
                scored, interrupted = ask_judge(grader, some, scored, ask)
            results.extend(scored)
            ends = (one for one in replies if isinstance(one, Failure) and one.attempts == 0)
            end = end or next(ends, NOT_ASKED if interrupted else None)
    return results.whole(), interrupted


def confirm(made: Report, policy: Policy, again: Again) -> tuple[Report, bool]:
    """Ask again what seems broken, until nothing is left to ask, or there is no answer to be had.

    Returns:
        The report with what came of it, and whether a signal cut it short.
    """
    interrupted = False
    comparison = made.comparison or baseline.compare(None, made)
    while not interrupted:
        results, interrupted = again(wave := plan_of(made, comparison, policy))
        if not results:
            break
        passes = {f"{pack}/{item}": count_passes(r) for (pack, item), r in by_item(results).items()}
        comparison = settle(comparison, passes)
        made = report.with_confirmation(made, results, wave.times)
        made = replace(made, comparison=comparison)
    return made, interrupted


def plan_of(made: Report, comparison: Comparison, policy: Policy) -> Wave:
    """Choose what a run, or a shard of one, asks again next."""
    part = made.run.part
    if part is None:
        return plan(comparison, policy, asked=len(made.results))
    asked = part.items * made.run.repeats
    return plan_shard(comparison, policy, items=part.items, asked=asked)


def ask_again(
    requests: Sequence[Request], target: Target, answer: Answer, options: RunOptions, wave: Wave
) -> tuple[Sequence[Result], bool]:
    """Ask the items of a wave once more; of a cassette only what it has.

    Returns:
        The results, and whether a signal cut them short.
    """
    wanted = frozenset(wave.keys)
    first = {key_of(r): r for r in requests if r.repeat == 0 and key_of(r) in wanted}
    asked = [
        ask_anew(first[key], options.params, options.repeats + time)
        for key in wave.keys
        for time in range(wave.times)
    ]
    known = isinstance(target, CassetteTarget) and all(map(target.has, asked))
    return answer(asked) if asked and (known or not target.recorded) else ((), False)


def ask_anew(request: Request, params: Params, repeat: int) -> Request:
    """Make the request for one more answer, which no cache may give."""
    return replace(request, repeat=repeat, params=params_of(params, repeat), fresh=True)


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


def open_judge(options: RunOptions, *, needs_key: bool = True) -> Target | None:
    """Open the judge, if there is to be one; it has a key of its own for an ``http(s)`` target.

    Raises:
        TargetError: it cannot be opened.
    """
    if options.judge is None:
        return None
    if options.storage.offline:
        return open_cassette(options.judge, options.storage)
    try:
        return open_target(
            options.judge,
            api_key_env="TQB_JUDGE_API_KEY",
            max_concurrency=options.limits.max_concurrency,
            needs_key=needs_key,
        )
    except TargetError as error:
        raise TargetError(f"--judge: {error}") from error


def ask_judge(
    grader: Target,
    requests: Sequence[Request],
    results: Sequence[Result],
    ask: Asker,
) -> tuple[tuple[Result, ...], bool]:
    """Put the answers that the scorer failed to the judge.

    Returns:
        The results with its word in them, and whether a signal cut it short.
    """
    failed = [place for place, result in enumerate(results) if grading.is_for_the_judge(result)]
    asked = [
        grading.judge_request(requests[place], results[place].answer or "") for place in failed
    ]
    replies, interrupted = ask(grader, asked, scored=False)
    judged = list(results)
    for place, reply in zip(failed, replies, strict=True):
        judged[place] = grading.judged_result(results[place], reply, grader.name)
    return tuple(judged), interrupted


def run_info(
    started_at: datetime,
    target: Target,
    grader: Target | None,
    ready: Prepared,
    options: RunOptions,
) -> RunInfo:
    """Write down how the run was made."""
    sizes = Counter[int]()
    prompts = fingerprint(_prompts(ready.requests, sizes))
    return RunInfo(
        id=f"{started_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}",
        started_at=_stamp(started_at),
        finished_at=_stamp(_now()),
        target=target.name,
        prompt_sha256=prompts,
        template_sha256=ready.prompt.template_sha256,
        scorer=options.scorer,
        params=options.params,
        repeats=options.repeats,
        packs=tuple(map(pack_ref, ready.packs)),
        judge=grader.name if grader else None,
        cache=options.storage.cache and not target.recorded,
        instruction_chars=low_median(sizes),
        part=ready.part,
    )


def _prompts(requests: Iterable[Request], sizes: Counter[int]) -> Iterator[str]:
    """Yield the hash of each item's prompt, and count the characters beside questions."""
    for request in requests:
        sizes[chars_beside_question(request)] += 1
        if request.repeat == 0:
            yield prompt_sha256(request.messages)


def chars_beside_question(request: Request) -> int:
    """Return the characters that a prompt has beside the question's own."""
    return max(0, sum(len(turn.content) for turn in request.messages) - len(request.item.text))


def low_median(counts: Counter[int]) -> int | None:
    """Return the median of counted numbers, the lower one of two; None where there is nothing."""
    left = (counts.total() - 1) // 2
    for size in sorted(counts):
        left -= counts[size]
        if left < 0:
            return size
    return None


def pack_ref(pack: Pack) -> PackRef:
    """Write down which pack was run."""
    return PackRef(
        name=pack.name,
        version=pack.version,
        sha256=pack.sha256,
        language=pack.language,
        items=len(pack.items),
        path=portable_path(pack.path),
    )


def compare(base: Baseline, new: Report, policy: Policy) -> Report:
    """Judge a finished run anew, against `base`; what it asked again counts as it did then."""
    made = report.make_report(new.tool, new.run, new.results)
    compared = baseline.compare(base, made)
    if new.confirmation:
        again = new.confirmation.results
        passes = {f"{pack}/{item}": count_passes(r) for (pack, item), r in by_item(again).items()}
        compared = settle(compared, passes)
        made = report.with_confirmation(made, again, new.confirmation.times)
    made = replace(made, comparison=compared)
    made = replace(made, findings=diagnose(base, made))
    interrupted = new.verdict.status == "interrupted"
    return replace(made, verdict=judge(made, policy, interrupted=interrupted))


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
