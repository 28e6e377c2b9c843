"""Small records for the tests: results, reports and baselines from a line of letters."""

from __future__ import annotations

from dataclasses import replace

from tqb.report import make_report
from tqb.types import (
    Failure,
    Outcome,
    PackRef,
    Params,
    Report,
    Result,
    RunInfo,
    Tool,
    Verdict,
)

OUTCOMES: dict[str, Outcome] = {"+": "pass", "-": "fail", "e": "error", "s": "skipped"}
PASS = Verdict("pass", 0, ())


def result(letter: str, item_id: str = "q1", **changes: object) -> Result:
    """Make a result: ``+`` pass, ``-`` fail, ``e`` failed call, ``s`` not asked."""
    outcome = OUTCOMES[letter]
    answered = outcome in ("pass", "fail")
    failure = None if answered else Failure("server", "500", attempts=int(letter == "e"))
    made = Result(
        pack="p",
        item_id=item_id,
        repeat=0,
        language="en",
        outcome=outcome,
        question=f"{item_id}?",
        answer="x" if answered else None,
        targets=("x",),
        score=float(outcome == "pass") if answered else None,
        matched_by="exact" if outcome == "pass" else None,
        explanation="",
        question_sha256=f"hash of {item_id}",
        tags={"category": "c"},
        latency_s=0.1 if answered else None,
        failure=failure,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run_info(**changes: object) -> RunInfo:
    """Make the header of a run of pack ``p``."""
    made = RunInfo(
        id="r",
        started_at="2026-01-01T00:00:00.000Z",
        finished_at="2026-01-01T00:00:01.000Z",
        target="t",
        prompt_sha256="a",
        template_sha256="b",
        scorer="exact",
        params=Params(),
        repeats=1,
        packs=(PackRef("p", "1.0.0", "c", "en", 4),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def report(letters: str = "", *results: Result, verdict: Verdict = PASS) -> Report:
    """Make a report with one result a letter (items q1, q2, …), and these results."""
    made = [result(letter, f"q{number}") for number, letter in enumerate(letters, 1)]
    return replace(make_report(Tool("tqb", "0"), run_info(), [*made, *results]), verdict=verdict)
