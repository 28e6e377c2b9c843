"""The options that more than one command has, and the settings file behind them."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tqb import config


def load_settings(context: typer.Context, given: Path | None) -> Path | None:
    """Make the settings file the defaults of the command; runs before the other options."""
    for warning in config.unknown_environment(os.environ):
        print(f"warning: {warning}", file=sys.stderr)
    path = given or config.find(Path())
    if path is not None and not given:
        path = Path(os.path.relpath(path))
    if path is not None and not context.resilient_parsing:
        known = {parameter.name for parameter in context.command.params}
        values = config.load(path).values
        context.default_map = {name: value for name, value in values.items() if name in known}
        sys.path.append(str(path.parent.resolve()))  # where a python: target may be
    return path


def finite(value: float | None) -> float | None:
    """Refuse NaN and infinity, which no comparison and no JSON can hold."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="TQB_CONFIG",
        is_eager=True,
        callback=load_settings,
        help="Settings file; by default the nearest tqb.toml or pyproject.toml with [tool.tqb].",
    ),
]
FailUnder = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_FAIL_UNDER",
        help="Fail when accuracy is under X (0 to 1).",
    ),
]
MaxBroken = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        envvar="TQB_MAX_BROKEN",
        help="Items that passed in the baseline and may fail now.",
    ),
]
MaxErrors = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        callback=finite,
        envvar="TQB_MAX_ERRORS",
        help="Share of failed calls (0 to 1) above which the run is inconclusive.",
    ),
]
