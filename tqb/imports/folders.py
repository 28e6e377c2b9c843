"""Which files of a folder hold the items, and in which columns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqb.imports.reading import SUFFIXES, Document, parse_yaml, read_document
from tqb.packs.card import CARD_FILE
from tqb.packs.croissant import METADATA_FILE
from tqb.packs.messages import listed, quoted, refuse
from tqb.packs.reading import MAX_METADATA_BYTES, read_text
from tqb.packs.safety import local_file

MOST_FILES = 200
_YAML = (".yaml", ".yml")
_SPLITS = ("test", "validation", "dev", "train")
_FRONT = re.compile(r"\A---\r?\n(.*?)^---\r?$", re.DOTALL | re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")
_COLUMN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may hold items."""

    document: Document
    columns: Mapping[str, str] = field(default_factory=dict)
    """Fields of items by column, where a configuration tells."""
    key: str = ""
    """Key of the list of rows, where the file is an object and a configuration tells."""
    notes: tuple[str, ...] = ()


def find(path: Path) -> tuple[Found, ...]:
    """Return the files of a folder, or the one file, that may hold items.

    A configuration (of lm-eval, promptfoo, or the card of a data set) stands for the files that it
    names, which lie in its folder.

    Raises:
        PackError: the path is a pack already, names what is not in the folder, or cannot be read.
    """
    if not path.is_dir():
        return tuple(_of_file(path))
    if (path / METADATA_FILE).exists():
        refuse(str(path), None, f"has a {METADATA_FILE}, so it is a pack already; use it as it is")
    told = [found for file in _configurations(path) for found in _of_configuration(file)]
    if told:
        return tuple(told)
    return tuple(_each_once(_files(path)))


def _of_file(path: Path) -> Iterator[Found]:
    if path.name == CARD_FILE or path.suffix.lower() in _YAML:
        told = tuple(_of_configuration(path))
        if told or path.name == CARD_FILE:
            yield from told
            return
    yield Found(read_document(path))


def _configurations(folder: Path) -> list[Path]:
    names = sorted(file for file in folder.iterdir() if file.suffix.lower() in _YAML)
    return [*names, *(file for file in [folder / CARD_FILE] if file.is_file())]


def _of_configuration(path: Path) -> Iterator[Found]:
    """Yield the files that a configuration names; none where it is no configuration."""
    if path.name == CARD_FILE:
        front = _FRONT.match(read_text(path, MAX_METADATA_BYTES))
        values = parse_yaml(front[1], str(path), 2)[0] if front else None
        if isinstance(values, dict):
            yield from _of_card(path, values)
        return
    document = read_document(path)
    whole = document.whole
    if whole is None:
        return
    if "task" in whole and "doc_to_text" in whole:
        yield from _of_task(path, whole)
        return
    tests = whole.get("tests")
    listed_tests = tests if isinstance(tests, list) else [tests]
    named = [name for name in listed_tests if isinstance(name, str)]
    if named and len(named) == len(listed_tests):
        for name in named:
            yield Found(read_document(_beside(path, name.removeprefix("file://"))))
    elif isinstance(tests, list) and "prompts" in whole:
        shared = (f"{path}: left out 'defaultTest'",) if whole.get("defaultTest") else ()
        yield Found(document, notes=shared)


def _of_card(path: Path, front: Mapping[str, Any]) -> Iterator[Found]:
    """Yield the files of a data set's first configuration."""
    configs = front.get("configs")
    config = configs[0] if isinstance(configs, list) and configs else None
    if isinstance(config, dict) and "data_files" in config:
        key = str(config.get("field") or "")
        yield from _data_files(path, config["data_files"], {}, key, "")


def _of_task(path: Path, task: Mapping[str, Any]) -> Iterator[Found]:
    """Yield the documents of a task of lm-eval, with the columns that its templates name."""
    options = task.get("dataset_kwargs")
    options = options if isinstance(options, dict) else {}
    if "data_files" not in options:
        said = f"takes its documents from {quoted(task.get('dataset_path'))}, which is not fetched"
        refuse(str(path), None, f"{said}; save them beside it and name them in data_files")
    notes: list[str] = []
    columns = {
        _column(path, task, key, notes): field
        for key, field in {"doc_to_text": "text", "doc_to_target": "label"}.items()
    }
    split = str(task.get("test_split") or task.get("validation_split") or "")
    key = str(options.get("field") or "")
    for found in _data_files(path, options["data_files"], columns, key, split):
        yield Found(found.document, found.columns, found.key, (*notes, *found.notes))


def _column(path: Path, task: Mapping[str, Any], key: str, notes: list[str]) -> str:
    """Return the column that a template shows, if it shows one."""
    template = task.get(key)
    names = _PLACEHOLDER.findall(template) if isinstance(template, str) else []
    if isinstance(template, str) and _COLUMN.fullmatch(template):
        return template
    rest = _PLACEHOLDER.sub("", template).strip() if isinstance(template, str) else ""
    if len(names) != 1 or "{" in rest:
        said = f"{key} is {quoted(template)}, which shows no single column"
        refuse(str(path), None, f"{said}; import the file of its documents with --map COLUMN=FIELD")
    if rest:
        notes.append(f"{path}: left out of {key}: {quoted(rest)}")
    return str(names[0])


def _data_files(
    path: Path, named: Any, columns: Mapping[str, str], key: str, split: str
) -> Iterator[Found]:
    """Yield the files of one split: the one that is meant, else that for tests."""
    splits = _splits(named)
    order = (split, *_SPLITS, *splits)
    chosen = next((name for name in order if name in splits), None)
    if chosen is None:
        refuse(str(path), None, f"data_files is {quoted(named)}, which names no file; name one")
    left = [name for name in splits if name != chosen]
    notes = (f"{path}: left out the splits {listed(left)}",) if left else ()
    for name in splits[chosen]:
        yield Found(read_document(_beside(path, name)), columns, key, notes)


def _splits(named: Any) -> dict[str, list[str]]:
    """Return the files by split, in whichever form they are named."""
    if isinstance(named, list) and all(isinstance(one, dict) for one in named):
        pairs = [(str(one.get("split", "train")), one.get("path")) for one in named]
    else:
        pairs = list(named.items()) if isinstance(named, dict) else [("train", named)]
    found = {str(split): files if isinstance(files, list) else [files] for split, files in pairs}
    return {split: files for split, files in found.items() if all(map(_is_name, files)) and files}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _beside(path: Path, name: str) -> Path:
    """Return a file that a configuration names; it lies in the configuration's folder."""
    return local_file(path.parent, name.removeprefix("./"), str(path), None)


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder that may hold rows; links are not followed."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(root) / name for name in sorted(names) if _may_hold_rows(Path(root) / name)]
        if len(found) > MOST_FILES:
            refuse(str(folder), None, f"has more than {MOST_FILES} files; name the one to import")
    return found


def _each_once(files: Iterable[Path]) -> Iterator[Found]:
    """Read the files; of one that is there in several formats, that which keeps most types."""
    alike: dict[Path, list[Path]] = {}
    for file in files:
        alike.setdefault(file.with_suffix(""), []).append(file)
    for same in alike.values():
        best, *rest = sorted(same, key=lambda file: SUFFIXES.index(file.suffix.lower()))
        notes = tuple(f"{file}: left out, {best.name} is taken" for file in rest)
        yield Found(read_document(best), notes=notes)


def _may_hold_rows(path: Path) -> bool:
    return (
        path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
        and not path.is_symlink()
    )
