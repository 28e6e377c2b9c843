"""Files of other tools as packs: one file for each format, behind one interface.

    file or folder → documents → rows → Importer.item → items, problems, notes

A format says which rows it knows, and what a row is as an item: a pure function. Reading is shared,
bounded and runs nothing; what cannot be mapped is told by its line, and so is what is left out.
"""

from tqb.imports.interface import Imported, Importer, Unmapped
from tqb.imports.registry import NAMES
from tqb.imports.source import import_items
from tqb.imports.write import write_imported

__all__ = ["NAMES", "Imported", "Importer", "Unmapped", "import_items", "write_imported"]
