"""Items as packs have them: TQB++, and what `tqb export --to pytest` writes."""

from __future__ import annotations

from tqb.imports.interface import Fields, Importer, has, targets_of, text_of
from tqb.packs.items import ITEM_KEYS


def item(row: Fields) -> Fields:
    """Return the row as it is, its hash left out: it is made anew."""
    row.pop("sha256", None)
    found = {key: row.pop(key) for key in ITEM_KEYS if key in row}
    targets = targets_of(found["label"], "'label'")
    aliases = found.get("aliases") or []
    return {
        **found,
        "text": text_of(found["text"], "'text'"),
        "label": targets["label"],
        "aliases": [*targets["aliases"], *(aliases if isinstance(aliases, list) else [aliases])],
    }


IMPORTER = Importer("tqb", "TQB++ and items of tqb", has("text", "label"), item)
