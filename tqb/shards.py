"""One run in several parts: which items fall to a shard, and the whole made of what they report."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from tqb.changes import by_item
from tqb.errors import ConfigError
from tqb.text import short_hash
from tqb.types import Part, Report, Request, Result, RunInfo, Shard

STOPPED = ("interrupted", "budget")
"""Verdicts of a shard that did not come to its end, the worst first."""
ENDED = ("shard", "nothing")
"""Those of the others."""
MOST_NAMED = 10
"""Missing shards that are named."""

Read = tuple[Path, Report, Part]
"""A shard's report, with where it lies and which part it is."""

_SAME: Mapping[str, Callable[[Read], object]] = {
    "tqb": lambda read: read[1].tool.version,
    "pack": lambda read: [
        f"{pack.name} {pack.version} {pack.sha256[:12]}".replace("  ", " ")
        for pack in read[1].run.packs
    ],
    "prompt template": lambda read: read[1].run.template_sha256[:12],
    "target": lambda read: read[1].run.target,
    "scorer": lambda read: read[1].run.scorer,
    "judge": lambda read: read[1].run.judge,
    "temperature": lambda read: read[1].run.params.temperature,
    "seed": lambda read: read[1].run.params.seed,
    "max-tokens": lambda read: read[1].run.params.max_tokens,
    "per-request": lambda read: read[1].run.params.per_request,
    "repeats": lambda read: read[1].run.repeats,
    "number of shards": lambda read: read[2].shard.of,
    "number of items": lambda read: read[2].items,
    "selection of items": lambda read: read[2].selection_sha256,
}
"""What all shards of a run have in common, by what it is called."""


def parse(text: str) -> Shard:
    """Read ``K/N``: the K-th of N shards.

    Raises:
        ConfigError: it is not that.
    """
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text.strip())
    number, of = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= of:
        raise ConfigError(f"--shard {text}: give K/N, the K-th of N shards, such as 2/5")
    return Shard(number, of)


