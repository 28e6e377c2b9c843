"""What `tqb run` and `tqb compare` say to a GitHub workflow, if they run in one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tqb.types import Matrix, Report

MOST_SUMMARY = 1024 * 1024
"""Bytes of a step's summary; a longer one is not shown at all."""


def print_report(text: str, report: Report, saved: Path | None, *, wanted: bool) -> None:
    """Print what was rendered of a report, and tell the workflow of it unless that is unwanted.

    `saved` is where the JSON report lies. A file that the workflow gives and that cannot be written
    is a warning: the verdict stands.
    """
    from tqb.cli.output import write_out

    if not (wanted and os.environ.get("GITHUB_ACTIONS") == "true"):
        write_out(text)
        return
    from tqb.formats.github import commands, fenced, step_outputs
    from tqb.formats.markdown import to_markdown

    write_out(fenced(text))
    write_out("".join(f"{line}\n" for line in commands(report)))
    summary = _file("GITHUB_STEP_SUMMARY")
    if summary:
        room = MOST_SUMMARY - _size(summary) - 1
        shown = to_markdown(report, room)
        if len(shown.encode("utf-8", "backslashreplace")) <= room:
            _append(summary, f"{shown}\n")
    outputs = _file("GITHUB_OUTPUT")
    if outputs:
        _append(outputs, step_outputs(report, saved.as_posix() if saved else ""))


def print_matrix(text: str, matrix: Matrix, saved: Path | None, *, wanted: bool) -> None:
    """Print what was rendered of several runs, and tell the workflow of them, likewise."""
    from tqb.cli.output import write_out

    if not (wanted and os.environ.get("GITHUB_ACTIONS") == "true"):
        write_out(text)
        return
    from tqb.formats.github import annotation, fenced, matrix_outputs
    from tqb.formats.matrix import faults_of, to_markdown

    write_out(fenced(text))
    write_out(f"{annotation(matrix.verdict, faults_of(matrix))}\n")
    summary, outputs = _file("GITHUB_STEP_SUMMARY"), _file("GITHUB_OUTPUT")
    if summary and _size(summary) < MOST_SUMMARY // 2:
        _append(summary, f"{to_markdown(matrix)}\n")
    if outputs:
        _append(outputs, matrix_outputs(matrix, saved.as_posix() if saved else ""))


def _file(variable: str) -> Path | None:
    name = os.environ.get(variable)
    return Path(name) if name else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _append(path: Path, text: str) -> None:
    try:
        with path.open("ab") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        print(f"warning: {path}: cannot be written ({error.strerror})", file=sys.stderr)
