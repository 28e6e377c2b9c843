"""The batch that a run waits for, kept in a file so that the same command takes it up again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from tqb.errors import ConfigError
from tqb.files import write_whole
from tqb.memory.exchange import request_key
from tqb.memory.journal import Header
from tqb.types import Request

VERSION = 1


def key_of(who: str, request: Request) -> str:
    """Return the key of a request in a batch: 40 characters, the same on every machine."""
    asked = f"{request.pack}/{request.item.id} {request_key(who, request)}"
    return sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Ticket:
    """A file with the id of a batch and what it was submitted for."""

    def __init__(self, path: Path | None, header: Header, keys: Iterable[str]) -> None:
        """Say what is to be asked; without a path nothing is kept."""
        self._path = path
        asked = json.dumps([asdict(header), sorted(keys)], sort_keys=True)
        self._sha256 = sha256(asked.encode()).hexdigest()

    def read(self) -> str | None:
        """Return the id of the batch that was submitted for just this; None where there is none.

        Raises:
            ConfigError: the file is of another run, or cannot be read.
        """
        if self._path is None or not self._path.exists():
            return None
        try:
            data = json.loads(self._path.read_text("utf-8"))
            batch, asked = str(data["batch"]), data["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{self._path}: cannot be read: delete it, and the batch it names is forgotten"
            ) from None
        if asked != self._sha256:
            raise ConfigError(
                f"{self._path}: {batch} was submitted for another run: give the command as it was, "
                "or delete the file to submit a new batch"
            )
        return batch

    def write(self, batch: str) -> None:
        """Keep the id. Raises `ConfigError` where that cannot be."""
        if self._path is not None:
            record = {"tqb_batch": VERSION, "batch": batch, "sha256": self._sha256}
            write_whole(self._path, json.dumps(record) + "\n")

    def drop(self) -> None:
        """Forget it: the answers are there."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
