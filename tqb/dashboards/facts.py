"""What is told of a run, and of a result, to every dashboard."""

from __future__ import annotations

from tqb.types import Report, Result

Value = str | int | float


def of_run(report: Report) -> dict[str, Value]:
    """Return how the run was made, and what became of it."""
    run = report.run
    return {
        "run": run.id,
        "target": run.target,
        "packs": ", ".join(f"{pack.name} {pack.version}".strip() for pack in run.packs),
        "scorer": run.scorer,
        "prompt_sha256": run.prompt_sha256,
        "repeats": run.repeats,
        "verdict": report.verdict.status,
        "tool": f"{report.tool.name} {report.tool.version}",
    }


def metrics(report: Report) -> dict[str, float]:
    """Return the numbers of a run that are known."""
    found = report.metrics
    values = {
        "accuracy": found.accuracy,
        "passed": found.passed,
        "failed": found.failed,
        "errors": found.errors,
        "skipped": found.skipped,
        "cost_usd": found.cost_usd,
        "latency_p50_s": found.latency.p50 if found.latency else None,
        "latency_p95_s": found.latency.p95 if found.latency else None,
        "prompt_tokens": found.tokens.prompt,
        "completion_tokens": found.tokens.completion,
    }
    return {name: float(value) for name, value in values.items() if value is not None}


def of_result(result: Result) -> dict[str, Value]:
    """Return what is known of a result, but for question and answers."""
    values = {
        "item": result.key,
        "repeat": result.repeat,
        "language": result.language,
        "concept": result.concept,
        "outcome": result.outcome,
        "score": result.score,
        "matched_by": result.matched_by,
        "explanation": result.explanation,
        "failure": result.failure.kind if result.failure else None,
        "model": result.model,
        "prompt_tokens": result.prompt_tokens,
        "completion_tokens": result.completion_tokens,
        "latency_s": result.latency_s,
        "cost_usd": result.cost_usd,
        **{f"tag.{name}": tag for name, tag in result.tags.items()},
    }
    return {name: value for name, value in values.items() if value not in (None, "")}
