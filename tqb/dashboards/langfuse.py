"""Langfuse: a trace for each result, with its score.

It goes where `LANGFUSE_HOST`, `LANGFUSE_PUBLIC_KEY` and `LANGFUSE_SECRET_KEY` say.
"""

from __future__ import annotations

from tqb.dashboards.facts import of_result, of_run
from tqb.types import Report


def send(report: Report) -> None:
    """Send the run.

    Raises:
        Exception: as the client raises it; ConnectionError where it refuses the keys.
    """
    from langfuse import Langfuse

    client = Langfuse()
    if not client.auth_check():
        raise ConnectionError("the server refuses; see LANGFUSE_HOST and the two keys")
    about = of_run(report)
    for result in report.results:
        with client.start_as_current_observation(
            name=result.key,
            as_type="span",
            input=result.question,
            output=result.answer,
            metadata={**about, **of_result(result), "expected": list(result.targets)},
        ) as span:
            if result.score is not None:
                span.score_trace(
                    name=report.run.scorer, value=result.score, comment=result.explanation
                )
    client.flush()
    client.shutdown()
