"""Finished runs as other tools record theirs, for their viewers: one file for each tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tqb.errors import ConfigError
from tqb.exports.results.inspect_log import to_inspect_log
from tqb.exports.results.interface import Recorder, base_name
from tqb.exports.results.openai_record import to_openai_record
from tqb.exports.write import refuse_what_is_there
from tqb.files import write_whole
from tqb.packs.messages import clean, listed, nearest
from tqb.types import Report

RECORDERS: Mapping[str, Recorder] = {
    "inspect": Recorder("Inspect AI", ".json", "inspect view --log-dir {folder}", to_inspect_log),
    "openai-evals": Recorder(
        "OpenAI Evals",
        ".jsonl",
        "python -m json.tool --json-lines {file}",
        to_openai_record,
    ),
}


def find_recorder(name: str) -> Recorder:
    """Return what records runs for a tool.

    Raises:
        ConfigError: there is no such tool.
    """
    if name not in RECORDERS:
        hint = nearest(name, RECORDERS) or f"; choose one of {listed(RECORDERS)}"
        raise ConfigError(f"--to {clean(name)}: there is no such format of results{hint}")
    return RECORDERS[name]


def export_results(report: Report, recorder: Recorder, folder: Path, *, force: bool) -> Path:
    """Write a run as a tool records its own, into one file of a folder.

    Raises:
        ConfigError: the file is there already, or cannot be written.
    """
    path = folder / f"{base_name(report)}{recorder.suffix}"
    refuse_what_is_there(path, force)
    write_whole(path, recorder.write(report))
    return path
