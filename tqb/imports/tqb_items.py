"""Items as packs have them: TQB++, and what `tqb export --to pytest` writes."""

from __future__ import annotations

from tqb.imports.interface import Fields, Importer, as_list, has, targets_of, text_of
from tqb.packs.items import ITEM_KEYS


def item(row: Fields) -> Fields:
    """Return the row as it is, its hash left out: it is made anew."""
    row.pop("sha256", None)
    found = {key: row.pop(key) for key in ITEM_KEYS if key in row}
    targets = targets_of(found.get("label"), "'label'")
    return {
        **found,
        "text": text_of(found.get("text"), "'text'"),
        "label": targets["label"],
        "aliases": [*targets["aliases"], *as_list(found.get("aliases"))],
    }


IMPORTER = Importer("tqb", "TQB++ and items of tqb", has("text", "label"), item)
