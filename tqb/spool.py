"""Records that are too many for memory, on disk: read in their order, again and again."""

from __future__ import annotations

import pickle
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import islice
from operator import attrgetter
from typing import IO, Any, Generic, TypeVar, overload

MOST_IN_MEMORY = 10_000
"""Records that are kept in memory."""
BLOCK = 500
"""Records that are written, and read, at once."""

_T = TypeVar("_T")


def spooled(records: Iterable[_T]) -> Sequence[_T]:
    """Return the records as a tuple, or on disk where they are more than `MOST_IN_MEMORY`."""
    made: Spool[_T] = Spool()
    made.extend(records)
    return made.whole()


def _packed(records: list[Any]) -> tuple[type[Any] | None, list[Any]]:
    """Take records of one kind apart: pickle takes four times as long over slots of its own."""
    kind: type[Any] = type(records[0])
    names = _slots(kind)
    if len(names) < 2 or any(type(one) is not kind for one in records):
        return None, records
    return kind, list(map(attrgetter(*names), records))


def _unpacked(kind: type[Any] | None, rows: list[Any]) -> list[Any]:
    if kind is None:
        return rows
    setters = [getattr(kind, name).__set__ for name in _slots(kind)]
    records = []
    for values in rows:
        record: Any = object.__new__(kind)
        for put, value in zip(setters, values, strict=True):
            put(record, value)
        records.append(record)
    return records


def _slots(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a record with slots; none of any other."""
    has_slots = is_dataclass(kind) and "__slots__" in vars(kind)
    return tuple(field.name for field in fields(kind)) if has_slots else ()


class Spool(Sequence[_T], Generic[_T]):
    """A sequence that moves to disk as it grows, to a file without a name that ends with it.

    What is in it was put there by this process, and nobody else can reach the file: so it may be
    pickled. In order, reading costs little; at random, 500 records are read for each.
    """

    def __init__(self) -> None:
        """Begin an empty one."""
        self._file: IO[bytes] | None = None
        self._starts = array("Q")
        self._end = 0
        self._tail: list[_T] = []
        self._read: tuple[int, list[_T]] = (-1, [])

    def __del__(self) -> None:
        """Let go of the file, which is gone with that."""
        if self._file:
            self._file.close()

    def whole(self) -> Sequence[_T]:
        """Return the records as a tuple, or itself where they are on disk; it grows no more."""
        return self if self._file else tuple(self._tail)

    def append(self, record: _T) -> None:
        """Add one record."""
        self._tail.append(record)
        if len(self._tail) > (BLOCK if self._file else MOST_IN_MEMORY):
            self._write()

    def _write(self) -> None:
        """Put all whole blocks on disk."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="tqb-")  # noqa: SIM115 - closed with self
        self._file.seek(self._end)
        while len(self._tail) >= BLOCK:
            data = pickle.dumps(_packed(self._tail[:BLOCK]), pickle.HIGHEST_PROTOCOL)
            self._file.write(data)
            self._starts.append(self._end)
            self._end += len(data)
            del self._tail[:BLOCK]

    def extend(self, records: Iterable[_T]) -> None:
        """Add records."""
        for record in records:
            self.append(record)

    def __len__(self) -> int:
        """Count them."""
        return BLOCK * len(self._starts) + len(self._tail)

    @overload
    def __getitem__(self, place: int) -> _T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[_T]: ...
    def __getitem__(self, place: int | slice) -> _T | Sequence[_T]:
        """Return a record, or a stretch of them as a tuple."""
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                return tuple(self[at] for at in range(start, stop, step))
            return tuple(islice(self._from(start), max(0, stop - start)))
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        number, within = divmod(at, BLOCK)
        if number >= len(self._starts):
            return self._tail[at - BLOCK * len(self._starts)]
        return self._block(number)[within]

    def __iter__(self) -> Iterator[_T]:
        """Read all of them."""
        return self._from(0)

    def _from(self, start: int) -> Iterator[_T]:
        for number in range(min(start // BLOCK, len(self._starts)), len(self._starts)):
            yield from islice(self._block(number), max(0, start - number * BLOCK), None)
        yield from islice(self._tail, max(0, start - len(self._starts) * BLOCK), None)

    def _block(self, number: int) -> list[_T]:
        if self._read[0] != number and self._file:
            self._file.seek(self._starts[number])
            # Written above, to a file that has no name.
            self._read = (number, _unpacked(*pickle.load(self._file)))  # noqa: S301
        return self._read[1]
