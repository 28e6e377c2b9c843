"""From the flags and the settings file to what is to run: one cell, or several."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tqb.cli import options
from tqb.errors import ConfigError
from tqb.types import JOURNAL, Limits, Params, RunOptions, Shard, Storage

if TYPE_CHECKING:
    from tqb.matrix import Plan


def plans_of(context: typer.Context) -> tuple[Plan, ...]:
    """Return a plan for each target, prompt and suite; one that is alone has no name.

    Raises:
        ConfigError: a value cannot be used, or a shard or a journal is asked of several cells.
    """
    from tqb.matrix import Plan

    given = dict(context.params)
    suites: Sequence[Mapping[str, Any]] = context.meta.get(options.SUITES, ())
    cells = [
        (suite.get("name", ""), axes, cell)
        for suite in suites or ({},)
        for values in [{**given, **_left_open(context, suite)}]
        for axes, cell in _cells(values)
    ]
    several = len(cells) > 1
    for flag in ("shard", "batch", "batch_id"):
        if several and given[flag]:
            name = flag.replace("_", "-")
            raise ConfigError(f"--{name} goes with one target and one prompt: run each by itself")
    plans = []
    for suite, axes, values in cells:
        name = " · ".join(part for part in (suite, *axes) if part)
        asked = options_of(values)
        plans.append(Plan(name, suite, _own_files(asked, name) if several else asked))
    _refuse_twins([plan.name for plan in plans])
    return tuple(plans)


def _left_open(context: typer.Context, suite: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a suite says, but for what the command line or the environment does."""
    sources = {name: context.get_parameter_source(name) for name in suite if name != "name"}
    return {
        name: suite[name]
        for name, source in sources.items()
        if source is None or source.name not in ("COMMANDLINE", "ENVIRONMENT")
    }


def _cells(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield each target with each prompt: what tells it from the others, and its values."""
    from tqb.targets import target_name

    targets = values["target"] or ["demo"]
    prompts = values["prompt"] or [None]
    for target in targets:
        for prompt in prompts:
            shown = target_name(target) if len(targets) > 1 else ""
            axes = (shown, str(prompt) if len(prompts) > 1 else "")
            yield axes, {**values, "target": target, "prompt": prompt}


def _refuse_twins(names: Sequence[str]) -> None:
    """Raise `ConfigError` where two cells are the same, or would write the same files."""
    known: dict[str, str] = {}
    for name in names:
        twin = known.get(slug(name))
        if twin is not None:
            what = "is there twice" if twin == name else f"would share its files with {twin}"
            raise ConfigError(f"{name} {what}: name each target and prompt once")
        known[slug(name)] = name


def _own_files(asked: RunOptions, name: str) -> RunOptions:
    """Give one of several cells a journal of its own, and its baseline where that is a folder."""
    storage, base = asked.storage, asked.baseline
    journal = storage.journal and storage.journal.with_stem(f"{storage.journal.stem}-{slug(name)}")
    if base is not None and base.is_dir():
        base = base / f"{slug(name)}.jsonl"
    return replace(asked, storage=replace(storage, journal=journal), baseline=base)


def slug(name: str) -> str:
    """Return a cell's name as that of a file."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.").lower() or "cell"


def options_of(values: Mapping[str, Any]) -> RunOptions:
    """Return what `tqb run` was asked to do, from its flags.

    Raises:
        ConfigError: a value cannot be used.
    """
    from tqb import shards

    part = shards.parse(values["shard"]) if values["shard"] else None
    journal = own_journal(Path(values["journal"]), part)
    return RunOptions(
        packs=tuple(values["packs"] or ("core-en",)),
        target=values["target"],
        prompt=Path(values["prompt"]) if values["prompt"] else None,
        params=Params(
            values["temperature"], values["seed"], values["max_tokens"], values["timeout"]
        ),
        repeats=values["repeats"],
        limits=Limits(
            values["max_concurrency"],
            values["retries"],
            values["retry_delay"],
            values["rpm"],
            values["tpm"],
            values["deadline"],
        ),
        storage=Storage(
            journal,
            values["resume"],
            values["record"],
            values["offline"],
            values["cache"],
            values["cache_days"],
            values["batch"],
            values["batch_id"],
        ),
        shard=part,
        limit=values["limit"],
        items=tuple(values["item"] or ()),
        tags=parse_tags(values["tag"] or []),
        scorer=values["scorer"],
        fuzzy_threshold=values["fuzzy_threshold"],
        judge=values["judge"],
        baseline=Path(values["baseline"]) if values["baseline"] else None,
        policy=options.policy_of(values),
        verify=values["verify"],
    )


def own_journal(journal: Path, shard: Shard | None) -> Path:
    """Return a journal of a shard's own, where none was chosen: several may run in one folder."""
    if shard is None or journal != JOURNAL:
        return journal
    return journal.with_stem(f"{journal.stem}-{shard.number}-of-{shard.of}")


def parse_tags(pairs: Sequence[str]) -> dict[str, str]:
    """Parse ``key=value`` options. Raises `ConfigError` for one without key or value."""
    tags = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign and value):
            raise ConfigError(f"--tag {pair}: wanted KEY=VALUE, such as category=history")
        tags[key] = value
    return tags
