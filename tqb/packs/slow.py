"""Any Croissant pack, by way of mlcroissant.

mlcroissant says which rows and columns there are and verifies the file; its values come out of
pandas, which makes 7 of "007", so wherever the file itself can be read the values come from there.
"""

from __future__ import annotations

import atexit
import contextlib
import csv
import hashlib
import importlib
import io
import logging
import math
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tqb.packs.layout import Column, Layout, Leaf, arrange
from tqb.packs.messages import clean, listed, quoted, refuse
from tqb.packs.reading import (
    MAX_ARRAY_BYTES,
    Row,
    Rows,
    numbered_lines,
    open_regular,
    read_lines,
)
from tqb.packs.safety import check_metadata, line_of, local_file
from tqb.packs.subset import EDITED, JSON_LINES

_CSV = {"text/csv": ",", "text/tab-separated-values": "\t"}
_FORMATS = (JSON_LINES, *_CSV, "application/json", "application/x-parquet")
_SIMPLE_PATH = re.compile(r"\$(\.[A-Za-z_]\w*|\[\*\]){1,8}", re.ASCII)
_HEX = re.compile("[0-9a-f]{64}")
_ONE_KEY = re.compile(r"\$\.([A-Za-z_]\w*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A pack that mlcroissant has parsed and that is safe to read."""

    dataset: Any
    records: Any
    """The RecordSet that holds the items."""
    file: Any
    """Its FileObject."""
    path: Path
    croissant: str
    """Path of the croissant.json, for problems."""


def read_slow(
    croissant: Path, metadata: dict[str, Any], text: str, *, verify: bool
) -> tuple[Path, Rows, Layout]:
    """Read the items of any Croissant pack that stays within its folder.

    Args:
        croissant: path of the croissant.json.
        metadata: its content, parsed.
        text: its content, as it stands.
        verify: whether the file must have the hash that the metadata gives.

    Returns:
        The items file, its rows, and how an item is put together from one.

    Raises:
        PackError: the pack is not safe to read, mlcroissant refuses it or is not installed.
    """
    check_metadata(metadata, str(croissant), text)
    opened = _open(croissant, text)
    leaves = list(_leaves(opened))
    layout = arrange([leaf for leaf, _ in leaves], str(croissant))
    rows = _raw_rows(opened)
    digest = rows.sha256 if rows else _hash(opened.path)
    if not verify:
        opened.file.md5, opened.file.sha256 = None, digest
    elif _HEX.fullmatch(opened.file.sha256 or "") and opened.file.sha256 != digest:
        refuse(str(opened.path), None, EDITED)
    if rows and (rows.problems or not rows.rows):
        return opened.path, rows, layout
    records = _records(opened)
    if rows is None:
        rows = Rows(tuple(Row(number, {}) for number in range(1, len(records) + 1)), digest)
    if len(rows.rows) != len(records):
        message = f"holds {len(rows.rows)} rows, but mlcroissant reads {len(records)}"
        refuse(str(opened.path), None, f"{message}; write one item on each line")
    filled = tuple(
        Row(row.line, {**row.values, **_from_record(leaves, record)})
        for row, record in zip(rows.rows, records, strict=True)
    )
    return opened.path, Rows(filled, digest, rows.problems), layout


def metadata_findings(croissant: Path) -> tuple[str, ...]:
    """Return mlcroissant's errors and warnings about metadata that is safe to give it.

    Raises:
        PackError: mlcroissant cannot be imported.
    """
    mlcroissant = import_mlcroissant(str(croissant))
    with _quiet():
        try:
            issues = mlcroissant.Dataset(str(croissant.absolute())).metadata.issues
        except Exception as error:  # whatever it is, the metadata is to blame
            return tuple(_reported(error))
        return tuple(sorted({*issues.errors, *issues.warnings}))


@cache
def _cache_folder() -> str:
    folder = tempfile.mkdtemp(prefix="tqb-croissant-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def import_mlcroissant(file: str) -> Any:
    """Import mlcroissant with a cache folder of this process only.

    Raises:
        PackError: it is missing or does not import.
    """
    variable = "CROISSANT_CACHE"
    before = os.environ.get(variable)
    os.environ[variable] = _cache_folder()
    try:
        with _quiet():
            return importlib.import_module("mlcroissant")
    except Exception as error:  # a broken install raises anything
        message = f"this pack needs mlcroissant, which does not import ({clean(str(error))})"
        refuse(file, None, f"{message}; install it with `pip install mlcroissant`")
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep mlcroissant from the terminal and from the caller's logging set-up."""
    handlers, disabled = logging.root.handlers[:], logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.root.handlers[:] = handlers
        logging.disable(disabled)


def _open(croissant: Path, text: str) -> _Opened:
    mlcroissant, file = import_mlcroissant(str(croissant)), str(croissant)
    with _quiet():
        try:
            dataset = mlcroissant.Dataset(str(croissant.absolute()))
        except Exception as error:  # whatever it is, the metadata is to blame
            refuse(file, None, f"mlcroissant refuses it: {_reason(error)}")
    paths = {node.uuid: _safe_path(node, croissant, text) for node in dataset.metadata.distribution}
    records = _items_of(dataset.metadata.record_sets, file)
    sources = {_source_of(leaf, file) for leaf in _flat(records.fields)} - {""}
    if len(sources) != 1 or not sources <= paths.keys():
        refuse(file, None, "the items must come from one file; name one FileObject as their source")
    node = next(node for node in dataset.metadata.distribution if node.uuid in sources)
    formats = node.encoding_formats or []
    if len(formats) != 1 or formats[0] not in _FORMATS:
        message = f"cannot load encodingFormat {listed(formats) or 'none'}; use one of"
        refuse(file, line_of(text, "encodingFormat"), f"{message} {listed(_FORMATS)}")
    return _Opened(dataset, records, node, paths[node.uuid], file)


def _safe_path(node: Any, croissant: Path, text: str) -> Path:
    """Check a file once more, by what mlcroissant makes of the metadata."""
    file = str(croissant)
    if not hasattr(node, "content_url"):
        refuse(file, line_of(text, "cr:FileSet"), "a FileSet has no hash; list each file by itself")
    if node.contained_in:
        refuse(file, None, f"{quoted(node.uuid)} is part of another file; name plain files")
    url = node.content_url or ""
    path = local_file(croissant.parent, url, file, line_of(text, url))
    if path.stat().st_size > MAX_ARRAY_BYTES:
        refuse(str(path), None, f"is longer than {MAX_ARRAY_BYTES:,} bytes; split the pack")
    return path


def _items_of(record_sets: list[Any], file: str) -> Any:
    """Return the one record set that has texts and labels, or the only one."""
    fitting = [
        records
        for records in record_sets
        if {"text", "label"} <= {_leaf(field).part for field in _flat(records.fields)}
    ]
    found = fitting or record_sets
    if len(found) != 1:
        names = listed(records.uuid for records in found)
        refuse(file, None, f"one record set must hold the items, not {names or 'none'}; keep one")
    return found[0]


def _flat(fields: list[Any]) -> Iterator[Any]:
    for field in fields:
        yield from _flat(field.sub_fields) if field.sub_fields else (field,)


def _source_of(field: Any, file: str) -> str:
    """Return the FileObject a field comes from, empty for a constant; refuse what may run long."""
    source, name = field.source, quoted(field.uuid)
    if field.value is not None:
        return ""
    if field.references or not source.file_object:
        refuse(file, None, f"field {name} has no file of its own; name its fileObject and column")
    paths = [source.extract.json_path, *(step.json_path for step in source.transforms)]
    wrong = next((path for path in paths if path and not _SIMPLE_PATH.fullmatch(path)), None)
    if wrong:
        refuse(file, None, f"field {name} has the jsonPath {quoted(wrong)}; write it as $.key")
    if any(step.regex for step in source.transforms):
        refuse(file, None, f"field {name} is cut out by a regex; give it a column of its own")
    return str(source.file_object)


def _leaves(opened: _Opened) -> Iterator[tuple[Leaf, Any]]:
    """Yield each field, and with it the mlcroissant field where values must come from its records.

    Such a field gets a column of its own, named by its ``@id``.
    """
    formats = opened.file.encoding_formats
    for field in _flat(opened.records.fields):
        leaf, steps = _leaf(field), field.source.transforms
        key = _ONE_KEY.fullmatch(steps[0].json_path or "") if len(steps) == 1 else None
        named = field.value is None and field.source.extract.column
        if formats[0] == JSON_LINES and named and (not steps or key):
            column = Column(field.source.extract.column, key and key[1])
            yield Leaf(leaf.id, leaf.name, leaf.parent, column), None
        elif formats[0] in _CSV and named and not steps:
            yield leaf, None
        else:
            yield Leaf(leaf.id, leaf.name, leaf.parent, Column(leaf.id)), field


def _leaf(field: Any) -> Leaf:
    enclosing = field.parents[-1].uuid.rsplit("/", 1)[-1] if len(field.parents) > 2 else ""
    name = field.name if isinstance(field.name, str) else ""
    return Leaf(field.uuid, name, enclosing, Column(field.source.extract.column or field.uuid))


def _raw_rows(opened: _Opened) -> Rows | None:
    """Read the rows of the file itself, None for a format that only mlcroissant reads."""
    encoding = opened.file.encoding_formats[0]
    if encoding == JSON_LINES:
        return read_lines(opened.path)
    if encoding not in _CSV:
        return None
    digest = hashlib.sha256()
    lines = numbered_lines(opened.path, digest)
    return Rows(tuple(_csv_rows(lines, opened.path, _CSV[encoding])), digest.hexdigest())


def _csv_rows(lines: Iterator[tuple[int, str]], path: Path, separator: str) -> Iterator[Row]:
    """Yield a row for each record; an empty cell counts as absent, as it does in pandas."""
    pending = [1]

    def texts() -> Iterator[str]:
        for number, line in lines:
            pending.append(number)
            yield line

    reader = csv.reader(texts(), delimiter=separator, strict=True)
    try:
        header = next(reader, [])
        pending.clear()
        for cells in reader:
            if len(cells) > len(header):
                refuse(str(path), pending[0], "has more cells than the header; quote the commas")
            if cells:
                pairs = zip(header, cells, strict=False)
                yield Row(pending[0], {name: cell for name, cell in pairs if cell})
            pending.clear()
    except csv.Error as error:
        refuse(str(path), pending[0], f"is not valid CSV: {clean(str(error))}; quote the cell")


def _records(opened: _Opened) -> list[Mapping[str, Any]]:
    with _quiet():
        try:
            return list(opened.dataset.records(opened.records.uuid))
        except Exception as error:  # whatever it is, the file is to blame
            reason = f"mlcroissant cannot read it: {_reason(error)}"
            is_edited = "Hash of downloaded file" in reason
            refuse(str(opened.path), None, EDITED if is_edited else reason)


def _from_record(leaves: list[tuple[Leaf, Any]], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the file itself cannot give, by the ``@id`` of their field."""
    values = {}
    for leaf, field in leaves:
        if field is not None:
            enclosing = record.get(field.parents[-1].uuid, {}) if leaf.parent else record
            keys = (leaf.id, leaf.name)  # by name in Croissant 0.8
            found = [enclosing[key] for key in keys if key in enclosing]
            values[leaf.id] = _decoded(found[0]) if found else None
    return values


def _decoded(value: Any) -> Any:
    """Return a record's value as text, list of texts, or None."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(key): _decoded(child) for key, child in value.items()}
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        return [_decoded(child) for child in value]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        while data := stream.read(2**16):
            digest.update(data)
    return digest.hexdigest()


def _reported(error: BaseException) -> list[str]:
    """Return the issues in an mlcroissant error, or the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line[5:] for line in str(error).splitlines() if line.startswith("  -  ")]
    return lines or [f"{type(error).__name__}: {error}" if str(error) else type(error).__name__]


def _reason(error: BaseException) -> str:
    """Put an mlcroissant error into one line."""
    first, *more = _reported(error)
    return clean(first) + (f" (and {len(more)} more)" if more else "")