def shard_of(pack: str, item_id: str, of: int) -> int:
    """Return the number, from 1, of the shard to which an item falls: by the hash of its key.

    It is the same on every machine, whatever else is asked; an item that is added to a pack leaves
    the others where they are.
    """
    digest = hashlib.sha256(f"{pack}/{item_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % of + 1


def take(
    requests: Sequence[Request], shard: Shard, chars: Callable[[Request], int]
) -> tuple[tuple[Request, ...], Part]:
    """Return the requests that fall to a shard, and which part of the whole that is.

    `chars` tells how much of a prompt is beside the question.
    """
    items = [request for request in requests if request.repeat == 0]
    mine = [
        (place, one)
        for place, one in enumerate(items)
        if shard_of(one.pack, one.item.id, shard.of) == shard.number
    ]
    keys = {(one.pack, one.item.id) for _, one in mine}
    part = Part(
        shard=shard,
        items=len(items),
        selection_sha256=_selection(f"{one.pack}/{one.item.id}" for one in items),
        places=tuple(place for place, _ in mine),
        instruction_chars=tuple(chars(one) for _, one in mine),
    )
    return tuple(one for one in requests if (one.pack, one.item.id) in keys), part


@dataclass(frozen=True, slots=True)
class Joined:
    """What the shards of a run did together."""

    runs: tuple[RunInfo, ...]
    """Of each shard, by number."""
    results: tuple[Result, ...]
    """In the order in which the whole run would have them."""
    again: Mapping[str, tuple[Result, ...]]
    """What was asked again, by item, repeats in their order."""
    instruction_chars: tuple[int, ...]
    """Of each item."""
    stopped: tuple[Report, ...]
    """Those that did not come to their end."""


def join(reports: Iterable[tuple[Path, Report]]) -> Joined:
    """Put the reports of all shards of a run together.

    Raises:
        ConfigError: one is no shard, or of another run; one is missing, or there twice.
    """
    read = sorted((_as_part(*one) for one in reports), key=lambda one: one[2].shard.number)
    if not read:
        raise ConfigError("no report was given: give those of all shards of a run")
    _refuse_others(read)
    _refuse_gaps(read)
    places = [place for _, _, part in read for place in part.places]
    if len(places) != read[0][2].items or sorted(places) != list(range(len(places))):
        raise ConfigError(_EDITED)
    grouped = [group for path, made, part in read for group in _groups(path, made, part)]
    chars = [size for _, _, part in read for size in part.instruction_chars]
    order = sorted(range(len(places)), key=places.__getitem__)
    if _selection(grouped[at][0].key for at in order) != read[0][2].selection_sha256:
        raise ConfigError(_EDITED)
    again = by_item(
        result for _, made, _ in read if made.confirmation for result in made.confirmation.results
    )
    return Joined(
        runs=tuple(made.run for _, made, _ in read),
        results=tuple(chain.from_iterable(grouped[at] for at in order)),
        again={f"{pack}/{item}": tuple(results) for (pack, item), results in again.items()},
        instruction_chars=tuple(chars[at] for at in order),
        stopped=tuple(made for _, made, _ in read if made.verdict.status in STOPPED),
    )


_EDITED = "the shards do not make up one run: one was edited; run them again"


def _selection(keys: Iterable[str]) -> str:
    return short_hash("\n".join(keys))


def _as_part(path: Path, report: Report) -> Read:
    if report.run.part is None:
        raise ConfigError(
            f"{path}: not the report of a shard: make one by `tqb run --shard K/N -o FILE.json`"
        )
    shard = report.run.part.shard
    if not 1 <= shard.number <= shard.of or report.verdict.status not in (*STOPPED, *ENDED):
        raise _edited(path)
    return path, report, report.run.part


def _edited(path: Path) -> ConfigError:
    return ConfigError(f"{path}: was edited, and is no report of a shard any more: run it again")


def _refuse_others(read: Sequence[Read]) -> None:
    """Raise `ConfigError` for a shard of another run than the first one's."""
    first = read[0]
    for other in read[1:]:
        for name, of in _SAME.items():
            if of(first) != of(other):
                raise ConfigError(
                    f"{other[0]}: its {name} is {_said(of(other))}, that of {first[0]} is "
                    f"{_said(of(first))}: only shards of one run can be merged"
                )


def _said(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _refuse_gaps(read: Sequence[Read]) -> None:
    """Raise `ConfigError` for a shard that is missing, or there twice."""
    paths: dict[int, Path] = {}
    for path, _, part in read:
        shard = part.shard
        if shard.number in paths:
            raise ConfigError(f"{path}: shard {shard} is there already: {paths[shard.number]}")
        paths[shard.number] = path
    of = read[0][2].shard.of
    absent = (f"{number}/{of}" for number in range(1, of + 1) if number not in paths)
    missing = list(islice(absent, MOST_NAMED))
    if missing:
        which = f"shard {missing[0]} is" if len(missing) == 1 else f"shards {_and(missing)} are"
        more = "at least " if len(missing) == MOST_NAMED else ""
        raise ConfigError(f"{more}{which} missing: give the reports of all {of} shards")


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _groups(path: Path, report: Report, part: Part) -> list[list[Result]]:
    """Return the results of each item of a shard. Raises `ConfigError` for those of others."""
    groups: dict[tuple[str, str], list[Result]] = by_item(report.results)
    packs = {pack.name for pack in report.run.packs}
    repeats = list(range(report.run.repeats)) if report.run.repeats <= len(report.results) else []
    whole = len(groups) == len(part.places) == len(part.instruction_chars)
    if not whole or not all(
        [result.repeat for result in results] == repeats
        and pack in packs
        and shard_of(pack, item, part.shard.of) == part.shard.number
        for (pack, item), results in groups.items()
    ):
        raise _edited(path)
    return list(groups.values())
