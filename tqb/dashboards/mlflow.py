"""MLflow: a run with parameters, metrics and a table of the results.

It goes to `MLFLOW_TRACKING_URI`, into the experiment `MLFLOW_EXPERIMENT_NAME` or ``tqb``.
"""

from __future__ import annotations

import os

from tqb.dashboards.facts import metrics, of_run
from tqb.types import Report

TABLE = "results.json"


def send(report: Report) -> None:
    """Send the run.

    Raises:
        Exception: as the client raises it.
    """
    import mlflow

    mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or "tqb")
    with mlflow.start_run(run_name=report.run.id):
        mlflow.log_params(of_run(report))
        mlflow.log_metrics(metrics(report))
        mlflow.log_table(_columns(report), TABLE)


def _columns(report: Report) -> dict[str, list[str | float | None]]:
    results = report.results
    return {
        "item": [result.key for result in results],
        "language": [result.language for result in results],
        "outcome": [result.outcome for result in results],
        "question": [result.question for result in results],
        "expected": [" | ".join(result.targets) for result in results],
        "answer": [result.answer for result in results],
        "score": [result.score for result in results],
        "explanation": [result.explanation for result in results],
        "latency_s": [result.latency_s for result in results],
        "cost_usd": [result.cost_usd for result in results],
    }
