"""A file or folder → the items that it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tqb.errors import PackError
from tqb.imports.build import Builder
from tqb.imports.folders import Found, find
from tqb.imports.interface import Imported, Importer
from tqb.imports.reading import Document, elements
from tqb.imports.registry import find_importer, guess, importers
from tqb.packs.items import UNDETERMINED
from tqb.packs.messages import listed, refuse
from tqb.packs.reading import Row

_LOOKED_AT = 50
"""Rows by which a format is told: the first may be the one that is broken."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file whose format is known, or known to be none."""

    found: Found
    importer: Importer | None
    rows: Sequence[Row]


def import_items(
    path: Path,
    *,
    format: str = "",  # noqa: A002 (as --from is called elsewhere)
    columns: Mapping[str, str] | None = None,
    language: str = UNDETERMINED,
) -> Imported:
    """Read the items of a file or folder.

    Args:
        path: a file, a folder, or the configuration that names the files.
        format: one of `NAMES`; empty to tell it by the content.
        columns: fields of items by column, for tables.
        language: BCP 47 tag of items that do not say theirs.

    Raises:
        PackError: nothing can be read, or it is in no format known.
        ConfigError: format or columns cannot be used.
    """
    given = dict(columns or {})
    fixed = find_importer(format, given) if format else None
    read = [_recognise(found, given, fixed) for found in find(path)]
    titles = tuple(dict.fromkeys(one.importer.title for one in read if one.importer))
    if not titles:
        _refuse_unknown(path, read)
    if len(titles) > 1:
        names = listed(one.found.document.path.name for one in read if one.importer)
        refuse(str(path), None, f"holds items in several formats, in {names}; name one file")
    builder = Builder(language)
    for one in read:
        file = one.found.document.path
        builder.notes += one.found.notes
        if one.importer is None:
            builder.notes.append(f"{file}: left out, holds no items")
        else:
            builder.add(one.importer, one.rows, str(file), one.found.document.problems)
    return builder.finish(titles)


def _refuse_unknown(path: Path, read: Sequence[Recognised]) -> NoReturn:
    problems = [problem for one in read for problem in one.found.document.problems]
    if problems:
        raise PackError(problems)
    first = next((row for one in read for row in one.rows), None)
    if first is None:
        refuse(str(path), None, "holds no rows; name a file that does")
    keys = f"the first row has {listed(first.values) or 'nothing'}"
    refuse(str(path), None, f"is in no format known: {keys}; name columns by --map COLUMN=FIELD")


def _recognise(found: Found, columns: Mapping[str, str], fixed: Importer | None) -> Recognised:
    """Tell the format of a file by its content, unless it is given."""
    named = columns or found.columns
    known = (fixed,) if fixed and not found.columns else importers(named)
    if found.document.whole is not None:
        for importer in known:
            if importer.unpack is not None and importer.opens(found.document.whole):
                unpacked = importer.unpack(found.document.whole, found.document.lines)
                return Recognised(found, importer, tuple(unpacked))
    rows = _rows(found.document, found.key)
    if fixed is not None:
        return Recognised(found, known[0], rows)
    guesses = (guess(row.values, known) for row in rows[:_LOOKED_AT])
    return Recognised(found, next(filter(None, guesses), None), rows)


def _rows(document: Document, key: str) -> Sequence[Row]:
    """Return the rows of a file: those of the only list, where it is an object."""
    whole = document.whole
    if whole is None:
        return document.rows
    lists = [name for name, value in whole.items() if _is_rows(value)]
    if key in lists or len(lists) == 1:
        return tuple(elements(whole, key if key in lists else lists[0], document.lines))
    return (Row(1, dict(whole)),)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
