"""What a pack that is to be published must say of itself, in croissant.json and README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from tqb.errors import PackError
from tqb.packs.card import CARD_FILE, card_languages, front_matter, names_the_same
from tqb.packs.croissant import METADATA_FILE, Metadata
from tqb.packs.messages import clean, listed, quoted
from tqb.packs.reading import MAX_METADATA_BYTES, read_text
from tqb.packs.safety import line_of
from tqb.packs.subset import is_semver
from tqb.packs.template import is_placeholder
from tqb.types import Pack, Problem

_VERSION = re.compile(r"\b\d+\.\d+\.\d+\b")


def metadata_findings(pack: Pack, metadata: Metadata | None, today: date) -> Iterator[Problem]:
    """Yield what the metadata and the card of a pack lack or say wrongly."""
    if metadata is None:
        said = f"has no {METADATA_FILE} beside it; start a pack by `tqb pack new`"
        yield Problem(str(pack.path), None, said)
        return
    file, text = str(metadata.path), metadata.text
    for key, said in _properties(metadata, today):
        yield Problem(file, line_of(text, key), clean(said, 300))
    card = metadata.path.parent / CARD_FILE
    for said in _card_faults(card, pack, metadata):
        yield Problem(str(card), None, clean(said, 300))


def _properties(metadata: Metadata, today: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the properties of the dataset, by key."""
    for key in ("license", "citeAs", "description"):
        if not metadata.string(key).strip():
            yield key, f"the metadata has no {key}; add it"
        elif is_placeholder(metadata.string(key)):
            yield key, f"{key} is a placeholder of `tqb pack new`; write your own"
    version = metadata.string("version")
    if not is_semver(version):
        yield "version", f"version {quoted(version)} is not SemVer; write it as 1.0.0"
    cited = _VERSION.search(metadata.string("citeAs"))
    if cited and cited[0] != version:
        yield "citeAs", f"citeAs names version {cited[0]}, but this is {quoted(version)}; mend it"
    published = metadata.string("datePublished")
    try:
        day = date.fromisoformat(published[:10])  # of a date with a time, the date
    except ValueError:
        said = f"datePublished {quoted(published)} is no date; write it as {today.isoformat()}"
        yield "datePublished", said
        return
    if day > today:
        yield (
            "datePublished",
            f"datePublished {published} is yet to come; write a past date",
        )


def _card_faults(card: Path, pack: Pack, metadata: Metadata) -> Iterator[str]:
    if not card.is_file():
        yield "there is no such card; write one that says what the pack is, with front matter"
        return
    try:
        text = read_text(card, MAX_METADATA_BYTES)
    except PackError as error:
        yield from (problem.message for problem in error.problems)
        return
    if is_placeholder(text):
        yield "holds a placeholder of `tqb pack new`; say what the pack asks about"
    front = front_matter(text)
    if front is None:
        yield "has no front matter; begin it with YAML between two lines of ---"
        return
    named = card_languages(front)
    if not names_the_same(named, pack.languages):
        said = f"front matter has language {listed(named) or 'none'}, the items"
        yield f"{said} {listed(pack.languages)}; `tqb pack seal` mends it"
    if license_name(str(front.get("license", ""))) != license_name(metadata.string("license")):
        said = f"front matter has license {quoted(front.get('license'))}"
        yield f"{said}, {METADATA_FILE} {quoted(metadata.string('license'))}; keep one"
    files = set(_data_files(front.get("configs")))
    items = pack.path.relative_to(card.parent).as_posix()
    if files != {items}:
        said = f"front matter's configs name {listed(sorted(files)) or 'no file'}"
        yield f"{said}; name the file {quoted(items)}, and no other"


def license_name(given: str) -> str:
    """Return a license as Hugging Face spells it: ``cc0-1.0`` of an SPDX or a CC address."""
    path = given.strip().lower().rstrip("/").removesuffix(".html").removesuffix("/legalcode")
    path = path.removesuffix("/deed.en")
    parts = path.split("/")
    if "creativecommons.org" in path and len(parts) >= 3:
        kind = "cc0" if parts[-2] == "zero" else f"cc-{parts[-2]}"
        return f"{kind}-{parts[-1]}"
    return parts[-1]


def _data_files(configs: Any) -> Iterator[str]:
    """Yield the paths that the configurations of a card name, in any of their forms."""
    for config in configs if isinstance(configs, list) else []:
        named = config.get("data_files") if isinstance(config, dict) else None
        for entry in named if isinstance(named, list) else [named]:
            path = entry.get("path") if isinstance(entry, dict) else entry
            yield from (str(one) for one in (path if isinstance(path, list) else [path]) if one)
