"""Croissant packs: read and write."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqb.files import write_whole
from tqb.packs.items import ARRAY_KEYS, ITEM_KEYS, OPTIONAL_KEYS, item_sha256, tolerance_text
from tqb.packs.layout import Layout
from tqb.packs.messages import quoted, refuse
from tqb.packs.reading import (
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    Row,
    Rows,
    parse,
    read_lines,
    read_text,
)
from tqb.packs.safety import line_of, local_file
from tqb.packs.subset import (
    CONTEXTS,
    CROISSANT_1_1,
    EDITED,
    JSON_LINES,
    PREFIXES,
    RAI_1_0,
    Subset,
    fits,
    misfits,
    read_subset,
)
from tqb.spool import spooled
from tqb.types import Item, Problem

METADATA_FILE = "croissant.json"
ITEMS_FILE = "items.jsonl"


@dataclass(frozen=True, slots=True)
class Metadata:
    """A croissant.json as it stands."""

    path: Path
    text: str
    values: dict[str, Any]

    def string(self, key: str) -> str:
        """Return a property as text; the first where there are several, else nothing."""
        value = self.values.get(key)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict):
            named = [value[name] for name in ("url", "@value", "@id", "name") if name in value]
            value = next(iter([*named, *value.values()]), None)
        return str(value) if isinstance(value, (str, int, float)) else ""


@dataclass(frozen=True, slots=True)
class Source:
    """The items file of a pack, read but not yet understood."""

    path: Path
    rows: Rows
    layout: Layout | None
    """None where the rows are items as they stand."""
    problems: tuple[Problem, ...] = ()

    @property
    def picked(self) -> Sequence[Row]:
        """The rows with their values by key of an item."""
        if self.layout is None:
            return self.rows.rows
        return spooled(Row(row.line, self.layout.pick(row.values)) for row in self.rows.rows)


def read_metadata(path: Path) -> Metadata:
    """Read a croissant.json.

    Raises:
        PackError: it cannot be read, is a symlink, or holds no JSON object.
    """
    if path.is_symlink():
        refuse(str(path), None, "this is a symlink; name the file that it leads to")
    text = read_text(path, MAX_METADATA_BYTES)
    values = parse(text, str(path), None, MAX_METADATA_DEPTH)
    if not isinstance(values, dict):
        refuse(str(path), 1, f"a croissant.json is a JSON object, not {quoted(values)}")
    return Metadata(path, text, values)


def read_croissant(metadata: Metadata, *, verify: bool) -> Source:
    """Read the items file of a Croissant pack, by mlcroissant only where it must be.

    Raises:
        PackError: the pack is not safe to read, broken, or needs mlcroissant that is not there.
    """
    subset = read_subset(metadata.values)
    source = subset and read_fast(metadata, subset, verify=verify)
    if source:
        return source
    from tqb.packs.slow import read_slow

    path, rows, layout = read_slow(metadata.path, metadata.values, metadata.text, verify=verify)
    return Source(path, rows, layout, rows.problems)


def read_fast(metadata: Metadata, subset: Subset, *, verify: bool) -> Source | None:
    """Read the items file of a pack within the subset; None where its rows do not fit in.

    Raises:
        PackError: the file is missing, not safe to read, or not UTF-8.
    """
    file, url = str(metadata.path), subset.url
    path = local_file(metadata.path.parent, url, file, line_of(metadata.text, url))
    rows = read_lines(path)
    problems = rows.problems
    if not problems and not fits(rows.rows, subset.layout):
        return None
    if verify and rows.sha256 != subset.sha256:
        problems = (Problem(str(path), None, EDITED), *problems)
    return Source(path, rows, subset.layout, problems)


def write_pack(
    folder: Path,
    items: Iterable[Item],
    *,
    name: str,
    version: str,
    description: str,
    license: str,  # noqa: A002 (as schema.org calls it)
    date_published: str,
    cite_as: str,
    creator: str,
    url: str,
    keywords: Iterable[str] = (),
    extra: Mapping[str, Any] | None = None,
) -> Path:
    """Write items.jsonl and croissant.json, which mlcroissant validates without a warning.

    Args:
        folder: the pack's folder, made where missing; files of these names are replaced.
        items: in the order in which they are to be asked; stamped anew with `item_sha256`.
        name: of the pack.
        version: SemVer.
        description: what the pack asks about.
        license: URL or SPDX name.
        date_published: as ``2026-01-31``.
        cite_as: how to cite the pack.
        creator: name of the organisation that made it.
        url: the pack's page.
        keywords: words to find it by.
        extra: further properties, such as ``rai:dataBiases``.

    Returns:
        Path of the croissant.json.

    Raises:
        ValueError: a property is malformed, as a version that is not SemVer, or a tag's name is.
    """
    about = {
        "name": name,
        "description": description,
        "license": license,
        "url": url,
        "version": version,
        "datePublished": date_published,
        "citeAs": cite_as,
        "creator": {"@type": "Organization", "name": creator},
        "inLanguage": [],
        "keywords": list(keywords),
        **(extra or {}),
    }
    write_texts(folder, *compose(items, about))
    return folder / METADATA_FILE


def compose(items: Iterable[Item], about: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the text of items.jsonl, and the metadata that belongs to it.

    Args:
        items: stamped anew with `item_sha256`.
        about: the dataset's own properties, in the order in which they are to stand; the languages
            are those of the items.

    Raises:
        ValueError: a property is missing, malformed or unknown, or a tag's name is not plain.
    """
    stamped = [replace(item, sha256=item_sha256(item)) for item in items]
    text = _jsonl(stamped)
    about = {**about, "inLanguage": sorted({item.lang for item in stamped})}
    about = {key: value for key, value in about.items() if value != []}
    for key, fault in misfits(about):
        raise ValueError(f"property {quoted(key)} {fault}")
    metadata = _metadata(about, text, _fields(stamped))
    if read_subset(metadata) is None:
        raise ValueError("the name of a tag is not plain; use lower-case letters, digits and _")
    return text, metadata


