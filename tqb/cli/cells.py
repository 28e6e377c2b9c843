"""``tqb run`` with several targets, prompts or suites."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tqb.cli.keep import (
    FOLDER,
    LAST_RUN,
    keep_in_history,
    log_run,
    make_folder,
    saved_report,
    told_if_unwritable,
)
from tqb.cli.plans import slug
from tqb.types import Cell

if TYPE_CHECKING:
    from tqb.matrix import Plan

CELLS = FOLDER / "cells"
"""Where each cell leaves its own report."""


def run_cells(context: typer.Context, plans: Sequence[Plan]) -> int:
    """Run all cells, print what they are together, and return the exit code of the whole."""
    from tqb import matrix
    from tqb.cli.github import print_matrix
    from tqb.cli.patience import Patience
    from tqb.cli.progress import progress
    from tqb.formats.matrix import check_suffixes, render_matrix, write_matrix

    given = context.params
    outputs = tuple(given["output"] or ())
    check_suffixes(outputs)
    make_folder()
    with Patience() as patience:
        with (
            progress(sys.stderr, quiet=given["quiet"]) as bar,
            contextlib.redirect_stdout(sys.stderr),
        ):
            made = matrix.run(
                plans,
                on_start=bar.start,
                on_reply=patience.after(bar.advance),
                on_cell=lambda cell: keep_cell(cell, history=given["history"]),
            )
        with told_if_unwritable():
            write_matrix(made, LAST_RUN)
        for path in outputs:
            write_matrix(made, path)
        for cell in made.cells:
            if cell.report:
                log_run(cell.report, given["log_to"] or [])
    text = render_matrix(made, sys.stdout, details=not given["quiet"], every=given["verbose"])
    print_matrix(text, made, saved_report(outputs), wanted=given["github"])
    if made.verdict.status in ("interrupted", "budget") and given["journal"]:
        print("The answers are kept: the same command with --resume goes on.", file=sys.stderr)
    return made.verdict.exit_code


def keep_cell(cell: Cell, *, history: bool) -> None:
    """Leave a cell's report in ``.tqb/cells/``, and add its run to the history."""
    from tqb.formats import write_report

    if cell.report is None:
        return
    with told_if_unwritable():
        write_report(cell.report, cell_file(cell.name))
    if history:
        keep_in_history(cell.report)


def cell_file(name: str) -> Path:
    """Return where a cell leaves its report."""
    return CELLS / f"{slug(name)}.json"
