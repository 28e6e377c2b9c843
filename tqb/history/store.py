"""The file of past runs: a row a run, a row a pack of it, a row an item of that."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from tqb.changes import by_item, count_passes
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
        groups: dict[str, list[Result]] = {}
        for result in report.results:
            groups.setdefault(result.pack, []).append(result)
        packs = [astuple(_pack(run.id, name, results)) for name, results in groups.items()]
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
    models = sorted({result.model for result in report.results if result.model})
    made = json.dumps(
        [info.target, info.template_sha256, info.scorer, info.judge, asdict(info.params)]
    )
    return Run(
        id=info.id,
        started_at=info.started_at,
        target=info.target,
        model=", ".join(models),
        pipeline=hashlib.sha256(made.encode("utf-8", "backslashreplace")).hexdigest()[:16],
        status=verdict.status,
        exit_code=verdict.exit_code,
    )


def _pack(run: str, name: str, results: Sequence[Result]) -> PackRun:
    outcomes = [result.outcome for result in results]
    passed, failed = outcomes.count("pass"), outcomes.count("fail")
    answered = [result for result in results if result.outcome in ("pass", "fail")]
    waited = latency([one.latency_s for one in answered if one.latency_s is not None])
    costs = [result.cost_usd for result in answered]
    counts = [
        count
        for one in answered
        for count in (one.prompt_tokens, one.completion_tokens)
        if count is not None
    ]
    known = [cost for cost in costs if cost is not None]
    return PackRun(
        run=run,
        pack=name,
        n=passed + failed,
        passed=passed,
        errors=outcomes.count("error"),
        latency_p50_s=waited.p50 if waited else None,
        latency_p95_s=waited.p95 if waited else None,
        cost_usd=sum(known) if known and len(known) == len(costs) else None,
        tokens=sum(counts) if counts else None,
    )


def _items(run: str, report: Report) -> Iterator[tuple[Any, ...]]:
    for (pack, item_id), repeats in by_item(report.results).items():
        passes = count_passes(repeats)
        yield run, pack, item_id, repeats[0].question_sha256, passes.passed, passes.n
