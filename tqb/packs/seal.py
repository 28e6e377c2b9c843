"""A pack whose items were edited → the same pack with hashes and metadata that fit them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tqb.errors import ConfigError, PackError
from tqb.packs.card import CARD_FILE, with_languages
from tqb.packs.check import check_pack, size_faults
from tqb.packs.croissant import (
    ITEMS_FILE,
    METADATA_FILE,
    Metadata,
    compose,
    metadata_text,
    read_metadata,
    write_new,
    write_texts,
)
from tqb.packs.items import item_sha256
from tqb.packs.messages import clean, listed, quoted, refuse
from tqb.packs.reading import MAX_METADATA_BYTES, read_lines, read_text
from tqb.packs.safety import check_metadata, line_of, local_file
from tqb.packs.subset import STRUCTURE, is_semver, misfits
from tqb.types import Item, Pack, Problem


def seal_pack(
    folder: Path,
    faults: Callable[[Item], Iterable[str]] = lambda item: (),
    *,
    version: str | None = None,
) -> tuple[Pack, tuple[str, ...]]:
    """Stamp the items of a pack anew, and make its metadata and card fit them.

    What else the metadata and the card say is kept. All is written, or nothing is.

    Args:
        folder: with a croissant.json and an items.jsonl.
        faults: as for `check_pack`.
        version: the pack's new version; None keeps the one that it has.

    Returns:
        The pack, and what changed: a line for each file that was written.

    Raises:
        PackError: an item has a fault, or the metadata says what tqb does not write.
        ConfigError: the version is not SemVer, or a file cannot be written.
    """
    if version is not None and not is_semver(version):
        raise ConfigError(f"--version {clean(version)}: give MAJOR.MINOR.PATCH, such as 1.0.1")
    metadata = _read_metadata(folder)
    about = {key: value for key, value in metadata.values.items() if key not in STRUCTURE}
    about |= {} if version is None else {"version": version}
    _refuse_misfits(metadata, about)
    path = local_file(folder, ITEMS_FILE, str(metadata.path), None)
    pack, problems = check_pack(str(path), faults, verify=False)
    unsized = {Problem(str(path), None, said) for said in size_faults(path.stat().st_size)}
    if pack is None or set(problems) - unsized:
        raise PackError(problems)
    items, made = _compose(pack, about, metadata)
    for said in size_faults(len(items.encode())):
        refuse(str(path), None, said)
    card = _card(folder)
    sealed = with_languages(card, pack.languages)
    changes = (
        *_changed_items(path, pack, items),
        *_changed_metadata(metadata, made),
        *([f"{CARD_FILE}: language"] if sealed != card else []),
    )
    write_texts(folder, items, made)
    if sealed != card:
        write_new(folder / CARD_FILE, sealed)
    return pack, changes


def _read_metadata(folder: Path) -> Metadata:
    if not (folder / METADATA_FILE).is_file():
        message = f"holds no {METADATA_FILE}; name a pack's folder, or make one by `tqb pack new`"
        refuse(clean(str(folder)), None, message)
    metadata = read_metadata(folder / METADATA_FILE)
    check_metadata(metadata.values, str(metadata.path), metadata.text)
    return metadata


def _refuse_misfits(metadata: Metadata, about: Mapping[str, Any]) -> None:
    file = str(metadata.path)
    for key, fault in misfits(about):
        message = f"property {quoted(key)} {fault}, so the pack cannot be sealed; mend it by hand"
        refuse(file, line_of(metadata.text, key), message)
    for node in _nodes(metadata.values.get("distribution")):
        if node.get("contentUrl") != ITEMS_FILE:
            named = quoted(node.get("contentUrl", node.get("@id")))
            message = f"the items must be in one file, {ITEMS_FILE}, not in {named}; rename it"
            refuse(file, line_of(metadata.text, "contentUrl"), message)


def _compose(
    pack: Pack, about: Mapping[str, Any], metadata: Metadata
) -> tuple[str, dict[str, Any]]:
    """Return what is to be written; descriptions of files, record sets and fields are kept."""
    try:
        items, made = compose(pack.items, about)
    except ValueError as error:
        refuse(str(pack.path), None, str(error))
    kept = {
        node["@id"]: node["description"]
        for key in ("distribution", "recordSet")
        for node in _nodes(metadata.values.get(key))
        if isinstance(node.get("@id"), str) and str(node.get("description", "")).strip()
    }
    for key in ("distribution", "recordSet"):
        for node in _nodes(made[key]):
            if node.get("@id") in kept:
                node["description"] = str(kept[node["@id"]])
    return items, made


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a tree that have a type, outermost first."""
    for node in tree if isinstance(tree, list) else [tree]:
        if isinstance(node, dict):
            if "@type" in node:
                yield node
            for child in list(node.values()):
                yield from _nodes(child)


def _card(folder: Path) -> str:
    path = folder / CARD_FILE
    return read_text(path, MAX_METADATA_BYTES) if path.exists() else ""


def _changed_items(path: Path, pack: Pack, text: str) -> Iterator[str]:
    given = {row.line: row.values.get("sha256") for row in read_lines(path).rows}
    stamped = [item.id for item in pack.items if given.get(item.line) != item_sha256(item)]
    if stamped:
        yield f"{ITEMS_FILE}: sha256 of {listed(stamped, 5)}"
    elif path.read_bytes() != text.encode():
        yield f"{ITEMS_FILE}: order of keys, spaces or empty columns"


def _changed_metadata(metadata: Metadata, made: Mapping[str, Any]) -> Iterator[str]:
    before = metadata.values
    changed = [_NAMES.get(key, key) for key in made if made[key] != before.get(key)]
    if "inLanguage" in before and "inLanguage" not in made:
        changed.append("inLanguage")
    if changed:
        yield f"{METADATA_FILE}: {', '.join(changed)}"
    elif metadata.text != metadata_text(made):
        yield f"{METADATA_FILE}: order of keys, or spaces"


_NAMES = {"distribution": "sha256 of the file", "recordSet": "fields"}
