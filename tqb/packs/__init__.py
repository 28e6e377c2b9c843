"""Packs: found by name or path, loaded, checked, written and sealed.

    source → locate → rows of the items file → items → Pack

A pack is data and never code, and may come from anyone: reading it is bounded, offline, and ends
in a `Pack` or in one `PackError`. A Croissant pack as tqb writes it is read without mlcroissant
(`subset`); any other Croissant pack goes through it (`slow`), once it is known to stay in its
folder (`safety`).
"""

from tqb.packs.check import check_pack
from tqb.packs.croissant import write_pack
from tqb.packs.items import item_sha256
from tqb.packs.load import find_metadata, load_pack, locate, pack_of
from tqb.packs.registry import GROUPS, expand, expand_all, shipped_folder, shipped_packs
from tqb.packs.seal import seal_pack
from tqb.packs.template import new_pack

__all__ = [
    "GROUPS",
    "check_pack",
    "expand",
    "expand_all",
    "find_metadata",
    "item_sha256",
    "load_pack",
    "locate",
    "new_pack",
    "pack_of",
    "seal_pack",
    "shipped_folder",
    "shipped_packs",
    "write_pack",
]
