"""The packs that come with tqb."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import filter as matching
from pathlib import Path

from tqb.packs.croissant import METADATA_FILE
from tqb.packs.messages import clean, listed, nearest, quoted, refuse

_PACKAGE = Path(__file__).resolve().parents[1]
_ROOTS = (_PACKAGE / "shipped" / "packs", _PACKAGE.parent / "packs")
"""Where packs lie in a wheel, and in a checkout."""

GROUPS: Mapping[str, str] = {"core": "core-*"}
"""Names for several packs at once, each with the pattern of theirs: parallel packs."""


def shipped_packs() -> tuple[str, ...]:
    """Return the names of the packs shipped, sorted."""
    root = next((root for root in _ROOTS if root.is_dir()), None)
    if root is None:
        return ()
    return tuple(sorted(found.parent.name for found in root.glob("*/croissant.json")))


def expand(source: str) -> tuple[str, ...]:
    """Return the packs that a source means, where it means several.

    A group or a pattern such as ``core-z*`` means packs shipped, a folder that is no pack itself
    means those in it. Anything else is returned as it is.
    """
    known = shipped_packs()
    inside = () if source in known else _packs_in(source)
    if inside:
        return inside
    pattern = source if source in known else GROUPS.get(source, source)
    found = matching(known, pattern) if set(pattern) & set("*?[") else []
    return tuple(found) or (source,)


def _packs_in(source: str) -> tuple[str, ...]:
    """Return the folders of Croissant packs in a folder of packs, sorted."""
    try:
        folder = Path(source)
        if not folder.is_dir() or (folder / METADATA_FILE).exists():
            return ()
        return tuple(sorted(str(found.parent) for found in folder.glob(f"*/{METADATA_FILE}")))
    except (OSError, ValueError):
        return ()


def expand_all(sources: Iterable[str]) -> tuple[str, ...]:
    """Return sources as they were named, then the packs of groups that are not among them.

    A source that was named twice stays twice.
    """
    sources = list(sources)
    named = [source for source in sources if expand(source) == (source,)]
    grouped = dict.fromkeys(name for source in sources for name in expand(source))
    return (*named, *(name for name in grouped if name not in named))


def shipped_folder(name: str) -> Path:
    """Return the folder of a shipped pack.

    Raises:
        PackError: no pack of that name is shipped; the message lists those that are.
    """
    known = shipped_packs()
    if name not in known:
        names = f"the packs shipped are {listed(known)}" if known else "no packs are shipped"
        hint = nearest(name, known)
        refuse(clean(name), None, f"no pack is named {quoted(name)}: {names}; or give a path{hint}")
    return next(root / name for root in _ROOTS if (root / name).is_dir())
