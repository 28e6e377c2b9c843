"""What a pack may not ask for: the network, files outside its folder, archives.

mlcroissant fetches, follows and unpacks whatever the metadata names, so all this is refused
before it sees a pack.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqb.packs.messages import quoted, refuse
from tqb.packs.reading import open_regular

MAX_VALUES = 10_000
"""mlcroissant takes time that grows with the square of the metadata."""

_ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_ARCHIVE_FORMAT = re.compile(r"zip|tar\b|x-7z|rar\b|x-bzip|x-xz|zstd", re.IGNORECASE)
_ARCHIVE_MAGIC = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
)
_TAR_MAGIC_AT = 257
_GIT_LFS = b"version https://git-lfs"
_REGULAR = "copy the file itself into the pack's folder"


def check_metadata(metadata: dict[str, Any], file: str, text: str) -> None:
    """Refuse metadata that reaches out of the pack: contexts to fetch, URLs, archives.

    Args:
        metadata: the parsed croissant.json.
        file: its path, for problems.
        text: its source, in which lines are looked up.

    Raises:
        PackError: with the first such thing found.
    """
    if not isinstance(metadata.get("@context"), dict):
        refuse(file, line_of(text, "@context"), "@context must be an object, written out in full")
    size = _size(metadata)
    if size > MAX_VALUES:
        refuse(file, None, f"has {size:,} values, more than {MAX_VALUES:,}; keep to what is needed")
    content = {key: value for key, value in metadata.items() if key != "@context"}
    for key, _ in _walk([metadata["@context"], content]):
        if key in ("@context", "@import"):
            message = f"{key} would load a context from elsewhere; write it out at the top"
            refuse(file, line_of(text, key), message)
    for key, value in _walk(content):
        name = re.split(r"[:/#]", key)[-1]
        if name == "contentUrl":
            for url in _strings(value):
                check_url(url, file, line_of(text, url))
        if name == "encodingFormat" and any(map(_ARCHIVE_FORMAT.search, _strings(value))):
            message = f"{quoted(value)} is an archive; unpack it into the pack's folder"
            refuse(file, line_of(text, key), message)
        if name in ("containedIn", "unArchive"):
            message = f"{quoted(key)} takes files out of another; name plain files by contentUrl"
            refuse(file, line_of(text, key), message)


def check_url(url: str, file: str, line: int | None) -> None:
    """Refuse a ``contentUrl`` that is not a plain path below the pack's folder.

    Raises:
        PackError: it is a URL, absolute, has ``..``, backslashes or control characters.
    """
    wrong = next((name for name, pattern in _BAD_URLS.items() if re.search(pattern, url)), None)
    if wrong:
        refuse(file, line, f"contentUrl {quoted(url)} {wrong}; name a file in the pack's folder")


_BAD_URLS = {
    "holds control characters": "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\ufeff]",
    "is an absolute path": r"^(/|\\|[A-Za-z]:([/\\]|$))",
    "is a URL, which is never fetched": r"^[A-Za-z][A-Za-z0-9+.-]*:",
    "has backslashes": r"\\",
    "leads out of the pack by '..'": r"(^|/)\.\.(/|$)",
    "names no file": r"^[./]*$",
}


def local_file(folder: Path, url: str, file: str, line: int | None) -> Path:
    """Return the path of a file of the pack that is safe to read.

    Args:
        folder: the pack's folder, which is trusted as the user named it.
        url: the file's ``contentUrl``.
        file: path of the croissant.json, for problems.
        line: where it names the file.

    Raises:
        PackError: see `check_url`; or the file is missing, behind a symlink, not regular, or an
            archive.
    """
    check_url(url, file, line)
    path = folder
    for part in url.split("/"):
        path = path / part
        try:
            mode = os.lstat(path).st_mode
        except OSError as error:
            refuse(file, line, f"contentUrl {quoted(url)}: {error.strerror}; add the file")
        if stat.S_ISLNK(mode):
            refuse(file, line, f"contentUrl {quoted(url)} is behind a symlink; {_REGULAR}")
    _refuse_archive(path)
    return path


def _refuse_archive(path: Path) -> None:
    with open_regular(path) as stream:
        start = stream.read(512)
    if (
        path.name.lower().endswith(_ARCHIVE_SUFFIXES)
        or start.startswith(_ARCHIVE_MAGIC)
        or start[_TAR_MAGIC_AT:].startswith(b"ustar")
    ):
        refuse(str(path), None, "this is an archive; unpack it into the pack's folder")
    if start.startswith(_GIT_LFS):
        refuse(str(path), None, "this is a Git LFS pointer; run `git lfs pull` yourself first")


def line_of(text: str, word: str) -> int | None:
    """Return the 1-based line on which a key or value first stands in quotes, None if nowhere."""
    spellings = (f'"{word}"', json.dumps(word), json.dumps(word, ensure_ascii=False))
    found = [text.find(spelling) for spelling in spellings]
    at = min((place for place in found if place >= 0), default=None)
    return None if at is None else 1 + text.count("\n", 0, at)


def _size(node: Any) -> int:
    """Count the values in a tree, containers and leaves."""
    stack, count = [node], 0
    while stack:
        value = stack.pop()
        count += 1
        if isinstance(value, (dict, list)):
            stack += value.values() if isinstance(value, dict) else value
    return count


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield key and value of every member of every object."""
    stack = [node]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            yield from value.items()
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings in a JSON-LD value: itself, in a list, or as ``@value``."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
