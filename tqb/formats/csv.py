"""Comma-separated values (RFC 4180), one row a result, safe to be opened as a spreadsheet.

A text that a spreadsheet could take for a formula, since it begins with ``=``, ``+``, ``-``, ``@``,
a tab or the end of a line, is written with an apostrophe before it. What is unknown is empty.
"""

from __future__ import annotations

import csv
import io

from tqb.formats.table import COLUMNS, Cell, rows
from tqb.text import without_controls
from tqb.types import Report

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a formula may begin, in full width too."""


def to_csv(report: Report) -> str:
    """Render the results as comma-separated values, with a line of names first."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS)
    table.writeheader()
    table.writerows({name: _cell(cell) for name, cell in row.items()} for row in rows(report))
    return text.getvalue()


def _cell(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    clean = without_controls(cell)
    return f"'{clean}" if clean.startswith(FORMULA) else clean
