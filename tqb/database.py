"""Small SQLite files that runs side by side write to; one that is broken is set aside."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

BUSY_S = 30.0
"""Seconds to wait for another run that is writing."""

_log = logging.getLogger("tqb.database")


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open a file, made where there is none; `schema` makes its tables, unless they are there.

    A file that is no database is renamed to ``….broken``, with a warning, and a new one is made.

    Raises:
        sqlite3.Error: it cannot be used, or another run kept it for too long.
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path, schema)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        aside = _free(path.with_name(f"{path.name}.broken"))
        path.replace(aside)
        _log.warning("%s: is broken; set aside as %s", path, aside.name)
        return _connect(path, schema)


def _free(path: Path) -> Path:
    """Return the path, or the first with a number that nothing has."""
    number, found = 1, path
    while found.exists():
        number, found = number + 1, path.with_name(f"{path.name}.{number + 1}")
    return found


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY_S)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        with database:
            for statement in filter(str.strip, schema.split(";")):
                database.execute(statement)
    except sqlite3.Error:
        database.close()
        raise
    return database
