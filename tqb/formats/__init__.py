"""What people and programs read: one file for each output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path

from tqb.errors import ConfigError
from tqb.files import write_whole
from tqb.types import Report

Renderer = Callable[[Report], "str | bytes | Iterable[str]"]


def _by(module: str) -> Renderer:
    """Return the function of a module here, which is imported when there is something to write."""

    def render(report: Report) -> str | bytes:
        text: str | bytes = getattr(import_module(f"tqb.formats.{module}"), f"to_{module}")(report)
        return text

    return render


def _json(report: Report) -> Iterable[str]:
    from tqb.formats.json import json_pieces

    return json_pieces(report)


RENDERERS: Mapping[str, Renderer] = {
    ".json": _json,
    ".junit.xml": _by("junit"),
    ".md": _by("markdown"),
    ".html": _by("html"),
    ".sarif": _by("sarif"),
    ".prom": _by("openmetrics"),
    ".csv": _by("csv"),
    ".parquet": _by("parquet"),
}
"""By suffix; `junit.xml` alone is a name too."""


def renderer(path: Path) -> Renderer | None:
    """Return what renders a report into a file of this name; None where it names no format."""
    name = path.name.lower()
    if name == "junit.xml":
        return RENDERERS[".junit.xml"]
    return next((RENDERERS[suffix] for suffix in RENDERERS if name.endswith(suffix)), None)


def check_outputs(paths: Iterable[Path], inputs: Iterable[str | Path | None] = ()) -> None:
    """See, before anything is asked, that each output can be written, and over no input.

    Raises:
        ConfigError: a path is a folder or an input, has a suffix that names no format, or one whose
            library is not installed, or cannot be written.
    """
    read = {file for one in inputs if one for file in _files(Path(one))}
    for path in paths:
        try:
            trouble = "this file is read by the run" if path.resolve() in read else _trouble(path)
        except OSError as error:
            trouble = f"cannot be written ({error.strerror})"
        if trouble:
            raise ConfigError(f"--output {path}: {trouble}")


def _files(path: Path) -> tuple[Path, ...]:
    """Return the files that an input may mean: itself, and a pack's below it."""
    try:
        return tuple((path / name).resolve() for name in ("", "croissant.json", "items.jsonl"))
    except (OSError, ValueError):
        return ()


def _trouble(path: Path) -> str | None:
    if path.is_dir():
        return "this is a folder; name a file in it"
    if path.exists() and not path.is_file():
        return None  # a device
    render = renderer(path)
    if render is None:
        return f"no format has the suffix {path.suffix!r}; use {', '.join(RENDERERS)}"
    if render is RENDERERS[".parquet"]:
        from tqb.formats.parquet import require_pyarrow

        require_pyarrow()
    path.parent.mkdir(parents=True, exist_ok=True)
    return None if os.access(path.parent, os.W_OK) else "its folder is read-only; choose another"


def write_report(report: Report, path: Path) -> None:
    """Write the report in the format that the suffix names; a device gets JSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    render = renderer(path) or RENDERERS[".json"]
    write_whole(path, render(report))
