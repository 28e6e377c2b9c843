"""The gate: the verdict, its reasons, its rules and the exit code say one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.make import report, result
from tqb.baseline import compare, from_report
from tqb.changes import count_changes
from tqb.gate import judge, plan, settle
from tqb.report import with_confirmation
from tqb.types import Comparison, Passes, Policy, Report, Result, Rule, Status, Verdict

CODES: dict[Status, int] = {
    "pass": 0,
    "fail": 1,
    "inconclusive": 3,
    "budget": 4,
    "nothing": 5,
    "interrupted": 130,
}


def against(before: str, after: str) -> Report:
    new = report(after)
    return replace(new, comparison=compare(from_report(report(before)), new))


def comparison_of(before: str, after: str) -> Comparison:
    return compare(from_report(report(before)), report(after))


def verdict(made: Report, **policy: Any) -> Verdict:
    return judge(made, Policy(**policy))


def rule(said: Verdict, name: str) -> Rule:
    return next(rule for rule in said.rules if rule.name == name)


def moved(broken: int, fixed: int, n: int) -> Report:
    """Make a run of `n` items of which so many broke and so many were fixed."""
    stay = n - broken - fixed
    return against("+" * broken + "-" * fixed + "+" * stay, "-" * broken + "+" * fixed + "+" * stay)


def test_without_rules_a_wrong_answer_cannot_fail_and_that_is_said() -> None:
    """With neither baseline nor floor the run passes, and says what it could not judge."""
    said = verdict(report("--"))
    assert said.exit_code == 0
    assert "no --baseline and no --fail-under" in said.reasons[0]


def test_floor() -> None:
    """Accuracy under the floor fails; at the floor it passes."""
    assert verdict(report("+++-"), fail_under=0.75).exit_code == 0
    failed = verdict(report("++--"), fail_under=0.75)
    assert failed.reasons == ("accuracy 0.500 (2 of 4) is under --fail-under 0.75",)
    assert rule(failed, "fail-under").saw == 0.5


@pytest.mark.parametrize(
    ("broken", "fixed", "n", "code"),
    [
        (5, 0, 52, 1),
        (4, 0, 52, 0),
        (2, 1, 52, 0),
        (6, 1, 52, 0),
        (7, 1, 52, 1),
        (29, 15, 440, 0),
        (44, 4, 440, 1),
        (1, 0, 4, 1),
        (2, 0, 10, 0),
        (3, 0, 10, 1),
    ],
)
def test_chance_tolerance_and_the_largest_drop(broken: int, fixed: int, n: int, code: int) -> None:
    """The test decides, but for drops that are tolerated, and for those too large for any test."""
    assert verdict(moved(broken, fixed, n)).exit_code == code


def test_losing_all_that_passed_is_a_failure() -> None:
    """Three items of many that passed before, and all of them broken, fail; two do not."""
    for lost, code in ((3, 1), (2, 0)):
        before = [result("+" if n < lost else "-", f"q{n:02}") for n in range(22)]
        new = report("", *(result("-", f"q{n:02}") for n in range(22)))
        made = replace(new, comparison=compare(from_report(report("", *before)), new))
        said = verdict(made)
        assert said.exit_code == code
        assert code == 0 or "nothing that passed before passes now" in said.reasons[0]


def test_failing_run_in_words() -> None:
    """Reasons give counts and chance, and the rule gives the same numbers."""
    said = verdict(moved(7, 1, 52))
    assert said.reasons[0] == (
        "7 of 51 items that passed before now fail, 1 that failed now passes; "
        "so lopsided a change would come by chance in 3.5 % of runs"
    )
    assert rule(said, "paired-test") == Rule(
        "paired-test", 0.05, 0.0351562, "failed", said.reasons[0]
    )


def test_confirmed_items_are_called_so() -> None:
    """Items that failed again are confirmed; those that did not count neither way."""
    again = {f"p/q{n}": Passes(0, 3) for n in range(1, 6)}
    again |= {"p/q6": Passes(3, 3), "p/q7": Passes(1, 3)}
    made = moved(7, 0, 52)
    assert made.comparison
    made = replace(made, comparison=settle(made.comparison, again))
    said = verdict(made)
    assert said.exit_code == 1
    assert said.reasons[0].startswith(
        "5 of 52 items that passed before now fail (confirmed 3 times each), none that failed now "
    )
    assert said.reasons[1] == "2 items changed, but not when asked again: 1 flaky, 1 recovered"
    assert verdict(replace(made, comparison=settle(moved(7, 0, 52).comparison, {}))).exit_code == 1  # type: ignore[arg-type]


def test_passing_run_says_what_it_could_not_see() -> None:
    """A pass names the smallest drop that would have failed, and that drop does fail."""
    said = verdict(moved(0, 0, 52))
    assert said.reasons == (
        "none of 52 items that passed before now fails, none that failed now passes",
        "With 52 items a drop smaller than 9.6 points (5 items) could not have been told from "
        "noise; 104 items would show one of 8.7 points",
    )
    assert verdict(moved(9, 0, 104)).exit_code == 1
    assert verdict(moved(8, 0, 104)).exit_code == 0


def test_baseline_in_which_little_passes_says_so() -> None:
    """A pass against a baseline with next to nothing to lose does not claim to have seen much."""
    new = report("", *(result("-", f"q{n:02}") for n in range(22)))
    made = replace(new, comparison=compare(from_report(new), new))
    assert verdict(made).reasons[1] == (
        "Only 0 items passed in the baseline, so hardly anything could break"
    )
    before = report("", *(result("+" if n < 3 else "-", f"q{n:02}") for n in range(22)))
    made = replace(before, comparison=compare(from_report(before), before))
    assert "smaller than 13.6 points (3 items)" in verdict(made).reasons[1]


def test_tolerated_drop_in_words() -> None:
    """A change that is no chance but may be within the tolerance passes, and says so."""
    said = verdict(moved(29, 15, 440))
    assert said.reasons[0].endswith(
        "would come by chance in 2.4 % of runs, but the drop may be no more than --tolerate 0.05 "
        "allows"
    )
    assert verdict(moved(29, 15, 440), tolerate=0).exit_code == 1


def test_strict_limit_of_broken_items() -> None:
    """--max-broken 0 fails on the first broken item, whatever the test says."""
    assert verdict(moved(1, 0, 52)).exit_code == 0
    said = verdict(moved(1, 0, 52), max_broken=0)
    assert said.exit_code == 1
    assert said.reasons[0] == "1 item broken, --max-broken allows 0"


def test_what_failed_before_may_go_on_failing() -> None:
    """Items that fail as they did in the baseline are no regression."""
    assert verdict(against("+--", "+-+")).exit_code == 0


def critical(letter: str, item_id: str = "q1") -> Result:
    return result(letter, item_id, tags={"critical": "true"})


def test_must_pass_items() -> None:
    """An item tagged critical, or named, fails the run alone, with and without a baseline."""
    new = report("+++", critical("-", "q9"))
    for base in (None, from_report(new), from_report(report("++++"))):
        made = replace(new, comparison=compare(base, new))
        said = verdict(made, max_drop=1)
        assert said.exit_code == 1
        assert "1 of 1 must-pass item fails: p/q9" in said.reasons
    made = against("+" * 9, "-" + "+" * 8)
    for name in ("q1", "p/q1", "category=c"):
        assert verdict(made, must_pass=(name,)).exit_code == 1
    assert verdict(made, must_pass=("q2",)).exit_code == 0


def test_must_pass_item_that_passes_when_asked_again() -> None:
    """A must-pass item is asked again before it fails a run, even without a baseline."""
    new = report("+", critical("-", "q9"))
    compared = compare(None, new)
    wave = plan(compared, Policy(), asked=2)
    assert (wave.keys, wave.times) == (("p/q9",), 2)
    settled = settle(compared, {"p/q9": Passes(1, 2)})
    assert not plan(settled, Policy(), asked=2)
    assert verdict(replace(new, comparison=settled)).exit_code == 0


def test_slice_that_dropped_alone() -> None:
    """A slice that fell fails the run by its own test, corrected for the number of slices."""
    languages = ["tr"] * 12 + ["en"] * 388
    before = [result("+", f"q{n:03}", language=lang) for n, lang in enumerate(languages)]
    after = [replace(r, outcome="fail" if n < 9 else "pass") for n, r in enumerate(before)]
    new = report("", *after)
    made = replace(new, comparison=compare(from_report(report("", *before)), new))
    said = verdict(made)
    assert said.exit_code == 1
    assert rule(said, "paired-test").outcome == "ok"
    assert said.reasons[0] == (
        "language tr: 9 of 12 items that passed before now fail, none that failed now passes; "
        "in any of 2 slices so lopsided a change would come by chance in 0.47 % of runs"
    )


def test_fresh_repeats_count_one_by_one() -> None:
    """Three draws of each item show a drop that their majorities do not."""

    def run(passes: int, name: str) -> Report:
        results = [
            result("+" if repeat < passes else "-", f"q{n}", repeat=repeat, answer=f"{repeat}")
            for n in range(20)
            for repeat in range(3)
        ]
        made = report("", *results)
        warm = replace(made.run.params, temperature=0.7)
        return replace(made, run=replace(made.run, repeats=3, params=warm, target=name))

    base, new = from_report(run(3, "t")), run(2, "t")
    said = verdict(replace(new, comparison=compare(base, new)))
    assert said.exit_code == 1
    assert "so large a drop would come by chance" in said.reasons[0]
    cached = replace(new, results=tuple(replace(r, answer="same") for r in new.results))
    assert verdict(replace(cached, comparison=compare(base, cached))).exit_code == 0


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("max-latency-p95", {"max_latency_p95_s": 0.05}),
        ("max-completion-p95", {"max_completion_p95": 9}),
    ],
)
def test_ceilings(name: str, policy: dict[str, float]) -> None:
    """The 95th percentile over a ceiling fails; at the ceiling it passes."""
    made = report("", *(result("+", f"q{n}", completion_tokens=10) for n in range(3)))
    said = verdict(made, **policy)
    assert (said.exit_code, rule(said, name).outcome) == (1, "failed")
    seen = rule(said, name).saw
    assert verdict(made, **dict.fromkeys(policy, seen)).exit_code == 0


def test_outage_is_inconclusive() -> None:
    """More failed calls than allowed, and nothing is judged: neither pass nor fail."""
    said = verdict(report("+" * 18 + "ee"), fail_under=1)
    assert (said.status, said.exit_code) == ("inconclusive", 3)
    assert said.reasons == (
        "2 of 20 calls failed, more than --max-errors 0.05 allows: nothing was judged",
        "2 × server: 500",
    )


def test_few_failed_calls_count_neither_way() -> None:
    """Where failed calls could not alter the verdict it stands, and they are mentioned."""
    said = verdict(report("+" * 19 + "e"), fail_under=0.95)
    assert said.exit_code == 0
    assert said.reasons[-1] == "1 call failed (1 server), counted neither for nor against"


def test_failed_calls_that_could_alter_the_verdict() -> None:
    """Where the verdict hangs on what was not answered there is none."""
    said = verdict(report("+" * 19 + "e"), fail_under=1)
    assert said.exit_code == 3
    assert "the questions without an answer could turn that over" in said.reasons[0]
    near = against("+" * 52, "-" * 4 + "+" * 47 + "e")
    assert verdict(near).exit_code == 3
    assert verdict(against("+" * 52, "-" * 3 + "+" * 48 + "e")).exit_code == 0
    assert verdict(against("+" * 52, "-" * 5 + "+" * 46 + "e")).exit_code == 1


def test_nothing_is_never_a_pass() -> None:
    """A run without items ends in 5, one without answers in 3."""
    assert verdict(report("")).exit_code == 5
    assert verdict(report("ss")).exit_code == 5
    assert verdict(report("e"), max_errors=1).exit_code == 3


def test_interrupted_is_never_judged() -> None:
    """An interrupted run ends in 130, however good or bad its answers."""
    for letters in ("", "++ss", "--ss", "ee"):
        assert judge(report(letters), Policy(), interrupted=True).exit_code == 130


def test_nothing_comparable_is_inconclusive() -> None:
    """A baseline with no answered item in common cannot pass a run."""
    assert verdict(against("e", "+")).exit_code == 3


def test_plan_asks_the_broken_first_and_the_fixed_only_where_they_matter() -> None:
    """Seemingly fixed items are asked again only if the confirmed ones would fail the run."""
    few = comparison_of("++--" + "+" * 48, "--++" + "+" * 48)
    wave = plan(few, Policy(), asked=52)
    assert (wave.keys, wave.times) == (("p/q1", "p/q2"), 3)
    assert not plan(settle(few, {"p/q1": Passes(0, 3), "p/q2": Passes(0, 3)}), Policy(), asked=52)
    many = moved(6, 2, 52).comparison
    assert many
    settled = settle(many, {f"p/q{n}": Passes(0, 3) for n in range(1, 7)})
    assert plan(settled, Policy(), asked=52).keys == ("p/q7", "p/q8")


def test_plan_is_bounded() -> None:
    """A clear change is not asked again, and no more is asked than the limit allows."""
    clear = moved(20, 1, 52).comparison
    assert clear
    assert not plan(clear, Policy(), asked=52)
    some = moved(8, 6, 52).comparison
    assert some
    assert plan(some, Policy(), asked=52).times == 3
    assert plan(some, Policy(), asked=20).times == 2
    assert len(plan(some, Policy(confirm_limit=5), asked=52).keys) == 5
    assert not plan(some, Policy(confirm_limit=0), asked=52)
    assert not plan(some, Policy(confirm=0), asked=52)


@pytest.mark.parametrize(
    ("before", "after", "again", "change"),
    [
        ("+", "-", Passes(0, 3), "broken"),
        ("+", "-", Passes(1, 3), "flaky"),
        ("+", "-", Passes(3, 3), "recovered"),
        ("+", "-", Passes(0, 2, 1), "inconclusive"),
        ("+", "-", Passes(0, 0, 3), "inconclusive"),
        ("-", "+", Passes(3, 3), "fixed"),
        ("-", "+", Passes(2, 3), "flaky"),
        ("-", "+", Passes(0, 3), "flaky"),
        ("-", "+", Passes(2, 2, 1), "inconclusive"),
    ],
)
def test_what_asking_again_makes_of_a_change(
    before: str, after: str, again: Passes, change: str
) -> None:
    """A change stands if every answer bears it out; a failed call says nothing either way."""
    settled = settle(comparison_of(before, after), {"p/q1": again})
    assert settled.counts == {change: 1}


def test_recovery_is_measured_by_the_baseline() -> None:
    """An item that passed 2 of 3 times has recovered when it passes as often again."""
    before = report("", *(result(x, "q", repeat=n) for n, x in enumerate("++-")))
    compared = compare(from_report(before), report("", result("-", "q")))
    assert settle(compared, {"p/q": Passes(2, 3)}).counts == {"recovered": 1}
    assert settle(compared, {"p/q": Passes(1, 3)}).counts == {"flaky": 1}


LETTERS = st.text("+-es", max_size=30)
LANGUAGES = st.sampled_from(["en", "tr"])
POLICIES = st.builds(
    Policy,
    fail_under=st.none() | st.floats(0, 1),
    must_pass=st.sampled_from([(), ("q1",), ("difficulty=hard",)]),
    alpha=st.sampled_from([0.05, 0.2, 0.5]),
    tolerate=st.sampled_from([0.0, 0.05, 0.2]),
    max_drop=st.sampled_from([0.1, 0.2, 1.0]),
    max_broken=st.none() | st.integers(0, 3),
    max_errors=st.sampled_from([0.05, 0.5, 1.0]),
    max_latency_p95_s=st.none() | st.sampled_from([0.05, 0.1, 0.3]),
    max_completion_p95=st.none() | st.sampled_from([5, 10]),
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Report, Report]:
    """Draw a baseline and a run: repeats, slices, figures, failed calls, edited questions."""
    repeats, warm = draw(st.integers(1, 3)), draw(st.booleans())
    size = draw(st.integers(1, 14))

    def side(edited: bool) -> Report:
        results = []
        for number in range(1, size + 1):
            slices = draw(st.sampled_from(["easy", "hard"]))
            sha = draw(st.sampled_from(["a"] * 9 + ["b"])) if edited else "a"
            for repeat in range(repeats):
                letter = draw(st.sampled_from("+++--e"))
                answered = letter != "e"
                results.append(
                    result(
                        letter,
                        f"q{number}",
                        repeat=repeat,
                        question_sha256=sha,
                        answer=f"{repeat}" if answered else None,
                        language="en" if number % 2 else "tr",
                        tags={"difficulty": slices},
                        latency_s=draw(st.sampled_from([0.1, 0.2])) if answered else None,
                        completion_tokens=draw(st.sampled_from([4, 8])) if answered else None,
                    )
                )
        made = report("", *results)
        params = replace(made.run.params, temperature=0.7 if warm else 0.0)
        return replace(made, run=replace(made.run, repeats=repeats, params=params))

    return side(False), side(True)


def confirmed(
    base: Report, new: Report, policy: Policy, draw: Callable[..., Any] | None = None
) -> Report:
    """Compare, and confirm as a run does, with the answers drawn."""
    compared = compare(from_report(base), new)
    made = replace(new, comparison=compared)
    asked = len(new.results)
    while draw and (wave := plan(compared, policy, asked=asked)):
        results = [
            result(draw(st.sampled_from("+--e")), key.partition("/")[2], repeat=9 + time)
            for key in wave.keys
            for time in range(wave.times)
        ]
        answers = {
            key: Passes(
                sum(r.outcome == "pass" for r in results if r.key == key),
                sum(r.outcome in ("pass", "fail") for r in results if r.key == key),
                sum(r.outcome == "error" for r in results if r.key == key),
            )
            for key in wave.keys
        }
        compared = settle(compared, answers)
        made = with_confirmation(made, results, wave.times)
    return replace(made, comparison=compared)


def worse(new: Report, place: int, letter: str) -> Report:
    """Make one answer wrong, or one call fail, and nothing else."""
    old = new.results[place]
    made = result(letter, old.item_id, repeat=old.repeat)
    kept = replace(
        old,
        outcome=made.outcome,
        score=made.score,
        failure=made.failure,
        answer=old.answer if letter == "-" else None,
        latency_s=old.latency_s if letter == "-" else None,
        completion_tokens=old.completion_tokens if letter == "-" else None,
    )
    results = [*new.results[:place], kept, *new.results[place + 1 :]]
    return replace(report("", *results), run=new.run)


@given(runs(), POLICIES, st.booleans(), st.data())
def test_verdict_reasons_rules_and_counts_agree(
    pair: tuple[Report, Report], policy: Policy, interrupted: bool, data: st.DataObject
) -> None:
    """In every combination: one status, its code, a reason, and rules that say the same."""
    made = confirmed(*pair, policy, data.draw)
    said = judge(made, policy, interrupted=interrupted)
    assert said.exit_code == CODES[said.status]
    assert said.reasons
    assert all(said.reasons)
    failed = [one.said for one in said.rules if one.outcome == "failed"]
    undecided = [one for one in said.rules if one.outcome == "inconclusive"]
    assert bool(failed) == (said.status == "fail")
    assert said.reasons[: len(failed)] == tuple(failed)
    if said.status == "pass":
        assert not undecided
    assert made.comparison
    counts = made.comparison.counts
    assert counts == count_changes(made.comparison.items)
    assert sum(counts.values()) == len({r.item_id for r in made.results})
    if made.confirmation:
        asked = sum(i.again.n + i.again.errors for i in made.comparison.items if i.again)
        assert asked == made.confirmation.requests <= len(made.results)


@given(runs(), POLICIES, st.data())
def test_more_broken_items_never_turn_a_fail_into_a_pass(
    pair: tuple[Report, Report], policy: Policy, data: st.DataObject
) -> None:
    """Making a right answer wrong never helps."""
    base, new = pair
    right = [place for place, one in enumerate(new.results) if one.outcome == "pass"]
    if not right or judge(confirmed(base, new, policy), policy).exit_code == 0:
        return
    changed = worse(new, data.draw(st.sampled_from(right)), "-")
    assert judge(confirmed(base, changed, policy), policy).exit_code != 0


@given(runs(), POLICIES, st.data())
def test_an_outage_turns_no_fail_into_a_pass_and_no_pass_into_a_fail(
    pair: tuple[Report, Report], policy: Policy, data: st.DataObject
) -> None:
    """One more failed call leaves a verdict as it is, or makes it inconclusive."""
    base, new = pair
    answered = [place for place, one in enumerate(new.results) if one.outcome != "error"]
    if not answered:
        return
    before = judge(confirmed(base, new, policy), policy).exit_code
    changed = worse(new, data.draw(st.sampled_from(answered)), "e")
    assert judge(confirmed(base, changed, policy), policy).exit_code in (before, 3)


@given(LETTERS, LETTERS, POLICIES)
@example("+" * 5, "-" * 5, Policy())
def test_an_added_outage_never_turns_a_fail_into_a_pass(
    before: str, after: str, policy: Policy
) -> None:
    """One more failed call leaves a failing run failing, or makes it inconclusive."""
    if judge(against(before, after), policy).exit_code == 1:
        assert judge(against(before, after + "e"), policy).exit_code in (1, 3)
