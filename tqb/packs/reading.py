"""Strict, bounded reading of files nobody vouches for.

Whatever is wrong with a file, reading ends in a `PackError` that says where: no file is waited
for, none is held in memory beyond its cap, and no value that a pack has no use for gets in.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tqb.errors import PackError
from tqb.packs.messages import quoted, refuse
from tqb.spool import Spool
from tqb.types import Problem

MAX_LINE_BYTES = 2**20
MAX_ARRAY_BYTES = 64 * 2**20
MAX_METADATA_BYTES = 2**20
MAX_ITEM_DEPTH = 8
MAX_METADATA_DEPTH = 32
MAX_DIGITS = 4300
MAX_PROBLEMS = 100

_SPACE = re.compile(r"[ \t\n\r]*")
_UNSAFE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object of an items file."""

    line: int
    """1-based line on which it starts."""
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What an items file holds."""

    rows: Sequence[Row]
    sha256: str
    """Hash of the file's bytes."""
    problems: tuple[Problem, ...] = ()
    """One for each line that is not a row."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; never waits on a pipe or a device.

    Raises:
        PackError: the file is missing, not a regular file, or may not be read.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            refuse(str(path), None, "this is a folder where a file is wanted; name the file in it")
        if not stat.S_ISREG(mode):
            refuse(str(path), None, "this is not a regular file; copy its content into one")
        return path.open("rb")
    except OSError as error:
        refuse(str(path), None, f"cannot be read: {error.strerror}; check path and permissions")


def read_text(path: Path, limit: int) -> str:
    """Return a whole UTF-8 file of at most `limit` bytes.

    Raises:
        PackError: see `open_regular` and `decode`; or the file is longer than `limit`.
    """
    with open_regular(path) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        refuse(str(path), None, f"is longer than {limit:,} bytes; split it into smaller packs")
    return decode(data, str(path), 1)


def decode(data: bytes, file: str, line: int) -> str:
    """Decode UTF-8 that starts on this line of the file.

    Raises:
        PackError: a byte order mark, a NUL byte, or a byte that is not UTF-8.
    """
    if line == 1 and data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        refuse(file, 1, "starts with a byte order mark; save the file as UTF-8 without BOM")
    try:
        text = data.decode("utf-8")
        position = data.find(b"\0")
    except UnicodeDecodeError as error:
        position = error.start
    if position >= 0:
        before, newline = data[:position], b"\n"
        wrong = "a NUL" if data[position] == 0 else f"0x{data[position]:02x}, not UTF-8"
        message = f"byte {position - before.rfind(newline)} of the line is {wrong}"
        refuse(file, line + before.count(newline), f"{message}; save the file as UTF-8 text")
    return text


def parse(text: str, file: str, line: int | None, max_depth: int) -> Any:
    """Parse one JSON value, more strictly than `json.loads`.

    Raises:
        PackError: bad syntax, a duplicate key, NaN or Infinity, a number beyond measure, a NUL or
            a lone surrogate in a string, or nesting deeper than `max_depth`.
    """
    value, end = _parse_at(text, _skip_space(text, 0), Place(file, line or 1, line), max_depth)
    if _skip_space(text, end) < len(text):
        where = (line or 1) + text.count("\n", 0, end)
        refuse(file, where, "more than one JSON value; put each on a line of its own")
    return value


def read_lines(path: Path) -> Rows:
    """Read a file of JSON objects, one on each line; blank lines are passed over.

    Raises:
        PackError: the file cannot be read at all: see `open_regular` and `decode`; or a line is
            longer than `MAX_LINE_BYTES`.
    """
    rows: Spool[Row] = Spool()
    problems: list[Problem] = []
    digest = hashlib.sha256()
    for number, line in numbered_lines(path, digest):
        text = line.strip(" \t\r\n")
        if not text or len(problems) >= MAX_PROBLEMS:
            continue
        try:
            value = parse(text, str(path), number, MAX_ITEM_DEPTH)
            rows.append(Row(number, _as_object(value, str(path), number)))
        except PackError as error:
            problems += error.problems
    return Rows(rows.whole(), digest.hexdigest(), tuple(problems))


def numbered_lines(path: Path, digest: hashlib._Hash) -> Iterator[tuple[int, str]]:
    """Yield each line with its 1-based number, and hash all bytes on the way."""
    with open_regular(path) as stream:
        number = 0
        while data := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(data) > MAX_LINE_BYTES:
                limit = f"longer than {MAX_LINE_BYTES:,} bytes"
                refuse(str(path), number, f"the line is {limit}; put one item on each line")
            digest.update(data)
            yield number, decode(data, str(path), number)


def read_array(path: Path) -> Rows:
    """Read a file that holds one JSON array of objects.

    Raises:
        PackError: the file cannot be read, is longer than `MAX_ARRAY_BYTES`, or is no such array.
    """
    text = read_text(path, MAX_ARRAY_BYTES)
    rows = tuple(
        Row(line, _as_object(value, str(path), line)) for line, value in _elements(text, str(path))
    )
    return Rows(rows, hashlib.sha256(text.encode()).hexdigest())


def _elements(text: str, file: str) -> Iterator[tuple[int, Any]]:
    """Yield the elements of an array, each with the line on which it starts."""
    at = _skip_space(text, 0)
    if at == len(text):
        return
    if text[at] != "[":
        refuse(file, 1, "holds no JSON array; a pack in .json is an array of items")
    line, counted, mark = 1, 0, ","
    at = _skip_space(text, at + 1)
    if text[at : at + 1] == "]":
        mark, at = "]", at + 1
    while mark == ",":
        line, counted = line + text.count("\n", counted, at), at
        value, at = _parse_at(text, at, Place(file, 1, line), MAX_ITEM_DEPTH)
        yield line, value
        at = _skip_space(text, at)
        mark, at = text[at : at + 1], _skip_space(text, at + 1)
    if mark != "]" or at < len(text):
        wrong = "goes on after its ]" if mark == "]" else "lacks a comma or ]"
        refuse(file, 1 + text.count("\n", 0, at), f"the array {wrong}; mend it here")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands, for problems."""

    file: str
    first: int
    """Line on which the text starts."""
    line: int | None
    """Line of the value that is parsed."""


