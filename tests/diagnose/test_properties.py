"""What holds of a diagnosis whatever the two runs are."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make import result, run_info
from tqb import baseline
from tqb.diagnose import diagnose
from tqb.diagnose.case import FAULT
from tqb.report import make_report
from tqb.types import Finding, Report, Result, Tool

TEXTS = ("Paris", "yes", "The answer is 4.", "{question}", "caf\u00e9", "", " a\nb", "{}<|im_end|>")
COUNTS = st.one_of(st.none(), st.integers(0, 40))


@st.composite
def answers(draw: st.DrawFn) -> Result:
    """One answer, or a call that failed, with or without counts."""
    outcome = draw(st.sampled_from("++--e"))
    made = result(
        outcome,
        f"q{draw(st.integers(0, 11))}",
        question=draw(st.sampled_from(("What is it?", "\u4e16\u754c?", "", "a <|b|> {c}\nd"))),
        prompt_tokens=draw(COUNTS),
        completion_tokens=draw(COUNTS),
    )
    if made.answer is None:
        return made
    signs = draw(st.sets(st.sampled_from(("joined", "role", "page", "refusal", "empty"))))
    return replace(made, answer=draw(st.sampled_from(TEXTS)), symptoms=tuple(sorted(signs)))


def report_of(results: list[Result]) -> Report:
    """Make a report of the first answer to each item."""
    first = {one.key: one for one in reversed(results)}
    return make_report(Tool("tqb", "0"), run_info(), tuple(first.values()))


def found(before: Report, after: Report) -> tuple[Finding, ...]:
    """Hold one run against the other."""
    base = baseline.from_report(before)
    return diagnose(base, replace(after, comparison=baseline.compare(base, after)))


RUNS = st.lists(answers(), max_size=24).map(report_of)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(RUNS, RUNS)
def test_any_two_runs_can_be_diagnosed(before: Report, after: Report) -> None:
    """Nothing is raised, and level and confidence of each finding agree."""
    for one in (*found(before, after), *diagnose(None, after)):
        assert 0 <= one.confidence <= 1
        assert (one.level == "fault") == (one.confidence >= FAULT)
        assert set(one.items) <= {r.key for r in after.results}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(RUNS)
def test_a_run_is_like_itself(run: Report) -> None:
    """Held against its own answers a run has no fault of the way in, and none of the model."""
    named = {one.name for one in found(run, run) if not one.name.startswith("calls-")}
    assert named == set()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(RUNS, RUNS, st.randoms(use_true_random=False))
def test_the_order_of_the_packs_does_not_matter(
    before: Report, after: Report, chance: random.Random
) -> None:
    """The same answers in another order have the same first fault."""
    shuffled = list(after.results)
    chance.shuffle(shuffled)
    other = make_report(after.tool, after.run, tuple(shuffled))
    kept = [(one.name, one.confidence) for one in found(before, after)]
    assert sorted(kept) == sorted((one.name, one.confidence) for one in found(before, other))
