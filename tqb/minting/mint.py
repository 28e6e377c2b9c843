"""The call on one page.

prepare → ask → check → verify → (again, until the number is reached) → write
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tqb.asking import Asker, OnStart, shared_by
from tqb.errors import ConfigError, TargetError
from tqb.memory import Cassette, Header, Memories
from tqb.minting.checks import CHECKS, Checker
from tqb.minting.job import Batch, Job
from tqb.minting.plan import Planner, parallel_slots
from tqb.minting.provenance import Origin
from tqb.minting.recipe import Recipe, load_recipe
from tqb.minting.records import MIXED, Ending, Generated, GenerateOptions, Table
from tqb.minting.sources import Passage, read_sources
from tqb.minting.verify import Verifier
from tqb.minting.write import (
    place_of,
    refuse_what_is_there,
    strict_faults,
    write_items_file,
    write_job,
)
from tqb.packs import load_pack
from tqb.packs.messages import clean, listed
from tqb.pipeline import open_cassette, open_journal
from tqb.runner import OnReply, Reply
from tqb.targets import address, open_target
from tqb.types import Failure, Item, Pack, Policy, Request, RunOptions, Target

NUMBER = 40
"""Items in each language where nobody says."""
JOURNALS = Path(".tqb")
"""Where a call keeps its journal, unless it is told otherwise."""
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", re.ASCII)


@dataclass(slots=True)
class _Tally:
    """What the replies cost, and how calls failed."""

    cost_usd: float | None = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    models: dict[str, None] = field(default_factory=dict)
    spent: Failure | None = None
    """The refusal to ask on, once the money was spent."""

    def note(self, reply: Reply) -> None:
        """Take in one reply."""
        if isinstance(reply, Failure):
            self.failures[reply.kind] += 1
            return
        known = self.cost_usd is not None and reply.cost_usd is not None
        self.cost_usd = (self.cost_usd or 0.0) + (reply.cost_usd or 0.0) if known else None
        if reply.model:
            self.models[reply.model] = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that can begin."""

    options: GenerateOptions
    recipe: Recipe
    jobs: tuple[Job, ...]
    name: str
    """Of the pack, or of the packs together."""


def generate(
    options: GenerateOptions,
    *,
    on_start: OnStart = lambda total: None,
    on_reply: OnReply = lambda request, reply: None,
) -> Generated:
    """Mint a pack in each language.

    `on_start` and `on_reply` as for `tqb.pipeline.run`.

    Raises:
        InputError: something that was given cannot be used; nothing was asked then.
    """
    started_at = _now()
    _refuse_running_loop()
    call = prepare(options)
    refuse_what_is_there(options)
    writer = open_writer(options)
    reader = open_verifier(options)
    tally = _Tally()

    def note(request: Request, reply: Reply) -> None:
        tally.note(reply)
        on_reply(request, reply)

    with _memory(call, writer, options) as memory:
        run = _as_run(options)
        ask = Asker(run, shared_by(run), memory, on_start, note)
        verifier = None
        if reader:
            pack = f"verify:{call.name}"
            verifier = Verifier(reader, call.recipe, ask, options.params, options.votes, pack)
        ending = _ask_in_rounds(call, writer, verifier, ask, tally)
    origin = _origin(call, writer, verifier, tally, started_at)
    return _written(call, origin, ending, tally)


def _ask_in_rounds(
    call: Prepared, writer: Target, verifier: Verifier | None, ask: Asker, tally: _Tally
) -> Ending:
    """Ask, check and verify until all is there, or there is reason to stop."""
    while rounds := [(job, batch) for job in call.jobs for batch in job.next_batches()]:
        requests = [job.request(batch, call.options.params) for job, batch in rounds]
        replies, interrupted = ask(writer, requests)
        _check(call.jobs, rounds, replies)
        if verifier:
            interrupted = _verify(call, verifier, tally, stopped=interrupted)
        _settle(call, rounds, replies)
        tally.spent = tally.spent or _refusal(replies)
        if interrupted:
            return "interrupted"
        if tally.spent and any(job.missing > 0 for job in call.jobs):
            return "budget"
    return "done" if all(job.missing <= 0 for job in call.jobs) else "too few"


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError("an event loop is running here; call tqb.generate by asyncio.to_thread")


