"""The cassette: a folder of recorded answers to commit, and the target that plays it.

One file for each target, one readable line for each answer, sorted; no headers, no keys.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqb.errors import CallError, ConfigError
from tqb.files import read_text, write_whole
from tqb.memory.exchange import from_record, parse_line, request_key, to_line, to_record
from tqb.targets.base import RecordError
from tqb.text import short_hash
from tqb.types import Request, Response

VERSION = 1


class Cassette:
    """A cassette that records: at the end, what it held of the items answered is replaced."""

    def __init__(self, folder: Path, packs: Mapping[str, Collection[str]]) -> None:
        """Record nothing yet.

        Args:
            folder: where the files are written.
            packs: all items of this run's packs, by pack; answers to others of them are dropped.
        """
        self._folder = folder
        self._packs = packs
        self._recorded: dict[str, dict[str, dict[str, Any]]] = {}

    def recall(self, who: str, request: Request) -> Response | None:
        """Return None: what is recorded is asked."""
        return None

    def keep(self, who: str, request: Request, response: Response) -> None:
        """Remember an answer."""
        record = to_record(who, request, response)
        self._recorded.setdefault(who, {})[record["key"]] = record

    def close(self) -> None:
        """Do nothing: `write` does it, where the run has come to its end."""

    def write(self) -> None:
        """Write the files.

        Raises:
            ConfigError: one cannot be written, or what is there is no cassette.
        """
        for who, recorded in self._recorded.items():
            path = cassette_file(self._folder, who)
            answered = {record["item"] for record in recorded.values()}
            kept = (r for r in _read(path) if self._outlives(r["item"], answered))
            write_whole(path, _text(who, {**{r["key"]: r for r in kept}, **recorded}.values()))

    def _outlives(self, item: str, answered: Collection[str]) -> bool:
        pack, _, name = item.partition("/")
        return item not in answered and name in self._packs.get(pack, (name,))


class CassetteTarget:
    """Answers from a cassette in the place of a target, and asks nobody."""

    recorded = True

    def __init__(self, folder: Path, name: str, who: str) -> None:
        """Read the file of the target.

        Args:
            folder: of the cassette.
            name: of the target, as it stands in reports.
            who: the target and its base URL.

        Raises:
            ConfigError: the cassette cannot be read; the message has ``file:line``.
        """
        if not folder.is_dir():
            raise ConfigError(
                f"{folder}: there is no such cassette: `tqb run --record {folder}` makes one"
            )
        self.name = name
        self._who = who
        self._folder = folder
        self._answers = {r["key"]: _played(r) for r in _read(cassette_file(folder, who))}

    def has(self, request: Request) -> bool:
        """Whether the answer is there."""
        return request_key(self._who, request) in self._answers

    async def complete(self, request: Request) -> Response:
        """Give the recorded answer. Raises `CallError`, kind ``not_recorded``."""
        answer = self._answers.get(request_key(self._who, request))
        if answer is None:
            raise CallError(
                "not_recorded",
                f"{self._folder} holds no answer of {self._who} to this prompt with these "
                f"parameters: record it by --record {self._folder} without --offline",
            )
        return answer

    async def aclose(self) -> None:
        """Do nothing: the file is closed already."""


def _played(record: Mapping[str, Any]) -> Response:
    """Return the answer as it costs now: nothing."""
    return replace(from_record(record)[1], cost_usd=0.0, source="cassette")


def cassette_file(folder: Path, who: str) -> Path:
    """Return the file of a target: its name as far as file systems take it, and a hash."""
    slug = re.sub(r"[^a-z0-9]+", "-", who.lower()).strip("-")[:60]
    return folder / f"{slug}.{short_hash(who)[:8]}.jsonl"


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file; none where there is no file."""
    if not path.exists():
        return []
    lines = read_text(path, ConfigError, "cassette").split("\n")
    records = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = parse_line(line)
            _check(record, first=number == 1)
        except RecordError as error:
            raise ConfigError(
                f"{path}:{number}: cannot be read ({error}): take the file from version control "
                "again, or delete it and record anew"
            ) from None
        if number > 1:
            records.append(record)
    return records


def _check(record: Any, *, first: bool) -> None:
    if first:
        if not isinstance(record, dict) or record.get("tqb_cassette") != VERSION:
            raise RecordError("its first line is none of a cassette")
        return
    from_record(record)
    if not isinstance(record.get("item"), str) or not isinstance(record.get("repeat"), int):
        raise RecordError('"item" and "repeat" are wanted')


def _text(who: str, records: Iterable[Mapping[str, Any]]) -> str:
    head = to_line({"tqb_cassette": VERSION, "target": who})
    ordered = sorted(records, key=lambda r: (r["item"], r["repeat"], r["key"]))
    return head + "".join(map(to_line, ordered))
