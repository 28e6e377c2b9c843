"""One request and its answer, as a record that is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

from tqb.redaction import redact
from tqb.targets.base import RecordError, read_amount, read_fields
from tqb.types import Params, Request, Response

_KEPT = (
    "answer",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
    "latency_s",
    "cost_usd",
    "model",
    "first_byte_s",
    "served",
)
_DECIDING = tuple(
    one.name for one in fields(Params) if one.name not in ("timeout_s", "per_request")
)
"""Parameters that decide the answer, beside how many questions a request has."""


class Memory(Protocol):
    """Keeps answers, and may give them again. Nothing here raises: what fails is logged."""

    def recall(self, who: str, request: Request) -> Response | None:
        """Return the answer that `who` gave to the request before, or None."""

    def keep(self, who: str, request: Request, response: Response) -> None:
        """Keep an answer that has just come; on return it is as safe as it will be."""

    def close(self) -> None:
        """Let go of files."""


def request_key(who: str, request: Request) -> str:
    """Hash what decides the answer: 32 hexadecimal digits.

    Args:
        who: the target and its base URL, without secrets.
        request: its messages, parameters and repeat count; the item's id, its pack, and how long
            an answer may take do not. A schema for the answer counts where there is one.
    """
    params = {name: getattr(request.params, name) for name in _DECIDING}
    turns = [[message.role, message.content] for message in request.messages]
    if request.params.per_request > 1:
        params["per_request"] = request.params.per_request
    asked = [who, params, turns, request.repeat, *([request.schema] if request.schema else [])]
    content = json.dumps(asked, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def to_record(who: str, request: Request, response: Response) -> dict[str, Any]:
    """Return the exchange as an object of JSON: item, question and answer first, the key last."""
    fields = ((name, getattr(response, name)) for name in _KEPT)
    return {
        "item": f"{request.pack}/{request.item.id}",
        "repeat": request.repeat,
        "question": redact(request.question),
        **{name: value for name, value in fields if value is not None and value != {}},
        "key": request_key(who, request),
    }


def from_record(record: object) -> tuple[str, Response]:
    """Return the key and the answer of an exchange.

    Raises:
        RecordError: a field is missing or of the wrong type.
    """
    if not isinstance(record, Mapping):
        raise RecordError("not a JSON object")
    key = record.get("key")
    if not isinstance(key, str):
        raise RecordError('"key" is missing')
    return key, read_fields(record, read_amount(record, "latency_s") or 0.0)


def to_line(record: Mapping[str, Any]) -> str:
    """Return a record as one line of JSON with its newline."""
    return json.dumps(record, ensure_ascii=False) + "\n"


def parse_line(line: str) -> Any:
    """Parse one line of JSON.

    Raises:
        RecordError: it is none.
    """
    try:
        return json.loads(line)
    except RecursionError:
        raise RecordError("nested too deeply") from None
    except ValueError as error:
        raise RecordError(f"not JSON ({getattr(error, 'msg', 'a number is too long')})") from None
