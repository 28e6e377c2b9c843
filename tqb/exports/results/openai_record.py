"""A run as a record of OpenAI Evals: its specification, events, and a final report.

A failed call is an event of the type `error`; what was never asked is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tqb.exports.interface import to_json_lines
from tqb.exports.results.interface import name_of
from tqb.types import Report, Result


def to_openai_record(report: Report) -> str:
    """Return the record as JSON Lines."""
    return to_json_lines(_lines(report))


def _lines(report: Report) -> Iterator[dict[str, Any]]:
    name, run = name_of(report), report.run
    spec = {
        "completion_fns": [run.target],
        "eval_name": f"{name}.test.v1",
        "base_eval": name,
        "split": "test",
        "run_config": {"scorer": run.scorer, "repeats": run.repeats},
        "created_by": f"{report.tool.name} {report.tool.version}",
        "run_id": run.id,
        "created_at": run.started_at,
    }
    yield {"spec": spec}
    number = 0
    for result in report.results:
        for kind, data in _events(result):
            yield {
                "run_id": run.id,
                "event_id": number,
                "sample_id": f"{result.key}.{result.repeat}",
                "type": kind,
                "data": data,
                "created_by": "",
                "created_at": run.finished_at,
            }
            number += 1
    metrics = report.metrics
    final = {"accuracy": metrics.accuracy, "errors": metrics.errors, "skipped": metrics.skipped}
    yield {"final_report": {**final, "verdict": report.verdict.status}}


def _events(result: Result) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the type and data of each event of a result."""
    prompt = [{"role": "user", "content": result.question}]
    if result.outcome == "error":
        kind = result.failure.kind if result.failure else "error"
        yield "error", {"type": kind, "message": result.explanation, "prompt": prompt}
    elif result.answer is not None:
        yield "sampling", {"prompt": prompt, "sampled": [result.answer]}
        correct = result.outcome == "pass"
        yield (
            "match",
            {
                "correct": correct,
                "expected": list(result.targets),
                "picked": result.answer if correct else None,
                "sampled": result.answer,
                "explanation": result.explanation,
            },
        )