def prepare(options: GenerateOptions) -> Prepared:
    """Read all that a call needs, and plan it; nothing is asked and nothing written.

    Raises:
        InputError: something cannot be used.
    """
    _refuse_misuse(options)
    recipe = load_recipe(options.recipe or _recipe_for(options))
    taxonomy = _taxonomy(recipe, options)
    difficulties = _difficulties(recipe, options)
    passages = read_sources(options.sources) if options.sources else ()
    parallel = load_pack(options.parallel_to) if options.parallel_to else None
    avoid = [item for source in options.avoid for item in load_pack(source).items]
    name = options.output.resolve().name
    jobs = tuple(
        _job(lang, options, recipe, taxonomy, difficulties, passages, parallel, avoid, name)
        for lang in options.languages
    )
    return Prepared(options, recipe, jobs, name)


def _refuse_misuse(options: GenerateOptions) -> None:
    for lang in options.languages:
        if not _TAG.fullmatch(lang):
            raise ConfigError(f"--language {clean(lang)}: give a BCP 47 tag, such as fr or zh-Hant")
    if not options.languages or len(set(options.languages)) < len(options.languages):
        raise ConfigError("--language: give at least one, and each once")
    if options.num is not None and options.num < 1:
        raise ConfigError(f"--num is {options.num}; give a whole number from 1 up")
    if options.votes < 1:
        raise ConfigError(f"--verify-votes is {options.votes}; give a whole number from 1 up")
    if options.sources and options.parallel_to:
        raise ConfigError("--source and --parallel-to: give one of them")
    if not options.license.strip():
        raise ConfigError("--license is empty; give an SPDX name or a URL, or leave it out")
    if not options.output.resolve().name:
        raise ConfigError(f"-o {clean(str(options.output))}: give a folder of its own")


def _recipe_for(options: GenerateOptions) -> str:
    if options.sources:
        return "grounded"
    return "parallel" if options.parallel_to else "general"


def _taxonomy(recipe: Recipe, options: GenerateOptions) -> dict[str, tuple[str, ...]]:
    """Return the categories asked for with their topics; one that the recipe has not has none.

    ``mixed`` means all, as in TQB++.
    """
    if not options.categories or [name.casefold() for name in options.categories] == [MIXED]:
        return dict(recipe.taxonomy)
    known = {name.casefold(): name for name in recipe.taxonomy}
    named = [known.get(name.casefold(), name.strip()) for name in options.categories]
    return {name: recipe.taxonomy.get(name, ()) for name in dict.fromkeys(named) if name}


def _difficulties(recipe: Recipe, options: GenerateOptions) -> tuple[str, ...]:
    if options.difficulty == MIXED:
        return recipe.difficulties
    if options.difficulty not in recipe.difficulties:
        known = listed((MIXED, *recipe.difficulties))
        raise ConfigError(f"--difficulty {clean(options.difficulty)}: give one of {known}")
    return (options.difficulty,)


def _job(
    lang: str,
    options: GenerateOptions,
    recipe: Recipe,
    taxonomy: dict[str, tuple[str, ...]],
    difficulties: tuple[str, ...],
    passages: Sequence[Passage],
    parallel: Pack | None,
    avoid: Sequence[Item],
    name: str,
) -> Job:
    wanted = options.num or NUMBER
    known = [*avoid, *(one.as_item() for one in recipe.exemplars_for(lang))]
    if parallel:
        concepts = _concepts(parallel, lang, options)
        wanted = len(concepts)

        def plan(kept: Sequence[Item], number: int) -> list[Any]:
            there = {item.concept for item in kept}
            return parallel_slots([one for one in concepts if one.concept not in there][:number])
    else:
        seed = f"{options.params.seed}/{lang}"
        plan = Planner(wanted, taxonomy, difficulties, seed, passages).missing
    return Job(
        lang=lang,
        wanted=wanted,
        recipe=recipe,
        checker=Checker(recipe, lang, wanted, tuple(taxonomy), difficulties, known),
        plan=plan,
        avoid=[item for item in avoid if item.lang == lang],
        hint=options.context,
        pack=f"generate:{name}",
        size=recipe.batch,
    )


