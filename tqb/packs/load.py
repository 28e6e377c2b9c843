"""A source → a `Pack`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tqb.errors import PackError
from tqb.packs.card import CARD_FILE
from tqb.packs.croissant import (
    ITEMS_FILE,
    METADATA_FILE,
    Metadata,
    Source,
    read_croissant,
    read_metadata,
)
from tqb.packs.items import build_items
from tqb.packs.messages import clean, quoted, refuse
from tqb.packs.reading import open_regular, read_array, read_lines
from tqb.packs.registry import shipped_folder, shipped_packs
from tqb.types import Pack, Problem


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack as far as it could be made, and what is wrong with it."""

    source: Source
    metadata: Metadata | None
    pack: Pack
    problems: tuple[Problem, ...]


def load_pack(source: str, *, verify: bool = True) -> Pack:
    """Load a pack.

    Args:
        source: name of a shipped pack; a folder with a croissant.json, or that file; a `.jsonl`
            with an item on each line; a TQB++ `.json` with an array of items.
        verify: whether the items file and each item must have the hash that is given for it.

    Raises:
        PackError: with everything that keeps the pack from being used.
    """
    path = locate(source)
    draft = read_draft(path, find_metadata(path), verify=verify)
    if draft.problems:
        raise PackError(draft.problems)
    return draft.pack


def locate(source: str) -> Path:
    """Return the croissant.json or items file that a source means.

    Raises:
        PackError: there is no such pack, or the folder holds no croissant.json.
    """
    is_path = any(mark in source for mark in ("/", os.sep)) or bool(Path(source).suffix)
    if not is_path and source in shipped_packs():
        return shipped_folder(source) / METADATA_FILE
    path = Path(source)
    if not source or not _exists(path):
        if is_path and (len(path.parts) > 1 or path.suffix in (".json", ".jsonl")):
            refuse(clean(source), None, "there is no such file or folder; check the path")
        return shipped_folder(source) / METADATA_FILE
    if not path.is_dir():
        return path
    if not os.path.lexists(path / METADATA_FILE):
        message = f"the folder holds no {METADATA_FILE}; write one, or name its .jsonl or .json"
        refuse(source, None, message)
    return path / METADATA_FILE


def pack_of(file: str) -> str | None:
    """Return the croissant.json of the pack in whose folder a file lies; None for any other file.

    The files of a pack are its metadata, its items and its card.
    """
    path = Path(file)
    metadata = path.parent / METADATA_FILE
    is_part = path.name in (METADATA_FILE, ITEMS_FILE, CARD_FILE)
    return str(metadata) if is_part and _exists(metadata) else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False


def find_metadata(path: Path) -> Metadata | None:
    """Read a file as croissant.json if it is one: by its name, or as a JSON object in a `.json`.

    Raises:
        PackError: see `read_metadata`.
    """
    if path.name == METADATA_FILE:
        return read_metadata(path)
    if path.suffix != ".json":
        return None
    with open_regular(path) as stream:
        is_object = stream.read(64).lstrip().startswith(b"{")
    return read_metadata(path) if is_object else None


def read_draft(path: Path, metadata: Metadata | None, *, verify: bool) -> Draft:
    """Read a pack's items file and make what can be made of it.

    Raises:
        PackError: nothing can be made of it.
    """
    source = read_croissant(metadata, verify=verify) if metadata else _read_bare(path)
    file = str(source.path)
    items, faults = build_items(source.picked, file, verify=verify)
    pack = Pack(
        name=_name(path, metadata),
        version=metadata.string("version") if metadata else "",
        sha256=source.rows.sha256,
        items=items,
        path=source.path,
        license=metadata.string("license") if metadata else "",
        description=metadata.string("description") if metadata else "",
    )
    # Lines that are no JSON and lines that are no items come apart, and are told in file order.
    problems = sorted((*source.problems, *faults), key=lambda problem: problem.line or 0)
    return Draft(source, metadata, pack, tuple(problems))


def _read_bare(path: Path) -> Source:
    if path.suffix not in (".json", ".jsonl"):
        message = f"{quoted(path.suffix)} is no suffix of a pack; name a folder, .jsonl or .json"
        refuse(str(path), None, message)
    rows = read_lines(path) if path.suffix == ".jsonl" else read_array(path)
    return Source(path, rows, None, rows.problems)


def _name(path: Path, metadata: Metadata | None) -> str:
    """Return the pack's name: as the metadata has it, else of the folder or file."""
    if metadata is None:
        return path.stem
    name = metadata.string("name") or path.resolve().parent.name
    if not name.isprintable():
        refuse(str(path), None, f"name {quoted(name)} holds control characters; use plain letters")
    return name
