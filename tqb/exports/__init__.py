"""Packs as other tools want them: one file for each consumer, behind one interface.

    Pack → Exporter.write → files → checked and written, with a README.md

An exporter is a pure function from a pack to the text of files; what writes them is shared. A third
party adds one by the entry point group `tqb.exports`: a name, and an `Exporter` under it.
"""

from tqb.exports.interface import Exporter
from tqb.exports.registry import find_exporter, known_exporters
from tqb.exports.write import export_packs

__all__ = ["Exporter", "export_packs", "find_exporter", "known_exporters"]
