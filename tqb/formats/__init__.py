"""What people and programs read: one file for each output."""

from __future__ import annotations

from pathlib import Path

from tqb.errors import ConfigError
from tqb.files import write_whole
from tqb.formats.json import to_json
from tqb.types import Report

RENDERERS = {".json": to_json}


def check_suffixes(paths: tuple[Path, ...]) -> None:
    """See that every output file can be written in the format that its suffix names.

    Raises:
        ConfigError: there is no format for a suffix.
    """
    for path in paths:
        if path.suffix.lower() not in RENDERERS and not path.is_char_device():
            known = ", ".join(RENDERERS)
            raise ConfigError(
                f"--output {path}: no format has the suffix {path.suffix!r}; use {known}"
            )


def write_report(report: Report, path: Path) -> None:
    """Write the report in the format that the suffix names; a device gets JSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    render = RENDERERS.get(path.suffix.lower(), to_json)
    write_whole(path, render(report))
