"""What people and programs read: one file for each output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tqb.errors import ConfigError
from tqb.files import write_whole
from tqb.formats.csv import to_csv
from tqb.formats.html import to_html
from tqb.formats.json import to_json
from tqb.formats.junit import to_junit
from tqb.formats.markdown import to_markdown
from tqb.formats.openmetrics import to_openmetrics
from tqb.formats.parquet import require_pyarrow, to_parquet
from tqb.formats.sarif import to_sarif
from tqb.types import Report

Renderer = Callable[[Report], str | bytes]

RENDERERS: Mapping[str, Renderer] = {
    ".json": to_json,
    ".junit.xml": to_junit,
    ".md": to_markdown,
    ".html": to_html,
    ".sarif": to_sarif,
    ".prom": to_openmetrics,
    ".csv": to_csv,
    ".parquet": to_parquet,
}
"""By suffix; `junit.xml` alone is a name too."""


def renderer(path: Path) -> Renderer | None:
    """Return what renders a report into a file of this name; None where it names no format."""
    name = path.name.lower()
    if name == "junit.xml":
        return to_junit
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
    if render is to_parquet:
        require_pyarrow()
    path.parent.mkdir(parents=True, exist_ok=True)
    return None if os.access(path.parent, os.W_OK) else "its folder is read-only; choose another"


def write_report(report: Report, path: Path) -> None:
    """Write the report in the format that the suffix names; a device gets JSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    render = renderer(path) or to_json
    write_whole(path, render(report))
