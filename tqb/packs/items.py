"""One JSON object → one `Item`, its types and its hash verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from tqb.errors import PackError
from tqb.packs.messages import listed, quoted
from tqb.packs.reading import MAX_PROBLEMS, Row
from tqb.types import Item, Problem

ITEM_KEYS = ("text", "label", "aliases", "context", "tags", "lang", "id", "concept", "sha256")
"""Keys of an item, in the order in which packs are written."""

UNDETERMINED = "und"
"""BCP 47 tag of an item that does not name its language."""

_SCHEMES = {
    "A": ("text", "label", "context", "tags"),
    "B": ("text", "label", "context", "tags", "id", "lang"),
}
_DEFAULTS: Mapping[str, Any] = {"context": "", "tags": {}, "lang": UNDETERMINED}


def item_sha256(item: Item, scheme: Literal["A", "B"] = "B") -> str:
    """Hash an item as TQB++ does: A over its content, B over its id and language too."""
    return _digest({key: getattr(item, key) for key in _SCHEMES[scheme]}, scheme)


def build_items(
    rows: Iterable[Row], file: str, *, verify: bool
) -> tuple[tuple[Item, ...], tuple[Problem, ...]]:
    """Make an item of each row; return those that came out well, and what is wrong with the rest.

    Rows with an id that an earlier row has are a problem. With `verify` a `sha256` must be the
    hash of its item by scheme A or B. The problems are cut off at `MAX_PROBLEMS`.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    first_line: dict[str, int] = {}
    for row in rows:
        try:
            item = build_item(row, file, verify=verify)
        except PackError as error:
            problems += error.problems
            continue
        if item.id in first_line:
            message = f"id {quoted(item.id)} is taken by line {first_line[item.id]}; give another"
            problems.append(Problem(file, row.line, message))
        first_line.setdefault(item.id, item.line)
        items.append(item)
    return tuple(items), tuple(problems[:MAX_PROBLEMS])


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
        context=values["context"],
        lang=values["lang"],
        tags=values["tags"],
        concept=values.get("concept", ""),
        sha256=values.get("sha256") or _digest(values, "B"),
        line=row.line,
    )


_MISMATCH = (
    "sha256 does not match the item: the item was edited after it was stamped; "
    "take its sha256 out to have it stamped anew, or load with --no-verify"
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
    aliases = values.get("aliases", [])
    if not isinstance(aliases, list) or not all(map(_is_text, aliases)):
        yield f"'aliases' must be a list of non-empty strings, not {quoted(aliases)}"
    tags = values.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(tag, str) for tag in tags.values()):
        yield f"'tags' must be an object of strings, not {quoted(tags)}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
