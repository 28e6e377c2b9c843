"""What records a run for another tool, and what the records have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tqb.exports.interface import slug
from tqb.types import Report


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes a finished run as a tool records its own."""

    title: str
    """What the tool is called."""
    suffix: str
    """Of the file."""
    command: str
    """Command that shows it; ``{folder}`` and ``{file}`` are where it lies."""
    write: Callable[[Report], str]
    """A pure function from the report to the text of the file."""


def name_of(report: Report) -> str:
    """Return the packs of a run in one plain word."""
    return slug("_".join(pack.name for pack in report.run.packs) or "pack")


def base_name(report: Report) -> str:
    """Return a name for the file of a run: when, what, and which."""
    started = re.sub(r"[^0-9A-Za-z]+", "-", report.run.started_at).strip("-")
    return f"{started}_{name_of(report)}_{re.sub(r'[^0-9A-Za-z]+', '-', report.run.id)}"
