"""The cache: live answers of all runs of this user, for prompts that are tried again and again."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tqb.database import connect
from tqb.memory.exchange import from_record, request_key, to_record
from tqb.targets.base import RecordError
from tqb.types import Request, Response

DAY_S = 86_400.0
KEPT_S = 30 * DAY_S
"""Seconds after which an answer is deleted, unless a run takes older ones."""
SCHEMA = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, at REAL, answer TEXT)"

_UNUSABLE = "%s: cannot be used (%s): this run goes on without --cache"
_log = logging.getLogger("tqb.memory")


def cache_file() -> Path:
    """Return the file in the user's cache folder (XDG Base Directory Specification 0.8)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(home) if home and Path(home).is_absolute() else Path.home() / ".cache"
    return folder / "tqb" / "answers.sqlite3"


class Cache:
    """Answers by request, as long as they are fresh; runs side by side share it.

    A cache that cannot be used is none: the run says so and asks.
    """

    def __init__(self, path: Path, max_age_days: float) -> None:
        """Open the file; one that is broken is set aside."""
        self._path = path
        self._max_age_s = max_age_days * DAY_S
        self._database = self._open()

    def recall(self, who: str, request: Request) -> Response | None:
        """Return an answer that is young enough; never one where a fresh one is asked for."""
        if self._database is None or request.fresh:
            return None
        try:
            row = self._database.execute(
                "SELECT answer FROM answers WHERE key = ? AND at > ?",
                (request_key(who, request), time.time() - self._max_age_s),
            ).fetchone()
            found = from_record(json.loads(row[0]))[1] if row else None
            return found and replace(found, cost_usd=0.0, source="cache")
        except (sqlite3.Error, ValueError, RecordError) as error:
            self._give_up(error)
            return None

    def keep(self, who: str, request: Request, response: Response) -> None:
        """Keep an answer of today in the place of an older one."""
        if self._database is None or response.source != "target":
            return
        record = to_record(who, request, response)
        text = json.dumps({k: v for k, v in record.items() if k not in ("item", "question")})
        try:
            with self._database:
                self._database.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                    (record["key"], time.time(), text),
                )
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Forget what no run would take any more, and close the file."""
        database, self._database = self._database, None
        if database is None:
            return
        try:
            with database:
                oldest = time.time() - max(self._max_age_s, KEPT_S)
                database.execute("DELETE FROM answers WHERE at <= ?", (oldest,))
        except sqlite3.Error as error:
            _log.warning("%s: %s", self._path, error)
        finally:
            database.close()

    def _open(self) -> sqlite3.Connection | None:
        try:
            return connect(self._path, SCHEMA)
        except (sqlite3.Error, OSError) as error:
            _log.warning(_UNUSABLE, self._path, error)
            return None

    def _give_up(self, error: Exception) -> None:
        _log.warning(_UNUSABLE, self._path, error)
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()
