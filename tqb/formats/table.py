"""The results as rows: what the tables have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tqb.formats.failed import paths
from tqb.types import Report, Result

Cell = str | int | float | None

COLUMNS: Mapping[str, type] = {
    "run": str,
    "target": str,
    "pack": str,
    "item": str,
    "repeat": int,
    "language": str,
    "category": str,
    "difficulty": str,
    "concept": str,
    "outcome": str,
    "change": str,
    "question": str,
    "expected": str,
    "answer": str,
    "score": float,
    "matched_by": str,
    "explanation": str,
    "failure": str,
    "model": str,
    "finish_reason": str,
    "prompt_tokens": int,
    "completion_tokens": int,
    "latency_s": float,
    "cost_usd": float,
    "attempts": int,
    "source": str,
    "path": str,
    "line": int,
}
"""Each column with the type of its cells, which may also be None: unknown, or none."""


def rows(report: Report) -> Iterator[dict[str, Cell]]:
    """Yield a row for each result, in the order of the report, by `COLUMNS`."""
    files = paths(report)
    compared = report.comparison.items if report.comparison else ()
    changes: dict[str, str] = {item.key: item.change for item in compared}
    for result in report.results:
        yield {
            "run": report.run.id,
            "target": report.run.target,
            **_of(result),
            "change": changes.get(result.key),
            "path": files.get(result.pack) or None,
        }


def _of(result: Result) -> dict[str, Cell]:
    return {
        "pack": result.pack,
        "item": result.item_id,
        "repeat": result.repeat,
        "language": result.language,
        "category": result.tags.get("category"),
        "difficulty": result.tags.get("difficulty"),
        "concept": result.concept or None,
        "outcome": result.outcome,
        "question": result.question,
        "expected": " | ".join(result.targets),
        "answer": result.answer,
        "score": result.score,
        "matched_by": result.matched_by,
        "explanation": result.explanation,
        "failure": result.failure.kind if result.failure else None,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": result.completion_tokens,
        "latency_s": result.latency_s,
        "cost_usd": result.cost_usd,
        "attempts": result.attempts,
        "source": result.source,
        "line": result.line or None,
    }
