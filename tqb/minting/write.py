"""Minted items → a pack's folder, never in the place of another unless that is wanted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tqb.errors import ConfigError, PackError
from tqb.files import write_whole
from tqb.lint import strict_findings
from tqb.minting.job import Job
from tqb.minting.provenance import INCOMPLETE, Origin, about, card
from tqb.minting.records import GenerateOptions, Rejected
from tqb.packs import check_pack, item_sha256, load_pack, write_pack
from tqb.packs.card import CARD_FILE
from tqb.packs.check import MAX_ITEMS_BYTES
from tqb.packs.croissant import ITEMS_FILE, METADATA_FILE, read_metadata, write_new
from tqb.packs.items import ITEM_KEYS
from tqb.packs.messages import clean
from tqb.scorers import item_faults
from tqb.types import Item, Problem

REJECTED_FILE = "rejected.jsonl"
PART = "part-"
"""With this begin the folders of a pack that is too long for one."""
_OURS = (ITEMS_FILE, METADATA_FILE, CARD_FILE, REJECTED_FILE)
_DRAFT: dict[str, Any] = {
    "version": "0.1.0",
    "description": "A draft.",
    "license": "https://spdx.org/licenses/CC0-1.0.html",
    "date_published": "2026-01-01",
    "cite_as": "A draft.",
    "creator": "tqb",
    "url": "https://example.org/",
}


def place_of(options: GenerateOptions, lang: str) -> Path:
    """Return the folder of a language's pack: one below the output where there are several."""
    return options.output if len(options.languages) == 1 else options.output / lang


def refuse_what_is_there(options: GenerateOptions) -> None:
    """Refuse to write over anything that --force or --resume does not allow.

    Raises:
        ConfigError: there is something; with --resume, something else than an incomplete pack.
    """
    if options.force:
        return
    file = options.items_file
    if file and file.exists() and not options.storage.resume:
        raise ConfigError(f"{clean(str(file))} is there already: give --force to replace it")
    for lang in options.languages:
        folder = place_of(options, lang)
        try:
            taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be looked into ({error.strerror})") from None
        if taken and not (options.storage.resume and is_incomplete(folder)):
            shown = clean(str(folder))
            resumed = " and is no incomplete pack" if options.storage.resume else ""
            raise ConfigError(
                f"{shown} is there already{resumed}: give --force to replace it, or another folder"
            )


def is_incomplete(folder: Path) -> bool:
    """Tell whether a folder holds an incomplete pack of ours, or nothing but rejected items."""
    if not folder.is_dir():
        return False
    found = [*folder.glob(METADATA_FILE), *folder.glob(f"{PART}*/{METADATA_FILE}")]
    if not found:
        return all(path.name == REJECTED_FILE for path in folder.iterdir())
    try:
        return any(INCOMPLETE in read_metadata(path).string("description") for path in found)
    except PackError:
        return False


def strict_faults(items: Sequence[Item]) -> list[Item]:
    """Return the items in which `tqb pack validate --strict` finds fault."""
    found, _ = _findings(items)
    lines = {problem.line for problem in found}
    return [item for line, item in enumerate(items, 1) if line in lines]


def _findings(items: Sequence[Item]) -> tuple[list[Problem], list[Problem]]:
    """Return what is found in the items of a pack, by line, and in the pack as a whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft"
        write_pack(path, items, name="draft", **_DRAFT)
        problems = _problems(path)
    ours = [p for p in problems if p.file.endswith(ITEMS_FILE)]
    return [p for p in ours if p.line], [p for p in ours if not p.line]


def _problems(folder: Path) -> list[Problem]:
    _, found = check_pack(str(folder), item_faults)
    strict = strict_findings({str(folder): load_pack(str(folder), verify=False)})
    return [*found, *strict[str(folder)]]


def write_job(job: Job, folder: Path, origin: Origin) -> tuple[list[Path], list[str]]:
    """Write the pack of one language, in parts where it is too long, and what was rejected.

    Returns:
        The folders of packs, and what the strict rules find in them.

    Raises:
        ConfigError: something cannot be written.
    """
    for item in strict_faults(job.kept) if job.missing > 0 and job.kept else ():
        job.drop(item)
    if not (job.kept or job.rejected):
        return [], []
    _clear(folder)
    parts = _parts(job.kept)
    single = len(parts) == 1
    folders = [folder if single else folder / f"{PART}{at}" for at in range(1, len(parts) + 1)]
    notes = []
    for place, items in zip(folders, parts, strict=True):
        name = pack_name(origin, place, folder)
        _write(place, name, items, origin, max(job.missing, 0))
        notes += [f"{place.name}: {p.message}" for p in _problems(place)]
    write_rejected(folder / REJECTED_FILE, job.rejected)
    return folders, notes


def pack_name(origin: Origin, place: Path, folder: Path) -> str:
    """Return a name that says pack, language and part."""
    output = origin.options.output.resolve().name
    name = output if len(origin.options.languages) == 1 else f"{output}-{origin.lang}"
    return name if place == folder else f"{name}-{place.name}"


def _write(place: Path, name: str, items: list[Item], origin: Origin, missing: int) -> None:
    made = about(name, origin, len(items), missing)
    write_pack(place, items, **made)
    write_new(place / CARD_FILE, card(name, origin, items, made["description"]))


def _clear(folder: Path) -> None:
    """Take away what an earlier call wrote here."""
    for place in (folder, *folder.glob(f"{PART}*")):
        for name in _OURS:
            (place / name).unlink(missing_ok=True)
        if place != folder and place.is_dir() and not any(place.iterdir()):
            place.rmdir()


def _parts(items: Sequence[Item]) -> list[list[Item]]:
    """Deal the items out to as few packs as the size of a pack allows."""
    for number in range(1, len(items) + 1):
        parts = [list(items[first::number]) for first in range(number)]
        if max(map(_size, parts)) <= MAX_ITEMS_BYTES:
            return parts
    return [[item] for item in items]


def _size(items: Sequence[Item]) -> int:
    stamped = [{**row_of(item), "sha256": item_sha256(item)} for item in items]
    return sum(len(json.dumps(row, ensure_ascii=False).encode()) + 1 for row in stamped)


def row_of(item: Item) -> dict[str, Any]:
    """Return an item as a line of a pack."""
    row = {key: getattr(item, key) for key in ITEM_KEYS}
    row |= {"aliases": list(item.aliases), "tags": dict(item.tags)}
    return {key: value for key, value in row.items() if value not in ("", None, (), [])}


def write_rejected(path: Path, rejected: Iterable[Rejected]) -> None:
    """Write the items that verifiers refused, each with their answers; no file where none was."""
    rows = [
        {**row_of(one.item), "reason": one.reason, "answers": list(one.answers)} for one in rejected
    ]
    if rows:
        write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        path.unlink(missing_ok=True)


def write_items_file(path: Path, items: Iterable[Item]) -> None:
    """Write the items alone: an array to a ``.json``, as TQB++ has it, else one on each line."""
    rows = [{**row_of(item), "sha256": item_sha256(item)} for item in items]
    if path.suffix == ".json":
        write_whole(path, json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
