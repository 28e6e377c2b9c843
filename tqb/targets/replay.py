"""Answers recorded earlier: no model is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from tqb.errors import CallError, TargetError
from tqb.targets.base import RecordError, read_amount, read_fields
from tqb.text import one_line
from tqb.types import FailureKind, Request, Response

_Key = tuple[str, int]
"""Item as ``id`` or ``pack/id``, and the 0-based repeat."""
_Recorded = Response | CallError


class ReplayTarget:
    """``replay:FILE``: a JSONL file of answers, or the JSON report of an earlier run.

    A line is ``{"id", "answer"}``, optionally with ``repeat`` (0-based), ``prompt_tokens``,
    ``completion_tokens``, ``finish_reason``, ``latency_s``, ``model`` and ``cost_usd``; ``id``
    is ``id`` or ``pack/id``. Lines with the same id are its repeats, in order. In a report,
    failed calls fail again, and skipped items count as missing; an answer that only its judge
    failed is an answer. Each costs nothing now, whatever it did cost then.
    """

    recorded = True

    def __init__(
        self, path: str | Path, *, name: str = "", missing: str = "", again: bool = False
    ) -> None:
        """Read the file.

        Args:
            path: the recording.
            name: what stands in reports; ``replay:FILE`` by default.
            missing: what is said of an item that the recording lacks.
            again: whether every repeat gets the answer recorded first.

        Raises:
            TargetError: the file cannot be read; the message has ``file:line``.
        """
        self._path = Path(path)
        self._recorded = _read(self._path)
        self._again = again
        self._missing = missing or f"{path} holds no answer to this item"
        self.name = name or f"replay:{path}"

    async def complete(self, request: Request) -> Response:
        """Give the recorded answer. Raises `CallError` where it is a failure, or missing."""
        item = f"{request.pack}/{request.item.id}"
        repeat = 0 if self._again else request.repeat
        for key in (item, request.item.id):
            recorded = self._recorded.get((key, repeat))
            if isinstance(recorded, CallError):
                raise CallError(recorded.kind, str(recorded), recorded.retry_after)
            if recorded is not None:
                return replace(recorded, cost_usd=0.0)
        where = f" in repeat {repeat + 1}" if repeat else ""
        raise CallError("not_found", f"{self._missing}{where}")

    async def aclose(self) -> None:
        """Do nothing: the file is closed already."""


def _read(path: Path) -> dict[_Key, _Recorded]:
    text = _text(path)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, list):
        raise TargetError(f"{path}:1: a JSON array: write one object on each line instead")
    if isinstance(whole, dict) and "results" in whole:
        return dict(_report(path, whole["results"]))
    return _lines(path, text)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise TargetError(f"{path}: cannot be read: {exc.strerror}") from exc
    if raw.startswith(b"\xef\xbb\xbf"):
        raise TargetError(f"{path}:1: begins with a byte order mark: save it as UTF-8 without BOM")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise TargetError(f"{path}:{line}: not UTF-8: save it as UTF-8") from exc


def _lines(path: Path, text: str) -> dict[_Key, _Recorded]:
    recorded: dict[_Key, _Recorded] = {}
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _object(line)
            key = _row_key(row, recorded, seen)
            recorded[key] = read_fields(row, read_amount(row, "latency_s") or 0.0)
        except RecordError as exc:
            raise TargetError(f"{path}:{number}: {exc}") from exc
    if not recorded:
        raise TargetError(f"{path}: holds no answers: write one JSON object on each line")
    return recorded


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as exc:
        problem = getattr(exc, "msg", "a number is too long")
        raise RecordError(f'not JSON ({problem}): "{one_line(line, 60)}"') from exc
    except RecursionError as exc:
        raise RecordError("nested too deeply") from exc
    if not isinstance(row, dict):
        raise RecordError(f'not a JSON object: "{one_line(line, 60)}"')
    return row


def _row_key(
    row: Mapping[str, Any], recorded: Mapping[_Key, _Recorded], seen: Counter[str]
) -> _Key:
    """The row's key: its own repeat, or the next that is free."""
    item = row.get("id")
    if not isinstance(item, str) or not item:
        raise RecordError('no "id": name the item, as id or pack/id')
    if row.get("repeat") is None:
        repeat = seen[item]
        while (item, repeat) in recorded:
            repeat += 1
        seen[item] = repeat + 1
        return item, repeat
    repeat = _repeat(row)
    if (item, repeat) in recorded:
        raise RecordError(f'"{one_line(item)}" has two answers for repeat {repeat}: delete one')
    return item, repeat


def _repeat(row: Mapping[str, Any]) -> int:
    repeat = row.get("repeat", 0)
    if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 0:
        raise RecordError('"repeat" is no whole number from 0 up')
    return repeat


def _report(path: Path, results: object) -> Iterator[tuple[_Key, _Recorded]]:
    if not isinstance(results, list):
        raise TargetError(f'{path}: "results" is no list: is it a report of tqb?')
    for index, result in enumerate(results):
        try:
            key = _result_key(result)
            if result.get("outcome") != "skipped" or isinstance(result.get("answer"), str):
                yield key, _result(result)
        except RecordError as exc:
            raise TargetError(f"{path}: results[{index}]: {exc}") from exc


def _result_key(result: object) -> _Key:
    if not isinstance(result, dict):
        raise RecordError("no JSON object")
    pack, item = result.get("pack"), result.get("item_id")
    if not isinstance(pack, str) or not isinstance(item, str):
        raise RecordError('"pack" and "item_id" are wanted')
    return f"{pack}/{item}", _repeat(result)


def _result(result: Mapping[str, Any]) -> _Recorded:
    if result.get("outcome") != "error" or isinstance(result.get("answer"), str):
        return read_fields(result, read_amount(result, "latency_s") or 0.0)
    failure = result.get("failure")
    known: tuple[FailureKind, ...] = get_args(FailureKind)
    for kind in known:
        if isinstance(failure, dict) and failure.get("kind") == kind:
            return CallError(kind, one_line(str(failure.get("message")), 1000))
    raise RecordError('an error without a "failure" of a known kind')
