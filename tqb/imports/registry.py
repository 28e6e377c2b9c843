"""Which formats there are, in the order in which a row is held against them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tqb.errors import ConfigError
from tqb.imports import (
    deepeval,
    inspect_ai,
    langsmith,
    mlflow,
    openai_evals,
    opik,
    promptfoo,
    ragas,
    squad,
    tqb_items,
)
from tqb.imports.interface import Importer
from tqb.imports.table import table
from tqb.packs.messages import clean, listed, nearest

_BY_ROWS: tuple[Importer, ...] = (
    promptfoo.IMPORTER,
    openai_evals.IMPORTER,
    mlflow.IMPORTER,
    langsmith.IMPORTER,
    inspect_ai.IMPORTER,
    deepeval.IMPORTER,
    opik.IMPORTER,
    ragas.IMPORTER,
    squad.IMPORTER,
    tqb_items.IMPORTER,
)
FOLDERS = ("hf-datasets", "lm-eval")
"""Formats of folders, whose rows are a table."""
NAMES = (*(importer.name for importer in _BY_ROWS), "table", *FOLDERS)


def importers(columns: Mapping[str, str]) -> tuple[Importer, ...]:
    """Return all importers, that of tables last, or alone where columns are named.

    Raises:
        ConfigError: see `table`.
    """
    last = table(columns)
    return (last,) if columns else (*_BY_ROWS, last)


def find_importer(name: str, columns: Mapping[str, str]) -> Importer:
    """Return the importer of this name.

    Raises:
        ConfigError: there is none, or columns are named for another than a table.
    """
    if name not in NAMES:
        hint = nearest(name, NAMES) or f"; choose one of {listed(NAMES, len(NAMES))}"
        raise ConfigError(f"--from {clean(name)}: there is no such format{hint}")
    if name == "table" or name in FOLDERS:
        return table(columns)
    if columns:
        raise ConfigError(f"--map is for tables; leave out --from {name}, or --map")
    return next(importer for importer in _BY_ROWS if importer.name == name)


def guess(row: Mapping[str, Any], known: tuple[Importer, ...]) -> Importer | None:
    """Return the first importer that knows a row."""
    return next((importer for importer in known if importer.knows(row)), None)
