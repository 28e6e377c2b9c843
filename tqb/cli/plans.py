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
from tqb.text import short_hash
from tqb.types import JOURNAL, Limits, Params, RunOptions, Shard, Storage

if TYPE_CHECKING:
    from tqb.matrix import Plan


def plans_of(context: typer.Context) -> tuple[Plan, ...]:
    """Return a plan for each target, prompt and suite; one that is alone has no name.

    Raises:
        ConfigError: a value cannot be used, or not with several cells.
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
        if given[flag] and (several or suites):
            name = flag.replace("_", "-")
            raise ConfigError(
                f"--{name} goes with one target, one prompt and no [[suite]]: run each by itself"
            )
    plans = []
    for suite, axes, values in cells:
        name = " · ".join(part for part in (suite, *axes) if part)
        asked = options_of(values)
        if several:
            asked = _own_journal_of_cell(asked, name)
            _refuse_streams(asked)
        plans.append(Plan(name, suite, with_own_baseline(asked, name)))
    _refuse_twins([plan.name for plan in plans])
    return tuple(plans)


def _left_open(context: typer.Context, suite: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a suite says, but for what the command line or the environment does."""
    found = {}
    for name in suite:
        source = context.get_parameter_source(name.removesuffix("_as_written"))
        if name != "name" and (source is None or source.name not in ("COMMANDLINE", "ENVIRONMENT")):
            found[name] = suite[name]
    return found


def _cells(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield each target with each prompt: what tells it from the others, and its values.

    What a file names is called as it is written there, wherever the command is run.
    """
    from tqb.targets import target_name

    targets = values["target"] or ["demo"]
    prompts = values["prompt"] or [None]
    told_targets = values.get("target_as_written") or targets
    told_prompts = values.get("prompt_as_written") or prompts
    for target, told_target in zip(targets, told_targets, strict=True):
        for prompt, told_prompt in zip(prompts, told_prompts, strict=True):
            shown = target_name(told_target) if len(targets) > 1 else ""
            axes = (shown, str(told_prompt) if len(prompts) > 1 else "")
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


def _own_journal_of_cell(asked: RunOptions, name: str) -> RunOptions:
    storage = asked.storage
    journal = storage.journal and storage.journal.with_stem(f"{storage.journal.stem}-{slug(name)}")
    return replace(asked, storage=replace(storage, journal=journal))


def _refuse_streams(asked: RunOptions) -> None:
    """Raise `ConfigError` for what several cells cannot read one after the other."""
    for path in (asked.prompt, asked.baseline, *map(Path, asked.packs)):
        if path is not None and path.exists() and not path.is_file() and not path.is_dir():
            raise ConfigError(f"{path}: can be read once, and there are several cells: give a file")


def with_own_baseline(asked: RunOptions, name: str = "") -> RunOptions:
    """Take from a folder of baselines that of a cell; one without a name is called as its target.

    Each is where `tqb baseline accept` puts it.
    """
    from tqb.targets import target_name

    base = asked.baseline
    if base is None or not base.is_dir():
        return asked
    return replace(asked, baseline=base / f"{slug(name or target_name(asked.target))}.jsonl")


MOST_IN_A_NAME = 80
"""Characters of a cell's name in that of a file."""


def slug(name: str) -> str:
    """Return a cell's name as that of a file; of a long one the beginning, and a hash."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.").lower() or "cell"
    if len(plain.encode()) <= MOST_IN_A_NAME:
        return plain
    return f"{plain[: MOST_IN_A_NAME // 4]}-{short_hash(name)}"


def options_of(values: Mapping[str, Any]) -> RunOptions:
    """Return what `tqb run` was asked to do, from its flags.

    Raises:
        ConfigError: a value cannot be used.
    """
    from tqb import shards

    part = shards.parse(values["shard"]) if values["shard"] else None
    journal = own_journal(Path(values["journal"]), part)
    if not journal.name:
        raise ConfigError(f"--journal {journal}: name a file")
    return RunOptions(
        packs=tuple(values["packs"] or ("core-en",)),
        target=values["target"],
        prompt=Path(values["prompt"]) if values["prompt"] else None,
        params=Params(
            values["temperature"],
            values["seed"],
            values["max_tokens"],
            values["timeout"],
            values["per_request"],
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
        engine=values["engine"],
        workers=values["workers"],
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
