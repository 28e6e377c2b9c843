"""The journal: the answers of one run, on disk one by one, so that nothing is asked twice.

The first line says what is run, each other line is one answer. A line is handed to the operating
system before the answer is reported, which survives the death of the process, and is forced to the
disk at most once a second, which survives the death of the machine. A last line that was torn is
cut off when the journal is taken up again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tqb.errors import ConfigError
from tqb.memory.exchange import from_record, parse_line, request_key, to_line, to_record
from tqb.targets.base import RecordError
from tqb.types import Request, Response

if TYPE_CHECKING:
    from filelock import FileLock

VERSION = 1
SYNC_S = 1.0
"""Seconds of answers that a power cut may take."""

_log = logging.getLogger("tqb.memory")
_NAMES = {
    "target": "target",
    "judge": "judge",
    "template_sha256": "prompt",
    "params": "parameters",
    "packs": "pack",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What is run; a journal is taken up only by a run of the same."""

    target: str
    judge: str | None
    template_sha256: str
    params: Mapping[str, Any]
    """Temperature, seed and most tokens."""
    packs: Mapping[str, str]
    """SHA-256 of each pack, by name."""


class Journal:
    """An open journal, which no other run can write meanwhile."""

    def __init__(
        self, path: Path, file: IO[bytes] | None, lock: FileLock, known: Mapping[str, Response]
    ) -> None:
        """Use `Journal.open`."""
        self._path = path
        self._file = file
        self._lock = lock
        self._known = known
        self._synced = 0.0

    @classmethod
    def open(cls, path: Path, header: Header, *, resume: bool) -> Journal:
        """Begin a journal, or take up the one that is there.

        Args:
            path: the file; its folder is made.
            header: what is run.
            resume: whether answers of an earlier run of the same are taken over.

        Raises:
            ConfigError: another run is writing it, it cannot be read or written, or it is of
                another target, prompt or pack.
        """
        lock = _lock(path)
        try:
            known, size = _read(path, header) if resume and path.exists() else ({}, 0)
            file = path.open("r+b" if size else "wb", buffering=0)
            file.truncate(size)
            file.seek(size)
            if not size:
                file.write(to_line({"tqb_journal": VERSION, **asdict(header)}).encode())
        except OSError as error:
            lock.release()
            raise _unwritable(path, error) from None
        except ConfigError:
            lock.release()
            raise
        return cls(path, file, lock, known)

    def recall(self, who: str, request: Request) -> Response | None:
        """Return the answer to the same request of the same item before the interruption."""
        if not self._known:
            return None
        found = self._known.get(_key(request, request_key(who, request)))
        return found and replace(found, source="journal")

    def keep(self, who: str, request: Request, response: Response) -> None:
        """Write an answer down; where the disk is full, say so once and go on without."""
        if self._file is None:
            return
        record = to_record(who, request, response)
        line = to_line({**record, "key": _key(request, record["key"])}).encode(
            "utf-8", "backslashreplace"
        )
        try:
            _write_all(self._file, line)
            if time.monotonic() - self._synced >= SYNC_S:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            reason = error.strerror
            _log.warning(
                "%s: cannot be written any more (%s): answers from here on "
                "would be asked again by --resume",
                self._path,
                reason,
            )
            self._file = None

    def close(self) -> None:
        """Force the last lines to the disk and let another run write."""
        file, self._file = self._file, None
        if file is not None:
            try:
                os.fsync(file.fileno())
                file.close()
            except OSError as error:
                _log.warning("%s: cannot be written (%s)", self._path, error.strerror)
        self._lock.release()


def _write_all(file: IO[bytes], data: bytes) -> None:
    """Write all of it: a raw file may take less at once."""
    while data:
        data = data[file.write(data) :]


def _key(request: Request, key: str) -> str:
    return f"{request.pack}/{request.item.id} {key}"


def _lock(path: Path) -> FileLock:
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f"{path.name}.lock"), blocking=False)
        lock.acquire()
    except Timeout:
        raise ConfigError(
            f"{path}: another run is writing this journal: wait for it, or give this run one of "
            "its own by --journal FILE"
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    return lock


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{path}: cannot be written ({error.strerror}); give another by --journal")


def _read(path: Path, header: Header) -> tuple[dict[str, Response], int]:
    """Return the answers by key, and the bytes up to the end of the last whole line."""
    data = path.read_bytes()
    size = data.rfind(b"\n") + 1
    lines = data[:size].decode("utf-8", "replace").split("\n")[:-1]
    if not lines:
        return {}, 0
    try:
        _check(path, parse_line(lines[0]), header)
        return _answers(path, lines[1:]), size
    except RecordError as error:
        raise ConfigError(f"{path}:1: no journal ({error}): run without --resume") from None


def _answers(path: Path, lines: list[str]) -> dict[str, Response]:
    known = {}
    for number, line in enumerate(lines, start=2):
        try:
            key, response = from_record(parse_line(line))
        except RecordError as error:
            raise ConfigError(
                f"{path}:{number}: cannot be read ({error}): delete the line, or run without "
                "--resume to ask everything again"
            ) from None
        known[key] = response
    return known


def _check(path: Path, found: Any, header: Header) -> None:
    """Refuse a journal of something else; packs that only one of the two has do not matter."""
    if not isinstance(found, dict) or found.get("tqb_journal") != VERSION:
        raise RecordError("its first line is none of ours")
    wanted = asdict(header)
    packs = found["packs"] if isinstance(found.get("packs"), dict) else {}
    both = packs.keys() & header.packs.keys()
    same_packs = bool(both) and all(packs[name] == header.packs[name] for name in both)
    for field, called in _NAMES.items():
        if not (same_packs if field == "packs" else found.get(field) == wanted[field]):
            raise ConfigError(
                f"{path}:1: is the journal of another {called}: run without --resume to begin anew"
            )
