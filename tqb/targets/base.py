"""What all targets share: time limits, and reading an answer's fields."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from itertools import islice
from typing import Any, TypeVar

from tqb.errors import CallError
from tqb.redaction import redact, redact_answer
from tqb.text import one_line, well_formed
from tqb.types import Response

MAX_NUMBER = 10**15
"""Counts, seconds and prices from there on are mistakes."""

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""Longest reply read from a server or a program."""

NO_CACHE: Mapping[str, str] = {"Cache-Control": "no-cache"}
"""Header of a request that no cache on the way may answer (RFC 9111)."""

MOST_SERVED = 80
"""Characters kept of a header."""
_VERSION_ENDS = ("-version", "-model", "-build", "-revision")
_VERSION_NAMES = ("server", "via", "x-cache", "x-powered-by", "x-served-by")

_T = TypeVar("_T")


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema as OpenAI's chat API takes it (structured outputs)."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema)}}


class RecordError(ValueError):
    """A field of a record is missing or of the wrong type; the message is one clause."""


async def within(work: Awaitable[_T], timeout_s: float, who: str, *, retryable: bool = False) -> _T:
    """Await `work` for `timeout_s` seconds at most, then cancel it.

    Raises:
        CallError: kind ``timeout``.
    """
    try:
        return await asyncio.wait_for(work, timeout_s)
    except asyncio.TimeoutError as exc:
        raise timed_out(who, timeout_s, retryable=retryable) from exc


def timed_out(who: str, timeout_s: float, *, retryable: bool) -> CallError:
    """The failure of a call that took longer than `timeout_s` seconds."""
    return CallError(
        "timeout",
        f"no answer from {who} within {timeout_s:g} s: is it stuck, or --timeout short?",
        retryable=retryable,
    )


def answer_text(text: str) -> str:
    """An answer as it is scored and kept: fit for a file, and without secrets of this machine.

    Only values of keys in the environment, the target or the prompt are taken out: what merely
    looks like a key stays.
    """
    return redact_answer(well_formed(text))


def read_fields(fields: Mapping[str, Any], latency_s: float) -> Response:
    """Make a response of ``answer`` and the optional fields of a record.

    Raises:
        RecordError: a field has the wrong type.
    """
    answer = fields.get("answer")
    if not isinstance(answer, str):
        raise RecordError(_wanted("answer", answer, "a string"))
    return Response(
        answer=answer_text(answer),
        finish_reason=_text(fields, "finish_reason"),
        prompt_tokens=_count(fields, "prompt_tokens"),
        completion_tokens=_count(fields, "completion_tokens"),
        latency_s=latency_s,
        cost_usd=read_amount(fields, "cost_usd"),
        model=_text(fields, "model"),
        first_byte_s=read_amount(fields, "first_byte_s"),
        served=_served(fields.get("served")),
    )


def versions(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that tell who answered: those of versions, servers and caches."""
    found = (
        (name.lower(), value)
        for name, value in headers.items()
        if name.lower().endswith(_VERSION_ENDS) or name.lower() in _VERSION_NAMES
    )
    return {name: one_line(redact(value), MOST_SERVED) for name, value in islice(found, 8)}


def _served(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RecordError(_wanted("served", value, "an object of strings"))
    return {
        one_line(str(name), MOST_SERVED): one_line(redact(str(said)), MOST_SERVED)
        for name, said in islice(value.items(), 16)
    }


def read_amount(fields: Mapping[str, Any], key: str) -> float | None:
    """A number that is finite and not negative, or None where there is none.

    Raises:
        RecordError: it is something else.
    """
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RecordError(_wanted(key, value, "a number"))
    if not 0 <= value < MAX_NUMBER:
        raise RecordError(f'"{key}" is out of range, wanted a number from 0 up')
    return float(value)


def _text(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value and redact(value)
    raise RecordError(_wanted(key, value, "a string"))


def _count(fields: Mapping[str, Any], key: str) -> int | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_NUMBER:
        raise RecordError(_wanted(key, value, "a whole number from 0 up"))
    return value


def _wanted(key: str, value: object, wanted: str) -> str:
    got = "missing" if value is None else type(value).__name__
    return f'"{key}" is {got}, wanted {wanted}'