def _concepts(parallel: Pack, lang: str, options: GenerateOptions) -> list[Item]:
    """Return an item of each concept, the first `num` of them."""
    first: dict[str, Item] = {}
    for item in parallel.items:
        if item.concept and item.lang != lang:
            first.setdefault(item.concept, item)
    if not first:
        raise ConfigError(
            f"--parallel-to {clean(str(options.parallel_to))}: no item of another language than "
            f"{lang} has a concept; give a pack whose items do, such as core-en"
        )
    return list(first.values())[: options.num]


def open_writer(options: GenerateOptions, *, needs_key: bool = True) -> Target:
    """Open the model that writes.

    Raises:
        InputError: it cannot be opened.
    """
    return _open(options.model, options, needs_key=needs_key)


def _open(
    spec: str, options: GenerateOptions, *, key: str = "TQB_API_KEY", needs_key: bool = True
) -> Target:
    if options.storage.offline:
        return open_cassette(spec, options.storage)
    most = options.limits.max_concurrency
    return open_target(spec, api_key_env=key, max_concurrency=most, needs_key=needs_key)


def open_verifier(options: GenerateOptions, *, needs_key: bool = True) -> Target | None:
    """Open who answers blind; another server than the writer's gets a key of its own.

    Raises:
        InputError: it cannot be opened.
    """
    if options.verify is None:
        return None
    key = "TQB_API_KEY" if options.verify == options.model else "TQB_VERIFY_API_KEY"
    try:
        return _open(options.verify, options, key=key, needs_key=needs_key)
    except TargetError as error:
        raise TargetError(f"--verify: {error}") from error


def _as_run(options: GenerateOptions) -> RunOptions:
    """Return what the runner is to know of the call."""
    policy = Policy(max_cost_usd=options.max_cost_usd)
    return RunOptions(target=options.model, limits=options.limits, policy=policy)


@contextmanager
def _memory(call: Prepared, writer: Target, options: GenerateOptions) -> Iterator[Memories]:
    """Open what keeps the replies of this call; the cassette is written at its end."""
    memory, storage = Memories(), options.storage
    try:
        if storage.journal and not writer.recorded:
            open_journal(memory, storage.journal, _header(call, writer), resume=storage.resume)
        cassette = None
        if storage.record and not storage.offline:
            packs = {f"{kind}:{call.name}": () for kind in ("generate", "verify")}
            cassette = Cassette(storage.record, packs)
            memory.add(cassette)
        yield memory
        if cassette:
            cassette.write()
    finally:
        memory.close()