def _parse_at(text: str, start: int, place: Place, max_depth: int) -> tuple[Any, int]:
    """Parse the value that begins at `start`; return it and where it ends."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        where = place.first + text.count("\n", 0, error.pos)
        message = f"is not valid JSON: {error.msg} (column {error.colno}); mend it there"
        refuse(place.file, where, message)
    except RecursionError:
        refuse(place.file, place.line, _TOO_DEEP.format(max_depth))
    except ValueError as error:
        refuse(place.file, place.line, str(error))
    _inspect(value, text[start:end], place, max_depth)
    return value, end


_TOO_DEEP = "is nested too deeply; {} levels are the most"


def _inspect(value: Any, text: str, place: Place, max_depth: int) -> None:
    """Refuse what JSON allows and a pack has no use for; passes over what cannot hold it."""
    if "\\u" not in text and text.count("{") + text.count("[") <= max_depth:
        return
    stack = [(value, 1)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, str) and (found := _UNSAFE.search(node)):
            what = "a NUL" if found[0] == "\0" else "half a surrogate pair"
            refuse(place.file, place.line, f"{quoted(node)} holds {what}; remove it")
        if isinstance(node, (dict, list)) and depth > max_depth:
            refuse(place.file, place.line, _TOO_DEEP.format(max_depth))
        if isinstance(node, dict):
            stack += [(key, depth + 1) for key in node]
            stack += [(child, depth + 1) for child in node.values()]
        elif isinstance(node, list):
            stack += [(child, depth + 1) for child in node]


def _as_object(value: Any, file: str, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        refuse(file, line, f"an item is a JSON object, not {quoted(value)}; write {{...}}")
    return value


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {quoted(twice)} stands twice in one object; keep one")
    return result


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; write a string or a finite number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits; write it as a string")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {quoted(digits)} is infinite; write it as a string")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_constant=_constant,
    parse_int=_integer,
    parse_float=_real,
)
