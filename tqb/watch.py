"""Which files a run reads, and which of them changed since: `tqb run --watch` asks this module."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from tqb.errors import PackError
from tqb.packs import expand_all, load_pack, locate

CODE = (".py",)
TEMPLATES = (".j2", ".jinja", ".jinja2", ".txt", ".md", ".toml", ".yaml", ".yml")
"""What a package may have beside its code that its answers hang on."""
NOT_OURS = ("__pycache__", "node_modules", "site-packages")

Stamps = Mapping[Path, tuple[int, int, int] | None]
"""Of each file, when it was changed (ns), its size and its inode; None where there is none."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The files below a folder that have one of these suffixes."""

    folder: Path
    suffixes: tuple[str, ...]

    def files(self) -> Iterator[Path]:
        """Yield them; hidden folders, environments and caches are left out."""
        for folder, inside, names in os.walk(self.folder):
            inside[:] = [name for name in inside if _is_ours(Path(folder, name))]
            yield from (Path(folder, name) for name in names if name.endswith(self.suffixes))


def _is_ours(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in NOT_OURS
    return not hidden and not (folder / "pyvenv.cfg").exists()


@dataclass(frozen=True, slots=True)
class Watched:
    """What a run reads."""

    files: tuple[Path, ...]
    """Some may not exist, or not yet."""
    trees: tuple[Tree, ...] = ()
    written: tuple[Path, ...] = ()
    """What the run writes, and is never looked at."""

    def stamps(self) -> Stamps:
        """Look at all files once."""
        found = {file.absolute() for file in self.files}
        found |= {file.absolute() for tree in self.trees for file in tree.files()}
        found -= {file.absolute() for file in self.written}
        return {file: _stamp(file) for file in sorted(found)}


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        known = file.stat()
    except (OSError, ValueError):
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino


def changed(before: Stamps, after: Stamps) -> tuple[Path, ...]:
    """Return the files that are not as they were, sorted."""
    files = before.keys() | after.keys()
    return tuple(sorted(file for file in files if before.get(file) != after.get(file)))


def watched(
    packs: Sequence[str],
    pipelines: Iterable[str],
    files: Iterable[Path],
    folders: Sequence[Path],
    written: Iterable[Path] = (),
) -> Watched:
    """Find what a run reads.

    Args:
        packs: sources of the packs.
        pipelines: specs of the target, the judge and the scorer; of a function all code of its
            package is watched, of a module that is in none all code below `folders`.
        files: what else is read.
        folders: where modules are looked for first.
        written: what the run itself writes.
    """
    specs = [spec.strip().partition(":") for spec in pipelines]
    plain = [Path(rest) for scheme, _, rest in specs if scheme == "replay"]
    plain += [file for scheme, _, rest in specs if scheme == "cmd" for file in _program(rest)]
    plain += [file for source in expand_all(packs) for file in _pack(source)]
    modules = [rest.partition(":")[0] for scheme, _, rest in specs if scheme == "python"]
    code = [place for module in modules for place in _code(module, folders)]
    return Watched(
        files=(*files, *plain, *(place for place in code if isinstance(place, Path))),
        trees=tuple(place for place in code if isinstance(place, Tree)),
        written=tuple(written),
    )


def _pack(source: str) -> tuple[Path, ...]:
    try:
        found = locate(source)
    except PackError:
        return (Path(source),)
    try:
        return (found, load_pack(source, verify=False).path)
    except PackError:
        return (found, found.parent / "items.jsonl")


def _program(command: str) -> list[Path]:
    """Return the program where it is named by a path, and a script that it is given first."""
    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError:
        return []
    program = [Path(word.strip('"')) for word in words[:2]]
    return [file for file in program if file.is_file()]


def _code(module: str, folders: Sequence[Path]) -> Iterator[Path | Tree]:
    """Yield where the code of a module lies, without importing it.

    A module of `folders` that is in no package may import all that is there, and one that cannot
    be found may be written there later.
    """
    importlib.invalidate_caches()
    name = module.partition(".")[0]
    own = PathFinder.find_spec(name, [str(folder) for folder in folders])
    found = own or _installed(name)
    if found and found.submodule_search_locations is not None:
        for folder in found.submodule_search_locations:
            yield Tree(Path(folder), CODE + TEMPLATES)
    elif found and not own:
        yield Path(found.origin or name)
    else:
        yield from (Tree(folder, CODE) for folder in folders)


def _installed(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