def _header(call: Prepared, writer: Target) -> Header:
    """Return what a call has to share with a journal to take it up."""
    options = call.options
    asked = {
        "languages": options.languages,
        "wanted": [job.wanted for job in call.jobs],
        "categories": options.categories,
        "difficulty": options.difficulty,
        "context": options.context,
        "sources": [_digest(path.read_bytes()) for path in options.sources],
        "parallel_to": options.parallel_to,
        "avoid": options.avoid,
        "votes": options.votes,
    }
    params = options.params
    return Header(
        target=address(writer.name),
        judge=options.verify and address(options.verify),
        template_sha256=call.recipe.sha256,
        params={
            "temperature": params.temperature,
            "seed": params.seed,
            "max_tokens": params.max_tokens,
        },
        packs={f"generate:{call.name}": _digest(json.dumps(asked).encode())},
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _check(
    jobs: Sequence[Job], rounds: Sequence[tuple[Job, Batch]], replies: Sequence[Reply]
) -> None:
    """Let each language check what it got, beside what the others have."""
    for (job, batch), reply in zip(rounds, replies, strict=True):
        elsewhere = [
            item for other in jobs if other is not job for item in (*other.kept, *other.candidates)
        ]
        job.take(batch, reply, elsewhere)


def _verify(call: Prepared, verifier: Verifier, tally: _Tally, *, stopped: bool) -> bool:
    """Let the candidates be answered blind; keep those that a majority accepts.

    Returns:
        Whether a signal cut the call short, `stopped` or now.
    """
    waiting = [(job, tuple(job.candidates)) for job in call.jobs]
    for job in call.jobs:
        job.candidates.clear()
    for job, items in waiting:
        if stopped:
            return True
        found, stopped = verifier.verify(items, job.kept, grounded=bool(call.options.sources))
        for item, votes in zip(items, found, strict=True):
            tally.spent = tally.spent or _refusal(votes.failures)
            job.hear(item, votes, call.options.votes)
    return stopped


def _refusal(replies: Sequence[Reply]) -> Failure | None:
    """Return the first reply that was not asked for, since the money was spent."""
    refused = (r for r in replies if isinstance(r, Failure) and r.kind == "refused_by_budget")
    return next(refused, None)


def _settle(call: Prepared, rounds: Sequence[tuple[Job, Batch]], replies: Sequence[Reply]) -> None:
    for job in call.jobs:
        own = [reply for (one, _), reply in zip(rounds, replies, strict=True) if one is job]
        job.settle(own)
        if job.missing <= 0 and own:
            for item in strict_faults(job.kept):
                job.drop(item)


def _origin(
    call: Prepared, writer: Target, verifier: Verifier | None, tally: _Tally, started_at: datetime
) -> Callable[[Job], Origin]:
    ended_at = _now()

    def origin(job: Job) -> Origin:
        return Origin(
            options=call.options,
            writer=writer.name,
            models=tuple(tally.models),
            verifier=verifier.name if verifier else None,
            recipe=f"{call.recipe.name} {call.recipe.version}",
            recipe_sha256=call.recipe.sha256,
            started_at=_stamp(started_at),
            ended_at=_stamp(ended_at),
            lang=job.lang,
            wanted=job.wanted,
            rejected=len(job.rejected),
        )

    return origin


def _written(
    call: Prepared, origin: Callable[[Job], Origin], ending: Ending, tally: _Tally
) -> Generated:
    """Write the packs, complete or marked as incomplete, and tell how it went."""
    folders: list[Path] = []
    notes: list[str] = []
    for job in call.jobs:
        made, said = write_job(job, place_of(call.options, job.lang), origin(job))
        folders += made
        notes += said
    packs = tuple(load_pack(str(folder)) for folder in folders)
    if call.options.items_file:
        write_items_file(call.options.items_file, [item for job in call.jobs for item in job.kept])
    wrong: Counter[str] = Counter()
    for job in call.jobs:
        wrong += job.wrong
    table = Table(
        wanted=sum(job.wanted for job in call.jobs),
        kept=sum(len(job.kept) for job in call.jobs),
        calls=sum(job.calls for job in call.jobs),
        least=sum(job.least for job in call.jobs),
        received=sum(job.received for job in call.jobs),
        wrong={name: wrong[name] for name in CHECKS if wrong[name]},
        rejected=sum(len(job.rejected) for job in call.jobs),
        undecided=sum(job.undecided for job in call.jobs),
        failures=dict(tally.failures),
        cost_usd=tally.cost_usd,
    )
    reasons = [
        f"{job.lang}: {len(job.kept)} of {job.wanted} items"
        + (f"; {job.hopeless}" if job.hopeless else "")
        for job in call.jobs
        if job.missing > 0
    ]
    if ending == "budget" and tally.spent:
        reasons.append(tally.spent.message)
    return Generated(
        ending=ending,
        reasons=tuple(reasons),
        folders=tuple(folders),
        packs=packs,
        table=table,
        rejected=tuple(one for job in call.jobs for one in job.rejected),
        notes=tuple(notes),
    )
