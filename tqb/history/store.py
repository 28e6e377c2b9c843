"""The file of past runs: a row a run, a row a pack of it, a row an item of that."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from tqb.changes import count_passes, each_item
from tqb.database import connect
from tqb.errors import ConfigError
from tqb.tallies import latency
from tqb.types import HISTORY, Report, Result

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, started_at TEXT, target TEXT, model TEXT, pipeline TEXT, status TEXT,
    exit_code INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS packs (
    run TEXT, pack TEXT, n INTEGER, passed INTEGER, errors INTEGER, latency_p50_s REAL,
    latency_p95_s REAL, cost_usd REAL, tokens INTEGER, PRIMARY KEY (run, pack)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    run TEXT, pack TEXT, item_id TEXT, question_sha256 TEXT, passed INTEGER, n INTEGER,
    PRIMARY KEY (run, pack, item_id)
) WITHOUT ROWID
"""

ADD_RUN = "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)"
ADD_PACK = "INSERT OR IGNORE INTO packs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_ITEM = "INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class PackRun:
    """What a pack came to in a run."""

    run: str
    pack: str
    n: int
    """Answers scored."""
    passed: int
    errors: int
    """Failed calls."""
    latency_p50_s: float | None
    latency_p95_s: float | None
    cost_usd: float | None
    """None where that of an answer is unknown."""
    tokens: int | None
    """Of prompts and answers; None where no answer has a count."""

    @property
    def accuracy(self) -> float | None:
        """Passed / n; None when nothing was scored."""
        return self.passed / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Run:
    """A past run."""

    id: str
    started_at: str
    """ISO 8601, UTC."""
    target: str
    model: str
    pipeline: str
    """The same for runs of the same target, prompt template, scorer and parameters."""
    status: str
    exit_code: int
    packs: tuple[PackRun, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What an item did in a run."""

    run: str
    pack: str
    item_id: str
    question_sha256: str
    passed: int
    n: int
    pipeline: str


class History:
    """Past runs; runs side by side may write to one file."""

    def __init__(self, path: Path = HISTORY) -> None:
        """Open the file, or make it; one that is no database is set aside, with a warning.

        Raises:
            ConfigError: it cannot be used.
        """
        self._path = path
        try:
            self._database = connect(path, SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(f"{path}: the history cannot be used ({error})") from None

    def __enter__(self) -> History:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self._database.close()

    def add(self, report: Report) -> bool:
        """Add a run with its items; one that is there already stays as it is.

        Returns:
            Whether it is new.

        Raises:
            ConfigError: it cannot be written.
        """
        run = _run(report)
        packs = [astuple(pack) for pack in _packs(run.id, report.results)]
        row = [value for name, value in asdict(run).items() if name != "packs"]
        try:
            with self._database:
                cursor = self._database.execute(ADD_RUN, row)
                if cursor.rowcount:
                    self._database.executemany(ADD_PACK, packs)
                    self._database.executemany(ADD_ITEM, _items(run.id, report))
                return cursor.rowcount > 0
        except sqlite3.Error as error:
            raise ConfigError(f"{self._path}: this run cannot be added ({error})") from None

    def runs(
        self, *, target: str | None = None, pack: str | None = None, limit: int | None = None
    ) -> tuple[Run, ...]:
        """Return past runs in the order in which they began, the last `limit` of them.

        Raises:
            ConfigError: the file cannot be read.
        """
        found = self._read(
            "SELECT * FROM runs WHERE (:target IS NULL OR target = :target) AND (:pack IS NULL OR "
            "id IN (SELECT run FROM packs WHERE pack = :pack)) ORDER BY started_at DESC, id DESC "
            "LIMIT :limit",
            {"target": target, "pack": pack, "limit": -1 if limit is None else limit},
        )
        packs: dict[str, list[PackRun]] = {row[0]: [] for row in found}
        for row in self._read("SELECT * FROM packs", {}):
            if row[0] in packs and pack in (None, row[1]):
                packs[row[0]].append(PackRun(*row))
        return tuple(replace(Run(*row), packs=tuple(packs[row[0]])) for row in reversed(found))

    def outcomes(self, limit: int) -> tuple[ItemOutcome, ...]:
        """Return what the items of the last `limit` runs did, runs in their order.

        Raises:
            ConfigError: the file cannot be read.
        """
        found = self._read(
            "SELECT items.*, last.pipeline FROM items JOIN (SELECT id, started_at, pipeline FROM "
            "runs ORDER BY started_at DESC, id DESC LIMIT :limit) AS last ON items.run = last.id "
            "ORDER BY last.started_at, last.id, items.pack, items.item_id",
            {"limit": limit},
        )
        return tuple(ItemOutcome(*row) for row in found)

    def _read(self, query: str, values: dict[str, Any]) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise ConfigError(f"{self._path}: the history cannot be read ({error})") from None


def _run(report: Report) -> Run:
    info, verdict = report.run, report.verdict
    made = json.dumps(
        [info.target, info.template_sha256, info.scorer, info.judge, asdict(info.params)]
    )
    return Run(
        id=info.id,
        started_at=info.started_at,
        target=info.target,
        model=", ".join(report.fingerprint.models),
        pipeline=hashlib.sha256(made.encode("utf-8", "backslashreplace")).hexdigest()[:16],
        status=verdict.status,
        exit_code=verdict.exit_code,
    )


def _packs(run: str, results: Iterable[Result]) -> Iterator[PackRun]:
    """Yield what each pack did, in the order in which they were asked."""
    found: dict[str, _Sums] = {}
    for result in results:
        found.setdefault(result.pack, _Sums()).add(result)
    for name, sums in found.items():
        waited = latency(sums.waited_s)
        yield PackRun(
            run=run,
            pack=name,
            n=sums.outcomes["pass"] + sums.outcomes["fail"],
            passed=sums.outcomes["pass"],
            errors=sums.outcomes["error"],
            latency_p50_s=waited.p50 if waited else None,
            latency_p95_s=waited.p95 if waited else None,
            cost_usd=sums.cost_usd,
            tokens=sums.tokens,
        )


@dataclass(slots=True)
class _Sums:
    """What the answers of a pack add up to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    waited_s: array[float] = field(default_factory=lambda: array("d"))
    cost_usd: float | None = None
    costs: bool = True
    """Whether the cost of all answers is known."""
    tokens: int | None = None

    def add(self, result: Result) -> None:
        self.outcomes[result.outcome] += 1
        if result.outcome not in ("pass", "fail"):
            return
        if result.latency_s is not None:
            self.waited_s.append(result.latency_s)
        for counted in (result.prompt_tokens, result.completion_tokens):
            if counted is not None:
                self.tokens = (self.tokens or 0) + counted
        self.costs = self.costs and result.cost_usd is not None
        known = self.costs and result.cost_usd is not None
        self.cost_usd = (self.cost_usd or 0.0) + (result.cost_usd or 0.0) if known else None


def _items(run: str, report: Report) -> Iterator[tuple[Any, ...]]:
    for repeats in each_item(report.results):
        first, passes = repeats[0], count_passes(repeats)
        yield run, first.pack, first.item_id, first.question_sha256, passes.passed, passes.n