def write_texts(folder: Path, items: str, metadata: Mapping[str, Any]) -> None:
    """Write what `compose` made.

    Raises:
        ConfigError: a file cannot be written.
    """
    write_new(folder / ITEMS_FILE, items)
    write_new(folder / METADATA_FILE, metadata_text(metadata))


def metadata_text(metadata: Mapping[str, Any]) -> str:
    """Return the text of a croissant.json.

    It is ASCII, since mlcroissant opens the file in the encoding of the machine's locale.
    """
    return json.dumps(metadata, indent=2) + "\n"


def write_new(path: Path, text: str) -> None:
    """Write a file, unless it holds this text already.

    Raises:
        ConfigError: the file cannot be written.
    """
    with contextlib.suppress(OSError):  # what cannot be read is written anew
        if path.is_file() and path.read_bytes() == text.encode():
            return
    write_whole(path, text)


def _columns(items: list[Item]) -> tuple[str, ...]:
    """Return the keys to write: the optional ones only where any item has them."""
    return tuple(
        key
        for key in ITEM_KEYS
        if key not in OPTIONAL_KEYS or any(getattr(item, key) not in _NOTHING for item in items)
    )


_NOTHING: tuple[Any, ...] = ("", None, (), {})


def _jsonl(items: list[Item]) -> str:
    """Return the content of items.jsonl, without the spaces that JSON does not need."""
    columns = _columns(items)
    lines = []
    for item in items:
        row = {key: getattr(item, key) for key in columns}
        if "tags" in columns:
            row["tags"] = dict(item.tags)
        if "tolerance" in columns:  # as a text, since a column of a Croissant pack has one type
            row["tolerance"] = "" if item.tolerance is None else tolerance_text(item.tolerance)
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines)


def _fields(items: list[Item]) -> list[dict[str, Any]]:
    fields = [_field(key, key) for key in _columns(items) if key != "tags"]
    tags = sorted({tag for item in items for tag in item.tags})
    if tags:
        tag_fields = [_field(f"tags/{tag}", "tags", tag) for tag in tags]
        node = {"@type": "cr:Field", "@id": "items/tags", "name": "tags", "subField": tag_fields}
        fields.append(node)
    return fields


def _field(path: str, column: str, key: str = "") -> dict[str, Any]:
    source: dict[str, Any] = {"fileObject": {"@id": ITEMS_FILE}, "extract": {"column": column}}
    if key:
        source["transform"] = {"jsonPath": f"$.{key}"}
    array = {"isArray": True, "arrayShape": "-1"} if column in ARRAY_KEYS else {}
    return {
        "@type": "cr:Field",
        "@id": f"items/{path}",
        "name": key or column,
        "dataType": "sc:Text",
        "source": source,
        **array,
    }


def _metadata(about: Mapping[str, Any], items: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@context": {**CONTEXTS[CROISSANT_1_1], **PREFIXES},
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT_1_1, RAI_1_0],
        **about,
        "isLiveDataset": False,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": ITEMS_FILE,
                "name": ITEMS_FILE,
                "contentUrl": ITEMS_FILE,
                "encodingFormat": JSON_LINES,
                "sha256": hashlib.sha256(items.encode()).hexdigest(),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "items",
                "name": "items",
                "key": {"@id": "items/id"},
                "field": fields,
            }
        ],
    }
