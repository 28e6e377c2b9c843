"""One JSON object → one `Item`, its types and its hash verified."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal, get_args

from tqb.errors import PackError
from tqb.packs.messages import listed, nearest, quoted
from tqb.packs.reading import MAX_PROBLEMS, Row
from tqb.spool import Spool
from tqb.types import AnswerType, Item, Problem

ITEM_KEYS = (
    *("text", "label", "aliases", "answer_type", "tolerance", "forbidden"),
    *("context", "tags", "lang", "id", "concept", "sha256"),
)
"""Keys of an item, in the order in which packs are written."""

ARRAY_KEYS = ("aliases", "forbidden")
"""Keys whose values are lists."""

OPTIONAL_KEYS = ("aliases", "answer_type", "tolerance", "forbidden", "tags", "concept")
"""Keys that are left out of a pack in which no item needs them."""

ANSWER_TYPES: tuple[str, ...] = get_args(AnswerType)

UNDETERMINED = "und"
"""BCP 47 tag of an item that does not name its language."""

_SCHEMES = {
    "A": ("text", "label", "context", "tags"),
    "B": ("text", "label", "context", "tags", "id", "lang"),
}
_TOLERANCE = re.compile(r"\d{1,300}(\.\d{1,400})?%?", re.ASCII)
_DEFAULTS: Mapping[str, Any] = {"context": "", "tags": {}, "lang": UNDETERMINED}


def item_sha256(item: Item, scheme: Literal["A", "B"] = "B") -> str:
    """Hash an item as TQB++ does: A over its content, B over its id and language too."""
    return _digest({key: getattr(item, key) for key in _SCHEMES[scheme]}, scheme)


def build_items(
    rows: Iterable[Row], file: str, *, verify: bool
) -> tuple[Sequence[Item], tuple[Problem, ...]]:
    """Make an item of each row; return those that came out well, and what is wrong with the rest.

    Rows with an id that an earlier row has are a problem. With `verify` a `sha256` must be the
    hash of its item by scheme A or B. The problems are cut off at `MAX_PROBLEMS`.
    """
    items: Spool[Item] = Spool()
    problems: list[Problem] = []
    for row in rows:
        try:
            item = build_item(row, file, verify=verify)
        except PackError as error:
            problems += error.problems
            continue
        items.append(item)
    problems += _taken_ids(items, file)
    problems.sort(key=lambda problem: problem.line or 0)
    return items.whole(), tuple(problems[:MAX_PROBLEMS])


def _taken_ids(items: Sequence[Item], file: str) -> Iterator[Problem]:
    """Yield a problem for each id that an earlier item has.

    The ids themselves are not kept: of a large pack they would take more memory than all else.
    """
    hashes = array("q", (hash(item.id) for item in items))
    if all(one != other for one, other in pairwise(sorted(hashes))):
        return
    first_line: dict[str, int] = {}
    for item in items:
        if item.id in first_line:
            message = f"id {quoted(item.id)} is taken by line {first_line[item.id]}; give another"
            yield Problem(file, item.line, message)
        first_line.setdefault(item.id, item.line)


def build_item(row: Row, file: str, *, verify: bool) -> Item:
    """Make one item of one row.

    Raises:
        PackError: a key is missing or has a value of the wrong type, or the hash does not match.
    """
    given = {key: value for key, value in row.values.items() if value is not None}
    faults = list(_faults(given))
    if faults:
        raise PackError([Problem(file, row.line, fault) for fault in faults])
    values = {**_DEFAULTS, **given}
    values["id"] = values.get("id") or _digest(values, "A")[:8]
    if verify and "sha256" in values and not _is_stamped(values):
        raise PackError([Problem(file, row.line, _MISMATCH)])
    return Item(
        id=values["id"],
        text=values["text"],
        label=values["label"],
        aliases=tuple(values.get("aliases", ())),
        answer_type=values.get("answer_type", ""),
        tolerance=_tolerance(values.get("tolerance", "")),
        forbidden=tuple(values.get("forbidden", ())),
        context=values["context"],
        lang=values["lang"],
        tags=values["tags"],
        concept=values.get("concept", ""),
        sha256=values.get("sha256") or _digest(values, "B"),
        line=row.line,
    )


_MISMATCH = (
    "sha256 does not match the item: the item was edited after it was stamped; "
    "stamp it anew with `tqb pack seal`, take the sha256 out, or load with --no-verify"
)


def _digest(values: Mapping[str, Any], scheme: str) -> str:
    content = {key: values[key] for key in _SCHEMES[scheme]}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_stamped(values: Mapping[str, Any]) -> bool:
    return any(_digest(values, scheme) == values["sha256"] for scheme in ("B", "A"))


def _faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the types of one item."""
    for key in ("text", "label"):
        if key not in values:
            yield f"the item has no {key!r} but {listed(values) or 'nothing'}; add a string"
        elif not _is_text(values[key]):
            yield f"{key!r} must be a non-empty string, not {quoted(values[key])}"
    for key in ("context", "lang", "id", "concept", "sha256"):
        if not isinstance(values.get(key, ""), str):
            yield f"{key!r} must be a string, not {quoted(values[key])}; put it in quotes"
    if not str(values.get("id", "")).isprintable():
        yield f"'id' holds control characters: {quoted(values['id'])}; use letters and digits"
    for key in ARRAY_KEYS:
        listed_values = values.get(key, [])
        if not isinstance(listed_values, list) or not all(map(_is_text, listed_values)):
            yield f"{key!r} must be a list of non-empty strings, not {quoted(listed_values)}"
    yield from _answer_faults(values.get("answer_type", ""), values.get("tolerance", ""))
    tags = values.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(tag, str) for tag in tags.values()):
        yield f"'tags' must be an object of strings, not {quoted(tags)}"


def _answer_faults(answer_type: Any, tolerance: Any) -> Iterator[str]:
    """Yield what is wrong with how the answers are to be read."""
    if answer_type not in ANSWER_TYPES:
        hint = nearest(answer_type, ANSWER_TYPES) if isinstance(answer_type, str) else ""
        hint = hint or f"; write one of {listed(filter(None, ANSWER_TYPES))}, or leave it out"
        yield f"'answer_type' is {quoted(answer_type)}{hint}"
    elif tolerance != "" and answer_type not in ("", "number", "text"):
        yield f"'tolerance' is for numbers and words, not for {quoted(answer_type)}; keep one"
    if tolerance != "" and not _is_tolerance(tolerance):
        yield f"'tolerance' must be a number from 0 up, or as '1%', not {quoted(tolerance)}"


def _is_tolerance(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    return _TOLERANCE.fullmatch(tolerance_text(value)) is not None


def tolerance_text(tolerance: float | str) -> str:
    """Write a tolerance as a text, without an exponent."""
    return tolerance if isinstance(tolerance, str) else f"{Decimal(str(tolerance)):f}"


def _tolerance(value: float | str) -> float | str | None:
    """Return a tolerance as a number, as a text with its %, or None for an empty text."""
    if isinstance(value, str) and not value.endswith("%"):
        return float(value) if value else None
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
