"""Opik: a trace for each result, with the score as its feedback.

It goes where `OPIK_URL_OVERRIDE`, `OPIK_API_KEY` and `OPIK_WORKSPACE` say, into the project
`OPIK_PROJECT_NAME` or ``tqb``.
"""

from __future__ import annotations

import os

from tqb.dashboards.facts import of_result, of_run
from tqb.types import Report

_TIMEOUT_S = 60


def send(report: Report) -> None:
    """Send the run.

    Raises:
        Exception: as the client raises it; ConnectionError where not all was taken in time.
    """
    import opik

    client = opik.Opik(project_name=os.environ.get("OPIK_PROJECT_NAME") or "tqb")
    about = of_run(report)
    for result in report.results:
        score = {"name": report.run.scorer, "value": result.score, "reason": result.explanation}
        failed = {"exception_type": result.failure.kind} if result.failure else None
        client.trace(
            name=result.key,
            input={"question": result.question},
            output={"answer": result.answer},
            metadata={**about, **of_result(result), "expected": list(result.targets)},
            tags=[result.pack, result.language, result.outcome],
            feedback_scores=None if result.score is None else [score],
            error_info={**failed, "traceback": result.explanation} if failed else None,
        )
    if not client.flush(timeout=_TIMEOUT_S):
        raise ConnectionError("not all results were taken; see OPIK_URL_OVERRIDE")
