"""What people and programs read: one file for each output."""

from __future__ import annotations

from pathlib import Path

from tqb.errors import ConfigError
from tqb.files import write_whole
from tqb.formats.json import to_json
from tqb.types import Report

RENDERERS = {".json": to_json}


def check_outputs(paths: tuple[Path, ...]) -> None:
    """See, before anything is asked, that each output can be written in a format.

    Raises:
        ConfigError: a path is a folder, or has a suffix that names no format.
    """
    known = ", ".join(RENDERERS)
    for path in paths:
        if path.is_dir():
            raise ConfigError(f"--output {path}: this is a folder; name a file in it")
        if path.suffix.lower() not in RENDERERS and not _is_device(path):
            raise ConfigError(
                f"--output {path}: no format has the suffix {path.suffix!r}; use {known}"
            )


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def write_report(report: Report, path: Path) -> None:
    """Write the report in the format that the suffix names; a device gets JSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    render = RENDERERS.get(path.suffix.lower(), to_json)
    write_whole(path, render(report))
