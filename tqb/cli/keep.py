"""What a finished run leaves behind: in ``.tqb/``, in the history, on dashboards."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tqb.errors import ConfigError
from tqb.types import JOURNAL, Report

FOLDER = JOURNAL.parent
LAST_RUN = FOLDER / "last-run.json"
"""Where each run leaves its report, for `tqb baseline accept`, whatever `-o` says."""


def make_folder() -> None:
    """Make ``.tqb/``, which git ignores; those who write there say if they cannot."""
    from tqb.files import write_whole

    with contextlib.suppress(ConfigError):
        write_whole(FOLDER / ".gitignore", "*\n")


def saved_report(outputs: tuple[Path, ...]) -> Path:
    """Return where the JSON report lies: as asked for, else that of the last run."""
    return next((path for path in outputs if path.suffix.lower() == ".json"), LAST_RUN)


def log_run(report: Report, dashboards: list[str]) -> None:
    """Send the report to dashboards; where that fails, say so and go on."""
    from tqb.dashboards import send

    for name in dict.fromkeys(dashboards):
        with contextlib.redirect_stdout(sys.stderr):
            failed = send(report, name)
        if failed:
            print(f"warning: {failed}; the verdict stands", file=sys.stderr)


@contextlib.contextmanager
def told_if_unwritable() -> Iterator[None]:
    """Say of a report what cannot be written, and go on: the verdict stands."""
    try:
        yield
    except ConfigError as error:
        print(f"warning: {error}; this run's report is not kept there", file=sys.stderr)


def keep_last_run(report: Report) -> None:
    """Leave the report in ``.tqb/``; where that cannot be written, say so and go on."""
    from tqb.formats import write_report

    with told_if_unwritable():
        write_report(report, LAST_RUN)


def keep_in_history(report: Report) -> None:
    """Add the run to the project's history; where that cannot be, say so and go on."""
    from tqb.history import History

    try:
        with History() as history:
            history.add(report)
    except ConfigError as error:
        print(f"warning: {error}; the verdict stands", file=sys.stderr)
