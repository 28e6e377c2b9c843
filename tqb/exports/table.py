"""Items as rows of one table, for readers that give each column one type."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import details, to_json_array
from tqb.types import Item, Pack

FIELD = "items"
"""Key of the object under which the rows stand."""


def rows(pack: Pack) -> list[dict[str, Any]]:
    """Return the items as rows that all have the same columns, and tags with the same keys.

    A tag that an item has not is null, any other field empty.
    """
    found = [_row(item) for item in pack.items]
    columns = {column: type(row[column]) for row in found for column in row}
    tags = sorted({tag for row in found for tag in row.get("tags", ())})
    table = [{name: row.get(name, kind()) for name, kind in columns.items()} for row in found]
    for row in table:
        if "tags" in row:
            row["tags"] = {tag: row["tags"].get(tag) for tag in tags}
    return table


def _row(item: Item) -> dict[str, Any]:
    rest = details(item, without=("text", "label", "aliases"))
    if "tolerance" in rest:
        rest["tolerance"] = str(rest["tolerance"])
    return {"question": item.text, "answers": list(item.targets), **rest}


def to_text(table: list[dict[str, Any]]) -> str:
    """Return rows as JSON that Hugging Face's reader takes as it is.

    In JSON Lines it takes a text that looks like a date for one, if all of a column do; not so in
    a field of an object.
    """
    return f'{{"{FIELD}": {to_json_array(table).rstrip()}}}\n'
