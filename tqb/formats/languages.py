"""The languages of a run as a table, and the concepts that tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tqb.text import one_line
from tqb.types import LanguageRow, Languages

SHOWN = 5
"""Concepts shown of each kind, unless all are asked for."""


def render_languages(languages: Languages, *, every: bool = False) -> Iterator[str]:
    """Yield lines: a row a language, then what fails in one of them only, and what in most.

    Where fewer than two languages were answered there is nothing to compare.
    """
    if sum(row.n > 0 for row in languages.rows) < 2:
        return
    differ = any(row.common_accuracy != row.accuracy for row in languages.rows)
    common = languages.common_concepts if differ else 0
    head = ("language", "right", "accuracy", "95 % interval", f"same {common} concepts")
    rows = [
        (*head, "latency p50", "tokens × en"),
        *(_cells(row, common=common > 0) for row in languages.rows),
    ]
    columns = [cells for cells in zip(*rows, strict=True) if set(cells[1:]) != {""}]
    widths = [max(map(len, cells)) for cells in columns]
    for cells in zip(*columns, strict=True):
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()
    limit = None if every else SHOWN
    for row in languages.rows:
        if row.fails_alone:
            yield f"fails in {one_line(row.language)} only: {_listed(row.fails_alone, limit)}"
    most = sorted(languages.failing_in_most.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    if most:
        named = [f"{concept} ({len(failing)})" for concept, failing in most]
        yield f"fails in most languages: {_listed(named, limit)}"


def _cells(row: LanguageRow, *, common: bool) -> tuple[str, ...]:
    interval = row.accuracy_interval
    return (
        one_line(row.language),
        f"{row.passed} of {row.n}",
        "–" if row.accuracy is None else f"{row.accuracy:.3f}",
        "–" if interval is None else "{:.2f}–{:.2f}".format(*interval),
        f"{row.common_accuracy:.3f}" if common and row.common_accuracy is not None else "",
        "" if row.latency_p50 is None else f"{row.latency_p50:.2f} s",
        "" if row.token_premium is None else f"{row.token_premium:.2f}",
    )


def _listed(names: Sequence[str], limit: int | None) -> str:
    shown: Iterable[str] = names[:limit]
    more = f" and {len(names) - limit} more" if limit and len(names) > limit else ""
    return ", ".join(map(one_line, shown)) + more
