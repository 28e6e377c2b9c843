"""A run as a log of Inspect AI, which `inspect view` opens.

Each repeat is an epoch. A failed call is a sample with an error and no score; what was never asked
is left out.
"""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import to_json
from tqb.exports.results.interface import name_of
from tqb.types import Report, Result

SCORER = "tqb"
_STOP = {"stop": "stop", "length": "max_tokens", "content_filter": "content_filter"}


def to_inspect_log(report: Report) -> str:
    """Return the log as JSON, in version 2 of its format."""
    asked = [result for result in report.results if result.outcome != "skipped"]
    run = report.run
    log = {
        "version": 2,
        "status": "success",
        "eval": {
            "run_id": run.id,
            "created": run.started_at,
            "task": name_of(report),
            "task_id": run.id,
            "task_version": 0,
            "dataset": {
                "name": name_of(report),
                "samples": len({result.key for result in asked}),
                "sample_ids": list(dict.fromkeys(result.key for result in asked)),
                "shuffled": False,
            },
            "model": run.target,
            "config": {"epochs": run.repeats},
            "metadata": {
                "written_by": f"{report.tool.name} {report.tool.version}",
                "scorer": run.scorer,
                "verdict": report.verdict.status,
                "reasons": list(report.verdict.reasons),
                "skipped": report.metrics.skipped,
            },
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": _results(report, len(asked)),
        "stats": {"started_at": run.started_at, "completed_at": run.finished_at},
        "samples": [_sample(result, run.target) for result in asked],
    }
    return f"{to_json(log, indent=2)}\n"


def _results(report: Report, asked: int) -> dict[str, Any]:
    metrics = report.metrics
    values = {"accuracy": metrics.accuracy, "mean": metrics.mean_score}
    known = {name: {"name": name, "value": x} for name, x in values.items() if x is not None}
    return {
        "total_samples": asked,
        "completed_samples": metrics.n,
        "scores": [{"name": SCORER, "scorer": SCORER, "params": {}, "metrics": known}],
    }


def _sample(result: Result, target: str) -> dict[str, Any]:
    turns = [{"role": "user", "content": result.question}]
    sample = {
        "id": result.key,
        "epoch": result.repeat + 1,
        "input": result.question,
        "target": list(result.targets),
        "messages": turns,
        "metadata": {
            "language": result.language,
            "concept": result.concept,
            "tags": dict(result.tags),
        },
    }
    if result.answer is None:
        said = f"{result.failure.kind}: " if result.failure else ""
        error = f"{said}{result.explanation}"
        return {**sample, "error": {"message": error, "traceback": error, "traceback_ansi": error}}
    turns.append({"role": "assistant", "content": result.answer})
    score = {
        "value": "C" if result.outcome == "pass" else "I",
        "answer": result.answer,
        "explanation": result.explanation,
        "metadata": {"score": result.score, "matched_by": result.matched_by},
    }
    return {**sample, "output": _output(result, target), "scores": {SCORER: score}}


def _output(result: Result, target: str) -> dict[str, Any]:
    prompt, completion = result.prompt_tokens or 0, result.completion_tokens or 0
    return {
        "model": result.model or target,
        "choices": [
            {
                "message": {"role": "assistant", "content": result.answer},
                "stop_reason": _STOP.get(result.finish_reason or "", "unknown"),
            }
        ],
        "usage": {
            "input_tokens": prompt,
            "output_tokens": completion,
            "total_tokens": prompt + completion,
        },
        "time": result.latency_s,
    }
