"""The gate: the verdict, its reasons and the exit code say one thing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.make import report
from tqb.baseline import compare, from_report
from tqb.gate import judge
from tqb.types import Policy, Report, Status, Verdict

CODES: dict[Status, int] = {
    "pass": 0,
    "fail": 1,
    "inconclusive": 3,
    "nothing": 5,
    "interrupted": 130,
}


def against(before: str, after: str) -> Report:
    new = report(after)
    return replace(new, comparison=compare(from_report(report(before)), new))


def verdict(made: Report, interrupted: bool = False, **policy: float) -> Verdict:
    return judge(made, Policy(**policy), interrupted=interrupted)  # type: ignore[arg-type]


def test_without_rules_a_wrong_answer_cannot_fail_and_that_is_said() -> None:
    """With neither baseline nor floor the run passes, and says what it could not judge."""
    said = verdict(report("--"))
    assert said.exit_code == 0
    assert "no --baseline and no --fail-under" in said.reasons[0]


def test_floor() -> None:
    """Accuracy under the floor fails; at the floor it passes."""
    assert verdict(report("+++-"), fail_under=0.75).exit_code == 0
    failed = verdict(report("++--"), fail_under=0.75)
    assert failed == Verdict("fail", 1, ("accuracy 0.500 (2 of 4) is under --fail-under 0.75",))


def test_broken_item() -> None:
    """One item that passed before and fails now fails the run, in words."""
    failed = verdict(against("++-", "+--"))
    assert failed == Verdict(
        "fail", 1, ("1 of 2 items that passed before now fails; 0 that failed before now pass",)
    )
    assert verdict(against("++-", "+--"), max_broken=1).exit_code == 0


def test_what_failed_before_may_go_on_failing() -> None:
    """Items that fail as they did in the baseline are no regression."""
    passed = verdict(against("+--", "+-+"))
    assert passed == Verdict(
        "pass", 0, ("3 items compared with the baseline: none broken, 1 fixed",)
    )


def test_outage_is_inconclusive() -> None:
    """More failed calls than allowed, and nothing is judged: neither pass nor fail."""
    said = verdict(report("+" * 18 + "ee"), fail_under=1)
    assert (said.status, said.exit_code) == ("inconclusive", 3)
    assert said.reasons == (
        "2 of 20 calls failed, more than --max-errors 0.05 allows: nothing was judged",
        "2 × server: 500",
    )


def test_few_failed_calls_count_neither_way() -> None:
    """Within the allowance the answers are judged, and the failed calls are mentioned."""
    said = verdict(report("+" * 19 + "e"), fail_under=1)
    assert said.exit_code == 0
    assert said.reasons[-1] == "1 call failed (1 server), counted neither for nor against"


def test_nothing_is_never_a_pass() -> None:
    """A run without items ends in 5, one without answers in 3."""
    assert verdict(report("")).exit_code == 5
    assert verdict(report("ss")).exit_code == 5
    assert verdict(report("e"), max_errors=1).exit_code == 3


def test_interrupted_is_never_judged() -> None:
    """An interrupted run ends in 130, however good or bad its answers."""
    for letters in ("", "++ss", "--ss", "ee"):
        assert verdict(report(letters), interrupted=True).exit_code == 130


def test_nothing_comparable_is_inconclusive() -> None:
    """A baseline with no answered item in common cannot pass a run."""
    assert verdict(against("e", "+")).exit_code == 3


POLICIES = st.builds(
    Policy,
    fail_under=st.none() | st.floats(0, 1),
    max_broken=st.integers(0, 3),
    max_errors=st.floats(0, 1),
)
LETTERS = st.text("+-es", max_size=12)


@given(LETTERS, st.none() | LETTERS, POLICIES, st.booleans())
def test_verdict_and_exit_code_agree(
    after: str, before: str | None, policy: Policy, interrupted: bool
) -> None:
    """Every combination has a status, the code of that status, and a reason."""
    made = report(after) if before is None else against(before, after)
    said = judge(made, policy, interrupted=interrupted)
    assert said.exit_code == CODES[said.status]
    assert said.reasons
    assert all(said.reasons)


@given(LETTERS, LETTERS, POLICIES, st.data())
def test_more_broken_items_never_turn_a_fail_into_a_pass(
    before: str, after: str, policy: Policy, data: st.DataObject
) -> None:
    """Making one right answer wrong cannot help."""
    right = [place for place, letter in enumerate(after) if letter == "+"]
    if not right or judge(against(before, after), policy).exit_code == 0:
        return
    place = data.draw(st.sampled_from(right))
    worse = after[:place] + "-" + after[place + 1 :]
    assert judge(against(before, worse), policy).exit_code != 0


@given(LETTERS, LETTERS, POLICIES)
def test_an_added_outage_never_turns_a_fail_into_a_pass(
    before: str, after: str, policy: Policy
) -> None:
    """One more failed call leaves a failing run failing, or makes it inconclusive."""
    if judge(against(before, after), policy).exit_code == 1:
        assert judge(against(before, after + "e"), policy).exit_code in (1, 3)
